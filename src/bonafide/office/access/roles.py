"""Who may send what: one table, which docs/access.md shows and keys, routes and command line read."""

from __future__ import annotations

from typing import Final, NamedTuple

from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS, Source

CLIENT_TYPES: Final[tuple[str, ...]] = tuple(name for name in EVENT_CLASS if name not in CONTROL_TYPES)
"""Every type that clients may send, in the order of the schema. Control records are Bonafide's own."""
TEACHING_TYPES: Final = frozenset({"verdict", "indicator", "group"})
"""Truth and intelligence: taken only from those who are allowed to teach."""


class Role(NamedTuple):
    """What a role may send, unless its key narrows it further."""

    name: str
    types: frozenset[str]
    """The event types of a key that names none."""
    may_be_given: frozenset[str]
    """Types beyond these that a key has only where it names them."""
    source: Source | None
    """The `source` that its verdicts get, whatever they say; None where it sends none."""
    meant_for: str
    """One line for people who choose a role."""

    @property
    def grantable(self) -> frozenset[str]:
        """Every type that a key of this role may name."""
        return self.types | self.may_be_given


def _role(
    name: str, types: frozenset[str], source: Source | None, meant_for: str, given: frozenset[str] = frozenset()
) -> Role:  # fmt: skip
    return Role(name, types, given, source, meant_for)


_EVERY: Final = frozenset(CLIENT_TYPES)
_VERDICT: Final = frozenset({"verdict"})

ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        _role("platform", _EVERY - TEACHING_TYPES, "chargeback", "the platform's own systems", given=_VERDICT),
        _role("analyst", _VERDICT, "analyst", "people who judge cases"),
        _role("senior", _VERDICT, "analyst", "people who judge cases and approve measures"),
        _role("merchant_ops", _VERDICT | {"merchant_application"}, "analyst", "people who admit and watch merchants"),
        _role("legal", _VERDICT, "court", "people who bring in what courts decided"),
        _role("auditor", frozenset(), None, "people who only read"),
        _role("admin", _EVERY, "analyst", "people and jobs that run Bonafide, batch jobs that find groups among them"),
        _role("partner", _VERDICT | {"indicator"}, "partner", "banks, other platforms, legal institutions"),
    )
}
