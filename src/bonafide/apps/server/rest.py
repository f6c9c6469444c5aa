"""Everything but the deciding route: decisions asked for again, dead letters, degraded parts, health, metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from bonafide.apps.problems import CONTENT_TYPE, Reply, problem, problem_reply
from bonafide.apps.runtime.jobs import Overloaded, ReadOnly
from bonafide.apps.server.answers import Refused, refused, retry_after
from bonafide.apps.server.bodies import Body
from bonafide.apps.server.decode import Record, decode_one
from bonafide.apps.server.head import form_of, read_head
from bonafide.apps.server.metrics import CONTENT_TYPE as METRICS_TYPE
from bonafide.apps.server.openapi import document
from bonafide.apps.server.ports import Sender
from bonafide.apps.server.roles import Route
from bonafide.apps.server.shapes import Degraded, LetterAnswer, Letters
from bonafide.core.errors import StateError
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.moment import show_moment
from bonafide.core.text import did_you_mean, shorten, to_nfc
from bonafide.office.journal.letters import KeptLetter

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

LETTERS_MAX: Final = 1_000
"""Most dead letters in one answer."""
NUMBER_MAX: Final = 2**63 - 1
PARTS: Final = ("model",)
"""Parts that may be said not to answer; without `model`, events are scored by rules alone."""
SMALL_BODY_BYTES_MAX: Final = 64 << 10
_MS: Final = 1_000


def make_rest(service: Service) -> FastAPI:
    """The framework's part of a service, without its documentation pages: those load scripts from other hosts."""
    rest = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    rest.add_exception_handler(HTTPException, _of_framework)
    rest.add_exception_handler(RequestValidationError, _of_validation)
    rest.add_exception_handler(Refused, _of_refusal)
    rest.add_exception_handler(Overloaded, _of_state)
    rest.add_exception_handler(ReadOnly, _of_state)
    rest.add_exception_handler(StateError, _of_state)
    rest.add_exception_handler(Exception, _of_failure)
    _add_health(rest, service)
    _add_decisions(rest, service)
    _add_letters(rest, service)
    _add_degraded(rest, service)
    return rest


def asks(service: Service, route: Route) -> Callable[[Request], Sender]:
    """A dependency: who asks for a route, let in as on the deciding route."""

    async def admitted(request: Request) -> Sender:
        """Who asks, for the route to read from `request.state.sender` too."""
        head = read_head(request.scope["headers"])
        sender = service.admission.sender(head.authorization, route, request.scope["path"])
        service.admission.require_rate(sender)
        service.admission.charge(sender, 1)
        if route != "metrics":
            service.admission.require_started()
        request.state.sender = sender
        return sender

    return admitted  # type: ignore[return-value]


def _add_health(rest: FastAPI, service: Service) -> None:
    @rest.get("/healthz")
    async def health() -> Response:
        return _json(b'{"status":"alive"}')

    @rest.get("/readyz")
    async def readiness() -> Response:
        state, because = service.admission.standing()
        if state == "ready":
            return _json(b'{"state":"ready"}')
        told = problem("read-only" if state == "read-only" else "overloaded", because) | {"state": state}
        return _answer(Reply(503, msgspec.json.encode(told)), *(retry_after(1),))

    @rest.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not service.metrics_open:
            await asks(service, "metrics")(request)  # type: ignore[misc]
        return Response(await run_in_threadpool(service.metrics.text), media_type=METRICS_TYPE)

    described = msgspec.json.encode(document())

    @rest.get("/openapi.json")
    async def openapi() -> Response:
        return _json(described)


def _add_decisions(rest: FastAPI, service: Service) -> None:
    # The path may hold slashes: an id may be any text.
    @rest.get("/v1/decisions/{event_id:path}", dependencies=[Depends(asks(service, "decisions"))])
    async def decision(event_id: str) -> Response:
        found = await run_in_threadpool(service.runtime.find, to_nfc(event_id, ID_LENGTH_MAX))
        if found is None:
            raise refused("not-found", "event_id: no event of this id was taken in")
        return _json(found.record.answer)


def _add_letters(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/dead-letters", dependencies=[Depends(asks(service, "dead-letters"))])
    async def letters(
        after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=LETTERS_MAX)] = 100,
    ) -> Response:
        found = await run_in_threadpool(service.runtime.journal.dead_letters, after, limit)
        more = found[-1].id if len(found) == limit else None
        return _json(msgspec.json.encode(Letters(dead_letters=tuple(map(_letter, found)), next_after=more)))

    @rest.post("/v1/dead-letters/{number}/redrive", dependencies=[Depends(asks(service, "dead-letters"))])
    async def redrive(number: str, request: Request) -> Response:
        """Give a dead letter in again, with the rights of whoever asks."""
        sender: Sender = request.state.sender

        def read(body: bytes) -> Record:
            return decode_one(body, sender, service.admission.wall_ms())[0]

        known = number.isascii() and number.isdigit() and len(number) < len(str(NUMBER_MAX))
        service.admission.require_intake()
        reply = await service.runtime.redrive(int(number), read, sender) if known else None
        if reply is None:
            raise refused("not-found", "number: there is no dead letter of this number")
        return _answer(reply)


def _add_degraded(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/degraded", dependencies=[Depends(asks(service, "degraded"))])
    async def degraded() -> Response:
        return _json(msgspec.json.encode(Degraded(parts=service.runtime.degraded)))

    @rest.put("/v1/degraded", dependencies=[Depends(asks(service, "degraded"))])
    async def degrade(request: Request) -> Response:
        parts = await _read_parts(request, service)
        service.admission.require_intake()
        reply = await service.runtime.degrade(parts)
        if reply.status >= 400:
            return _answer(reply)
        return _json(msgspec.json.encode(Degraded(parts=parts)))


async def _read_parts(request: Request, service: Service) -> tuple[str, ...]:
    head = read_head(request.scope["headers"])
    if form_of(head) != "json":
        raise refused("malformed", "content-type: give application/json", status=415)
    body = Body(request.receive, head, service.admission.gate, SMALL_BODY_BYTES_MAX, service.body_timeout_s)
    try:
        parts = msgspec.json.decode(await body.whole(), type=Degraded, strict=True).parts
    except msgspec.ValidationError as error:
        raise refused(
            "invalid-field", f"parts: {error}; give a list of parts that do not answer", field="parts"
        ) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise refused("malformed", 'the body is not JSON; give {"parts": [...]}') from None
    finally:
        body.let_go(body.held)
    for part in parts:
        if part not in PARTS:
            told = f"parts: {shorten(part)!r} is not a part; give some of {', '.join(PARTS)}{did_you_mean(part, PARTS)}"
            raise refused("invalid-field", told, field="parts")
    return tuple(dict.fromkeys(parts))


def _letter(kept: KeptLetter) -> LetterAnswer:
    letter = kept.letter
    return LetterAnswer(
        number=kept.id, received_at=show_moment(letter.received_ms), key_id=letter.sender, reason=letter.reason,
        field=letter.field, message=letter.message, body=letter.body.decode("utf-8", "replace"),
        expires_at=show_moment(letter.expires_ms), redriven_at=_moment(kept.redriven_ms),
    )  # fmt: skip


def _moment(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else show_moment(moment_ms)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _answer(reply: Reply, *headers: tuple[bytes, bytes]) -> Response:
    kind = "application/json" if reply.status < 400 else CONTENT_TYPE.decode()
    return Response(reply.body, reply.status, {name.decode(): value.decode() for name, value in headers}, kind)


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _answer(problem_reply("not-found", "path: there is no such route; /openapi.json has those that are"))
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET")
        told = problem_reply("malformed", f"method: this route takes {allowed}", status=405)
        return _answer(told, (b"allow", allowed.encode()))
    return _answer(problem_reply("malformed", "the request cannot be read", status=error.status_code))


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = dict(error.errors()[0])
    field = str(first["loc"][-1])
    return _answer(problem_reply("invalid-field", f"{field}: {first['msg']}", field=field))


async def _of_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(error.reply, *error.headers)


async def _of_state(request: Request, error: Exception) -> Response:
    told = "what is on disk cannot be read now; come again, or look at the server's log"
    if isinstance(error, Overloaded | ReadOnly):
        told = error.message
    name = problem_reply("read-only" if isinstance(error, ReadOnly) else "overloaded", told)
    return _answer(name, retry_after(1))


async def _of_failure(request: Request, error: Exception) -> Response:
    return _answer(problem_reply("internal", "the service failed; its log says where"))
