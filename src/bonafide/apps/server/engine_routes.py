"""What is asked of the engine beside events: decisions asked for again and why, dead letters, degraded parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, FastAPI, Query, Request, Response, params
from starlette.concurrency import run_in_threadpool

from bonafide.apps.problems import Reply
from bonafide.apps.server.answers import refused
from bonafide.apps.server.callers import Caller
from bonafide.apps.server.decode import Record, decode_one
from bonafide.apps.server.parts_route import add_parts
from bonafide.apps.server.replies import answer_of, json_answer, told
from bonafide.apps.server.shapes import Degraded, LetterAnswer, Letters
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.moment import show_moment
from bonafide.core.text import did_you_mean, to_nfc
from bonafide.office.audit.entry import Details
from bonafide.office.journal.letters import KeptLetter

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

LETTERS_MAX: Final = 1_000
"""Most dead letters in one answer."""
NUMBER_MAX: Final = 2**63 - 1
PARTS: Final = ("model",)
"""Parts that may be said not to answer; without `model`, events are scored by rules alone."""


def add_engine(rest: FastAPI, service: Service) -> None:
    """Add the routes."""

    async def started() -> None:
        service.admission.require_started()

    after_start = [Depends(started)]
    add_parts(rest, service, after_start)
    _add_decisions(rest, service, after_start)
    _add_letters(rest, service, after_start)
    _add_degraded(rest, service, after_start)


def _add_decisions(rest: FastAPI, service: Service, after_start: Sequence[params.Depends]) -> None:
    # The path may hold slashes: an id may be any text.
    @rest.get("/v1/decisions/{event_id:path}", dependencies=after_start)
    async def decision(event_id: str) -> Response:
        found = await run_in_threadpool(service.runtime.find, to_nfc(event_id, ID_LENGTH_MAX))
        if found is None:
            raise refused("not-found", "event_id: no event of this id was taken in")
        return json_answer(found.record.answer)


def _add_letters(rest: FastAPI, service: Service, after_start: Sequence[params.Depends]) -> None:
    @rest.get("/v1/dead-letters", dependencies=after_start)
    async def letters(
        after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=LETTERS_MAX)] = 100,
    ) -> Response:
        found = await run_in_threadpool(service.runtime.journal.dead_letters, after, limit)
        more = found[-1].id if len(found) == limit else None
        return told(Letters(dead_letters=tuple(map(_letter, found)), next_after=more))

    @rest.post("/v1/dead-letters/{number}/redrive", dependencies=after_start)
    async def redrive(number: str, request: Request) -> Response:
        """Give a dead letter in again, with the rights of whoever asks."""
        caller: Caller = request.state.caller
        service.admission.require_intake()
        known = number.isascii() and number.isdigit() and len(number) < len(str(NUMBER_MAX))
        if not known or not await run_in_threadpool(_is_letter, service, int(number)):
            raise refused("not-found", "number: there is no dead letter of this number")

        def read(body: bytes) -> Record:
            return decode_one(body, caller.sender, service.admission.wall_ms())[0]

        async def give_in() -> Reply:
            reply = await service.runtime.redrive(int(number), read, caller.sender)
            if reply is None:  # it expired just now
                raise refused("not-found", "number: there is no dead letter of this number")
            return reply

        return answer_of(await _noted(service, caller, "letter.redrive", f"letter:{int(number)}", None, give_in))


def _is_letter(service: Service, number: int) -> bool:
    return any(letter.id == number for letter in service.runtime.journal.dead_letters(number - 1, 1))


def _add_degraded(rest: FastAPI, service: Service, after_start: Sequence[params.Depends]) -> None:
    @rest.get("/v1/degraded", dependencies=after_start)
    async def degraded() -> Response:
        return told(Degraded(parts=service.runtime.degraded))

    @rest.put("/v1/degraded", dependencies=after_start)
    async def degrade(request: Request) -> Response:
        """From the next event on these parts do not answer."""
        given = (await read_struct(request, service, Degraded)).parts
        if not set(given) <= set(PARTS):
            near = did_you_mean(next(part for part in given if part not in PARTS), PARTS)
            raise refused("invalid-field", f"parts: give some of {', '.join(PARTS)}{near}", field="parts")
        parts = tuple(dict.fromkeys(given))
        service.admission.require_intake()

        async def write() -> Reply:
            return await service.runtime.degrade(parts)

        details = {"parts": ",".join(parts)}
        reply = await _noted(service, request.state.caller, "engine.degrade", "engine", details, write)
        return answer_of(reply) if reply.status >= 400 else told(Degraded(parts=parts))


async def _noted(
    service: Service, caller: Caller, what: str, on_what: str, details: Details | None,
    act: Callable[[], Awaitable[Reply]],
) -> Reply:  # fmt: skip
    """Do what is written into the log, between two entries in the audit log.

    The two logs have no transaction in common. So the first entry says that it is begun: where it cannot be written
    nothing is done. The second says how it ended.
    """
    office = service.office
    if office is None:
        return await act()
    note = partial(office.note, caller.actor, what, on_what, details=details)
    await run_in_threadpool(note, outcome="begun")
    outcome = "failed"
    try:
        reply = await act()
        outcome = "done" if reply.status < 400 else "refused" if reply.status < 500 else "failed"
        return reply
    finally:
        await run_in_threadpool(note, outcome=outcome)


def _letter(kept: KeptLetter) -> LetterAnswer:
    letter = kept.letter
    return LetterAnswer(
        number=kept.id, received_at=show_moment(letter.received_ms), key_id=letter.sender, reason=letter.reason,
        field=letter.field, message=letter.message, body=letter.body.decode("utf-8", "replace"),
        expires_at=show_moment(letter.expires_ms), redriven_at=_moment(kept.redriven_ms),
    )  # fmt: skip


def _moment(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else show_moment(moment_ms)
