"""What may be asked for when a key is made; each refusal says what is accepted."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from bonafide.core.errors import UsageError
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.core.moment import MOMENT_MAX, show_moment
from bonafide.core.text import did_you_mean, is_said, is_tidy, shorten, show_value
from bonafide.office.access.roles import CLIENT_TYPES, ROLES, Role

NOTE_LENGTH_MAX: Final = 200
ROUTES_MAX: Final = 32
ROUTE_LENGTH_MAX: Final = 128
RATE_PER_S_MAX: Final = 1_000_000
_ROUTE: Final = re.compile(r"(/[A-Za-z0-9_.~:-]+)+")


def check_role(name: str) -> Role:
    """The role of this name."""
    role = ROLES.get(name)
    if role is None:
        raise UsageError(
            f"role: {show_value(name)} is not a role; give one of {', '.join(ROLES)}{did_you_mean(name, ROLES)}"
        )
    return role


def check_types(role: Role, types: Collection[str] | None) -> tuple[str, ...] | None:
    """The types that a key names, in the order of the schema; None where it names none."""
    if types is None:
        return None
    if not types:
        raise UsageError("types: none is named; name some, or leave the types to the role")
    may = ", ".join(name for name in CLIENT_TYPES if name in role.grantable) or "no events"
    for name in sorted(types):
        if name in CONTROL_TYPES:
            raise UsageError(f"types: {name} is a control record, which Bonafide writes itself and takes from nobody")
        if name not in EVENT_CLASS:
            near = did_you_mean(name, CLIENT_TYPES)
            raise UsageError(f"types: {shorten(name)} is not an event type; a {role.name} key may send {may}{near}")
        if name not in role.grantable:
            raise UsageError(f"types: a {role.name} key may not send {name}; it may send {may}")
    return tuple(name for name in CLIENT_TYPES if name in types)


def check_routes(routes: Collection[str] | None) -> tuple[str, ...] | None:
    """The routes that a key names, sorted; None where it names none."""
    if routes is None:
        return None
    if not 1 <= len(routes) <= ROUTES_MAX:
        raise UsageError(f"routes: {len(routes)} are named; name 1 to {ROUTES_MAX}, or leave the routes to the role")
    for route in sorted(routes):
        if len(route) > ROUTE_LENGTH_MAX or not _ROUTE.fullmatch(route):
            raise UsageError(f"routes: {show_value(route)} is no route; give a path such as /v1/events")
    return tuple(sorted(set(routes)))


def check_rate(rate: int | None) -> int | None:
    """Events a second."""
    if rate is not None and not 1 <= rate <= RATE_PER_S_MAX:
        raise UsageError(f"rate: {rate} is not accepted; give 1 to {RATE_PER_S_MAX} events a second")
    return rate


def check_note(note: str) -> str:
    """What people want to remember of a key."""
    if len(note) > NOTE_LENGTH_MAX or not is_tidy(note):
        raise UsageError(f"note: give at most {NOTE_LENGTH_MAX} characters without control characters")
    return note


def check_said(name: str, text: str, length_max: int) -> None:
    """What somebody has to say for what they do: UsageError where nothing of it can be read."""
    if not is_said(text, length_max):
        told = f"say why, in 1 to {length_max} characters that can be seen, without control characters"
        raise UsageError(f"{name}: {told}")


def check_expires(expires_ms: int | None, now_ms: int) -> int | None:
    """When a key ends to hold."""
    if expires_ms is not None and not now_ms < expires_ms <= MOMENT_MAX:
        told = show_moment(expires_ms) if 0 <= expires_ms <= MOMENT_MAX else str(expires_ms)
        raise UsageError(f"expires: {told} is not accepted; give a moment after now ({show_moment(now_ms)})")
    return expires_ms
