"""Merchants that people have found genuine: what held their payouts holds them no more for thirty days.

Rules that hold payouts look back over thirty days, so that what a person has judged would hold the same merchant again
the next day, until it has left the windows. The merchant joins a list of the engine for as long, which those rules
read; payouts ahead of limits, which were agreed, are held as before. The record is written in the transaction of the
step that it follows from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bonafide.core.events import ListChanged
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundles.lists import CLEARED
from bonafide.office.records.records import want

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLEARED_MS: Final = 30 * DAY_MS
"""As far as the shipped rules that hold payouts look back."""


def clear(connection: Connection, merchant: str, step: str, by: str, now: int) -> None:
    """Have a merchant, by its token, join the list. `step`: what the person `by` decided; it follows of it once."""
    want(connection, _change(merchant, step, by, now + CLEARED_MS), now)


def unclear(connection: Connection, merchant: str, step: str, by: str, now: int) -> None:
    """Have it leave the list, on which it need not be."""
    want(connection, _change(merchant, step, by, None), now)


def _change(merchant: str, step: str, by: str, until: int | None) -> ListChanged:
    return ListChanged(
        event_id=f"cleared:{step}:{merchant}", time=0, list=CLEARED, action="remove" if until is None else "add",
        entry=merchant, expires=until, by=f"person:{by}",
    )  # fmt: skip
