"""One's own session: begun, looked at, ended; a password chosen, a second factor set up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.callers import origin_of
from bonafide.apps.server.office_bodies import PasswordBody, SignInBody, TotpBody
from bonafide.apps.server.office_routes.common import desk_of, signed_in
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.moment import show_moment
from bonafide.core.secret import Secret
from bonafide.office.people.passwords import HASHING_MAX
from bonafide.office.people.sessions import Session, csrf_of
from bonafide.office.people.sign_in import SignedIn

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

SIGN_INS_WAITING_MAX: Final = 16
"""Strangers who wait while others' passwords are hashed; more are answered 503 at once."""


def add_session(rest: FastAPI, service: Service) -> None:
    """Add the routes."""
    turns = Turns(HASHING_MAX, SIGN_INS_WAITING_MAX, "people sign in")
    browser = service.callers.browser

    @rest.post("/v1/session")
    async def sign_in(request: Request) -> Response:
        """A new session; whoever asks is a stranger, so nothing is done for them but in their turn."""
        browser.check_origin(request.scope["headers"])
        desk = desk_of(service)
        body = await read_struct(request, service, SignInBody)
        before = browser.token_of(request.scope["headers"])
        act = partial(
            desk.sign_in, body.name, body.password, origin_of(request.scope), code=body.code, before=before
        )  # fmt: skip
        return _begun(service, await turns.run(act))

    @rest.get("/v1/session")
    async def session(request: Request) -> Response:
        return told(_shown(*signed_in(request)))

    @rest.delete("/v1/session")
    async def sign_out(request: Request) -> Response:
        desk = desk_of(service)
        await run_in_threadpool(desk.sign_out, signed_in(request).token, origin_of(request.scope))
        return Response(status_code=204, headers={"set-cookie": browser.taken})

    @rest.post("/v1/session/password")
    async def choose_password(request: Request) -> Response:
        desk, token = desk_of(service), signed_in(request).token
        body = await read_struct(request, service, PasswordBody)
        act = partial(desk.change_password, token, body.old, body.new, origin_of(request.scope))
        return _begun(service, await turns.run(act))

    @rest.post("/v1/session/totp")
    async def set_up_totp(request: Request) -> Response:
        desk, token = desk_of(service), signed_in(request).token
        code, origin = (await read_struct(request, service, TotpBody)).code, origin_of(request.scope)
        if code is None:
            url = await run_in_threadpool(desk.begin_totp, token, origin)
            return told({"enrolment_url": url.reveal()})
        return _begun(service, await run_in_threadpool(desk.confirm_totp, token, code, origin))


def _begun(service: Service, new: SignedIn) -> Response:
    """The answer that gives a browser its new session."""
    answer = told(_shown(new.token, new.session))
    answer.headers["set-cookie"] = service.callers.browser.given(new.token)
    return answer


def _shown(token: Secret, session: Session) -> dict[str, Any]:
    return {"name": session.name, "role": session.role, "pending": session.pending,
            "ends": show_moment(session.ends_ms), "csrf_token": csrf_of(token)}  # fmt: skip
