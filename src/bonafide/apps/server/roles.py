"""Which roles may ask for which routes. A key may be narrowed further to some of them, by their paths."""

from __future__ import annotations

from typing import Final, Literal

from bonafide.office.people import matrix

Route = Literal["events", "decisions", "dead-letters", "degraded", "metrics"]

ROUTES: Final[dict[Route, frozenset[str]]] = {
    "events": matrix.ROUTES["POST /v1/events"],
    "decisions": matrix.ROUTES["GET /v1/decisions/{event_id}"],
    "dead-letters": matrix.ROUTES["GET /v1/dead-letters"],
    "degraded": matrix.ROUTES["GET /v1/degraded"],
    "metrics": matrix.ROUTES["GET /metrics"],
}
"""Route -> roles that may ask for it, by the one table of who may do what, looked up once. What a role may send to
`events` is in its event types."""
