"""Whom a provider of identities means. A person is there before they first come through it; it makes nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, select

from bonafide.core.errors import OpposedError, UsageError
from bonafide.core.text import is_tidy
from bonafide.office.people.rows import find_row
from bonafide.office.store.tables import oidc_identities

if TYPE_CHECKING:
    from sqlalchemy import Connection

VALUE_LENGTH_MAX: Final = 255


class Identity(NamedTuple):
    """Somebody as a provider names them: the value of one claim in the tokens of one issuer."""

    issuer: str
    claim: str
    value: str


def check_identity(identity: Identity) -> None:
    """UsageError for a value that no token could have."""
    if not 1 <= len(identity.value) <= VALUE_LENGTH_MAX or not is_tidy(identity.value):
        raise UsageError(f"oidc: give 1 to {VALUE_LENGTH_MAX} characters, as {identity.claim} has them in a token")


def give_identity(connection: Connection, name: str, identity: Identity) -> None:
    """Somebody comes in as this from now on, and as nothing else. OpposedError where it is somebody else's."""
    held = find_identity(connection, identity)
    if held is not None and held.name != name:
        raise OpposedError(f"oidc: the provider's name is that of {held.name} already; give another")
    take_identities(connection, name)
    connection.execute(oidc_identities.insert().values(**identity._asdict(), name=name))


def take_identities(connection: Connection, name: str) -> None:
    """Nobody comes in as this person through a provider any more."""
    connection.execute(delete(oidc_identities).where(oidc_identities.c.name == name))


def find_identity(connection: Connection, identity: Identity) -> Any | None:
    """The whole row of the person whom a provider means, or None."""
    table = oidc_identities.c
    ours = (table.issuer == identity.issuer) & (table.claim == identity.claim) & (table.value == identity.value)
    name = connection.scalar(select(table.name).where(ours))
    return None if name is None else find_row(connection, name, to_change=True)
