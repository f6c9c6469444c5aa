"""Signing in through a provider of identities: a browser is sent there, comes back, and gives our code if need be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Final, TypeVar

from fastapi import FastAPI, Request, Response

from bonafide.apps.server.answers import Headers, refused, retry_after
from bonafide.apps.server.browser import Browser
from bonafide.apps.server.callers import origin_of
from bonafide.apps.server.office_bodies import CodeBody
from bonafide.apps.server.office_routes.common import office_of
from bonafide.apps.server.replies import told
from bonafide.apps.server.small_bodies import read_struct
from bonafide.apps.server.turns import Turns
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.people.oidc import COOKIE_LENGTH_MAX, HOME, LASTS_MS, CameBack, OidcDesk
from bonafide.office.people.oidc_provider import CODE_LENGTH_MAX, ProviderError

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service

T = TypeVar("T")

AT_ONCE: Final = 4
"""People whose provider is asked at one time; each question takes a few seconds at most."""
WAITING_MAX: Final = 16
PARAMETER_LENGTH_MAX: Final = CODE_LENGTH_MAX
_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>Bonafide</title>
<meta http-equiv="refresh" content="0;url={to}"><p><a href="{to}">Go on</a></p>
"""
"""A page of ours that leads on at once. After a redirect from elsewhere a browser would not send the session's cookie,
which is for requests from our own pages alone."""


class Carried:
    """The cookie that a browser carries while it is away. It must come with what leads back from there, so it is
    `Lax`; only we can open it."""

    def __init__(self, browser: Browser) -> None:
        self.name: Final = f"{browser.cookie}-oidc"
        self._rest = f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if browser.cookie.startswith('__') else ''}"

    def of(self, headers: Headers) -> Secret | None:
        """What a request brings; None where it brings none, or several."""
        begins = f"{self.name}=".encode()
        found = [
            part.strip(b" \t")[len(begins) :] for name, value in headers if name == b"cookie"
            for part in value.split(b";") if part.strip(b" \t").startswith(begins)
        ]  # fmt: skip
        fits = len(found) == 1 and len(found[0]) <= COOKIE_LENGTH_MAX
        return Secret(found[0].decode("latin-1")) if fits else None

    def given(self, value: Secret) -> str:
        """The header's value that gives it."""
        return f"{self.name}={value.reveal()}{self._rest}; Max-Age={LASTS_MS // SECOND_MS}"

    @property
    def taken(self) -> str:
        """The header's value that takes it away."""
        return f"{self.name}={self._rest}; Max-Age=0"


def add_oidc(rest: FastAPI, service: Service) -> None:
    """Add the routes; they answer 404 where the settings name no provider."""
    turns = Turns(AT_ONCE, WAITING_MAX, "people sign in through the provider")
    browser, carried = service.callers.browser, Carried(service.callers.browser)

    @rest.get("/v1/session/oidc/start")
    async def start(request: Request) -> Response:
        """Send a browser to the provider."""
        desk = _desk(service)
        begun = await _asked(turns, partial(desk.start, _parameters(request).get("to", HOME)))
        answer = Response(status_code=303, headers={"location": begun.url})
        answer.headers["set-cookie"] = carried.given(begun.cookie)
        return answer

    @rest.get("/v1/session/oidc/callback")
    async def callback(request: Request) -> Response:
        """Somebody comes back from there."""
        desk, headers = _desk(service), request.scope["headers"]
        act = partial(
            desk.come_back, carried.of(headers), _parameters(request), origin_of(request.scope),
            before=browser.token_of(headers),
        )  # fmt: skip
        return _leads_on(await _asked(turns, act), browser, carried)

    @rest.post("/v1/session/oidc/code")
    async def code(request: Request) -> Response:
        """The code of one's own second factor, where the provider vouched for none."""
        desk, headers = _desk(service), request.scope["headers"]
        browser.check_origin(headers)
        body = await read_struct(request, service, CodeBody)
        act = partial(
            desk.give_code, carried.of(headers), body.code, origin_of(request.scope), before=browser.token_of(headers)
        )  # fmt: skip
        came = await turns.run(act)
        assert came.signed_in is not None
        answer = told({"to": came.to})
        _set(answer, browser.given(came.signed_in.token), carried.taken)
        return answer


def _leads_on(came: CameBack, browser: Browser, carried: Carried) -> Response:
    if came.signed_in is None:
        assert came.ticket is not None
        answer = told({"pending": "code", "to": came.to})
        _set(answer, carried.given(came.ticket))
        return answer
    answer = Response(_PAGE.format(to=escape(came.to)), media_type="text/html")
    _set(answer, browser.given(came.signed_in.token), carried.taken)
    return answer


def _set(answer: Response, *cookies: str) -> None:
    for cookie in cookies:
        answer.headers.append("set-cookie", cookie)


def _desk(service: Service) -> OidcDesk:
    desk = office_of(service).oidc
    if desk is None:
        raise refused("not-found", "path: people come in here through no provider; the settings name none")
    return desk


def _parameters(request: Request) -> dict[str, str]:
    """The parameters of a request, each once and none too long; Refused (422) for others."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found or len(value) > PARAMETER_LENGTH_MAX:
            raise refused("invalid-field", "the query says something twice or at too great length")
        found[name] = value
    return found


async def _asked(turns: Turns, act: Callable[[], T]) -> T:
    try:
        return await turns.run(act)
    except ProviderError as error:
        raise refused("overloaded", f"{error}; come again", retry_after(5)) from None
