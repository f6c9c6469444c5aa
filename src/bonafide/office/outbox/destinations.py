"""Receivers of webhooks: made, listed, paused, removed, and the secrets that their messages are signed with."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, func, or_, select, update

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_span
from bonafide.core.secret import Secret
from bonafide.core.text import is_tidy, shorten
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.outbox.reach import Reach, read_url
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

    def add(self, url: str, topics: Collection[str] = TOPICS, *, note: str = "") -> tuple[Destination, Secret]:
        """A new receiver, and the secret that its messages are signed with. Messages from now on are for it.

        Raises UsageError for a URL that nothing is sent to, for what is no topic, and where there are too many.
        """
        read_url(url, self._reach)
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
            return row, self._new_secret(connection, destination_id)

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

    def pause(self, destination_id: str, why: str | None = None) -> None:
        """Send it nothing for now; what is for it waits."""
        self._set(destination_id, state=PAUSED, why=why)

    def resume(self, destination_id: str) -> None:
        """Send to it again, at once."""
        self._set(destination_id, state=ACTIVE, why=None, failures=0, rests_until_ms=0)

    def remove(self, destination_id: str) -> None:
        """Send it nothing ever again; what waits for it is given up, and its secrets hold no more."""
        with self._store.writing() as connection:
            _get(connection, destination_id)
            for table in (outbox_deliveries, outbox_secrets):
                connection.execute(delete(table).where(table.c.destination_id == destination_id))
            _update(connection, destination_id, state=REMOVED, why=None)

    def rotate(self, destination_id: str, overlap_ms: int = OVERLAP_DEFAULT_MS) -> Secret:
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
            return self._new_secret(connection, destination_id)

    def secrets_of(self, destination_id: str, now_ms: int) -> tuple[Secret, ...]:
        """The secrets that hold at a moment, the newest first."""
        with self._store.reading() as connection:
            return tuple(secret_for(self._key, name) for name in _holding(connection, destination_id, now_ms))

    def _new_secret(self, connection: Connection, destination_id: str) -> Secret:
        name = self._draw(_SECRET_ID_BYTES).hex()
        row = {"secret_id": name, "destination_id": destination_id, "created_ms": self._clock(), "ends_ms": None}
        connection.execute(outbox_secrets.insert().values(row))
        return secret_for(self._key, name)

    def _set(self, destination_id: str, **values: object) -> None:
        with self._store.writing() as connection:
            _get(connection, destination_id)
            _update(connection, destination_id, **values)


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
    raise UsageError(f"destination: {shorten(destination_id)} is none; list them to see which there are")


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
