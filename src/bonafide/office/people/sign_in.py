"""Signing in and out, choosing a password, setting up the second factor."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import update

from bonafide.core.errors import OpposedError, UsageError
from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.people import totp, waits
from bonafide.office.people.passwords import Passwords, check_password
from bonafide.office.people.rows import find_row, person_of
from bonafide.office.people.sessions import Session, Sessions, end_session, end_sessions_of
from bonafide.office.store.database import Store
from bonafide.office.store.tables import people
from bonafide.office.vault.boxes import seal, unseal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import Connection

_WRONG: Final = "name, password or code is not right, or this user may not sign in"
"""Whatever it was: who guesses learns nothing of what was right."""
_NOBODY: Final = "person:unknown"
"""What the audit log says where no such name exists: people type passwords into the wrong field."""


class SignedIn(NamedTuple):
    """A new session."""

    token: Secret
    session: Session


class SignIn:
    """What people do with their own access. Every answer is an entry in the audit log."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        *,
        clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
        passwords: Passwords | None = None,
        password_chosen: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._store = store
        self._key = keyring.derived("second factor")
        self._clock = clock
        self._draw = draw
        self._passwords = passwords or Passwords()
        self._password_chosen = password_chosen
        self.sessions = Sessions(store, draw)

    def sign_in(
        self, name: str, password: Secret, origin: str, *, code: str | None = None, before: Secret | None = None
    ) -> SignedIn:  # fmt: skip
        """A new session; `before` is the token that the browser had, which ends.

        Raises UnauthenticatedError in the same words whatever was wrong, SlowDownError after too many tries.
        """
        kept = self._try(name, password, origin)
        values: dict[str, object] = {}
        if kept is not None and self._passwords.is_outdated(kept):
            values["password"] = self._passwords.hashed(password)
        with self._store.writing() as connection:
            now = self._clock()
            found = find_row(connection, name, to_change=True) if kept is not None else None
            step = self._checked(found, kept, code, now)
            if found is None or step is None:
                told = _NOBODY if find_row(connection, name) is None else f"person:{name}"
                # A right password with a wrong code is what a stolen password looks like; only the log knows.
                details = {"wrong": "password" if kept is None else "code or standing"}
                append(
                    connection, Actor(told, origin), "session.sign_in", told, now, outcome="refused", details=details
                )
            else:
                values |= {"totp_step": step, "signed_in_ms": now}
                return self._let_in(connection, name, origin, before, now, values)
        raise UnauthenticatedError(_WRONG)

    def _try(self, name: str, password: Secret, origin: str) -> str | None:
        """The hash that the password fits, or None; a hash is computed in any case, and outside a transaction."""
        with self._store.writing() as connection:
            waits.count_try(connection, name, origin, self._clock())
            found = find_row(connection, name)
        kept = self._passwords.nobody if found is None else found.password
        return kept if self._passwords.matches(password, kept) and found is not None else None

    def _checked(self, found: Any | None, kept: str | None, code: str | None, now: int) -> int | None:
        """The step of the code, or that of before where there is no second factor yet; None where something is wrong.

        The row may have changed since the hash was computed.
        """
        if found is None or found.password != kept or found.disabled_ms is not None:
            return None
        if found.password_ends_ms is not None and now >= found.password_ends_ms:
            return None
        if not found.totp_confirmed:
            return int(found.totp_step)
        return totp.step_of_code(self._secret_of(found), code or "", now, found.totp_step)

    def _let_in(
        self, connection: Connection, name: str, origin: str, before: Secret | None, now: int, values: dict[str, object]
    ) -> SignedIn:
        _change(connection, name, **values)
        waits.passed(connection, name, origin)
        if before is not None:
            end_session(connection, before)
        token, session = self.sessions.begin(connection, person_of(find_row(connection, name)), now)
        append(connection, Actor(f"person:{name}", origin), "session.sign_in", f"person:{name}", now)
        return SignedIn(token, session)

    def sign_out(self, token: Secret, origin: str) -> None:
        """End a session. One that has ended already is no error to who asks for that."""
        try:
            name = self.sessions.find(token, self._clock()).name
        except UnauthenticatedError:
            return
        with self._store.writing() as connection:
            end_session(connection, token)
            append(connection, Actor(f"person:{name}", origin), "session.sign_out", f"person:{name}", self._clock())

    def change_password(self, token: Secret, old: Secret, new: Secret, origin: str) -> SignedIn:
        """Choose a password; every session of the person ends, and a new one begins.

        UsageError for a new password that is not accepted, UnauthenticatedError where the old one is wrong.
        """
        name = self.sessions.find(token, self._clock()).name
        check_password(new, name)
        kept = self._try(name, old, origin)
        if kept is not None and new.matches(old):
            raise UsageError("the new password is the old one; give another")
        hashed = self._passwords.hashed(new)
        with self._store.writing() as connection:
            now = self._clock()
            found = find_row(connection, name, to_change=True)
            if found is not None and found.password == kept and found.disabled_ms is None:
                _change(connection, name, password=hashed, password_ends_ms=None)
                waits.passed(connection, name, origin)
                end_sessions_of(connection, name)
                append(connection, Actor(f"person:{name}", origin), "password.change", f"person:{name}", now)
                signed_in = SignedIn(*self.sessions.begin(connection, person_of(find_row(connection, name)), now))
            else:
                signed_in = None
                self._refuse(connection, name, origin, "password.change", now)
        if signed_in is None:
            raise UnauthenticatedError("the old password is not right")
        self._password_chosen(name)
        return signed_in

    def begin_totp(self, token: Secret, origin: str) -> Secret:
        """A new secret for the second factor, as the URL that a device reads; it holds once a code was confirmed.

        UsageError where one is set up already: who lost the device is given a new beginning by an admin.
        """
        session = self.sessions.find(token, self._clock())
        secret = totp.new_secret(self._draw)
        with self._store.writing() as connection:
            found = find_row(connection, session.name, to_change=True)
            if session.pending == "password" or found is None:
                raise OpposedError("choose a password first")
            if found.totp_confirmed:
                raise OpposedError("a second factor is set up already; an admin can reset it")
            sealed = seal(self._key, secret, f"totp {session.name}", self._draw)
            _change(connection, session.name, totp=sealed)
            who = f"person:{session.name}"
            append(connection, Actor(who, origin), "totp.begin", who, self._clock())
        return totp.enrolment_url(secret, session.name)

    def confirm_totp(self, token: Secret, code: str, origin: str) -> SignedIn:
        """The second factor holds from now on, since its device gave the right code; the session begins anew."""
        name = self.sessions.find(token, self._clock()).name
        with self._store.writing() as connection:
            now = self._clock()
            found = find_row(connection, name, to_change=True)
            if found is None or found.totp is None or found.totp_confirmed:
                raise OpposedError("there is no second factor to confirm; begin to set it up first")
            step = totp.step_of_code(self._secret_of(found), code, now, -1)
            if step is None:
                signed_in = None
                self._refuse(connection, name, origin, "totp.enrol", now)
            else:
                _change(connection, name, totp_confirmed=True, totp_step=step)
                end_sessions_of(connection, name)
                append(connection, Actor(f"person:{name}", origin), "totp.enrol", f"person:{name}", now)
                signed_in = SignedIn(*self.sessions.begin(connection, person_of(find_row(connection, name)), now))
        if signed_in is None:
            raise UnauthenticatedError("the code is not right; look at the device's clock and give the next one")
        return signed_in

    def _refuse(self, connection: Connection, name: str, origin: str, what: str, now: int) -> None:
        append(connection, Actor(f"person:{name}", origin), what, f"person:{name}", now, outcome="refused")

    def _secret_of(self, found: Any) -> bytes:
        return unseal(self._key, bytes(found.totp), f"totp {found.name}")


def _change(connection: Connection, name: str, **values: object) -> None:
    connection.execute(update(people).where(people.c.name == name).values(**values))
