"""The lines of the outbox: the deliveries of one receiver about one subject, of which one at a time is sent.

Whoever changes a line does so in a transaction of the store's one writer, so that none has two that are first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, func, select, update

from bonafide.office.store.tables import outbox_deliveries

if TYPE_CHECKING:
    from sqlalchemy import Connection

QUEUED: Final = "queued"
WAITING: Final = "waiting"
SENDING: Final = "sending"
FIRST: Final = (WAITING, SENDING)
"""States of the first of a line."""
SUBJECTS_AT_ONCE: Final = 500
_table: Final = outbox_deliveries.c


def promote(connection: Connection, destination_id: str, subject: str, now_ms: int) -> None:
    """Let the first of a line wait to be sent, unless another of it is."""
    line = and_(_table.destination_id == destination_id, _table.subject == subject)
    if connection.scalar(select(_table.no).where(line, _table.state.in_(FIRST)).limit(1)) is None:
        following = connection.scalar(select(func.min(_table.no)).where(line, _table.state == QUEUED))
        if following is not None:
            ours = and_(_table.destination_id == destination_id, _table.no == following)
            connection.execute(update(outbox_deliveries).where(ours).values(state=WAITING, next_ms=now_ms))


def join(
    connection: Connection, destination_id: str, arrivals: Sequence[tuple[int, str]], now_ms: int
) -> Iterable[dict[str, object]]:
    """The rows of deliveries that join their lines: (number of the message, subject), in their order."""
    taken = _taken(connection, destination_id, sorted({subject for _, subject in arrivals}))
    for no, subject in arrivals:
        state = QUEUED if subject in taken else WAITING
        taken.add(subject)
        yield {
            "destination_id": destination_id, "no": no, "subject": subject, "state": state, "attempts": 0,
            "next_ms": now_ms,
        }  # fmt: skip


def _taken(connection: Connection, destination_id: str, subjects: Sequence[str]) -> set[str]:
    """The subjects whose lines have a first already."""
    found: set[str] = set()
    for begin in range(0, len(subjects), SUBJECTS_AT_ONCE):
        some = subjects[begin : begin + SUBJECTS_AT_ONCE]
        line = and_(_table.destination_id == destination_id, _table.subject.in_(some), _table.state.in_(FIRST))
        found.update(connection.scalars(select(_table.subject).where(line)))
    return found
