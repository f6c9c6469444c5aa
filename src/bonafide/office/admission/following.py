"""How far the log was read for reviews: what was read and is not written yet is read again after a crash.

Almost all of a log is payments, which are only counted. They are written together, some seconds' worth at a time, so
that a busy log does not keep others from writing; an application is written at once, and what came before it with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, select, update

from bonafide.office.admission.gathered import Applied, Gathered
from bonafide.office.outbox.log import Log
from bonafide.office.store.database import Store
from bonafide.office.store.tables import merchant_cursor, merchant_trade

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVENTS_AT_ONCE: Final = 4_096
"""Events that one step reads, and up to the end of a commit of the journal."""
EVENTS_HELD_MAX: Final = 65_536
"""Events that are read and not written, at most; of the orders of one merchant and day one row is held."""
WRITE_EVERY_MS: Final = 10_000
APPLICATIONS_AT_ONCE: Final = 16
"""Applications that one transaction takes in: a review is some 25 statements, and others wait to write."""


class Place(NamedTuple):
    """How far the log was read, and the newest day of trade in it."""

    next_seq: int
    chain: bytes | None
    """Of the commit that ends there; None within one."""
    day: int


class Following:
    """Reads a log from where the last one stopped."""

    def __init__(self, store: Store, log: Log, clock: Callable[[], int]) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._written: Place | None = None
        """None: to be asked for."""
        self._written_ms = clock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Let go what was read and not written."""
        self._written = None
        self.found = Gathered()
        """What was read and is to be written."""
        self.place = Place(0, None, 0)
        """Up to where."""

    def read(self, is_ready: Callable[[Applied], bool]) -> int:
        """Read on, up to an application that is not ready; returns how many events were read."""
        if self._written is None:
            self._written = self.place = self._begin()
        begin, end = self.place, self._log.next_seq()
        if begin.next_seq >= end or len(self.found.applied) >= APPLICATIONS_AT_ONCE:
            return 0
        found, seq = self.found, begin.next_seq
        for first_seq, records in self._log.commits(begin.next_seq, end):
            seq = found.take(
                first_seq, records, lambda one: len(found.applied) >= APPLICATIONS_AT_ONCE or not is_ready(one)
            )  # fmt: skip
            if seq < first_seq + len(records) or seq - begin.next_seq >= EVENTS_AT_ONCE:
                break
        if seq > begin.next_seq:
            newest = max([begin.day, *(day for _, day in found.trade)])
            self.place = Place(seq, self._log.chain_at(seq), newest)
        return seq - begin.next_seq

    def is_due(self, read: int) -> bool:
        """Whether what was read is to be written now, `read` events after the last step."""
        if self._written is None or self.place == self._written:
            return False
        held = self.place.next_seq - self._written.next_seq
        urgent = bool(self.found.applied or self.found.stands) or held >= EVENTS_HELD_MAX
        return urgent or not read or self._clock() - self._written_ms >= WRITE_EVERY_MS

    def write(self, connection: Connection) -> None:
        """Write up to where it was read, in the transaction that writes what was found."""
        _put_place(connection, self.place)

    def done(self) -> None:
        """It was written."""
        self._written, self._written_ms, self.found = self.place, self._clock(), Gathered()

    @property
    def newest_day_written(self) -> int:
        """The newest day of trade before what is to be written."""
        return 0 if self._written is None else self._written.day

    def _begin(self) -> Place:
        """The place to go on from: of another journal, or one restored from a backup, the beginning. What was reviewed
        is not reviewed again; trade is counted anew."""
        with self._store.reading() as connection:
            table = merchant_cursor.c
            row = connection.execute(select(table.next_seq, table.chain, table.day)).one_or_none()
        begin = Place(0, None, 0) if row is None else Place(*row)
        other = begin.chain is not None and self._log.chain_at(begin.next_seq) != begin.chain
        if begin.next_seq > self._log.next_seq() or other:
            begin = Place(0, None, 0)
            with self._store.writing() as connection:
                connection.execute(delete(merchant_trade))
                _put_place(connection, begin)
        return begin


def _put_place(connection: Connection, place: Place) -> None:
    if not connection.execute(update(merchant_cursor).values(**place._asdict())).rowcount:
        connection.execute(merchant_cursor.insert().values(one=0, **place._asdict()))
