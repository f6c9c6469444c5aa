"""Answers of the framework's routes, and the errors of what stands below them as problems."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bonafide.apps.problems import CONTENT_TYPE, Name, Reply, problem_reply
from bonafide.apps.runtime.jobs import Overloaded, ReadOnly
from bonafide.apps.server.answers import Gone, Refused, retry_after
from bonafide.apps.server.callers import CHALLENGE
from bonafide.apps.server.counts import Counts
from bonafide.apps.server.unaccepted import unaccepted
from bonafide.core.errors import BonafideError, MissingError, NotThereError, OpposedError, StateError, UsageError
from bonafide.core.moment import SECOND_MS
from bonafide.office.access.errors import ForbiddenError, UnauthenticatedError
from bonafide.office.audit.log import TamperedError
from bonafide.office.people.errors import SlowDownError
from bonafide.office.vault.errors import HeldError, RestrictedError, UnknownSubjectError

HUNG_UP: Final = 499
_NAMED: Final = re.compile(r"(?:user|key|hold|receiver|destination) \S+: ")
"""How a message begins that names what was asked for; whoever asked knows it."""
_FIELD: Final = re.compile(r"(\w{1,40}): ")
_NAME_OF: Final[dict[type[BonafideError], Name]] = {
    UnauthenticatedError: "unauthenticated", ForbiddenError: "forbidden", OpposedError: "conflict",
    HeldError: "conflict", RestrictedError: "conflict", TamperedError: "conflict",
}  # fmt: skip


def add_errors(rest: FastAPI, counts: Counts) -> None:
    """Have every error that a route may raise answered as a problem."""

    async def of_state(request: Request, error: Exception) -> Response:
        counts.reads_failed += 1
        counts.reads_failed_because = str(error)
        said = "what is on disk cannot be read now; come again, or look at the server's log"
        return answer_of(problem_reply("overloaded", said), retry_after(1))

    rest.add_exception_handler(HTTPException, _of_framework)
    rest.add_exception_handler(RequestValidationError, _of_validation)
    rest.add_exception_handler(Refused, _of_refusal)
    rest.add_exception_handler(Gone, _of_gone)
    for busy in (Overloaded, ReadOnly):
        rest.add_exception_handler(busy, _of_busy)
    for state in (NotThereError, StateError):
        rest.add_exception_handler(state, of_state)
    for named in _NAME_OF:
        rest.add_exception_handler(named, _of_named)
    for missing in (MissingError, UnknownSubjectError):
        rest.add_exception_handler(missing, _of_missing)
    rest.add_exception_handler(SlowDownError, _of_haste)
    rest.add_exception_handler(UsageError, _of_usage)
    rest.add_exception_handler(Exception, _of_failure)


def json_answer(body: bytes, status: int = 200) -> Response:
    """JSON that is there already."""
    return Response(body, status, media_type="application/json")


def told(answer: Any, status: int = 200) -> Response:
    """An answer as JSON."""
    return json_answer(msgspec.json.encode(answer), status)


def answer_of(reply: Reply, *headers: tuple[bytes, bytes]) -> Response:
    """A reply as the framework sends it."""
    kind = "application/json" if reply.status < 400 else CONTENT_TYPE.decode()
    return Response(reply.body, reply.status, {name.decode(): value.decode() for name, value in headers}, kind)


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer_of(problem_reply("not-found", "path: there is no such route; /openapi.json has those that are"))
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET")
        refusal = problem_reply("malformed", f"method: this route takes {allowed}", status=405)
        return answer_of(refusal, (b"allow", allowed.encode()))
    return answer_of(problem_reply("malformed", "the request cannot be read", status=error.status_code))


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer_of(unaccepted(error.errors()[0]))


async def _of_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer_of(error.reply, *error.headers)


async def _of_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=HUNG_UP)  # to nobody


async def _of_busy(request: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded | ReadOnly)
    name: Name = "read-only" if isinstance(error, ReadOnly) else "overloaded"
    return answer_of(problem_reply(name, error.message), retry_after(1))


async def _of_named(request: Request, error: Exception) -> Response:
    assert isinstance(error, BonafideError)
    name = next(_NAME_OF[kind] for kind in type(error).__mro__ if kind in _NAME_OF)
    refusal = problem_reply(name, _NAMED.sub("", error.message, count=1))
    return answer_of(refusal, *([CHALLENGE] if name == "unauthenticated" else ()))


async def _of_missing(request: Request, error: Exception) -> Response:
    return answer_of(problem_reply("not-found", "path: nothing is kept here under this name"))


async def _of_haste(request: Request, error: Exception) -> Response:
    assert isinstance(error, SlowDownError)
    return answer_of(problem_reply("rate-limited", error.message), retry_after(error.retry_after_ms / SECOND_MS))


async def _of_usage(request: Request, error: Exception) -> Response:
    assert isinstance(error, UsageError)
    field = _FIELD.match(error.message)
    return answer_of(problem_reply("invalid-field", error.message, field=None if field is None else field[1]))


async def _of_failure(request: Request, error: Exception) -> Response:
    return answer_of(problem_reply("internal", "the service failed; its log says where"))
