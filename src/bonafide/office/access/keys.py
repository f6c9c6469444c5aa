"""Machine keys: made, replaced, revoked, listed, and told apart from everything else that is sent as a key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from hmac import compare_digest
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import func, or_, select, update

from bonafide.core.errors import MissingError, OpposedError, UsageError
from bonafide.core.moment import DAY_MS, show_span
from bonafide.core.secret import Secret
from bonafide.core.text import shorten
from bonafide.office.access.aside import Aside
from bonafide.office.access.checks import check_expires, check_note, check_rate, check_role, check_routes, check_types
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.key_rows import KeyRow, row_of
from bonafide.office.access.key_text import hash_of, new_key, read_authorization
from bonafide.office.access.known import FAMILY, KEYS_LIVE_MAX, NOTHING, Entry, Known, refresh
from bonafide.office.access.last_used import LastUsed
from bonafide.office.access.sender import Sender
from bonafide.office.audit.entry import ITSELF, Actor, Details
from bonafide.office.audit.log import append
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import machine_keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEY_CACHE_MS: Final = 1_000
"""How long the keys in memory are taken to be those of the store."""
STALE_MAX_MS: Final = 60_000
"""How long the keys in memory still hold while a store on a server cannot be asked, as when it restarts."""
OVERLAP_DEFAULT_MS: Final = DAY_MS
OVERLAP_MAX_MS: Final = 90 * DAY_MS
"""How long a key that was replaced may still hold."""

_NS_PER_MS: Final = 1_000_000


def now_ms() -> int:
    """The wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // _NS_PER_MS


class Keys:
    """The keys of one store. `verify` may be called by several threads, and reads the store once in `cache_ms`.

    `actor` is who makes and ends keys, for the audit log, unless `by` says it for one deed. Changes made here hold at
    once here, and in other processes within their own `cache_ms`.
    """

    def __init__(
        self,
        store: Store,
        *,
        cache_ms: int = KEY_CACHE_MS,
        clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
        actor: Actor = ITSELF,
    ) -> None:
        self._store = store
        self._actor = actor
        self._cache_ms = cache_ms
        self._clock = clock
        self._draw = draw
        self._known = NOTHING
        self._lock = Lock()
        self._aside = Aside()
        self._last_used = LastUsed(store)
        # Unknown ids are held against a hash that nothing has, so that they take the way of known ones.
        self._nobody = Entry(draw(32), Sender("", "", frozenset(), frozenset(), None, None), 0, "")

    def verify(self, authorization: str | bytes | None, now_ms: int) -> Sender:
        """Who sends, by the value of the Authorization header, at a moment.

        Raises UnauthenticatedError for whoever holds no key that holds; only the holder of the whole key is told that
        it expired or was revoked. StoreError where the store cannot be asked: nobody is let in then. A store on a
        server is asked aside, so that nobody waits for a network, and may be away for STALE_MAX_MS.
        """
        key_id, hashed = read_authorization(authorization)
        known = self._known
        if not known.since_ms <= now_ms < known.until_ms:
            known = self._refreshed(now_ms)
        entry = known.entries.get(key_id, self._nobody)
        if not compare_digest(hashed, entry.hash):
            raise UnauthenticatedError("the key is not known here; it may be mistyped, or of another platform")
        if now_ms >= entry.ends_ms:
            raise UnauthenticatedError(entry.ended)
        if now_ms >= entry.used_until_ms:
            entry.used_until_ms = self._last_used.note(entry.sender.key_id, now_ms)
        return entry.sender

    def create(
        self,
        role: str,
        *,
        types: Collection[str] | None = None,
        routes: Collection[str] | None = None,
        expires: int | None = None,
        rate: int | None = None,
        note: str = "",
        by: Actor | None = None,
    ) -> tuple[Secret, KeyRow]:
        """A new key, which is shown here and never again, and what is kept of it.

        `types` narrow what the role may send (and give what it may be given), `routes` what it may use; `expires` is a
        moment in milliseconds, `rate` events a second. Raises UsageError for what a key cannot have.
        """
        now, held = self._clock(), check_role(role)
        key_id, key = new_key(self._draw)
        row = KeyRow(
            key_id=key_id, role=held.name, types=check_types(held, types), routes=check_routes(routes),
            rate_per_s=check_rate(rate), note=check_note(note), created_ms=now, expires_ms=check_expires(expires, now),
            revoked_ms=None, replaced_by=None, last_used=None,
        )  # fmt: skip
        with self._changing() as connection:
            _put(connection, row, key, now)
            self._note(connection, by, "key.create", key_id, now, {"role": row.role})
        return key, row

    def rotate(
        self, key_id: str, overlap: int = OVERLAP_DEFAULT_MS, *, expires: int | None = None, by: Actor | None = None
    ) -> tuple[Secret, KeyRow]:
        """A new key in the place of one that holds, which goes on to hold for `overlap` milliseconds at most.

        The new one may do what the old one might. Where the old one was to expire, the new one gets as long a life from
        now on, unless `expires` says otherwise. Raises MissingError for a key that is unknown, OpposedError for one
        that ended or was replaced already.
        """
        if not 0 <= overlap <= OVERLAP_MAX_MS:
            raise UsageError(f"overlap: give at most {show_span(OVERLAP_MAX_MS)}")
        now = self._clock()
        new_id, key = new_key(self._draw)
        with self._changing() as connection:
            old = _find(connection, key_id)
            state = old.state(now)
            if state != "live":
                raise OpposedError(f"key {key_id}: is {state}; make a new one with bonafide access key create")
            if old.replaced_by is not None:
                raise OpposedError(f"key {key_id}: was replaced by {old.replaced_by} already; rotate that one")
            ends = now + overlap if old.expires_ms is None else min(old.expires_ms, now + overlap)
            life = None if old.expires_ms is None else now + old.expires_ms - old.created_ms
            new = KeyRow(
                key_id=new_id, role=old.role, types=old.types, routes=old.routes, rate_per_s=old.rate_per_s,
                note=old.note, created_ms=now, expires_ms=life if expires is None else check_expires(expires, now),
                revoked_ms=None, replaced_by=None, last_used=None,
            )  # fmt: skip
            _change(connection, key_id, expires_ms=ends, replaced_by=new_id)
            _put(connection, new, key, now)
            self._note(connection, by, "key.rotate", key_id, now, {"replaced_by": new_id})
        return key, new

    def revoke(self, key_id: str, *, by: Actor | None = None) -> KeyRow:
        """End a key for good; one that was revoked before stays as it was. MissingError where there is no such key."""
        with self._changing() as connection:
            old = _find(connection, key_id)
            if old.revoked_ms is None:
                now = self._clock()
                _change(connection, key_id, revoked_ms=now)
                self._note(connection, by, "key.revoke", key_id, now)
            return _find(connection, key_id)

    def list(self) -> Sequence[KeyRow]:
        """Every key that was ever made, the oldest first."""
        order = (machine_keys.c.created_ms, machine_keys.c.key_id)
        with self._store.reading() as connection:
            return [row_of(found) for found in connection.execute(select(machine_keys).order_by(*order))]

    def close(self) -> None:
        """Write which keys were used. The store stays open."""
        self._aside.close()
        self._last_used.close()

    def _refreshed(self, now_ms: int) -> Known:
        if not self._store.is_remote or self._known.version < 0:
            return self._refreshed_now(now_ms)
        self._aside.ask(lambda: self._refreshed_now(now_ms), now_ms, self._cache_ms)
        known = self._known
        if not known.since_ms <= now_ms < known.since_ms + STALE_MAX_MS:
            raise StoreError(self._aside.trouble or f"{self._store.name}: does not answer")
        return known

    def _refreshed_now(self, now_ms: int) -> Known:
        with self._lock:
            if not self._known.since_ms <= now_ms < self._known.until_ms:  # another thread may have done it meanwhile
                self._known = refresh(self._known, self._store, now_ms, self._cache_ms)
            return self._known

    def _note(
        self, connection: Connection, by: Actor | None, what: str, key_id: str, now: int,
        details: Details | None = None,
    ) -> None:  # fmt: skip
        append(connection, by or self._actor, what, f"key:{key_id}", now, details=details)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._store.writing(FAMILY) as connection:
            yield connection
        with self._lock:  # whoever reads the store just now may have read it before the change
            self._known = self._known._replace(until_ms=0)
        if self._store.is_remote:
            with suppress(StoreError):  # it was changed all the same, and whoever is asked next asks again
                self._refreshed_now(self._clock())


def _find(connection: Connection, key_id: str) -> KeyRow:
    found = connection.execute(select(machine_keys).where(machine_keys.c.key_id == key_id)).one_or_none()
    if found is None:
        raise MissingError(f"key {shorten(key_id)}: there is none of this id; bonafide access key list shows them")
    return row_of(found)


def _put(connection: Connection, row: KeyRow, key: Secret, now: int) -> None:
    ends = machine_keys.c.expires_ms
    live = machine_keys.c.revoked_ms.is_(None) & or_(ends.is_(None), ends > now)
    if (connection.scalar(select(func.count()).where(live)) or 0) >= KEYS_LIVE_MAX:
        raise OpposedError(f"there are {KEYS_LIVE_MAX} keys that hold, as many as there may be; revoke some first")
    connection.execute(machine_keys.insert().values(hash=hash_of(key), **msgspec.structs.asdict(row)))


def _change(connection: Connection, key_id: str, **values: object) -> None:
    connection.execute(update(machine_keys).where(machine_keys.c.key_id == key_id).values(**values))
