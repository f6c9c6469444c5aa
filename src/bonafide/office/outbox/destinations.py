"""Receivers of messages: made, listed, paused, removed, and the secrets that their messages are signed with."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, func, or_, select, update

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_moment, show_span
from bonafide.core.secret import Secret, unprinted
from bonafide.core.text import is_tidy, shorten
from bonafide.office.audit.entry import Actor, Value
from bonafide.office.audit.log import append
from bonafide.office.outbox.carriers import host_of
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.signing import secret_for
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_destinations, outbox_secrets

if TYPE_CHECKING:
    from sqlalchemy import Connection

DESTINATIONS_MAX: Final = 100
"""Receivers that are not removed; each alert is one delivery for each of them."""
SECRETS_MAX: Final = 4
"""Secrets of one receiver that hold at one time."""
OVERLAP_DEFAULT_MS: Final = DAY_MS
OVERLAP_MAX_MS: Final = 90 * DAY_MS
NOTE_LENGTH_MAX: Final = 200
GIVEN_UP_AT_ONCE: Final = 1_000
"""Deliveries of a removed receiver that one transaction deletes."""
ACTIVE: Final = "active"
PAUSED: Final = "paused"
REMOVED: Final = "removed"
LISTENING: Final = (ACTIVE, PAUSED)
"""States in which messages are kept for a receiver; only in the first they are sent."""
_ID_BYTES: Final = 8
_ID_LENGTH: Final = 12
_SECRET_ID_BYTES: Final = 16


class Destination(NamedTuple):
    """A receiver."""

    destination_id: str
    url: str
    topics: tuple[str, ...]
    note: str
    state: str
    why: str | None
    """Why it is paused, where it was not a person who paused it."""
    created_ms: int
    failures: int
    """Sends in a row that did not reach it."""
    rests_until_ms: int

    def __repr__(self) -> str:
        return unprinted(self)  # a URL may be all that a receiver asks for

    def to_wire(self) -> dict[str, Any]:
        """A receiver as JSON shows it; its secrets are shown when they are made, and never again."""
        return {"receiver_id": self.destination_id, "url": self.url, "topics": list(self.topics), "note": self.note,
                "state": self.state, "why": self.why, "created": show_moment(self.created_ms),
                "not_reached": self.failures,
                "rests_until": show_moment(self.rests_until_ms) if self.rests_until_ms else None}  # fmt: skip


class Destinations:
    """The receivers of one store; `key` is the data directory's secret, which signing secrets follow from."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        reach: Reach,
        clock: Callable[[], int],
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._key = key
        self._reach = reach
        self._clock = clock
        self._draw = draw

    def add(
        self, actor: Actor, url: str, topics: Collection[str] = TOPICS, *, note: str = ""
    ) -> tuple[Destination, Secret]:
        """A new receiver, and the secret that its messages are signed with. Messages from now on are for it.

        Raises UsageError for a URL that nothing is sent to, for what is no topic, and where there are too many.
        """
        host = host_of(url, self._reach)
        chosen = _check_topics(topics)
        if len(note) > NOTE_LENGTH_MAX or not is_tidy(note):
            raise UsageError(f"note: give at most {NOTE_LENGTH_MAX} characters without control characters")
        destination_id = base64.b32encode(self._draw(_ID_BYTES)).decode("ascii")[:_ID_LENGTH].lower()
        row = Destination(destination_id, url, chosen, note, ACTIVE, None, self._clock(), 0, 0)
        with self._store.writing() as connection:
            table = outbox_destinations
            there = connection.scalar(select(func.count()).select_from(table).where(table.c.state != REMOVED)) or 0
            if there >= DESTINATIONS_MAX:
                raise UsageError(f"there are {there} receivers already; remove one first")
            connection.execute(table.insert().values(row._replace(topics=list(chosen))._asdict()))  # type: ignore[arg-type]
            secret = self._new_secret(connection, destination_id)
            # The host alone: a path or a query may hold what only the receiver should know.
            self._note(connection, actor, "add", destination_id, host=host, topics=",".join(chosen))
            return row, secret

    def list(self) -> list[Destination]:
        """Every receiver that was not removed, the oldest first."""
        table = outbox_destinations
        asked = select(table).where(table.c.state != REMOVED).order_by(table.c.created_ms, table.c.destination_id)
        with self._store.reading() as connection:
            return [_destination(row) for row in connection.execute(asked)]

    def get(self, destination_id: str) -> Destination:
        """One receiver; UsageError where there is none of this id."""
        with self._store.reading() as connection:
            return _get(connection, destination_id)

    def pause(self, actor: Actor, destination_id: str, why: str | None = None) -> Destination:
        """Send it nothing for now; what is for it waits."""
        return self._set(actor, "pause", destination_id, state=PAUSED, why=why)

    def resume(self, actor: Actor, destination_id: str) -> Destination:
        """Send to it again, at once."""
        return self._set(actor, "resume", destination_id, state=ACTIVE, why=None, failures=0, rests_until_ms=0)

    def remove(self, actor: Actor, destination_id: str) -> int:
        """Send it nothing ever again; its secrets hold no more, and what waits for it is given up: how many messages.

        They go in portions. Cut short, it may be asked again.
        """
        with self._store.writing() as connection:
            if _state(connection, destination_id) != REMOVED:
                _get(connection, destination_id)
                connection.execute(delete(outbox_secrets).where(outbox_secrets.c.destination_id == destination_id))
                _update(connection, destination_id, state=REMOVED, why=None)
                self._note(connection, actor, "remove", destination_id)
        given_up = 0
        while some := self._give_up(destination_id):
            given_up += some
        return given_up

    def _give_up(self, destination_id: str) -> int:
        table = outbox_deliveries.c
        ours = table.destination_id == destination_id
        some = select(table.no).where(ours).limit(GIVEN_UP_AT_ONCE)
        with self._store.writing() as connection:
            return connection.execute(delete(outbox_deliveries).where(ours, table.no.in_(some))).rowcount

    def rotate(self, actor: Actor, destination_id: str, overlap_ms: int = OVERLAP_DEFAULT_MS) -> Secret:
        """A new secret; messages are signed with the ones before too, for `overlap_ms` more at most."""
        if not 0 <= overlap_ms <= OVERLAP_MAX_MS:
            raise UsageError(f"overlap: {overlap_ms} ms is not accepted; give 0 to {show_span(OVERLAP_MAX_MS)}")
        now, table = self._clock(), outbox_secrets.c
        with self._store.writing() as connection:
            _get(connection, destination_id)
            if len(_holding(connection, destination_id, now)) >= SECRETS_MAX and overlap_ms:
                raise UsageError(f"{SECRETS_MAX} secrets hold already; wait for one to end, or rotate without overlap")
            later = or_(table.ends_ms.is_(None), table.ends_ms > now + overlap_ms)
            connection.execute(
                update(outbox_secrets)
                .where(table.destination_id == destination_id, later)
                .values(ends_ms=now + overlap_ms)
            )
            secret = self._new_secret(connection, destination_id)
            self._note(connection, actor, "rotate", destination_id, overlap_ms=overlap_ms)
            return secret

    def secrets_of(self, destination_id: str, now_ms: int) -> tuple[Secret, ...]:
        """The secrets that hold at a moment, the newest first."""
        with self._store.reading() as connection:
            return tuple(secret_for(self._key, name) for name in _holding(connection, destination_id, now_ms))

    def _new_secret(self, connection: Connection, destination_id: str) -> Secret:
        name = self._draw(_SECRET_ID_BYTES).hex()
        row = {"secret_id": name, "destination_id": destination_id, "created_ms": self._clock(), "ends_ms": None}
        connection.execute(outbox_secrets.insert().values(row))
        return secret_for(self._key, name)

    def _set(self, actor: Actor, what: str, destination_id: str, **values: object) -> Destination:
        with self._store.writing() as connection:
            _get(connection, destination_id)
            _update(connection, destination_id, **values)
            self._note(connection, actor, what, destination_id)
            return _get(connection, destination_id)

    def _note(self, connection: Connection, actor: Actor, what: str, destination_id: str, **details: Value) -> None:
        on_what = f"receiver:{destination_id}"
        append(connection, actor, f"receiver.{what}", on_what, self._clock(), details=details)


def _check_topics(topics: Collection[str]) -> tuple[str, ...]:
    wrong = sorted(set(topics) - set(TOPICS))
    if wrong or not topics:
        told = f"{shorten(wrong[0])} is no topic" if wrong else "none is named"
        raise UsageError(f"topics: {told}; give some of {', '.join(TOPICS)}")
    return tuple(topic for topic in TOPICS if topic in topics)


def _get(connection: Connection, destination_id: str) -> Destination:
    table = outbox_destinations
    asked = select(table).where(table.c.destination_id == destination_id, table.c.state != REMOVED)
    for row in connection.execute(asked):
        return _destination(row)
    raise UsageError(f"receiver: {shorten(destination_id)} is none; list them to see which there are")


def _state(connection: Connection, destination_id: str) -> str | None:
    table = outbox_destinations.c
    return connection.scalar(select(table.state).where(table.destination_id == destination_id))


def _update(connection: Connection, destination_id: str, **values: object) -> None:
    table = outbox_destinations
    connection.execute(update(table).where(table.c.destination_id == destination_id).values(**values))


def _holding(connection: Connection, destination_id: str, now_ms: int) -> list[str]:
    table = outbox_secrets.c
    asked = select(table.secret_id).where(
        table.destination_id == destination_id, or_(table.ends_ms.is_(None), table.ends_ms > now_ms)
    )
    return list(connection.scalars(asked.order_by(table.created_ms.desc(), table.ends_ms.is_(None).desc())))


def _destination(row: Iterator[object]) -> Destination:
    found = Destination(*row)  # type: ignore[arg-type]
    return found._replace(topics=tuple(found.topics))
