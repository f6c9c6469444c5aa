"""Merchants that people have found genuine: what held their payouts holds them no more for thirty days.

Most rules that hold payouts look back over thirty days, so that what a person has judged would hold the same merchant
again the next day, until it has left the windows. The merchant joins a list of the engine for as long, which those
rules read; payouts ahead of limits, which were agreed, are held as before. The record is written in the transaction of
the step that it follows from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import select

from bonafide.core.door import decode_event
from bonafide.core.events import ListChanged
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundles.lists import CLEARED
from bonafide.office.records.records import want
from bonafide.office.store.tables import wanted_records

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLEARED_MS: Final = 30 * DAY_MS
"""As far as most of the shipped rules that hold payouts look back; shared devices and addresses over ninety days."""


def clear(connection: Connection, merchant: str, step: str, by: str, now: int) -> None:
    """Have a merchant, by its token, join the list. `step`: what the person `by` decided; it follows of it once."""
    want(connection, _change("add", merchant, step, by, now + CLEARED_MS), now)


def unclear(connection: Connection, merchant: str, step: str, by: str, now: int) -> None:
    """Have it leave the list, where it is on it: every change has the engine make its conditions anew, and one without
    an end is remembered for good."""
    until = cleared_until(connection, merchant, now)
    if until is not None:
        want(connection, _change("remove", merchant, step, by, until), now)


def cleared_until(connection: Connection, merchant: str, now: int) -> int | None:
    """Until when a merchant, by its token, is on the list; None where it is not."""
    table = wanted_records.c
    ours = table.event_id.like(f"cleared:%:{merchant}")
    content = connection.scalar(select(table.content).where(ours).order_by(table.number.desc()).limit(1))
    last = None if content is None else decode_event(bytes(content))
    if not isinstance(last, ListChanged) or last.action == "remove" or last.expires is None or last.expires <= now:
        return None
    return last.expires


def _change(action: Literal["add", "remove"], merchant: str, step: str, by: str, until: int) -> ListChanged:
    return ListChanged(
        event_id=f"cleared:{step}:{merchant}", time=0, list=CLEARED, action=action, entry=merchant, expires=until,
        by=f"person:{by}",
    )  # fmt: skip
