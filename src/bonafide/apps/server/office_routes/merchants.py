"""Merchants: where each stands, what its reviews found, and what people decide; a refusal takes two of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.bundle_routes import person_of
from bonafide.apps.server.id_route import IdRoute
from bonafide.apps.server.merchant_shapes import DecideBody
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, Limit, caller_of, named, office_of, vault_of
from bonafide.apps.server.office_routes.users import about_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.office.admission.desk import Admissions
from bonafide.office.cases.listing import CaseBook
from bonafide.office.me.merchant import Merchants
from bonafide.office.merchants.application import Standing

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

REVIEW_MAX: Final = 2**63 - 1
Before = Annotated[int | None, Query(ge=1, le=REVIEW_MAX)]


def add_merchants(rest: FastAPI, service: Service) -> None:
    """Add the routes."""

    def desk() -> Admissions:
        """Refused (503) while the master key is not at hand, which findings are sealed under."""
        vault = vault_of(service)
        return Admissions(vault, office_of(service).data.read_secret(), clock=service.office.clock)  # type: ignore[union-attr]

    @rest.get("/v1/merchants")
    async def merchants(
        standing: Standing | None = None, before: Before = None, limit: Limit = PAGE_DEFAULT
    ) -> Response:  # fmt: skip
        return told(await run_in_threadpool(partial(desk().page, standing, before, limit)))

    async def started() -> None:
        service.admission.require_started()

    async def merchant(id: str, request: Request) -> Response:
        """A merchant by its token, or by its own id. A platform's key reads what is not the office's own."""
        office, wanted = office_of(service), named(id, "merchant", desk().pseudonym_of)
        cases = CaseBook(office.store, vault_of(service).keyring, clock=office.clock)
        merchants = Merchants(office.store, desk(), cases, about_of(service), office.clock)
        inside = caller_of(request).sender.role != "platform"
        return told(await run_in_threadpool(partial(merchants.show, wanted, inside=inside)))

    async def decide(id: str, request: Request) -> Response:
        caller, admissions = caller_of(request), desk()
        body = await read_struct(request, service, DecideBody)
        person = person_of(caller.signed_in.session if caller.signed_in else None, caller.actor.origin)
        merchant = named(id, "merchant", admissions.pseudonym_of)
        act = partial(admissions.decide, person.session, person.origin, merchant, body.decision, body.note)
        kept = await run_in_threadpool(act)
        return told(kept.to_wire(vault_of(service).clock(), inside=True))

    add = rest.router.add_api_route
    add("/v1/merchants/{id:path}/decide", decide, methods=["POST"], route_class_override=IdRoute)
    add("/v1/merchants/{id:path}", merchant, methods=["GET"], dependencies=[Depends(started)])
