"""The door through a provider of identities: the console carries a browser's answer to the API, and holds the session.

The provider sends browsers back to the one address that the setting `oidc_redirect_url` names. Where that is the
console's own, the console answers there: it hands the answer on to the API with the cookie that only the API can open,
and the browser gets no more than at the other door, a random token. State, nonce and PKCE are checked by the API.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, Session
from bonafide.apps.console.doors import PROVIDER, Doors, Field, door_page, form_of, leads_here
from bonafide.apps.console.preferences import local_path, texts_of
from bonafide.core.secret import Secret

CALLBACK: Final = "/v1/session/oidc/callback"
CARRIED_COOKIE: Final = "bonafide-console-oidc"
LASTS_S: Final = 600
"""As long as the API takes an answer."""
QUERY_LENGTH_MAX: Final = 8_192
_CODE: Final = "/sign-in/code"
_FOUND: Final = 303


def add_oidc_door(app: FastAPI, api: Api, doors: Doors, returns_to: str | None) -> None:
    """Add the routes, where the setting names an address for people to come back to."""
    if returns_to is None:
        return
    door = OidcDoor(api, doors, returns_to)
    app.get(PROVIDER)(door.start)
    app.get(CALLBACK)(door.come_back)
    app.get(_CODE)(door.show_code)
    app.post(_CODE)(door.give_code)


class OidcDoor:
    """What the routes do."""

    def __init__(self, api: Api, doors: Doors, returns_to: str) -> None:
        self._api = api
        self._doors = doors
        self._returns_to = returns_to

    async def start(self, request: Request) -> Response:
        """Send a browser to the provider."""
        if not leads_here(request, self._returns_to):
            return RedirectResponse("/sign-in", _FOUND)
        to = local_path(request.query_params.get("to", "/"))
        try:
            where, carried = await self._api.begin_provider()
        except ApiError as error:
            return self._doors.refused(request, error, "door.provider_away")
        return self._carrying(RedirectResponse(where, _FOUND), carried, to)

    async def come_back(self, request: Request) -> Response:
        """Somebody comes back from there, signed in or with a code still to give."""
        carried, to = _carried(request)
        try:
            if carried is None or len(request.url.query) > QUERY_LENGTH_MAX:
                raise ApiError(401, "unauthenticated", "")
            found = await self._api.come_back(carried, request.url.query)
        except ApiError as error:
            return self._doors.refused(request, error, "door.provider_refused")
        if isinstance(found, Secret):
            return self._carrying(RedirectResponse(_CODE, _FOUND), found, to)
        return self._let_in(request, found, to)

    async def show_code(self, request: Request) -> Response:
        """Where the code of one's own second factor is given."""
        return _code_page(request) if _carried(request)[0] else RedirectResponse("/sign-in", _FOUND)

    async def give_code(self, request: Request) -> Response:
        """The code, where the provider vouched for no second factor."""
        (carried, to), given = _carried(request), await form_of(request)
        if carried is None:
            return RedirectResponse("/sign-in", _FOUND)
        try:
            session = await self._api.give_code(carried, given.get("code", "").replace(" ", ""))
        except ApiError as error:
            return _code_page(request, error)
        return self._let_in(request, session, to)

    def _let_in(self, request: Request, session: Session, to: str) -> Response:
        answer = self._doors.let_in(request, session, to, secure=self._secure)
        answer.delete_cookie(CARRIED_COOKIE, path="/")
        return answer

    def _carrying(self, answer: Response, carried: Secret, to: str) -> Response:
        """Have the browser carry what the API gave it for the way; it comes back from elsewhere, so it is `Lax`."""
        value = quote(urlencode({"carried": carried.reveal(), "to": to}))
        answer.set_cookie(CARRIED_COOKIE, value, max_age=LASTS_S, path="/", httponly=True, samesite="lax",
                          secure=self._secure)  # fmt: skip
        return answer

    @property
    def _secure(self) -> bool:
        return self._returns_to.startswith("https://")


def _carried(request: Request) -> tuple[Secret | None, str]:
    """What a browser brings for the API, and the path that it goes on to."""
    told = dict(parse_qsl(unquote(request.cookies.get(CARRIED_COOKIE, "")), max_num_fields=4))
    carried = told.get("carried", "")
    fits = carried.isascii() and carried.isprintable() and ";" not in carried and "=" in carried
    return (Secret(carried) if fits else None), local_path(told.get("to", "/"))


def _code_page(request: Request, error: ApiError | None = None) -> Response:
    texts = texts_of(request)
    more = 'inputmode="numeric" autocomplete="one-time-code" required autofocus maxlength="7"'
    return door_page(request, "code_after", [Field("code", texts("door.code_now"), more=more)], _CODE, error)
