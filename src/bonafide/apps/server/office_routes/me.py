"""A subject's own view, through the platform: its key asks on behalf of the one subject that two headers name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused, retry_after
from bonafide.apps.server.id_route import IdRoute
from bonafide.apps.server.me_shapes import HumanBody
from bonafide.apps.server.measure_shapes import OwnAppealBody
from bonafide.apps.server.office_routes.appeals import (
    BODY_BYTES_MAX,
    BODY_TEXTS_MAX,
    SUBMISSIONS_WAITING_MAX,
    appeals_of,
    handed,
)
from bonafide.apps.server.office_routes.common import caller_of, office_of, vault_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.events import ID_LENGTH_MAX
from bonafide.core.moment import SECOND_MS
from bonafide.core.text import to_nfc
from bonafide.office.me.asks import EXPLANATION_UNITS, Asks
from bonafide.office.me.decided import DECISIONS_EACH_MAX
from bonafide.office.me.view import OwnView, SubjectType, appeal_wire, subject_named
from bonafide.office.me.words import WordsOf, words_in

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

NAMED_MAX: Final = 3 * 4 * ID_LENGTH_MAX
"""Characters of a header that names a subject: an id of ID_LENGTH_MAX characters, each four bytes, percent-encoded."""
Type = Annotated[SubjectType, Header()]
Named = Annotated[str, Header(min_length=1, max_length=NAMED_MAX)]
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=DECISIONS_EACH_MAX)]


class Counter:
    """Where every route of the view begins: whose it is, and whether they may ask now."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asks = Asks()
        self._words_of: WordsOf | None = None

    def view(self, subject_type: str, named: str, units: int = 1) -> OwnView:
        """The view of a subject, which asks for something of so many units. Refused (422, 429)."""
        service = self._service
        office, vault = office_of(service), vault_of(service)
        kind: SubjectType = "merchant" if subject_type == "merchant" else "user"
        try:
            subject_id = unquote(named, errors="strict")
        except UnicodeDecodeError:
            told_ = "subject-id: give the id in UTF-8, percent-encoded"
            raise refused("invalid-field", told_, field="subject-id") from None
        subject = subject_named(vault, kind, subject_id)
        wait_ms = self._asks.take(subject, units, office.clock())
        if wait_ms:
            told_ = f"this subject has asked much in so short a time; come again in {-(-wait_ms // SECOND_MS)} s"
            raise refused("rate-limited", told_, retry_after(wait_ms / SECOND_MS))
        if self._words_of is None:
            self._words_of = words_in(office.data.folder)
        return OwnView(
            office.store, vault, office.data.read_secret(), subject, service.runtime.find, self._words_of
        )  # fmt: skip


def add_me(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    counter = Counter(service)
    _add_decisions(rest, service, counter)
    _add_reading(rest, counter)
    _add_asking(rest, service, counter)


def _add_decisions(rest: FastAPI, service: Service, counter: Counter) -> None:
    async def started() -> None:
        service.admission.require_started()

    @rest.get("/v1/me/decisions")
    async def decisions(
        subject_type: Type, subject_id: Named, before: Before = None, limit: Limit = DECISIONS_EACH_MAX
    ) -> Response:  # fmt: skip
        view = counter.view(subject_type, subject_id)
        return told(await run_in_threadpool(view.decisions, before, limit))

    async def explain(event_id: str, subject_type: Type, subject_id: Named) -> Response:
        view = counter.view(subject_type, subject_id, EXPLANATION_UNITS)
        return told(await run_in_threadpool(view.explanation, to_nfc(event_id, ID_LENGTH_MAX)))

    rest.router.add_api_route(
        "/v1/me/decisions/{event_id:path}/explanation", explain, methods=["GET"], dependencies=[Depends(started)],
        route_class_override=IdRoute,
    )  # fmt: skip


def _add_reading(rest: FastAPI, counter: Counter) -> None:
    @rest.get("/v1/me/measures")
    async def measures(subject_type: Type, subject_id: Named) -> Response:
        return told(await run_in_threadpool(counter.view(subject_type, subject_id).measures))

    @rest.get("/v1/me/appeals")
    async def appeals(subject_type: Type, subject_id: Named) -> Response:
        return told(await run_in_threadpool(counter.view(subject_type, subject_id).appeals))

    @rest.get("/v1/me/data")
    async def data(request: Request, subject_type: Type, subject_id: Named) -> Response:
        view = counter.view(subject_type, subject_id, EXPLANATION_UNITS)
        return told(await run_in_threadpool(view.data, caller_of(request).actor))


def _add_asking(rest: FastAPI, service: Service, counter: Counter) -> None:
    turns = Turns(1, SUBMISSIONS_WAITING_MAX, "appeals")

    @rest.post("/v1/me/appeals")
    async def appeal(request: Request, subject_type: Type, subject_id: Named) -> Response:
        """Documents are looked into before the answer leaves, one submission at a time."""
        view = counter.view(subject_type, subject_id)
        body = await read_struct(request, service, OwnAppealBody, BODY_BYTES_MAX, BODY_TEXTS_MAX)
        caller, ours = caller_of(request), appeals_of(service)

        def act() -> dict[str, object]:
            view.check_measure(body.measure_id)
            documents = [handed(number, one) for number, one in enumerate(body.documents)]
            found = ours.submit(
                caller.actor, caller.sender.role, body.measure_id, body.kind, body.statement,
                subject_id=unquote(subject_id), documents=documents, human_only=body.human_only,
            )  # fmt: skip
            return appeal_wire(found, office_of(service).clock())

        return told(await turns.run(act), 201)

    @rest.post("/v1/me/human")
    async def human(request: Request, subject_type: Type, subject_id: Named) -> Response:
        view = counter.view(subject_type, subject_id, EXPLANATION_UNITS)
        body = await read_struct(request, service, HumanBody)
        act = partial(view.ask_for_people, caller_of(request).actor, body.human_only)
        return told(await run_in_threadpool(act), 202)
