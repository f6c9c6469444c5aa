"""The whole service as one ASGI application: the raw route beside everything else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

from bonafide.apps.problems import problem_reply
from bonafide.apps.server.admission import Admission
from bonafide.apps.server.answers import SECURITY, Message, Receive, Refused, Scope, Send, answer, is_traceparent
from bonafide.apps.server.browser import Browser
from bonafide.apps.server.callers import Callers
from bonafide.apps.server.counts import Counts
from bonafide.apps.server.events_route import PATHS, EventsRoute
from bonafide.apps.server.listening import is_behind_tls
from bonafide.apps.server.logs import Log, where
from bonafide.apps.server.metrics import Metrics
from bonafide.apps.server.office import Office
from bonafide.apps.server.ports import Keys, Runtime, Settings
from bonafide.apps.server.rest import make_rest, template_of

_NS_PER_MS: Final = 1_000_000
_MS: Final = 1_000
_UNDER: Final = "/v1/"


def wall_ms() -> int:
    """Milliseconds since 1970 UTC by the machine's clock."""
    return time.time_ns() // _NS_PER_MS


class Service:
    """One server's application, with what it counts."""

    def __init__(
        self, runtime: Runtime, keys: Keys, settings: Settings, log: Log, *, metrics_open: bool = True,
        clock: Callable[[], float] = time.monotonic, wall_ms: Callable[[], int] = wall_ms,
        office: Office | None = None,
    ) -> None:  # fmt: skip
        """`metrics_open`: whether metrics are shown without a key, as on a loopback address. `office` None: the doors
        alone; nobody signs in, and nothing is noted in an audit log."""
        self.counts = Counts()
        self.office = office
        self.settings = settings
        self.admission = Admission(runtime, settings, clock, wall_ms)
        desk = None if office is None or office.secret is None else office.secret.desk
        self.callers = Callers(self.admission, keys, Browser(is_behind_tls(settings)), desk)
        self.metrics_open = metrics_open
        self.metrics = Metrics(self)
        self.body_timeout_s = settings.body_timeout_ms / _MS
        self._log = log
        self._events = EventsRoute(self.admission, self.callers, settings, self.counts)
        self._rest = make_rest(self)

    @property
    def runtime(self) -> Runtime:
        """What decides; while it starts, something that says so."""
        return self.admission.runtime

    def begin(self, runtime: Runtime) -> None:
        """From here on this runtime decides."""
        self.admission.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens inside, the client gets a whole answer or a closed connection."""
        if scope["type"] != "http":
            return
        sending = _Sending(send)
        try:
            if scope["path"] in PATHS:
                await self._events(scope, receive, sending)
            else:
                await self._ask_rest(scope, receive, sending)
        except asyncio.CancelledError:
            if not self.admission.is_ending:
                raise
            await sending.end("overloaded", "the service is stopping; send it again")
        except Exception as error:  # noqa: BLE001  (a fault of ours must not look like a fault of the client)
            self._log.error("request-failed", failed=type(error).__name__, where=where(error), trace=_trace_of(scope))
            await sending.end("internal", "the service failed; its log says where")

    async def _ask_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _trace_of(scope)
        trace = None if found is None else found.encode()
        more = SECURITY if trace is None else [*SECURITY, (b"traceparent", trace)]
        gated = scope["path"].startswith(_UNDER)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        try:
            if gated:
                self.admission.gate.enter()
            try:
                await self._rest(scope, receive, send_with_headers)
            finally:
                if gated:
                    self.admission.gate.leave(0)
        except Refused as refusal:
            status = refusal.reply.status
            await answer(send, refusal.reply, trace, *refusal.headers)
        self.counts.requests[_route_of(scope), status] += 1


class _Sending:
    """A `send` that knows how far the answer has come."""

    __slots__ = ("_send", "begun", "ended")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.ended = False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def end(self, name: Literal["overloaded", "internal"], detail: str) -> None:
        """Answer with a problem, as long as nothing else was; in a stream it is the last line."""
        reply = problem_reply(name, detail)
        if not self.begun:
            await answer(self, reply)
        elif not self.ended:
            await self({"type": "http.response.body", "body": reply.body + b"\n"})


def _trace_of(scope: Scope) -> str | None:
    found = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
    return found.decode() if found is not None and is_traceparent(found) else None


def _route_of(scope: Scope) -> str:
    """A request's route as metrics name it: by its template, which holds no id; `none` where there is no such route."""
    route = scope.get("route")
    return "none" if route is None else template_of(route).removeprefix(_UNDER).removeprefix("/")
