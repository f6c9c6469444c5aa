"""Routes whose path holds an id of a client's own: any text, slashes too."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import Match


class IdRoute(APIRoute):
    """A route with a `{...:path}`, and what follows it, such as `/decide`.

    That ends a path only where it was sent so: of `a%2Fdecide` it is the end of an id. A path that ends so is this
    route's whatever the method. It is added before the route of the id alone, whose path ends in anything.
    """

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """Whether a request is for this route."""
        end = self.path.rpartition("}")[2]
        raw: bytes | None = scope.get("raw_path")
        if raw is not None and not raw.endswith(end.encode()):
            return Match.NONE, {}
        match, found = super().matches(scope)
        # Half a match means another method, and would be passed over for the route of the id alone.
        return (Match.FULL if end and match is Match.PARTIAL else match), found
