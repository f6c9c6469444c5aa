"""What is still to be sent to whom: deliveries are taken for a while, and settled by what came of them.

The deliveries of one receiver about one subject are a line. The first that is not settled is `waiting`, then `sending`
while a sender has it, then `delivered`, or `waiting` again, or `dead`; the others are `queued` until it is their turn.
Whoever has one loses it when its time is over, as after a crash; then it is sent again, with the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, delete, exists, func, select, update

from bonafide.office.outbox.carrier import Came, Kind
from bonafide.office.outbox.destinations import ACTIVE, PAUSED
from bonafide.office.outbox.ladder import REST_AFTER, rest_ms, wait_ms
from bonafide.office.outbox.lines import QUEUED, SENDING, WAITING, promote
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_destinations, outbox_messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE_MS: Final = 120_000
"""How long a sender has a delivery; longer than any send takes."""
DELIVERED: Final = "delivered"
DEAD: Final = "dead"
STATES: Final = (QUEUED, WAITING, SENDING, DELIVERED, DEAD)
LISTED_MAX: Final = 1_000
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
    body: bytes


class DeadLetter(NamedTuple):
    """A delivery that was tried to the end of the ladder."""

    destination_id: str
    no: int
    message_id: str
    topic: str
    subject: str
    attempts: int
    done_ms: int
    error: str


class Deliveries:
    """The deliveries of one store. Several senders may work on them."""

    def __init__(self, store: Store, random: Random) -> None:
        self._store = store
        self._random = random

    def claim(self, now_ms: int, room: int, room_each: int, busy: Mapping[str, int] | None = None) -> list[Claim]:
        """Take up to `room` deliveries that are due, up to `room_each` of one receiver less those it is `busy` with.

        Of each line only the first is due. A receiver that rests gets none, and
        one that was not reached lately gets one at a time.
        """
        with self._store.reading() as connection:  # nobody waits for a sender that finds nothing
            if not self._due(connection, now_ms, room, room_each, busy or {}):
                return []
        with self._store.writing() as connection:
            found = self._due(connection, now_ms, room, room_each, busy or {})
            for claim in found:
                self._set(connection, claim, state=SENDING, attempts=claim.attempt, next_ms=now_ms + LEASE_MS)
            return found

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
                if self._set(connection, claim, attempt=claim.attempt, **outcome):
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
    def _set(connection: Connection, claim: Claim, attempt: int | None = None, **values: object) -> bool:
        ours = and_(_table.destination_id == claim.destination_id, _table.no == claim.no)
        if attempt is not None:
            ours = and_(ours, _table.state == SENDING, _table.attempts == attempt)
        return bool(connection.execute(update(outbox_deliveries).where(ours).values(**values)).rowcount)

    def dead(self, after_no: int = 0, limit: int = LISTED_MAX) -> list[DeadLetter]:
        """Dead letters of messages after a number, in their order."""
        columns = (_table.destination_id, _table.no, outbox_messages.c.id, outbox_messages.c.topic, _table.subject,
                   _table.attempts, _table.done_ms, _table.error)  # fmt: skip
        asked = (
            select(*columns)
            .join(outbox_messages, outbox_messages.c.no == _table.no)
            .where(_table.state == DEAD, _table.no > after_no)
            .order_by(_table.no, _table.destination_id)
            .limit(min(limit, LISTED_MAX))
        )
        with self._store.reading() as connection:
            return [DeadLetter(*row) for row in connection.execute(asked)]

    def redrive(self, now_ms: int, destination_id: str | None = None, no: int | None = None) -> int:
        """Send dead letters again, with the whole ladder before them: one, those of a receiver, or all. How many.

        Later messages about the same subject may have been taken meanwhile; their `seq` says so.
        """
        chosen = [_table.state == DEAD]
        chosen += [_table.destination_id == destination_id] if destination_id is not None else []
        chosen += [_table.no == no] if no is not None else []
        again = {"state": QUEUED, "attempts": 0, "next_ms": now_ms, "done_ms": None, "error": None}
        with self._store.writing() as connection:
            lines = connection.execute(select(_table.destination_id, _table.subject).where(*chosen).distinct()).all()
            redriven = connection.execute(update(outbox_deliveries).where(*chosen).values(**again)).rowcount
            for line in lines:
                promote(connection, line[0], line[1], now_ms)
            return redriven

    def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        asked = select(_table.state, func.count()).group_by(_table.state)
        with self._store.reading() as connection:
            return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in connection.execute(asked)}

    def expire(self, before_ms: int) -> int:
        """Delete what was settled, dead letters too, before a moment, and messages that nobody waits for; how many.

        What was not settled stays, however old.
        """
        messages = outbox_messages
        with self._store.writing() as connection:
            over = and_(_table.state.in_((DELIVERED, DEAD)), _table.done_ms < before_ms)
            connection.execute(delete(outbox_deliveries).where(over))
            wanted = exists().where(_table.no == messages.c.no)
            return connection.execute(
                delete(messages).where(messages.c.created_ms < before_ms, ~wanted)
            ).rowcount  # fmt: skip


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
    texts = select(message.no, message.id, message.topic, message.subject, message.body)
    by_no = {row.no: row for row in connection.execute(texts.where(message.no.in_([no for no, _ in found])))}
    for no, attempts in found:
        text = by_no[no]
        yield Claim(destination_id, no, attempts + 1, url, text.id, text.topic, text.subject, text.body)


def _note_reached(connection: Connection, claim: Claim, came: Came, now_ms: int) -> None:
    """Count failures of the receiver itself, let it rest, or let all that waits for it come at once."""
    table = outbox_destinations
    ours = update(table).where(table.c.destination_id == claim.destination_id, table.c.state == ACTIVE)
    if came.kind is Kind.GONE:
        connection.execute(ours.values(state=PAUSED, why=came.told[:ERROR_LENGTH_MAX]))
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
