"""The lines of the outbox: the deliveries of one receiver about one subject, of which one at a time is sent.

Whoever changes a line does so in a transaction of the store's one writer, so that none has two that are first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, select, update

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


_line: Final = and_(_table.destination_id == bindparam("receiver"), _table.subject == bindparam("about"))
_following: Final = select(_table.no).where(_line, _table.state == QUEUED).order_by(_table.no).limit(1)
_first: Final = select(_table.no).where(_line, _table.state.in_(FIRST)).limit(1)
_let_wait: Final = (
    update(outbox_deliveries)
    .where(_table.destination_id == bindparam("receiver"), _table.no == bindparam("following"))
    .values(state=WAITING, next_ms=bindparam("now_ms"))
)
"""Made once: each is asked for every message, and making one takes longer than its answer."""


def promote(connection: Connection, destination_id: str, subject: str, now_ms: int) -> None:
    """Let the first of a line wait to be sent, unless another of it is."""
    line = {"receiver": destination_id, "about": subject}
    following = connection.scalar(_following, line)
    if following is not None and connection.scalar(_first, line) is None:
        connection.execute(_let_wait, {"receiver": destination_id, "following": following, "now_ms": now_ms})


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
