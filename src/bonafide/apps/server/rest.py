"""Everything but the deciding route, in a framework: every route asks who asks, by its row in the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.problems import Reply, problem
from bonafide.apps.server.answers import retry_after
from bonafide.apps.server.engine_routes import add_engine
from bonafide.apps.server.metrics import CONTENT_TYPE as METRICS_TYPE
from bonafide.apps.server.office_routes import add_office
from bonafide.apps.server.oidc_routes import add_oidc
from bonafide.apps.server.openapi import document
from bonafide.apps.server.replies import add_errors, answer_of, json_answer
from bonafide.office.people.matrix import Deed

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

METRICS: Final = Deed("route", "GET /metrics")


def make_rest(service: Service) -> FastAPI:
    """The framework's part of a service, without its documentation pages: those load scripts from other hosts."""
    rest = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, dependencies=[Depends(asks(service))]
    )
    add_errors(rest, service.counts)
    _add_health(rest, service)
    add_engine(rest, service)
    add_office(rest, service)
    add_oidc(rest, service)
    return rest


def asks(service: Service) -> Callable[[Request], Awaitable[None]]:
    """What every route of the framework begins with: who asks, for the route to read from `request.state.caller`."""

    async def admitted(request: Request) -> None:
        deed = deed_of(template_of(request.scope["route"]), request.method)
        if not (deed == METRICS and service.metrics_open):
            request.state.caller = await service.callers.of(request.scope, deed)

    return admitted


def template_of(route: Any) -> str:
    """A route's path as the table of who may do what names it."""
    return str(route.path).replace(":path}", "}")


@lru_cache(maxsize=256)
def deed_of(template: str, method: str) -> Deed:
    """The row of a route and a method."""
    return Deed("route", f"{method} {template}")


def _add_health(rest: FastAPI, service: Service) -> None:
    @rest.get("/healthz")
    async def health() -> Response:
        return json_answer(b'{"status":"alive"}')

    @rest.get("/readyz")
    async def readiness() -> Response:
        state, because = service.admission.standing()
        if state == "ready":
            return json_answer(b'{"state":"ready"}')
        told = problem("read-only" if state == "read-only" else "overloaded", because) | {"state": state}
        return answer_of(Reply(503, msgspec.json.encode(told)), retry_after(1))

    @rest.get("/metrics")
    async def metrics() -> Response:
        return Response(await run_in_threadpool(service.metrics.text), media_type=METRICS_TYPE)

    described = msgspec.json.encode(document())

    @rest.get("/openapi.json")
    async def openapi() -> Response:
        return json_answer(described)
