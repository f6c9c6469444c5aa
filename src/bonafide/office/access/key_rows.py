"""A key as the store keeps it: everything but the key."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec

from bonafide.core.moment import show_moment
from bonafide.office.access.roles import CLIENT_TYPES, ROLES
from bonafide.office.access.sender import Sender

KeyState = Literal["live", "expired", "revoked"]


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key: whose, what it may do, how long. Times are milliseconds since 1970 UTC."""

    key_id: str
    role: str
    types: tuple[str, ...] | None
    """The event types it was narrowed to or given; None where its role says it all."""
    routes: tuple[str, ...] | None
    """The routes it was narrowed to; None where its role says it all."""
    rate_per_s: int | None
    """Events a second; None where the settings say it."""
    note: str
    created_ms: int
    expires_ms: int | None
    """It holds before this moment; None: until it is revoked."""
    revoked_ms: int | None
    replaced_by: str | None
    """The key that it was rotated to."""
    last_used: date | None
    """The last day (UTC) on which it was used; it may be some minutes old."""

    def state(self, now_ms: int) -> KeyState:
        """Whether it holds at a moment. A revoked key does not, whatever the clock says."""
        if self.revoked_ms is not None:
            return "revoked"
        return "live" if self.expires_ms is None or now_ms < self.expires_ms else "expired"

    @property
    def may_send(self) -> tuple[str, ...]:
        """The event types it may send now, in the order of the schema. What its role has lost since, it has too."""
        role = ROLES.get(self.role)
        if role is None:
            return ()
        allowed = role.types if self.types is None else role.grantable.intersection(self.types)
        return tuple(name for name in CLIENT_TYPES if name in allowed)

    def sender(self) -> Sender:
        """Who sends with it."""
        types = frozenset(self.may_send)
        source = ROLES[self.role].source if "verdict" in types else None
        routes = None if self.routes is None else frozenset(self.routes)
        return Sender(self.key_id, self.role, types, routes, source, self.rate_per_s)

    def to_wire(self, now_ms: int) -> dict[str, Any]:
        """The key as JSON shows it, with nothing secret in it."""
        return {
            "key_id": self.key_id,
            "role": self.role,
            "types": list(self.may_send),
            "routes": None if self.routes is None else list(self.routes),
            "rate_per_s": self.rate_per_s,
            "note": self.note,
            "state": self.state(now_ms),
            "created": show_moment(self.created_ms),
            "expires": None if self.expires_ms is None else show_moment(self.expires_ms),
            "revoked": None if self.revoked_ms is None else show_moment(self.revoked_ms),
            "replaced_by": self.replaced_by,
            "last_used": None if self.last_used is None else self.last_used.isoformat(),
        }


def row_of(found: Any) -> KeyRow:
    """The key in a row of the table."""
    held = {name: getattr(found, name) for name in KeyRow.__struct_fields__}
    for name in ("types", "routes"):
        held[name] = None if held[name] is None else tuple(held[name])
    return KeyRow(**held)
