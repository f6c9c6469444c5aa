"""Users: what the newest decision says, where each stands on the ladder, and what is in force."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.answers import refused
from bonafide.apps.server.office_routes.common import caller_of, office_of, vault_of
from bonafide.apps.server.replies import told
from bonafide.core.errors import UsageError
from bonafide.core.moment import show_moment
from bonafide.engine.engine import Engine
from bonafide.engine.ladder.words import GRADES, USER
from bonafide.office.cases.listing import CaseBook
from bonafide.office.me.user import Users

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service


def add_users(rest: FastAPI, service: Service) -> None:
    """Add the route."""

    async def started() -> None:
        service.admission.require_started()

    @rest.get("/v1/users/{id}", dependencies=[Depends(started)])
    async def user(id: str, request: Request) -> Response:
        """A user by its token, or by its own id. A platform's key reads what is not the office's own."""
        office, vault = office_of(service), vault_of(service)
        cases = CaseBook(office.store, vault.keyring, clock=office.clock)
        users = Users(
            office.store, office.data.read_secret(), cases, service.runtime.find,
            partial(standing_of, service.runtime.engine),
        )  # fmt: skip
        inside = caller_of(request).sender.role != "platform"
        try:
            return told(await run_in_threadpool(partial(users.show, id, inside=inside)))
        except UsageError:
            raise refused("not-found", "path: give a user's id, or the token that stands for it") from None


def standing_of(engine: Engine, pseudonym: int) -> dict[str, Any]:
    """Where a user stands as of the latest time in the log, as JSON shows it.

    The engine belongs to the deciding thread; what is read here is one packed standing, which is replaced whole.
    """
    now, rules = engine.state.latest_ms, engine.ladder.rules
    standing = engine.ladder.standings.get((USER, pseudonym), rules, now)
    grades = [] if rules is None else [one.weigh().own_grade(rules) for one in standing.offences if not one.answered]
    began = [one.began for one in standing.offences if not one.answered]
    return {
        "offences": len(grades), "grade": GRADES[max(grades)] if grades else None,
        "since": show_moment(min(began)) if began else None,
        "in_force": len(engine.ladder.in_force((USER, pseudonym), now)), "human_only": standing.human_only,
    }  # fmt: skip
