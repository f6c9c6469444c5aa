"""People who may sign in: made, disabled, let in again, given a new beginning; each with an entry in the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from bonafide.core.errors import OpposedError
from bonafide.core.moment import DAY_MS
from bonafide.core.secret import Secret
from bonafide.office.access.keys import now_ms
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.people.identities import Identity, check_identity, give_identity, take_identities
from bonafide.office.people.passwords import Passwords, one_time_password
from bonafide.office.people.rows import PersonRow, check_name, check_people_role, find_row, known_row, person_of
from bonafide.office.people.sessions import end_sessions_of
from bonafide.office.store.database import Store
from bonafide.office.store.tables import people

if TYPE_CHECKING:
    from sqlalchemy import Connection

ONE_TIME_MS: Final = 7 * DAY_MS
"""How long a one-time password holds."""
PEOPLE_MAX: Final = 10_000


class People:
    """The people of one store. Whoever calls these has made sure that the actor may (docs/people.md)."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], int] = now_ms,
        draw: Callable[[int], bytes] = secrets.token_bytes,
        passwords: Passwords | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._draw = draw
        self._passwords = passwords or Passwords()

    def create(
        self, actor: Actor, name: str, role: str, *, password: Secret | None = None
    ) -> tuple[Secret, PersonRow]:  # fmt: skip
        """Somebody new and the one-time password that they begin with, which is shown here and never again.

        UsageError for a name that is none and a role that people cannot have, OpposedError for a name that is taken.
        """
        check_name(name)
        check_people_role(role)
        first = password or one_time_password(self._draw)
        hashed = self._passwords.hashed(first)
        with self._store.writing() as connection:
            now = self._clock()
            return first, self._put(connection, actor, name, role, now, hashed, now + ONE_TIME_MS)

    def invite(self, actor: Actor, name: str, role: str, identity: Identity) -> PersonRow:
        """Somebody new who comes in through the provider of identities, and has no password here.

        Raises as `create`, and OpposedError where the provider's name is somebody else's.
        """
        check_name(name)
        check_people_role(role)
        check_identity(identity)
        with self._store.writing() as connection:
            row = self._put(connection, actor, name, role, self._clock(), self._passwords.nobody, None, way="oidc")
            give_identity(connection, name, identity)
            return row

    @staticmethod
    def _put(
        connection: Connection, actor: Actor, name: str, role: str, now: int, password: str, ends_ms: int | None,
        **more: str,
    ) -> PersonRow:  # fmt: skip
        if find_row(connection, name) is not None:
            raise OpposedError(f"user {name}: there is somebody of this name already; give another")
        if (connection.scalar(select(func.count()).select_from(people)) or 0) >= PEOPLE_MAX:
            raise OpposedError(f"there are {PEOPLE_MAX} users, as many as there may be")
        connection.execute(people.insert().values(
            name=name, role=role, password=password, password_ends_ms=ends_ms, totp=None, totp_step=-1,
            totp_confirmed=False, created_ms=now, disabled_ms=None, signed_in_ms=None,
        ))  # fmt: skip
        append(connection, actor, "person.create", f"person:{name}", now, details={"role": role, **more})
        return person_of(find_row(connection, name))

    def disable(self, actor: Actor, name: str) -> PersonRow:
        """Somebody may not sign in any more, and is signed out everywhere. The last active admin stays."""
        with self._store.writing() as connection:
            found = known_row(connection, name)
            now = self._clock()
            if found.disabled_ms is None:
                _check_not_last_admin(connection, found.name, found.role)
                _change(connection, name, disabled_ms=now)
                ended = end_sessions_of(connection, name)
                append(connection, actor, "person.disable", f"person:{name}", now, details={"sessions_ended": ended})
            return person_of(find_row(connection, name))

    def enable(self, actor: Actor, name: str) -> PersonRow:
        """Somebody who was disabled may sign in again, as before."""
        with self._store.writing() as connection:
            if known_row(connection, name).disabled_ms is not None:
                _change(connection, name, disabled_ms=None)
                append(connection, actor, "person.enable", f"person:{name}", self._clock())
            return person_of(find_row(connection, name))

    def reset(self, actor: Actor, name: str) -> tuple[Secret, PersonRow]:
        """A new one-time password for who lost the password or the device; the second factor is to be set up anew.

        Who came in through a provider of identities comes in with a password from now on.
        """
        first = one_time_password(self._draw)
        hashed = self._passwords.hashed(first)
        with self._store.writing() as connection:
            known_row(connection, name)
            now = self._clock()
            take_identities(connection, name)
            return first, _begun_anew(connection, actor, name, now, hashed, now + ONE_TIME_MS)

    def reset_to(self, actor: Actor, name: str, identity: Identity) -> PersonRow:
        """Password and second factor go; somebody comes in through the provider of identities from now on."""
        check_identity(identity)
        with self._store.writing() as connection:
            known_row(connection, name)
            give_identity(connection, name, identity)
            return _begun_anew(connection, actor, name, self._clock(), self._passwords.nobody, None, way="oidc")

    def list(self, *, after: str = "", limit: int = PEOPLE_MAX) -> Sequence[PersonRow]:
        """Everybody whose name stands behind `after`, by name, at most `limit` of them."""
        asked = select(people).where(people.c.name > after).order_by(people.c.name).limit(limit)
        with self._store.reading() as connection:
            return [person_of(row) for row in connection.execute(asked)]


def _check_not_last_admin(connection: Connection, name: str, role: str) -> None:
    admins = people.c.role == "admin"
    others = select(func.count()).where(admins, people.c.disabled_ms.is_(None), people.c.name != name)
    # Two admins who disable each other at the same moment stand in one line here.
    connection.execute(select(people.c.name).where(admins).with_for_update()).all()
    if role == "admin" and not connection.scalar(others):
        raise OpposedError(f"user {name}: is the last admin; make another before")


def _begun_anew(
    connection: Connection, actor: Actor, name: str, now: int, password: str, ends_ms: int | None, **more: str
) -> PersonRow:
    _change(connection, name, password=password, password_ends_ms=ends_ms, totp=None, totp_step=-1,
            totp_confirmed=False)  # fmt: skip
    ended = end_sessions_of(connection, name)
    append(connection, actor, "person.reset", f"person:{name}", now, details={"sessions_ended": ended, **more})
    return person_of(find_row(connection, name))


def _change(connection: Connection, name: str, **values: object) -> None:
    connection.execute(update(people).where(people.c.name == name).values(**values))
