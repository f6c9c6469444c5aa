"""The whole service as one ASGI application: the raw route beside everything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bonafide.apps.server.admission import Admission
from bonafide.apps.server.answers import Receive, Scope, Send, answer
from bonafide.apps.server.counts import Counts
from bonafide.apps.server.events_route import PATHS, EventsRoute
from bonafide.apps.server.ports import Keys, Runtime, Settings
from bonafide.apps.problems import problem

_NS_PER_MS: Final = 1_000_000


def wall_ms() -> int:
    """Milliseconds since 1970 UTC by the machine's clock."""
    return time.time_ns() // _NS_PER_MS


class Service:
    """One server's application, with what it counts."""

    def __init__(
        self, runtime: Runtime, keys: Keys, settings: Settings, *, clock: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = wall_ms,
    ) -> None:  # fmt: skip
        self.counts = Counts()
        self.admission = Admission(runtime, keys, settings, clock, wall_ms)
        self._events = EventsRoute(runtime, self.admission, settings, self.counts, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] in PATHS:
            await self._events(scope, receive, send)
        else:
            await answer(send, problem("not-found", "path: there is no such route"))
