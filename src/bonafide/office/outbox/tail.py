"""From the log to the outbox: every record becomes its messages once, in one transaction with the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select, update

from bonafide.core.errors import StateError, UsageError
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.outbox.destinations import LISTENING
from bonafide.office.outbox.lines import join
from bonafide.office.outbox.log import Log
from bonafide.office.outbox.messages import Message, messages_of, speaking
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_cursors, outbox_deliveries, outbox_destinations, outbox_messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVENTS_AT_ONCE: Final = 4_096
"""Events after which a transaction ends, at the end of a commit of the journal."""
CURSOR: Final = "outbox"
IDS_AT_ONCE: Final = 500


class Place(NamedTuple):
    """How far the log was read."""

    next_seq: int
    chain: bytes | None
    next_no: int


class Tailer:
    """Reads a log from where the last one stopped. Several may run: one of them writes each step."""

    def __init__(self, store: Store, log: Log, key: bytes, clock: Callable[[], int]) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._clock = clock
        self._checked = False

    def place(self) -> Place:
        """Where it goes on."""
        with self._store.reading() as connection:
            return read_place(connection) or Place(0, None, 1)

    def step(self) -> int:
        """Turn the next events into messages; returns how many events were read, 0 where there are none.

        Raises StateError where the journal is not the one that was read before, StoreError where nothing could be
        written: the same events are read again then.
        """
        begin, end = self.place(), self._log.next_seq()
        if not self._checked:
            self._check(begin, end)
        if begin.next_seq >= end:
            return 0
        messages: list[Message] = []
        seq = begin.next_seq
        for first_seq, records in self._log.commits(begin.next_seq, end):
            for place, record in speaking(first_seq, records):
                messages += messages_of(place, record, self._key)
            seq = first_seq + len(records)
            if seq - begin.next_seq >= EVENTS_AT_ONCE:
                break
        return seq - begin.next_seq if self._write(begin, seq, messages) else 0

    def check(self) -> None:
        """StateError where the journal is not the one that was read before; what to do about it is in its text."""
        self._check(self.place(), self._log.next_seq())

    def begin_at(self, actor: Actor, seq: int) -> None:
        """Go on from another place: what to do after the journal was restored from a backup. A commit ends there."""
        chain = self._log.chain_at(seq)
        if chain is None:
            raise UsageError(f"no commit of the journal ends at event {seq}; name the place after its last event")
        with self._store.writing() as connection:
            before = read_place(connection) or Place(0, None, 1)
            put_place(connection, before._replace(next_seq=seq, chain=chain))
            details = {"from": before.next_seq, "to": seq}
            append(connection, actor, "outbox.begin_at", "outbox", self._clock(), details=details)

    def _check(self, begin: Place, end: int) -> None:
        chain = begin.chain
        if begin.next_seq > end or (chain is not None and self._log.chain_at(begin.next_seq) != chain):
            told = f"the outbox has read {begin.next_seq} events of another journal, or of this one before a restore"
            way = f"begin it anew at event {end} (bonafide outbox begin-at {end}), or restore both from one backup"
            raise StateError(f"{told}; {way}")
        self._checked = True

    def _write(self, begin: Place, seq: int, messages: Sequence[Message]) -> bool:
        """Write messages, deliveries and the cursor; nothing where another has written meanwhile."""
        chain, now_ms = self._log.chain_at(seq), self._clock()
        with self._store.writing() as connection:
            if (read_place(connection) or Place(0, None, 1)) != begin:
                return False
            known = _known_ids(connection, [message.id for message in messages])
            fresh = [message for message in messages if message.id not in known]
            if fresh:
                put_messages(connection, begin.next_no, fresh, now_ms)
            put_place(connection, Place(seq, chain, begin.next_no + len(fresh)))
        return True


def read_place(connection: Connection) -> Place | None:
    """How far the log was read; None before the first event."""
    table = outbox_cursors.c
    found = connection.execute(
        select(table.next_seq, table.chain, table.next_no).where(table.name == CURSOR)
    ).one_or_none()  # fmt: skip
    return None if found is None else Place(*found)


def put_place(connection: Connection, place: Place) -> None:
    """Note how far the log was read, and the next message's number."""
    ours = update(outbox_cursors).where(outbox_cursors.c.name == CURSOR)
    if not connection.execute(ours.values(**place._asdict())).rowcount:
        connection.execute(outbox_cursors.insert().values(name=CURSOR, **place._asdict()))


def _known_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which messages are there already: of a log that was restored, and of which events came again as they were."""
    known: set[str] = set()
    for begin in range(0, len(ids), IDS_AT_ONCE):
        some = ids[begin : begin + IDS_AT_ONCE]
        known.update(connection.scalars(select(outbox_messages.c.id).where(outbox_messages.c.id.in_(some))))
    return known


def put_messages(connection: Connection, first_no: int, messages: Sequence[Message], now_ms: int) -> None:
    """Write messages under numbers from `first_no` on, with a delivery for each receiver that listens."""
    table = outbox_destinations.c
    listening = connection.execute(
        select(table.destination_id, table.topics).where(table.state.in_(LISTENING)).order_by(table.destination_id)
    ).all()
    rows = [{**m._asdict(), "no": no, "created_ms": now_ms} for no, m in enumerate(messages, first_no)]
    connection.execute(outbox_messages.insert(), rows)
    deliveries: list[dict[str, object]] = []
    for destination_id, topics in listening:
        arrivals = [(no, message.subject) for no, message in enumerate(messages, first_no) if message.topic in topics]
        deliveries += join(connection, destination_id, arrivals, now_ms)
    if deliveries:
        connection.execute(outbox_deliveries.insert(), deliveries)
