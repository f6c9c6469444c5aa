"""Bundles and lists: proposed, approved, activated; what does harm takes two people, who come with their sessions."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.bundle_routes import (
    BUNDLE_BODY_BYTES_MAX,
    BUNDLE_BODY_TEXTS_MAX,
    BundleRoutes,
    Person,
    person_of,
)
from bonafide.apps.server.bundle_shapes import CheckBody, ListChangeBody, NoteBody, ProposeBody
from bonafide.apps.server.office_routes.backtests import add_backtests
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, Limit, caller_of, office_of, vault_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.moment import SECOND_MS
from bonafide.office.bundles.hits import HIT_DAYS_KEPT
from bonafide.office.bundles.life import BundleLife
from bonafide.office.lists.changes import CHANGES_MAX, ListName

if TYPE_CHECKING:
    from collections.abc import Callable

    from bonafide.apps.server.app import Service

PROPOSALS_WAITING_MAX: Final = 4
"""Proposals and checks that wait for the one whose examples are being played."""
_HASH: Final = re.compile("[0-9a-f]{64}")
_NUMBER: Final = re.compile("[1-9][0-9]{0,6}")
"""At most CHANGES_MAX, as far as its length goes."""
DAYS_DEFAULT: Final = 7
Days = Annotated[int, Query(ge=1, le=HIT_DAYS_KEPT)]
Before = Annotated[int | None, Query(ge=1, le=CHANGES_MAX + 1)]


def add_bundles(rest: FastAPI, service: Service) -> None:
    """Add the routes."""

    @cache
    def opened() -> BundleRoutes:
        """What the routes do; made when it is first asked for. Refused (503) where there is no office."""
        office = office_of(service)
        return BundleRoutes(
            BundleLife(office.store, office.data, clock=office.clock), office.lists(), office.data.folder,
            service.settings.bundle_wait_s * SECOND_MS, followed=service.settings.four_eyes != "never",
        )  # fmt: skip

    _add_life(rest, service, opened)
    _add_proposal(rest, service, opened)
    _add_lists(rest, service, opened)
    add_backtests(rest, service, opened)


def _add_life(rest: FastAPI, service: Service, opened: Callable[[], BundleRoutes]) -> None:
    @rest.get("/v1/bundles")
    async def bundles() -> Response:
        return told(await run_in_threadpool(opened().bundles))

    @rest.get("/v1/bundles/{hash}")
    async def bundle(hash: str) -> Response:
        return told(await run_in_threadpool(opened().bundle, _content(hash)))

    @rest.get("/v1/bundles/{hash}/files")
    async def files(hash: str) -> Response:
        return told(await run_in_threadpool(opened().files, _content(hash)))

    @rest.get("/v1/bundles/{hash}/hits")
    async def hits(hash: str, days: Days = DAYS_DEFAULT) -> Response:
        shadow = dict(service.runtime.figures.shadow)
        return told(await run_in_threadpool(opened().hits, _content(hash), days, shadow))

    @rest.post("/v1/bundles/rollback")
    async def rollback(request: Request) -> Response:
        body = await read_struct(request, service, NoteBody)
        return told(await run_in_threadpool(opened().rollback, _person(request), body), 202)

    @rest.post("/v1/bundles/{hash}/approve")
    async def approve(hash: str, request: Request) -> Response:
        body = await read_struct(request, service, NoteBody)
        return told(await run_in_threadpool(opened().approve, _person(request), _content(hash), body))

    @rest.post("/v1/bundles/{hash}/refuse")
    async def refuse(hash: str, request: Request) -> Response:
        body = await read_struct(request, service, NoteBody)
        return told(await run_in_threadpool(opened().refuse, _person(request), _content(hash), body))

    @rest.post("/v1/bundles/{hash}/activate")
    async def activate(hash: str, request: Request) -> Response:
        body = await read_struct(request, service, NoteBody)
        return told(await run_in_threadpool(opened().activate, _person(request), _content(hash), body), 202)


def _add_proposal(rest: FastAPI, service: Service, opened: Callable[[], BundleRoutes]) -> None:
    turns = Turns(1, PROPOSALS_WAITING_MAX, "proposals")

    @rest.post("/v1/bundles")
    async def propose(request: Request) -> Response:
        """Its examples are played before the answer leaves, one proposal at a time."""
        body = await read_struct(request, service, ProposeBody, BUNDLE_BODY_BYTES_MAX, BUNDLE_BODY_TEXTS_MAX)
        return told(await turns.run(partial(opened().propose, _person(request), body)), 201)

    @rest.post("/v1/bundles:check")
    async def check(request: Request) -> Response:
        """In turn with proposals: its examples are played too."""
        body = await read_struct(request, service, CheckBody, BUNDLE_BODY_BYTES_MAX, BUNDLE_BODY_TEXTS_MAX)
        return told(await turns.run(partial(opened().check, _person(request), body)))


def _add_lists(rest: FastAPI, service: Service, opened: Callable[[], BundleRoutes]) -> None:
    def unsealed() -> BundleRoutes:
        """Refused (503) while the master key is not at hand, which reasons are sealed under."""
        vault_of(service)
        return opened()

    @rest.get("/v1/lists")
    async def lists(
        list: ListName | None = None, standing: bool = False, before: Before = None, limit: Limit = PAGE_DEFAULT
    ) -> Response:
        read = partial(unsealed().lists, list, standing=standing, before=before, limit=limit)
        return told(await run_in_threadpool(read))

    @rest.post("/v1/lists")
    async def change(request: Request) -> Response:
        body = await read_struct(request, service, ListChangeBody)
        return told(await run_in_threadpool(unsealed().change_list, _person(request), body), 202)

    @rest.post("/v1/lists/{number}/approve")
    async def approve(number: str, request: Request) -> Response:
        if not _NUMBER.fullmatch(number):
            raise refused("not-found", "number: there is no change of this number")
        return told(await run_in_threadpool(unsealed().approve_change, _person(request), int(number)), 202)


def _person(request: Request) -> Person:
    caller = caller_of(request)
    return person_of(caller.signed_in.session if caller.signed_in else None, caller.actor.origin)


def _content(given: str) -> str:
    """The hash that a path names: all of it, since what begins like it may be another one tomorrow."""
    if not _HASH.fullmatch(given):
        raise refused("not-found", "hash: give a bundle's whole hash, 64 hex digits")
    return given
