"""Cases: listed, shown, worked on; every step takes a person who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.bundle_routes import Person, person_of
from bonafide.apps.server.case_shapes import (
    CaseAssignBody,
    CaseDecideBody,
    CaseLinkBody,
    CaseLookBody,
    CaseMergeBody,
    CaseNoteBody,
    CaseSplitBody,
    CaseUndoBody,
    CaseWaitBody,
)
from bonafide.apps.server.office_routes.appeals import SAFE
from bonafide.apps.server.office_routes.case_files import add_case_files, case_number
from bonafide.apps.server.office_routes.common import (
    PAGE_DEFAULT,
    Limit,
    caller_of,
    currency_of,
    office_of,
    vault_of,
)
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.core.events import MeasureKind
from bonafide.core.moment import moment_of
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.cases.desk import Desk
from bonafide.office.cases.export import XLSX_TYPE, csv_of, xlsx_of
from bonafide.office.cases.listing import CaseBook, Sort, Wanted
from bonafide.office.cases.rows import UNDECIDED, Asked, Case, State
from bonafide.office.measures.opening import Wish, reasons_in
from bonafide.office.measures.preview import preview

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

_Queue = Literal["alerts", "review"]
_States = Annotated[list[State], Query(max_length=6)]
_After = Annotated[str, Query(max_length=40, pattern=r"^-?[0-9.]*$")]
_Name = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z0-9._-]*$")]
_Word = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z_]*$")]
_Subject = Annotated[str | None, Query(pattern="^~[0-9a-f]{16}$")]
_Told = Annotated[str, Query(pattern="^~[0-9a-f]{16}$")]
"""A token, never an id: what stands in a query stands in the logs of proxies."""
B = TypeVar("B", bound=msgspec.Struct)


def add_cases(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    _add_reading(rest, service)
    for form in ("csv", "xlsx"):
        _add_export(rest, service, form)
    _add_work(rest, service)
    _add_splits(rest, service)
    add_case_files(rest, service)
    _add_decisions(rest, service)


def _add_reading(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/cases")
    async def cases(
        state: _States = [], queue: _Queue | None = None, assignee: _Name = None, typology: _Word = None,  # noqa: B006
        subject: _Subject = None, overdue: bool = False, drawn: bool = False, sort: Sort = "priority",
        after: _After = "", limit: Limit = PAGE_DEFAULT,
    ) -> Response:  # fmt: skip
        wanted = _wanted(state, queue, assignee, typology, subject, overdue, drawn)
        return told(await run_in_threadpool(_page, _book(service), wanted, sort, after, limit))

    @rest.get("/v1/cases/figures")
    async def figures() -> Response:
        return told({"currency": currency_of(service), **await run_in_threadpool(_book(service).figures)})

    @rest.get("/v1/cases/{number}")
    async def one(number: str, aggregates: bool = True) -> Response:
        look = partial(_book(service).one, case_number(number), aggregates=aggregates)
        return told(await run_in_threadpool(look))

    @rest.get("/v1/cases/{number}/notice")
    async def notice(number: str, measure: MeasureKind, about: _Told) -> Response:
        """What a subject would be told, before anybody decides."""
        office, wish = office_of(service), Wish(case_number(number), about, measure)
        look = partial(preview, office.store, wish, reasons_in(office.data.folder), clock=office.clock)
        return told(await run_in_threadpool(look))


def _add_export(rest: FastAPI, service: Service, form: Literal["csv", "xlsx"]) -> None:
    @rest.get(f"/v1/cases.{form}")
    async def export(
        request: Request,
        state: _States = [], queue: _Queue | None = None, assignee: _Name = None, typology: _Word = None,  # noqa: B006
        subject: _Subject = None, overdue: bool = False, drawn: bool = False, sort: Sort = "priority",
        after: _After = "", limit: Limit = PAGE_DEFAULT,
    ) -> Response:  # fmt: skip
        """The same list as a file to be saved; the audit log says who had it."""
        wanted = _wanted(state, queue, assignee, typology, subject, overdue, drawn)
        actor, book = caller_of(request).actor, _book(service)
        return await run_in_threadpool(_export, service, actor, book, wanted, sort, after, limit, form)


def _add_work(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/cases/{number}/assign")
    async def assign(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseAssignBody) -> Case:
            return desk.assign(*who, case_number(number), body.to, body.note)

        return await _step(request, service, CaseAssignBody, act)

    @rest.post("/v1/cases/{number}/wait")
    async def wait(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseWaitBody) -> Case:
            return desk.wait(*who, case_number(number), moment_of(body.until), body.note)

        return await _step(request, service, CaseWaitBody, act)

    @rest.post("/v1/cases/{number}/note")
    async def note(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseNoteBody) -> Case:
            return desk.note(*who, case_number(number), body.note)

        return await _step(request, service, CaseNoteBody, act)

    @rest.post("/v1/cases/{number}/link")
    async def link(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseLinkBody) -> Case:
            return desk.link(*who, case_number(number), body.to, body.note)

        return await _step(request, service, CaseLinkBody, act)


def _add_splits(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/cases/{number}/split")
    async def split(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseSplitBody) -> Case:
            return desk.split(*who, case_number(number), body.subjects, body.events, body.note)

        return await _step(request, service, CaseSplitBody, act)

    @rest.post("/v1/cases/{number}/merge")
    async def merge(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseMergeBody) -> Case:
            return desk.merge(*who, case_number(number), body.other, body.note)

        return await _step(request, service, CaseMergeBody, act)


def _add_decisions(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/cases/{number}/decide")
    async def decide(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseDecideBody) -> Case:
            asked = Asked(body.label, body.grade, body.measure, body.genuine, about=body.about)
            return desk.decide(*who, case_number(number), asked, body.note)

        return await _step(request, service, CaseDecideBody, act)

    @rest.post("/v1/cases/{number}/confirm")
    async def confirm(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseNoteBody) -> Case:
            return desk.confirm(*who, case_number(number), body.note)

        return await _step(request, service, CaseNoteBody, act)

    @rest.post("/v1/cases/{number}/refuse")
    async def refuse(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseNoteBody) -> Case:
            return desk.refuse(*who, case_number(number), body.note)

        return await _step(request, service, CaseNoteBody, act)

    @rest.post("/v1/cases/{number}/undo")
    async def undo(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseUndoBody) -> Case:
            return desk.undo(*who, case_number(number), body.label, body.note)

        return await _step(request, service, CaseUndoBody, act)

    @rest.post("/v1/cases/{number}/look")
    async def look(number: str, request: Request) -> Response:
        def act(desk: Desk, who: Person, body: CaseLookBody) -> Case:
            return desk.look(*who, case_number(number), body.label, body.note)

        return await _step(request, service, CaseLookBody, act)


async def _step(
    request: Request, service: Service, shape: type[B], act: Callable[[Desk, Person, B], Case]
) -> Response:  # fmt: skip
    """A step of a person: its body read, taken in a thread, and the case as it stands then."""
    body = await read_struct(request, service, shape)
    caller, office = caller_of(request), office_of(service)
    who = person_of(caller.signed_in.session if caller.signed_in else None, caller.actor.origin)
    desk = Desk(office.store, office.data.read_secret(), vault_of(service).keyring, clock=office.clock,
                reasons_of=reasons_in(office.data.folder))  # fmt: skip
    case = await run_in_threadpool(act, desk, who, body)
    return told(case.to_wire(office.clock()))


def _book(service: Service) -> CaseBook:
    office = office_of(service)
    return CaseBook(office.store, vault_of(service).keyring, clock=office.clock)


def _wanted(state: Sequence[State], queue: str | None, assignee: str | None, typology: str | None,
            subject: str | None, overdue: bool, drawn: bool) -> Wanted:  # fmt: skip
    usual: tuple[State, ...] = () if drawn else UNDECIDED
    return Wanted(tuple(state) or usual, queue, assignee, typology, subject, overdue, drawn)


def _export(
    service: Service, actor: Actor, book: CaseBook, wanted: Wanted, sort: Sort, after: str, limit: int, form: str
) -> Response:  # fmt: skip
    page, now = _page(book, wanted, sort, after, limit), office_of(service).clock()
    rows = page["cases"]
    content, kind = (csv_of(rows), "text/csv") if form == "csv" else (xlsx_of(rows, now), XLSX_TYPE)
    with office_of(service).store.writing() as connection:
        append(connection, actor, "case.export", "case", now, details={"cases": len(rows)})
    more = {} if page["next_after"] is None else {"x-next-after": page["next_after"]}
    headers = SAFE | {"content-disposition": f"attachment; filename=cases.{form}"} | more
    return Response(content, media_type=kind, headers=headers)


def _page(book: CaseBook, wanted: Wanted, sort: Sort, after: str, limit: int) -> dict[str, Any]:
    page = book.list(wanted, sort, after, limit)
    return book.page_wire(page)
