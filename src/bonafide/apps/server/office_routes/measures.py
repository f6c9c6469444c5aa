"""Measures: where each stands, what the platform says, and what people do about them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.bundle_routes import Person, person_of
from bonafide.apps.server.measure_shapes import (
    ConfirmMeasureBody,
    DelayNoticeBody,
    EndMeasureBody,
    MeasureStatusBody,
    OpenMeasureBody,
)
from bonafide.apps.server.office_routes.common import (
    PAGE_DEFAULT,
    Limit,
    caller_of,
    moment_ms,
    office_of,
    vault_of,
)
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.moment import moment_of
from bonafide.office.measures.measure import Measure
from bonafide.office.measures.opening import AT_ONE_PLACE_MAX, Openings, Wish, reasons_in
from bonafide.office.measures.steps import Measures
from bonafide.office.measures.words import State

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

SAME_PLACE_MAX: Final = 8 + AT_ONE_PLACE_MAX
"""Measures that one decision proposes at most, and that people open on its event: a page does not end among them."""
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Token = Annotated[str | None, Query(pattern="^~[0-9a-f]{16}$")]


def add_measures(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    _add_reading(rest, service)
    _add_steps(rest, service)


def measures_of(service: Service) -> Measures:
    """The measures; Refused (503) while the master key is not at hand, which notes are sealed under."""
    office, vault = office_of(service), vault_of(service)
    return Measures(office.store, office.data.read_secret(), vault.keyring, clock=office.clock)


def acting(request: Request) -> Person:
    """Who takes a step: a person with a session."""
    caller = caller_of(request)
    return person_of(caller.signed_in.session if caller.signed_in else None, caller.actor.origin)


def _add_reading(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/measures")
    async def measures(
        state: State | None = None, subject: Token = None, waiting: bool = False, before: Before = None,
        limit: Limit = PAGE_DEFAULT,
    ) -> Response:  # fmt: skip
        """The newest measures, with how many there are of each kind."""
        ours = measures_of(service)
        read = partial(ours.list, state=state, subject=subject, waiting=waiting, before=before,
                       limit=limit + SAME_PLACE_MAX)  # fmt: skip
        found = await run_in_threadpool(read)
        shown = page_of(found, limit)
        more = shown[-1].seq if len(shown) < len(found) else None
        figures = await run_in_threadpool(ours.figures)
        wire: list[dict[str, Any]] = [one.to_wire() for one in shown]
        return told({"measures": wire, "next_before": more, "figures": figures})

    @rest.get("/v1/measures/{id}")
    async def measure(id: str) -> Response:
        return told(await run_in_threadpool(measures_of(service).show, id))

    @rest.post("/v1/measures/{id}/status")
    async def status(id: str, request: Request) -> Response:
        """The platform's word: late, twice or out of order, it comes to the same."""
        body = await read_struct(request, service, MeasureStatusBody)
        tell = partial(measures_of(service).tell, caller_of(request).actor, id, body.status)
        return told((await run_in_threadpool(tell)).to_wire())


def page_of(found: Sequence[Measure], limit: int) -> list[Measure]:
    """The first `limit`, and those of the same decision as the last of them."""
    shown = list(found[:limit])
    return shown + [one for one in found[limit:] if one.seq == shown[-1].seq]


def _add_steps(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/measures")
    async def open(request: Request) -> Response:
        """A person opens a measure on the basis of a case; what limits somebody waits for a second one."""
        body, person = await read_struct(request, service, OpenMeasureBody), acting(request)
        office = office_of(service)
        ours = Openings(office.store, office.data.read_secret(), vault_of(service).keyring,
                        reasons_in(office.data.folder), clock=office.clock)  # fmt: skip
        wish = Wish(body.case, body.subject, body.measure, moment_ms(body.until))
        return told((await run_in_threadpool(ours.open, *person, wish, body.note)).to_wire(), 201)

    @rest.post("/v1/measures/{id}/confirm")
    async def confirm(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, ConfirmMeasureBody), acting(request)
        act = partial(measures_of(service).confirm, *person, id, body.note, moment_ms(body.until))
        return told((await run_in_threadpool(act)).to_wire())

    @rest.post("/v1/measures/{id}/lift")
    async def lift(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, EndMeasureBody), acting(request)
        return told((await run_in_threadpool(measures_of(service).lift, *person, id, body.note)).to_wire())

    @rest.post("/v1/measures/{id}/refuse")
    async def refuse(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, EndMeasureBody), acting(request)
        return told((await run_in_threadpool(measures_of(service).refuse, *person, id, body.note)).to_wire())

    @rest.post("/v1/measures/{id}/delay-notice")
    async def delay(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, DelayNoticeBody), acting(request)
        act = partial(measures_of(service).delay_notice, *person, id, body.basis, moment_of(body.until))
        return told((await run_in_threadpool(act)).to_wire())
