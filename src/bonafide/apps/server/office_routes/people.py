"""People who may sign in: shown, made, disabled, let in again, given a new beginning."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office_bodies import NewPersonBody
from bonafide.apps.server.office_routes.common import PAGE_DEFAULT, After, Limit, caller_of, office_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.secret import Secret
from bonafide.office.people.passwords import HASHING_MAX
from bonafide.office.people.rows import PersonRow

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

NEW_PEOPLE_WAITING_MAX: Final = 16
"""One-time passwords that wait to be hashed."""


def add_people(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    turns = Turns(HASHING_MAX, NEW_PEOPLE_WAITING_MAX, "people are made")

    @rest.get("/v1/people")
    async def everybody(after: After = "", limit: Limit = PAGE_DEFAULT) -> Response:
        people = office_of(service).people
        rows = await run_in_threadpool(people.list, after=after, limit=limit + 1)
        more = rows[limit - 1].name if len(rows) > limit else None
        return told({"people": [row.to_wire() for row in rows[:limit]], "next_after": more})

    @rest.post("/v1/people")
    async def create(request: Request) -> Response:
        people = office_of(service).people
        body = await read_struct(request, service, NewPersonBody)
        made = await turns.run(partial(people.create, caller_of(request).actor, body.name, body.role))
        return _shown_once(*made, status=201)

    @rest.post("/v1/people/{name}/disable")
    async def disable(name: str, request: Request) -> Response:
        people = office_of(service).people
        return told((await run_in_threadpool(people.disable, caller_of(request).actor, name)).to_wire())

    @rest.post("/v1/people/{name}/enable")
    async def enable(name: str, request: Request) -> Response:
        people = office_of(service).people
        return told((await run_in_threadpool(people.enable, caller_of(request).actor, name)).to_wire())

    @rest.post("/v1/people/{name}/reset")
    async def reset(name: str, request: Request) -> Response:
        people = office_of(service).people
        return _shown_once(*await turns.run(partial(people.reset, caller_of(request).actor, name)))


def _shown_once(password: Secret, row: PersonRow, status: int = 200) -> Response:
    return told({**row.to_wire(), "one_time_password": password.reveal()}, status)
