"""Back-tests: asked for by people, run by a child process one at a time, and shown as figures and as a report."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.backtests.room import Room, Shown
from bonafide.apps.server.answers import refused
from bonafide.apps.server.backtest_shapes import BacktestBody
from bonafide.apps.server.bundle_routes import (
    BUNDLE_BODY_BYTES_MAX,
    BUNDLE_BODY_TEXTS_MAX,
    BundleRoutes,
    Person,
    person_of,
)
from bonafide.apps.server.bundle_shapes import NoteBody
from bonafide.apps.server.office_routes.common import caller_of, office_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.moment import show_moment
from bonafide.office.audit.entry import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from bonafide.apps.server.app import Service

ASKING_MAX: Final = 4
"""Requests that wait for the one whose bundle is being read."""
REPORT: Final = {
    "content-disposition": "attachment; filename=report.html", "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
}  # fmt: skip
"""It is saved, and never shown by the browser as a page of ours."""
_ID: Final = re.compile("[0-9a-f]{16}")
Lang = Annotated[str, Query(pattern="^(en|zh)$")]


def add_backtests(rest: FastAPI, service: Service, bundles: Callable[[], BundleRoutes]) -> None:
    """Add the routes; `bundles` gives what knows the bundles here."""
    turns = Turns(1, ASKING_MAX, "back-tests")

    @cache
    def room() -> Room:
        office = office_of(service)
        return Room(office.data.folder, clock=office.clock)

    def ask(person: Person, body: BacktestBody) -> dict[str, Any]:
        """Read the bundle, let the back-test wait, and note who asked."""
        office = office_of(service)
        who = person.session.name
        found = bundles().judged(person, body)
        asked = room().ask(
            who, found.champion, found.challenger, found.name, found.files, days=body.days, fresh=body.fresh
        )
        office.note(Actor(f"person:{who}", person.origin), "backtest.ask", f"bundle:{found.challenger}",
                    details={"champion": found.champion, "backtest": asked.asked.id})  # fmt: skip
        return shown(asked)

    @rest.post("/v1/backtests")
    async def ask_for(request: Request) -> Response:
        body = await read_struct(request, service, BacktestBody, BUNDLE_BODY_BYTES_MAX, BUNDLE_BODY_TEXTS_MAX)
        return told(await turns.run(partial(ask, _person(request), body)), 202)

    def end(person: Person, name: str) -> dict[str, Any]:
        """End one early, and note who did."""
        person.session.check_complete()
        found = room().end(name, person.session.name)
        office_of(service).note(
            Actor(f"person:{person.session.name}", person.origin), "backtest.end", f"bundle:{found.asked.challenger}",
            details={"backtest": name},
        )  # fmt: skip
        return shown(found)

    @rest.post("/v1/backtests/{id}/end")
    async def end_early(id: str, request: Request) -> Response:
        await read_struct(request, service, NoteBody)
        return told(await run_in_threadpool(end, _person(request), _known(id)), 202)

    @rest.get("/v1/backtests")
    async def every() -> Response:
        return told({"backtests": [shown(one) for one in await run_in_threadpool(room().all)]})

    @rest.get("/v1/backtests/{id}")
    async def one(id: str) -> Response:
        def look() -> dict[str, Any]:
            return shown(room().one(_known(id))) | {"figures": room().figures(id)}

        return told(await run_in_threadpool(look))

    @rest.get("/v1/backtests/{id}/report")
    async def report(id: str, lang: Lang = "en") -> Response:
        content = await run_in_threadpool(room().report, _known(id), lang)
        return Response(content, media_type="text/html; charset=utf-8", headers=REPORT)


def shown(found: Shown) -> dict[str, Any]:
    """A back-test as it is answered, without its figures."""
    asked, ended, progress = found.asked, found.ended, found.progress
    return {
        "id": asked.id, "state": found.state, "person": asked.person, "asked": show_moment(asked.asked_ms),
        "begun": None if ended is None else show_moment(ended.begun_ms),
        "ended": None if ended is None else show_moment(ended.ended_ms), "champion": asked.champion,
        "challenger": asked.challenger, "name": asked.name, "days": asked.days,
        "progress": None if progress is None
        else {"stage": progress.stage, "done": progress.done, "total": progress.total},
        "why_not": ended.told if ended is not None and not ended.done else None, "figures": None,
    }  # fmt: skip


def _person(request: Request) -> Person:
    caller = caller_of(request)
    return person_of(caller.signed_in.session if caller.signed_in else None, caller.actor.origin)


def _known(given: str) -> str:
    if not _ID.fullmatch(given):
        raise refused("not-found", "id: there is no back-test of this id")
    return given
