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
from bonafide.apps.console.texts import LANGUAGES, Texts, language_of

COOKIE: Final = "bonafide-console"
LANGUAGE_COOKIE: Final = "bonafide-language"
THEME_COOKIE: Final = "bonafide-theme"
THEMES: Final = ("light", "dark", "auto")
FORM_BYTES_MAX: Final = 8_192
_YEAR_S: Final = 365 * 86_400
_PASSWORD: Final = "/sign-in/password"
_DEVICE: Final = "/sign-in/device"
_FOUND: Final = 303


class Field(NamedTuple):
    """One line of a form."""

    name: str
    label: str
    kind: str = "text"
    more: str = ""


def add_doors(app: FastAPI, api: Api, holder: Holder) -> None:
    """Add the routes."""
    doors = Doors(api, holder)
    app.get("/sign-in")(doors.show)
    app.post("/sign-in")(doors.sign_in)
    app.get(_PASSWORD)(doors.show_password)
    app.post(_PASSWORD)(doors.choose_password)
    app.get(_DEVICE)(doors.show_device)
    app.post(_DEVICE)(doors.set_up_device)
    app.post("/sign-out")(doors.sign_out)
    app.get("/choose")(prefer)


class Doors:
    """What the routes do."""

    def __init__(self, api: Api, holder: Holder) -> None:
        self._api = api
        self._holder = holder

    async def show(self, request: Request) -> Response:
        """The door."""
        return _sign_in_page(request)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session with what was typed; a refusal shows the door again."""
        given = await form_of(request)
        try:
            code = given.get("code", "").replace(" ", "")
            session = await self._api.sign_in(given.get("name", "").strip(), given.get("password", ""), code)
        except ApiError as error:
            return _sign_in_page(request, error, name=given.get("name", ""))
        return self._let_in(request, session)

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
        return self._let_in(request, session)

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
        return self._let_in(request, session)

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

    def _let_in(self, request: Request, session: Session) -> Response:
        token = self._holder.begin(session, request.cookies.get(COOKIE))
        path = {"password": _PASSWORD, "totp": _DEVICE}.get(session.pending or "")
        to = _to(request)
        answer = RedirectResponse(f"{path}?to={quote(to)}" if path else to, _FOUND)
        secure = request.headers.get("origin", "").startswith("https://")
        answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="lax", secure=secure)
        return answer


async def prefer(request: Request) -> Response:
    """Language and theme, which are the browser's and nobody's secret."""
    answer = RedirectResponse(_to(request), _FOUND)
    for name, cookie, values in (("language", LANGUAGE_COOKIE, LANGUAGES), ("theme", THEME_COOKIE, THEMES)):
        value = request.query_params.get(name, "")
        if value in values:
            answer.set_cookie(cookie, value, max_age=_YEAR_S, path="/", httponly=True, samesite="lax")
    return answer


def texts_of(request: Request) -> Texts:
    """The texts in the language of whoever asks."""
    accepts = request.headers.get("accept-language", "")[:256]
    return Texts(language_of(request.cookies.get(LANGUAGE_COOKIE), accepts))


def theme_of(request: Request) -> str:
    """The theme that was chosen; by the browser's own where none was."""
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "auto"


def local_path(given: str) -> str:
    """A path of this console; the start for anything else, which might lead elsewhere.

    >>> local_path("/cases/17?tab=why"), local_path("https://example.org/"), local_path("//example.org"), local_path("")
    ('/cases/17?tab=why', '/', '/', '/')
    """
    read = urlsplit(given)
    plain = given.startswith("/") and not given.startswith("//") and "\\" not in given and given.isprintable()
    return given if plain and not read.scheme and not read.netloc else "/"


def _to(request: Request) -> str:
    return local_path(request.query_params.get("to", "/"))


def _away(request: Request) -> Response:
    return RedirectResponse(f"/sign-in?to={quote(_to(request))}", _FOUND)


async def form_of(request: Request) -> dict[str, str]:
    """What a small form says."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16))


def _sign_in_page(request: Request, error: ApiError | None = None, name: str = "") -> Response:
    texts = texts_of(request)
    fields = [
        Field("name", texts("door.name"), more=f'autocomplete="username" required autofocus value="{escape(name)}"'),
        Field("password", texts("door.secret"), "password", 'autocomplete="current-password" required'),
        Field("code", texts("door.code"), more='inputmode="numeric" autocomplete="one-time-code" maxlength="7"'),
    ]
    return _page(request, "sign_in", fields, f"/sign-in?to={quote(_to(request))}", error)


def _password_page(request: Request, error: ApiError | None = None) -> Response:
    texts = texts_of(request)
    fields = [
        Field("old", texts("door.old"), "password", 'autocomplete="current-password" required autofocus'),
        Field("new", texts("door.new"), "password", 'autocomplete="new-password" required minlength="12"'),
    ]
    return _page(request, "password", fields, f"{_PASSWORD}?to={quote(_to(request))}", error)


async def _device_page(
    request: Request, api: Api, held: Held | None, error: ApiError | None = None, key: str = ""
) -> Response:  # fmt: skip
    if held is None or held.session.pending != "totp":
        return _away(request) if held is None else RedirectResponse(_to(request), _FOUND)
    if not key:
        try:
            url = await api.begin_device(held.session)
        except ApiError as refused:
            return _page(request, "device", [], _DEVICE, refused)
        key = parse_qs(urlsplit(url).query).get("secret", [""])[0]
    texts = texts_of(request)
    spaced = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    shown = f'<p class="door-key" aria-label="{escape(texts("door.key"))}">{escape(spaced)}</p>'
    more = 'inputmode="numeric" autocomplete="one-time-code" required autofocus maxlength="7"'
    fields = [Field("code", texts("door.code_now"), more=more)]
    hidden = f'<input type="hidden" name="key" value="{escape(key)}">'
    return _page(request, "device", fields, f"{_DEVICE}?to={quote(_to(request))}", error, shown + hidden)


def _page(
    request: Request, name: str, fields: list[Field], action: str, error: ApiError | None, before: str = ""
) -> Response:  # fmt: skip
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
        button=escape(texts(f"door.{name}_button")), told=told, lines=before + lines, switch=switch,
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
<button type="submit">{button}</button><p class="door-foot">{switch}</p></form></main></body></html>
"""
