"""A person of the office as the store keeps it, without anything secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import show_moment
from bonafide.core.text import shorten, show_value
from bonafide.office.access.checks import check_role
from bonafide.office.people.matrix import Deed, may
from bonafide.office.store.tables import people

if TYPE_CHECKING:
    from sqlalchemy import Connection

PersonState = Literal["active", "invited", "disabled"]
PEOPLE_ROLES: Final = ("analyst", "senior", "merchant_ops", "legal", "auditor", "admin")
"""The roles that people may have; platform and partner are machines."""
_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,39}")


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in, or might. Times are milliseconds since 1970 UTC."""

    name: str
    role: str
    password_ends_ms: int | None
    """Until when the one-time password holds; None where somebody chose a password."""
    totp_confirmed: bool
    created_ms: int
    disabled_ms: int | None
    signed_in_ms: int | None

    @property
    def state(self) -> PersonState:
        """`invited` until a password was chosen."""
        if self.disabled_ms is not None:
            return "disabled"
        return "active" if self.password_ends_ms is None else "invited"

    def to_wire(self) -> dict[str, Any]:
        """The person as JSON shows it."""
        moments = {"created": self.created_ms, "disabled": self.disabled_ms, "signed_in": self.signed_in_ms,
                   "one_time_password_ends": self.password_ends_ms}  # fmt: skip
        shown = {name: None if value is None else show_moment(value) for name, value in moments.items()}
        return {"name": self.name, "role": self.role, "state": self.state, "totp": self.totp_confirmed, **shown}


def person_of(found: Any) -> PersonRow:
    """The person in a row of the table."""
    return PersonRow(**{name: getattr(found, name) for name in PersonRow.__struct_fields__})


def find_row(connection: Connection, name: str, *, to_change: bool = False) -> Any | None:
    """The whole row of a name, or None; `to_change` keeps others from changing it until the transaction ends."""
    if not _NAME.fullmatch(name):
        return None  # nobody is called that, and not every database takes every text
    asked = select(people).where(people.c.name == name)
    return connection.execute(asked.with_for_update() if to_change else asked).one_or_none()


def may_now(connection: Connection, name: str, deed: Deed) -> bool:
    """Whether somebody may sign in and do this."""
    found = find_row(connection, name)
    return found is not None and found.disabled_ms is None and may(found.role, deed)


def known_row(connection: Connection, name: str) -> Any:
    """The row of a name, to be changed; MissingError where there is none."""
    found = find_row(connection, name, to_change=True)
    if found is None:
        raise MissingError(f"user {shorten(name)}: there is nobody of this name; bonafide access user list shows them")
    return found


def check_name(name: str) -> str:
    """The name that somebody signs in with; UsageError for what is none."""
    if not _NAME.fullmatch(name):
        accepted = "2 to 40 of a-z, 0-9, '.', '_' and '-', a letter first"
        raise UsageError(f"user: {show_value(name)} is no name; give {accepted}")
    return name


def check_people_role(role: str) -> str:
    """A role that people may have; UsageError for another."""
    if check_role(role).name not in PEOPLE_ROLES:
        raise UsageError(f"role: {role} is for machines, which have keys; give one of {', '.join(PEOPLE_ROLES)}")
    return role
