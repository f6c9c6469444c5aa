"""Records that wait for the log: written with the step that they follow from, carried out once by the service.

Whoever takes a step adds its record in the same transaction, so that a crash leaves both or neither. The service writes
each into the log under its id, and notes the place; a record that stands there already is not written again. Subjects
are named by tokens, as in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, select

from bonafide.core.door import decode_event
from bonafide.core.errors import MissingError
from bonafide.core.events import Fact
from bonafide.office.access.keys import now_ms
from bonafide.office.store.database import Store, count_change
from bonafide.office.store.tables import record_outcomes, wanted_records

if TYPE_CHECKING:
    from sqlalchemy import Connection

FAMILY: Final = "records"
PENDING_AT_ONCE: Final = 256


class Wanted(NamedTuple):
    """A record that waits, or that stands in the log."""

    number: int
    event_id: str
    content: bytes
    """Canonical JSON, with time 0."""
    made_ms: int
    seq: int | None
    """Where it stands; None while it waits."""

    def record(self, time_ms: int) -> Fact:
        """The record at a time of the log."""
        event: Fact = decode_event(self.content)
        return msgspec.structs.replace(event, time=time_ms)


def want(connection: Connection, fact: Fact, now: int) -> int:
    """Have a record written into the log, from within the transaction of the step that it follows from.

    The record's own time does not count: it gets the log's. A record of an id that is wanted already is the same one.
    Returns its number.
    """
    known = connection.scalar(select(wanted_records.c.number).where(wanted_records.c.event_id == fact.event_id))
    if known is not None:
        return int(known)
    number = (connection.scalar(select(func.max(wanted_records.c.number))) or 0) + 1
    content = msgspec.json.encode(msgspec.structs.replace(fact, time=0))
    row = {"number": number, "event_id": fact.event_id, "content": content, "made_ms": now}
    connection.execute(wanted_records.insert().values(**row))
    count_change(connection, FAMILY)
    return number


class Records:
    """The records of one data directory; several threads may call it."""

    def __init__(self, store: Store, *, clock: Callable[[], int] = now_ms) -> None:
        self._store = store
        self._clock = clock

    def pending(self) -> Sequence[Wanted]:
        """Those that wait, in their order, some at a time."""
        with self._store.reading() as connection:
            asked = _JOINED.where(record_outcomes.c.number.is_(None)).order_by(wanted_records.c.number)
            return [_wanted(row) for row in connection.execute(asked.limit(PENDING_AT_ONCE))]

    def note_outcome(self, number: int, seq: int) -> None:
        """Where in the log a record stands; said once."""
        with self._store.writing() as connection:
            if connection.scalar(select(wanted_records.c.number).where(wanted_records.c.number == number)) is None:
                raise MissingError(f"record {number}: there is none of this number")
            if connection.scalar(select(record_outcomes.c.seq).where(record_outcomes.c.number == number)) is None:
                connection.execute(record_outcomes.insert().values(number=number, seq=seq, made_ms=self._clock()))

    def of(self, event_id: str) -> Wanted | None:
        """The record of an id; None where nobody wants it."""
        with self._store.reading() as connection:
            row = connection.execute(_JOINED.where(wanted_records.c.event_id == event_id)).one_or_none()
            return None if row is None else _wanted(row)

    def version(self) -> int:
        """Grows with every record that is wanted."""
        return self._store.version(FAMILY)


_JOINED: Final = select(wanted_records, record_outcomes.c.seq).outerjoin(
    record_outcomes, record_outcomes.c.number == wanted_records.c.number
)


def _wanted(row: Any) -> Wanted:
    return Wanted(row.number, row.event_id, bytes(row.content), row.made_ms, row.seq)
