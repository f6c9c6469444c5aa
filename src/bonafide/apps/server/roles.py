"""Which roles may ask for which routes. A key may be narrowed further to some of them, by their paths."""

from __future__ import annotations

from typing import Final, Literal

Route = Literal["events", "decisions", "dead-letters", "degraded", "metrics"]

ROUTES: Final[dict[Route, frozenset[str]]] = {
    "events": frozenset({"platform", "analyst", "senior", "merchant_ops", "legal", "admin", "partner"}),
    "decisions": frozenset({"platform", "analyst", "senior", "merchant_ops", "legal", "auditor", "admin"}),
    "dead-letters": frozenset({"admin"}),
    "degraded": frozenset({"admin"}),
    "metrics": frozenset({"admin", "auditor"}),
}
"""Route -> roles that may ask for it. What a role may send to `events` is in its event types."""
