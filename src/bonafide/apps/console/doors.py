"""The doors: signing in with a password and a code, the first steps of somebody new, and signing out.

These are plain pages without a script: what is typed here goes to the API and stays nowhere.
"""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import Final, NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bonafide.apps.console.api import Api, ApiError, Session
from bonafide.apps.console.held import Held, Holder
from bonafide.apps.console.preferences import prefer, texts_of, theme_of, to_of
from bonafide.apps.console.texts import Texts

COOKIE: Final = "bonafide-console"
FORM_BYTES_MAX: Final = 8_192
_PASSWORD: Final = "/sign-in/password"
_DEVICE: Final = "/sign-in/device"
PROVIDER: Final = "/sign-in/provider"
_FOUND: Final = 303


class Field(NamedTuple):
    """One line of a form."""

    name: str
    label: str
    kind: str = "text"
    more: str = ""


def add_doors(app: FastAPI, api: Api, holder: Holder, returns_to: str | None = None) -> Doors:
    """Add the routes. `returns_to`: where a provider of identities sends people back to."""
    doors = Doors(api, holder, returns_to)
    app.get("/sign-in")(doors.show)
    app.post("/sign-in")(doors.sign_in)
    app.get(_PASSWORD)(doors.show_password)
    app.post(_PASSWORD)(doors.choose_password)
    app.get(_DEVICE)(doors.show_device)
    app.post(_DEVICE)(doors.set_up_device)
    app.post("/sign-out")(doors.sign_out)
    app.get("/choose")(prefer)
    return doors


class Doors:
    """What the routes do."""

    def __init__(self, api: Api, holder: Holder, returns_to: str | None = None) -> None:
        self._api = api
        self._holder = holder
        self._returns_to = returns_to

    async def show(self, request: Request) -> Response:
        """The door."""
        return self._page(request)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session with what was typed; a refusal shows the door again."""
        given = await form_of(request)
        try:
            code = given.get("code", "").replace(" ", "")
            session = await self._api.sign_in(given.get("name", "").strip(), given.get("password", ""), code)
        except ApiError as error:
            return self._page(request, error, name=given.get("name", ""))
        return self.let_in(request, session, to_of(request))

    async def show_password(self, request: Request) -> Response:
        """Where a password is chosen."""
        return _password_page(request) if self._held(request) else _away(request)

    async def choose_password(self, request: Request) -> Response:
        """Choose a password in place of the one so far."""
        held, given = self._held(request), await form_of(request)
        if held is None:
            return _away(request)
        try:
            session = await self._api.choose_password(held.session, given.get("old", ""), given.get("new", ""))
        except ApiError as error:
            return _password_page(request, error)
        return self.let_in(request, session, to_of(request))

    async def show_device(self, request: Request) -> Response:
        """Where a device is set up, with the key that it takes."""
        return await _device_page(request, self._api, self._held(request))

    async def set_up_device(self, request: Request) -> Response:
        """Set the device up with the first code that it shows."""
        held, given = self._held(request), await form_of(request)
        if held is None:
            return _away(request)
        try:
            session = await self._api.confirm_device(held.session, given.get("code", "").replace(" ", ""))
        except ApiError as error:
            return await _device_page(request, self._api, held, error, given.get("key", ""))
        return self.let_in(request, session, to_of(request))

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and at the API."""
        held = self._held(request)
        if held is not None:
            self._holder.drop(held)
            with suppress(ApiError):  # it has ended already, or ends by itself
                await self._api.sign_out(held.session)
        answer = RedirectResponse("/sign-in", _FOUND)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    def _held(self, request: Request) -> Held | None:
        return self._holder.find(request.cookies.get(COOKIE))

    def let_in(self, request: Request, session: Session, to: str, *, secure: bool | None = None) -> Response:
        """Hold a session, and lead on to what it must do first or to where somebody was going."""
        token = self._holder.begin(session, request.cookies.get(COOKIE))
        path = {"password": _PASSWORD, "totp": _DEVICE}.get(session.pending or "")
        answer = RedirectResponse(f"{path}?to={quote(to)}" if path else to, _FOUND)
        tls = request.headers.get("origin", "").startswith("https://") if secure is None else secure
        answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="lax", secure=tls)
        return answer

    def refused(self, request: Request, error: ApiError, key: str) -> Response:
        """The door again, with what was said on the way through a provider; `key` is of that text."""
        known = error.name in ("unauthenticated", "invalid-field", "overloaded", "not-found")
        return self._page(request, ApiError(error.status, "said", texts_of(request)(key)) if known else error)

    def _page(self, request: Request, error: ApiError | None = None, name: str = "") -> Response:
        return _sign_in_page(request, error, name, leads_here(request, self._returns_to))


def leads_here(request: Request, returns_to: str | None) -> bool:
    """Whether a provider sends people back to this console, by the host that the browser knows it by."""
    return returns_to is not None and urlsplit(returns_to).netloc.lower() == request.headers.get("host", "").lower()


def _away(request: Request) -> Response:
    return RedirectResponse(f"/sign-in?to={quote(to_of(request))}", _FOUND)


async def form_of(request: Request) -> dict[str, str]:
    """What a small form says."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16))


def _sign_in_page(request: Request, error: ApiError | None, name: str, by_provider: bool) -> Response:
    texts, to = texts_of(request), quote(to_of(request))
    fields = [
        Field("name", texts("door.name"), more=f'autocomplete="username" required autofocus value="{escape(name)}"'),
        Field("password", texts("door.secret"), "password", 'autocomplete="current-password" required'),
        Field("code", texts("door.code"), more='inputmode="numeric" autocomplete="one-time-code" maxlength="7"'),
    ]
    other = f'<a class="door-other" href="{PROVIDER}?to={to}">{escape(texts("door.provider"))}</a>'
    return door_page(request, "sign_in", fields, f"/sign-in?to={to}", error, after=other if by_provider else "")


def _password_page(request: Request, error: ApiError | None = None) -> Response:
    texts = texts_of(request)
    fields = [
        Field("old", texts("door.old"), "password", 'autocomplete="current-password" required autofocus'),
        Field("new", texts("door.new"), "password", 'autocomplete="new-password" required minlength="12"'),
    ]
    return door_page(request, "password", fields, f"{_PASSWORD}?to={quote(to_of(request))}", error)


async def _device_page(
    request: Request, api: Api, held: Held | None, error: ApiError | None = None, key: str = ""
) -> Response:  # fmt: skip
    if held is None or held.session.pending != "totp":
        return _away(request) if held is None else RedirectResponse(to_of(request), _FOUND)
    if not key:
        try:
            url = await api.begin_device(held.session)
        except ApiError as refused:
            return door_page(request, "device", [], _DEVICE, refused)
        key = parse_qs(urlsplit(url).query).get("secret", [""])[0]
    texts = texts_of(request)
    spaced = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    shown = f'<p class="door-key" aria-label="{escape(texts("door.key"))}">{escape(spaced)}</p>'
    more = 'inputmode="numeric" autocomplete="one-time-code" required autofocus maxlength="7"'
    fields = [Field("code", texts("door.code_now"), more=more)]
    hidden = f'<input type="hidden" name="key" value="{escape(key)}">'
    return door_page(request, "device", fields, f"{_DEVICE}?to={quote(to_of(request))}", error, shown + hidden)


def door_page(
    request: Request, name: str, fields: list[Field], action: str, error: ApiError | None, before: str = "",
    after: str = "",
) -> Response:  # fmt: skip
    """A plain page with one form; `before` and `after` are HTML of ours."""
    texts = texts_of(request)
    lines = "".join(
        f'<label>{escape(one.label)}<input name="{one.name}" type="{one.kind}" {one.more}></label>' for one in fields
    )
    told = "" if error is None else f'<p class="door-error" role="alert">{escape(_said(texts, error))}</p>'
    other = "en" if texts.language == "zh" else "zh"
    here = quote(str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""))
    switch = f'<a href="/choose?language={other}&amp;to={here}">{escape(texts("frame.other_language"))}</a>'
    html = _HTML.format(
        language="zh-CN" if texts.language == "zh" else "en", theme=theme_of(request), action=escape(action),
        title=escape(texts(f"door.{name}")), hint=escape(texts(f"door.{name}_hint")),
        button=escape(texts(f"door.{name}_button")), told=told, lines=before + lines, switch=switch, after=after,
    )  # fmt: skip
    return HTMLResponse(html, 200 if error is None else 401, {"cache-control": "no-store"})


def _said(texts: Texts, error: ApiError) -> str:
    known = {"unauthenticated": "door.wrong", "rate-limited": "door.slow"}
    return texts(known[error.name]) if error.name in known else error.detail


_HTML: Final = """<!doctype html>
<html lang="{language}" class="door theme-{theme}">
<head><meta charset="utf-8"><title>{title} - Bonafide</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/console/icon.svg"><link rel="stylesheet" href="/console/console.css"></head>
<body class="door"><main><form method="post" action="{action}">
<p class="door-mark">Bonafide</p><h1>{title}</h1><p class="door-hint">{hint}</p>{told}{lines}
<button type="submit">{button}</button>{after}<p class="door-foot">{switch}</p></form></main></body></html>
"""
