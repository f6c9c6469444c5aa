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

from sqlalchemy import and_, bindparam, exists, func, select, update

from bonafide.core.secret import unprinted
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
_one: Final = update(outbox_deliveries).where(
    _table.destination_id == bindparam("receiver"), _table.no == bindparam("number"),
    _table.attempts == bindparam("tried"),
)  # fmt: skip
_ours: Final = _one.where(_table.state == SENDING)
"""A delivery that a sender has and did not lose meanwhile."""
_unchanged: Final = _one.where(_table.state.in_(FIRST), _table.next_ms <= bindparam("now_ms"))
"""A delivery that was found due and of which nothing has become since."""
_taken: Final = _ours.values(state=DELIVERED, done_ms=bindparam("now_ms"), error=None)
_take: Final = _unchanged.values(state=SENDING, attempts=bindparam("attempt"), next_ms=bindparam("lost_ms"))
_put_off: Final = _unchanged.values(next_ms=bindparam("later_ms"))
_awake: Final = select(outbox_destinations.c.destination_id).where(
    outbox_destinations.c.state == ACTIVE, outbox_destinations.c.rests_until_ms <= bindparam("now_ms")
)
_something_due: Final = exists().where(
    _table.destination_id == outbox_destinations.c.destination_id, _table.state.in_(FIRST),
    _table.next_ms <= bindparam("now_ms"),
)  # fmt: skip
_receivers_due: Final = (
    _awake.with_only_columns(
        outbox_destinations.c.destination_id, outbox_destinations.c.url, outbox_destinations.c.failures
    )
    .where(_something_due)
    .order_by(outbox_destinations.c.destination_id)
)
_due_of: Final = (
    select(_table.no, _table.attempts)
    .where(
        _table.destination_id == bindparam("receiver"), _table.state == bindparam("state"),
        _table.next_ms <= bindparam("now_ms"),
    )
    .order_by(_table.next_ms, _table.no)
    .limit(bindparam("most"))
)  # fmt: skip
_message: Final = outbox_messages.c
_texts: Final = select(
    _message.no, _message.id, _message.topic, _message.subject, _message.created_ms, _message.body
).where(_message.no.in_(bindparam("numbers", expanding=True)))
"""Asked for apart: joined, a database may read all the messages that wait before it takes the first."""
_failures: Final = select(outbox_destinations.c.failures).where(
    outbox_destinations.c.destination_id == bindparam("receiver")
)
"""Statements are made once: each is run for every message, and making one takes longer than running it. Each finds its
row by its key, however much waits."""


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

    def __repr__(self) -> str:
        return unprinted(self)  # a URL may be all that a receiver asks for


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

    def claim(self, now_ms: int, room: int, room_each: int) -> list[Claim]:
        """Take what is due."""
        return self.turn([], self.due(now_ms, room, room_each), now_ms)

    def settle(self, came: Sequence[tuple[Claim, Came]], now_ms: int) -> None:
        """Note what came of deliveries."""
        self.turn(came, [], now_ms)

    def turn(
        self, came: Sequence[tuple[Claim, Came]], claims: Sequence[Claim], now_ms: int,
        later: Sequence[tuple[Claim, int]] = (),
    ) -> list[Claim]:  # fmt: skip
        """Note what came of deliveries, take what was found due, and put off `later`, each by so many milliseconds and
        without counting a try: all in one transaction.

        Who lost a delivery meanwhile has no say in it any more. Returns what was taken: all that was not changed,
        taken or stopped since it was found due.
        """
        if not came and not claims and not later:
            return []
        with self._store.writing() as connection:
            self._settle(connection, came, now_ms)
            for claim, wait in later:
                connection.execute(_put_off, _found(claim, now_ms) | {"later_ms": now_ms + wait})
            awake = set(connection.scalars(_awake, {"now_ms": now_ms})) if claims else set()
            more = {"lost_ms": now_ms + LEASE_MS}
            return [
                claim
                for claim in claims
                if claim.destination_id in awake
                and connection.execute(_take, _found(claim, now_ms) | {"attempt": claim.attempt} | more).rowcount
            ]

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
        found: list[Claim] = []
        receivers = list(connection.execute(_receivers_due, {"now_ms": now_ms}))
        self._random.shuffle(receivers)  # or those that come first would have all the room
        for destination_id, url, failures in receivers:
            each = 1 if failures >= REST_AFTER else room_each
            free = min(each - busy.get(destination_id, 0), room - len(found))
            if free > 0:
                found += _claims(connection, destination_id, url, now_ms, free)
        return found

    def _settle(self, connection: Connection, came: Sequence[tuple[Claim, Came]], now_ms: int) -> None:
        reached: set[str] = set()
        for claim, one in came:
            if one.kind is Kind.TAKEN:
                mine, outcome = connection.execute(_taken, _had(claim) | {"now_ms": now_ms}).rowcount, DELIVERED
            else:
                values = self._outcome(claim, one, now_ms)
                mine, outcome = connection.execute(_ours.values(**values), _had(claim)).rowcount, str(values["state"])
            if not mine:
                continue
            if one.kind in (Kind.TAKEN, Kind.REFUSED):
                reached.add(claim.destination_id)
            else:
                _note_failed(connection, claim.destination_id, one, now_ms)
            if outcome != WAITING:
                promote(connection, claim.destination_id, claim.subject, now_ms)
        for receiver in sorted(reached):
            _note_reached(connection, receiver, now_ms)

    def _outcome(self, claim: Claim, came: Came, now_ms: int) -> dict[str, object]:
        error = came.told[:ERROR_LENGTH_MAX]
        wait = wait_ms(claim.attempt, self._random, came.retry_after_ms)
        if wait is None:
            return {"state": DEAD, "done_ms": now_ms, "error": error}
        return {"state": WAITING, "next_ms": now_ms + wait, "error": error}

    def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        asked = select(_table.state, func.count()).group_by(_table.state)
        with self._store.reading() as connection:
            return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in connection.execute(asked)}


def _claims(connection: Connection, destination_id: str, url: str, now_ms: int, free: int) -> Iterator[Claim]:
    """What is due for a receiver and first in its line: what a sender lost, then what waits, in its order."""
    found: list[tuple[int, int]] = []
    for state in (SENDING, WAITING):
        asked = {"receiver": destination_id, "state": state, "now_ms": now_ms, "most": free - len(found)}
        found += [(row[0], row[1]) for row in connection.execute(_due_of, asked)]
        if len(found) >= free:
            break
    by_no = {row.no: row for row in connection.execute(_texts, {"numbers": [no for no, _ in found]})}
    for no, attempts in found:
        text = by_no[no]
        yield Claim(destination_id, no, attempts + 1, url, *text[1:])


def _had(claim: Claim) -> dict[str, object]:
    return {"receiver": claim.destination_id, "number": claim.no, "tried": claim.attempt}


def _found(claim: Claim, now_ms: int) -> dict[str, object]:
    return {"receiver": claim.destination_id, "number": claim.no, "tried": claim.attempt - 1, "now_ms": now_ms}


def _note_reached(connection: Connection, destination_id: str, now_ms: int) -> None:
    """The receiver is there: where it was not, let all that waits for it come at once."""
    table = outbox_destinations
    failures = connection.scalar(_failures, {"receiver": destination_id}) or 0
    if not failures:
        return
    ours = update(table).where(table.c.destination_id == destination_id, table.c.state == ACTIVE)
    connection.execute(ours.values(failures=0, rests_until_ms=0))
    if failures >= REST_AFTER:  # what it missed need not wait for steps made for its absence
        late = and_(_table.destination_id == destination_id, _table.state == WAITING, _table.next_ms > now_ms)
        connection.execute(update(outbox_deliveries).where(late).values(next_ms=now_ms))


def _note_failed(connection: Connection, destination_id: str, came: Came, now_ms: int) -> None:
    """Count failures of the receiver itself and let it rest, or pause it."""
    table = outbox_destinations.c
    ours = update(outbox_destinations).where(table.destination_id == destination_id, table.state == ACTIVE)
    if came.kind is Kind.UNREACHED:
        before = connection.scalar(_failures, {"receiver": destination_id}) or 0
        connection.execute(ours.values(failures=before + 1, rests_until_ms=now_ms + rest_ms(before + 1)))
    elif connection.execute(ours.values(state=PAUSED, why=came.told[:ERROR_LENGTH_MAX])).rowcount:
        details = {"why": came.told[:DETAIL_TEXT_MAX]}
        append(connection, ITSELF, "receiver.pause", f"receiver:{destination_id}", now_ms, details=details)
