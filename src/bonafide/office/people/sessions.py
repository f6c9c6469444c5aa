"""Sessions of the console: a random token that only its holder has, until it was idle or held for too long.

The token belongs in a cookie (`HttpOnly`, `Secure`, `SameSite=Strict`). What changes something must come with the CSRF
token too, which follows from the session's token and which no other site can read.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sqlalchemy import delete, or_, select, update

from bonafide.core.moment import HOUR_MS, MINUTE_MS
from bonafide.core.secret import Secret
from bonafide.office.access.errors import ForbiddenError, UnauthenticatedError
from bonafide.office.people.rows import PersonRow, person_of
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import people, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

IDLE_MS: Final = 30 * MINUTE_MS
ABSOLUTE_MS: Final = 12 * HOUR_MS
TOUCH_MS: Final = MINUTE_MS
"""A session's use is noted when the last note is so old, so that looking at pages does not write all the time."""
SESSIONS_EACH_MAX: Final = 10
"""Sessions of one person; who signs in once more ends the oldest."""
TOKEN_BYTES: Final = 32
TOKEN_PREFIX: Final = "bfs_"
_TOKEN: Final = re.compile(r"bfs_[A-Za-z0-9_-]{43}")
_AGAIN: Final = "sign in again"

Pending = Literal["password", "totp"]


class Session(NamedTuple):
    """Somebody who is signed in now."""

    name: str
    role: str
    pending: Pending | None
    """What must be done before anything else: choose a password, then set up the second factor."""
    begun_ms: int
    ends_ms: int
    """It ends then at the latest."""

    def check_complete(self) -> None:
        """ForbiddenError while something must be done first."""
        if self.pending is not None:
            first = {"password": "choose a password", "totp": "set up the second factor"}[self.pending]
            raise ForbiddenError(f"{first} first")


def csrf_of(token: Secret) -> str:
    """The CSRF token that goes with a session's token."""
    return _text(hmac.digest(token.reveal().encode("utf-8", "replace"), b"bonafide csrf", sha256))


def check_csrf(token: Secret, given: str | None) -> None:
    """ForbiddenError unless the CSRF token that was sent is the session's."""
    if not hmac.compare_digest(csrf_of(token).encode(), (given or "").encode("utf-8", "replace")):
        raise ForbiddenError("the request does not come from the console: its CSRF token is missing or wrong")


class Sessions:
    """The sessions in a store. Role and standing are read with every request, so a change holds at once."""

    def __init__(self, store: Store, draw: Callable[[int], bytes]) -> None:
        self._store = store
        self._draw = draw

    def begin(
        self, connection: Connection, person: PersonRow, now_ms: int, *, vouched: bool = False
    ) -> tuple[Secret, Session]:  # fmt: skip
        """A new session in the transaction that has begun; sessions that have ended are cleared away.

        `vouched`: a second factor was given elsewhere, and none of ours is asked for.
        """
        ended = or_(sessions.c.begun_ms <= now_ms - ABSOLUTE_MS, sessions.c.used_ms <= now_ms - IDLE_MS)
        connection.execute(delete(sessions).where(ended))
        ours = select(sessions.c.hash).where(sessions.c.name == person.name)
        newest = ours.order_by(sessions.c.begun_ms.desc(), sessions.c.hash).limit(SESSIONS_EACH_MAX - 1)
        kept = connection.scalars(newest).all()
        connection.execute(delete(sessions).where(sessions.c.name == person.name, sessions.c.hash.not_in(kept)))
        token = Secret(TOKEN_PREFIX + _text(self._draw(TOKEN_BYTES)))
        row = {"hash": _hash(token), "name": person.name, "begun_ms": now_ms, "used_ms": now_ms, "vouched": vouched}
        connection.execute(sessions.insert().values(**row))
        return token, _session(person, now_ms, vouched)

    def find(self, token: Secret, now_ms: int) -> Session:
        """Who holds a token. UnauthenticatedError for a token that is none, has ended, or whose person may not."""
        if not _TOKEN.fullmatch(token.reveal()):
            raise UnauthenticatedError(f"the session is not known here; {_AGAIN}")
        hashed = _hash(token)
        joined = select(sessions.c.begun_ms, sessions.c.used_ms, sessions.c.vouched, people).join_from(sessions, people)
        with self._store.reading() as connection:
            found = connection.execute(joined.where(sessions.c.hash == hashed)).one_or_none()
        if found is None:
            raise UnauthenticatedError(f"the session is not known here; {_AGAIN}")
        _check_holds(found, now_ms)
        if now_ms >= found.used_ms + TOUCH_MS:
            # A disk that is full ends the session sooner, and stops nobody now.
            with suppress(StoreError), self._store.writing() as connection:
                connection.execute(update(sessions).where(sessions.c.hash == hashed).values(used_ms=now_ms))
        return _session(person_of(found), found.begun_ms, found.vouched)


def end_session(connection: Connection, token: Secret) -> bool:
    """End one session; whether there was one."""
    return bool(connection.execute(delete(sessions).where(sessions.c.hash == _hash(token))).rowcount)


def end_sessions_of(connection: Connection, name: str) -> int:
    """End every session of a person; returns how many there were."""
    return connection.execute(delete(sessions).where(sessions.c.name == name)).rowcount


def _check_holds(found: Any, now_ms: int) -> None:
    if found.disabled_ms is not None:
        raise UnauthenticatedError("this user may not sign in any more")
    if now_ms >= found.begun_ms + ABSOLUTE_MS:
        raise UnauthenticatedError(f"the session has lasted {ABSOLUTE_MS // HOUR_MS} hours; {_AGAIN}")
    if now_ms >= found.used_ms + IDLE_MS:
        raise UnauthenticatedError(f"the session was not used for {IDLE_MS // MINUTE_MS} minutes; {_AGAIN}")


def _session(person: PersonRow, begun_ms: int, vouched: bool) -> Session:
    pending: Pending | None = None
    if person.password_ends_ms is not None:
        pending = "password"
    elif not person.totp_confirmed and not vouched:
        pending = "totp"
    return Session(person.name, person.role, pending, begun_ms, begun_ms + ABSOLUTE_MS)


def _hash(token: Secret) -> bytes:
    return sha256(token.reveal().encode("utf-8", "replace")).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
