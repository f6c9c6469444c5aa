"""What a case comes to: money at stake and caught, counted anew from its events whenever they change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select, update

from bonafide.office.cases.urgency import rank_ms
from bonafide.office.store.tables import case_events, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNTED: Final = ("payment", "payout", "transfer", "refund", "merchant_application")
"""Money is counted once: by payments where there are any, else by the first of these that there is. The same money
comes by again as payout and transfer."""
CAUGHT: Final = frozenset({"hold", "decline"})


class Money(NamedTuple):
    """Sums of one currency, that of most events; minor units."""

    currency: str | None
    kind: str | None
    stake: int
    caught: int
    """Of it, what was held or declined."""


def money_of(events: Iterable[Any]) -> Money:
    """What events (with type, amount, currency, outcome) come to."""
    told = [one for one in events if one.amount is not None]
    currencies = [one.currency for one in told]
    currency = max(sorted(set(currencies)), key=currencies.count) if currencies else None
    told = [one for one in told if one.currency == currency]
    kind = next((kind for kind in COUNTED if any(one.type == kind for one in told)), None)
    counted = [one for one in told if one.type == kind]
    caught = sum(one.amount for one in counted if one.outcome in CAUGHT)
    return Money(currency, kind, sum(one.amount for one in counted), caught)


def recount(connection: Connection, number: int) -> None:
    """Bring a case's counts and sums, and its place in the order, up to date."""
    table = case_events.c
    columns = (table.type, table.amount, table.currency, table.outcome, table.user_id, table.merchant_id)
    events = connection.execute(select(*columns).where(table.number == number)).all()
    money = money_of(events)
    due = connection.scalar(select(cases.c.due_ms).where(cases.c.number == number)) or 0
    connection.execute(update(cases).where(cases.c.number == number).values(
        currency=money.currency, stake=money.stake, caught=money.caught, events=len(events),
        users=len({one.user_id for one in events if one.user_id is not None}),
        merchants=len({one.merchant_id for one in events if one.merchant_id is not None}),
        rank_ms=rank_ms(due, money.stake),
    ))  # fmt: skip
