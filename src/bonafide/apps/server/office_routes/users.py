"""Users: what the newest decision says, where each stands on the ladder, and what is in force."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.office_routes.common import caller_of, named, office_of, vault_of
from bonafide.apps.server.replies import told
from bonafide.core.moment import show_moment
from bonafide.engine.engine import Engine
from bonafide.engine.ladder.words import GRADES, MERCHANT, USER
from bonafide.office.cases.listing import CaseBook
from bonafide.office.me.about import About, Kind
from bonafide.office.me.user import Users

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

_ON_LADDER: Final = {"user": USER, "merchant": MERCHANT}


def add_users(rest: FastAPI, service: Service) -> None:
    """Add the route."""

    async def started() -> None:
        service.admission.require_started()

    # The path may hold slashes: an id may be any text.
    @rest.get("/v1/users/{id:path}", dependencies=[Depends(started)])
    async def user(id: str, request: Request) -> Response:
        """A user by its token, or by its own id. A platform's key reads what is not the office's own."""
        office, vault = office_of(service), vault_of(service)
        cases = CaseBook(office.store, vault.keyring, clock=office.clock)
        users = Users(office.store, office.data.read_secret(), cases, about_of(service))
        inside = caller_of(request).sender.role != "platform"
        user = named(id, "user", users.pseudonym_of)
        return told(await run_in_threadpool(partial(users.show, user, inside=inside)))


def about_of(service: Service) -> About:
    """What the log says of subjects, and where they stand now."""
    runtime = service.runtime
    standing, levels = partial(standing_of, runtime.engine), partial(levels_of, runtime.engine)
    return About(office_of(service).store, runtime.find, standing, levels)


def levels_of(engine: Engine, kind: Kind) -> list[dict[str, Any]]:
    """Below which credit score each risk level begins under the bundle that decides; none where it gives no scores."""
    scheme = engine.bundle.compiled.scheme
    card = scheme.scorecard if kind == "user" else scheme.merchant_card
    return [] if card is None else [{"below": band.below, "level": band.level} for band in card.card.levels]


def standing_of(engine: Engine, kind: Kind, pseudonym: int) -> dict[str, Any]:
    """Where a subject stands as of the latest time in the log, as JSON shows it.

    The engine belongs to the deciding thread; what is read here is one packed standing, which is replaced whole.
    """
    now, rules, key = engine.state.latest_ms, engine.ladder.rules, (_ON_LADDER[kind], pseudonym)
    standing = engine.ladder.standings.get(key, rules, now)
    grades = [] if rules is None else [one.weigh().own_grade(rules) for one in standing.offences if not one.answered]
    began = [one.began for one in standing.offences if not one.answered]
    return {
        "offences": len(grades), "grade": GRADES[max(grades)] if grades else None,
        "since": show_moment(min(began)) if began else None,
        "in_force": len(engine.ladder.in_force(key, now)), "human_only": standing.human_only,
    }  # fmt: skip
