"""Which roles may ask for which routes; a key may be narrowed further, to some of these routes."""

from __future__ import annotations

from typing import Final, Literal

Route = Literal["events", "decisions", "dead-letters", "degraded", "metrics"]

_SENDS: Final = frozenset({"platform", "analyst", "senior", "merchant_ops", "legal", "admin", "partner"})
_READS: Final = frozenset({"platform", "analyst", "senior", "merchant_ops", "legal", "auditor", "admin"})

ROUTES: Final[dict[Route, frozenset[str]]] = {
    "events": _SENDS,
    "decisions": _READS,
    "dead-letters": frozenset({"admin"}),
    "degraded": frozenset({"admin"}),
    "metrics": frozenset({"admin", "auditor"}),
}
"""Route -> roles that may ask for it. What a role may send there is in its event types."""
