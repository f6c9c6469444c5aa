"""What a merchant sold on credit and was paid in the last days, from the sums that are kept while the log is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.store.tables import day_counts, trade_days

if TYPE_CHECKING:
    from sqlalchemy import Connection

EXPOSURE_DAYS: Final = 30
"""Buyers have about as long until they pay a purchase back, and complaints come within it."""
_SUMMED: Final = ("payments", "pay_later", "refunded", "paid_out", "held")


def exposure_of(connection: Connection, merchant: str) -> dict[str, Any]:
    """What a merchant took in and was paid in the last days of the log, by currency, as JSON shows it."""
    newest = connection.scalar(select(func.max(day_counts.c.day)))
    table = trade_days.c
    since = 0 if newest is None else newest - EXPOSURE_DAYS + 1
    sums = [func.sum(table[name]).label(name) for name in _SUMMED]
    asked = select(table.currency, *sums).where(table.merchant == merchant, table.day >= since)
    rows = connection.execute(asked.group_by(table.currency).order_by(table.currency)).all()
    return {
        "days": EXPOSURE_DAYS, "since": None if newest is None else show_moment(since * DAY_MS),
        "sums": [{"currency": row.currency} | {name: int(getattr(row, name)) for name in _SUMMED} for row in rows],
    }  # fmt: skip


def has_traded(connection: Connection, merchant: str) -> bool:
    """Whether something was sold at a merchant, or paid out to it, in the days that sums are kept of."""
    return connection.scalar(select(trade_days.c.day).where(trade_days.c.merchant == merchant).limit(1)) is not None
