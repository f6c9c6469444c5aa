"""What is still to be sent to whom: deliveries are taken for a while, and settled by what came of them.

The deliveries of one receiver about one subject are a line. The first that is not settled is `waiting`, then `sending`
while a sender has it, then `delivered`, or `waiting` again, or `dead`; the others are `queued` until it is their turn.
Whoever has one loses it when its time is over, as after a crash; then it is sent again, with the same id. Every
transaction here is short, however much waits: what may be many is done in portions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, func, select, update

from bonafide.office.audit.entry import DETAIL_TEXT_MAX, ITSELF
from bonafide.office.audit.log import append
from bonafide.office.outbox.carrier import Came, Kind
from bonafide.office.outbox.destinations import ACTIVE, PAUSED
from bonafide.office.outbox.ladder import REST_AFTER, rest_ms, wait_ms
from bonafide.office.outbox.lines import FIRST, QUEUED, SENDING, WAITING, promote
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_destinations, outbox_messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE_MS: Final = 120_000
"""How long a sender has a delivery; longer than any send takes."""
DELIVERED: Final = "delivered"
DEAD: Final = "dead"
STATES: Final = (QUEUED, WAITING, SENDING, DELIVERED, DEAD)
ERROR_LENGTH_MAX: Final = 300
_table: Final = outbox_deliveries.c


class Claim(NamedTuple):
    """A delivery that a sender has, with what it needs to send it."""

    destination_id: str
    no: int
    attempt: int
    """Which try this is, from 1."""
    url: str
    message_id: str
    topic: str
    subject: str
    created_ms: int
    """When the message was made."""
    body: bytes
    """As it is at rest, with tokens."""


class Deliveries:
    """The deliveries of one store. Several senders may work on them."""

    def __init__(self, store: Store, random: Random) -> None:
        self._store = store
        self._random = random

    def due(self, now_ms: int, room: int, room_each: int, busy: Mapping[str, int] | None = None) -> list[Claim]:
        """Up to `room` deliveries that may be sent, up to `room_each` of one receiver less those it is `busy` with.

        Of each line only the first is due. A receiver that rests has none, and one that was not reached lately has one
        at a time. Nobody has them yet.
        """
        with self._store.reading() as connection:  # nobody waits for a sender that finds nothing
            return self._due(connection, now_ms, room, room_each, busy or {})

    def take(self, claims: Sequence[Claim], now_ms: int, later: Sequence[tuple[Claim, int]] = ()) -> list[Claim]:
        """Take what was due, and put off `later`, each by so many milliseconds, without counting a try.

        Returns what was taken: all that was not changed, taken or stopped since it was found due.
        """
        if not claims and not later:
            return []
        with self._store.writing() as connection:
            table = outbox_destinations.c
            open_now = select(table.destination_id).where(table.state == ACTIVE, table.rests_until_ms <= now_ms)
            awake = set(connection.scalars(open_now))
            for claim, wait in later:
                self._set_unchanged(connection, claim, now_ms, next_ms=now_ms + wait)
            return [
                claim
                for claim in claims
                if claim.destination_id in awake
                and self._set_unchanged(
                    connection, claim, now_ms, state=SENDING, attempts=claim.attempt, next_ms=now_ms + LEASE_MS
                )
            ]

    def claim(self, now_ms: int, room: int, room_each: int, busy: Mapping[str, int] | None = None) -> list[Claim]:
        """Take what is due."""
        return self.take(self.due(now_ms, room, room_each, busy), now_ms)

    def recover(self, now_ms: int) -> int:
        """Let what a sender had that has ended be tried again soon instead of at the end of its time; how many.

        Its try counts and the ladder's wait follows, so that a process that keeps ending does not use up the tries.
        Where the sender has not ended, its receivers may get a message twice, as ever with the same id.
        """
        table = outbox_deliveries
        with self._store.writing() as connection:
            asked = select(_table.destination_id, _table.no, _table.attempts, _table.next_ms)
            had = connection.execute(asked.where(_table.state == SENDING)).all()
            for destination_id, no, attempts, next_ms in had:
                ours = and_(_table.destination_id == destination_id, _table.no == no, _table.state == SENDING)
                soon = now_ms + (wait_ms(attempts, self._random) or 0)
                connection.execute(update(table).where(ours).values(next_ms=min(next_ms, soon)))
            return len(had)

    def _due(
        self, connection: Connection, now_ms: int, room: int, room_each: int, busy: Mapping[str, int]
    ) -> list[Claim]:
        table = outbox_destinations.c
        asked = select(table.destination_id, table.url, table.failures).where(
            table.state == ACTIVE, table.rests_until_ms <= now_ms
        )
        found: list[Claim] = []
        receivers = list(connection.execute(asked.order_by(table.destination_id)))
        self._random.shuffle(receivers)  # or those that come first would have all the room
        for destination_id, url, failures in receivers:
            each = 1 if failures >= REST_AFTER else room_each
            free = min(each - busy.get(destination_id, 0), room - len(found))
            if free > 0:
                found += _claims(connection, destination_id, url, now_ms, free)
        return found

    def settle(self, came: Sequence[tuple[Claim, Came]], now_ms: int) -> None:
        """Note what came of deliveries, in one transaction. Who lost a delivery meanwhile has no say in it any more."""
        with self._store.writing() as connection:
            for claim, one in came:
                outcome = self._outcome(claim, one, now_ms)
                if self._set_ours(connection, claim, **outcome):
                    _note_reached(connection, claim, one, now_ms)
                    if outcome["state"] != WAITING:
                        promote(connection, claim.destination_id, claim.subject, now_ms)

    def _outcome(self, claim: Claim, came: Came, now_ms: int) -> dict[str, object]:
        if came.kind is Kind.TAKEN:
            return {"state": DELIVERED, "done_ms": now_ms, "error": None}
        error = came.told[:ERROR_LENGTH_MAX]
        wait = wait_ms(claim.attempt, self._random, came.retry_after_ms)
        if wait is None:
            return {"state": DEAD, "done_ms": now_ms, "error": error}
        return {"state": WAITING, "next_ms": now_ms + wait, "error": error}

    @staticmethod
    def _set_ours(connection: Connection, claim: Claim, **values: object) -> bool:
        """Change a delivery that a sender has, unless it was lost meanwhile."""
        ours = and_(_table.destination_id == claim.destination_id, _table.no == claim.no, _table.state == SENDING)
        changed = update(outbox_deliveries).where(ours, _table.attempts == claim.attempt).values(**values)
        return bool(connection.execute(changed).rowcount)

    @staticmethod
    def _set_unchanged(connection: Connection, claim: Claim, now_ms: int, **values: object) -> bool:
        """Change a delivery that nobody has, unless something has become of it since it was found due."""
        same = and_(_table.destination_id == claim.destination_id, _table.no == claim.no, _table.state.in_(FIRST))
        due = and_(same, _table.attempts == claim.attempt - 1, _table.next_ms <= now_ms)
        return bool(connection.execute(update(outbox_deliveries).where(due).values(**values)).rowcount)

    def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        asked = select(_table.state, func.count()).group_by(_table.state)
        with self._store.reading() as connection:
            return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in connection.execute(asked)}


def _claims(connection: Connection, destination_id: str, url: str, now_ms: int, free: int) -> Iterator[Claim]:
    """What is due for a receiver and first in its line: what a sender lost, then what waits, in its order."""
    found: list[tuple[int, int]] = []
    for state in (SENDING, WAITING):
        due = and_(_table.destination_id == destination_id, _table.state == state, _table.next_ms <= now_ms)
        asked = select(_table.no, _table.attempts).where(due).order_by(_table.next_ms, _table.no)
        found += [(row[0], row[1]) for row in connection.execute(asked.limit(free - len(found)))]
        if len(found) >= free:
            break
    # Asked for apart: joined, a database may read all the messages that wait before it takes the first.
    message = outbox_messages.c
    texts = select(message.no, message.id, message.topic, message.subject, message.created_ms, message.body)
    by_no = {row.no: row for row in connection.execute(texts.where(message.no.in_([no for no, _ in found])))}
    for no, attempts in found:
        text = by_no[no]
        yield Claim(destination_id, no, attempts + 1, url, *text[1:])


def _note_reached(connection: Connection, claim: Claim, came: Came, now_ms: int) -> None:
    """Count failures of the receiver itself, let it rest, or let all that waits for it come at once."""
    table = outbox_destinations
    ours = update(table).where(table.c.destination_id == claim.destination_id, table.c.state == ACTIVE)
    if came.kind is Kind.GONE:
        if connection.execute(ours.values(state=PAUSED, why=came.told[:ERROR_LENGTH_MAX])).rowcount:
            append(connection, ITSELF, "receiver.pause", f"receiver:{claim.destination_id}", now_ms,
                   details={"why": came.told[:DETAIL_TEXT_MAX]})  # fmt: skip
        return
    failures = connection.scalar(
        select(table.c.failures).where(table.c.destination_id == claim.destination_id)
    ) or 0  # fmt: skip
    if came.kind is Kind.UNREACHED:
        failures += 1
        connection.execute(ours.values(failures=failures, rests_until_ms=now_ms + rest_ms(failures)))
    elif failures:
        connection.execute(ours.values(failures=0, rests_until_ms=0))
        if failures >= REST_AFTER:  # it is back: what it missed need not wait for steps made for its absence
            late = and_(_table.destination_id == claim.destination_id, _table.state == WAITING, _table.next_ms > now_ms)
            connection.execute(update(outbox_deliveries).where(late).values(next_ms=now_ms))
