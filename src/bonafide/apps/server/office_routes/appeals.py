"""Appeals and answers to requests: handed in through the platform or by people, given to somebody, decided."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.measure_shapes import AppealAssignBody, AppealBody, AppealDecideBody, DocumentGiven
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, Limit, caller_of, office_of, vault_of
from bonafide.apps.server.office_routes.measures import acting
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.office.appeals.appeal import AppealState
from bonafide.office.appeals.appeals import Appeals, Handed
from bonafide.office.people.matrix import Deed, may

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

BODY_BYTES_MAX: Final = 8 << 20
"""With documents, as base64, in it."""
BODY_TEXTS_MAX: Final = 200
SUBMISSIONS_WAITING_MAX: Final = 16
_OPENS: Final = Deed("route", "GET /v1/appeals/{id}/documents/{document}")
SAFE: Final = {
    "content-disposition": "attachment; filename=document", "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox", "cache-control": "no-store",
}  # fmt: skip
"""A document is saved, and never shown by the browser as a page of ours."""
Name = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z0-9._-]+$")]


def add_appeals(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    _add_reading(rest, service)
    _add_submission(rest, service)
    _add_steps(rest, service)


def appeals_of(service: Service) -> Appeals:
    """The appeals; Refused (503) while the master key is not at hand."""
    office, vault = office_of(service), vault_of(service)
    return Appeals(office.store, office.data.folder, office.data.read_secret(), vault)


def _add_reading(rest: FastAPI, service: Service) -> None:
    @rest.get("/v1/appeals")
    async def appeals(
        state: AppealState | None = None, assignee: Name = None, waiting: bool = False, limit: Limit = PAGE_DEFAULT
    ) -> Response:
        ours = appeals_of(service)
        read = partial(ours.list, state=state, assignee=assignee, waiting=waiting, limit=limit)
        found = await run_in_threadpool(read)
        return told({"appeals": found, "figures": await run_in_threadpool(ours.figures)})

    @rest.get("/v1/appeals/{id}")
    async def appeal(id: str, request: Request) -> Response:
        """Who may judge sees what was said, and the audit log says so; others see where it stands."""
        signed_in = caller_of(request).signed_in
        if signed_in is None or not may(signed_in.session.role, _OPENS):
            return told(await run_in_threadpool(appeals_of(service).one, id))
        return told(await run_in_threadpool(appeals_of(service).look, *acting(request), id))

    @rest.get("/v1/appeals/{id}/documents/{document}")
    async def document(id: str, document: str, request: Request) -> Response:
        found = await run_in_threadpool(appeals_of(service).document, *acting(request), id, document)
        return Response(found[1], media_type=found[0], headers=SAFE)


def _add_submission(rest: FastAPI, service: Service) -> None:
    turns = Turns(1, SUBMISSIONS_WAITING_MAX, "appeals")

    @rest.post("/v1/appeals")
    async def submit(request: Request) -> Response:
        """Documents are looked into before the answer leaves, one submission at a time."""
        body = await read_struct(request, service, AppealBody, BODY_BYTES_MAX, BODY_TEXTS_MAX)
        caller = caller_of(request)
        if caller.signed_in is None and body.subject_id is None:
            raise refused("invalid-field", "subject_id: say whom it is for", field="subject_id")
        ours = appeals_of(service)

        def act() -> dict[str, object]:
            documents = [handed(number, one) for number, one in enumerate(body.documents)]
            found = ours.submit(
                caller.actor, caller.sender.role, body.measure_id, body.kind, body.statement,
                subject_id=body.subject_id, documents=documents, human_only=body.human_only,
            )  # fmt: skip
            return found.to_wire(office_of(service).clock())

        return told(await turns.run(act), 201)


def _add_steps(rest: FastAPI, service: Service) -> None:
    @rest.post("/v1/appeals/{id}/assign")
    async def assign(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, AppealAssignBody), acting(request)
        found = await run_in_threadpool(appeals_of(service).assign, *person, id, body.to)
        return told(found.to_wire(office_of(service).clock()))

    @rest.post("/v1/appeals/{id}/decide")
    async def decide(id: str, request: Request) -> Response:
        body, person = await read_struct(request, service, AppealDecideBody), acting(request)
        found = await run_in_threadpool(appeals_of(service).decide, *person, id, body.outcome, body.note)
        return told(found.to_wire(office_of(service).clock()))


def handed(number: int, given: DocumentGiven) -> Handed:
    """A document of a body; Refused (422) where it is no base64."""
    try:
        return Handed(given.name, base64.b64decode(given.content_base64, validate=True))
    except (binascii.Error, ValueError):
        raise refused("invalid-field", f"documents: number {number} is no base64", field="documents") from None
