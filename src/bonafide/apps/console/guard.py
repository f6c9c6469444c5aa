"""What stands before every page: where a request comes from, and the headers that keep a page to itself.

The scripts of a page run by a number drawn for it, which every script has that the page comes with: what gets into a
page as HTML later, or as an attribute, runs nothing. Text is kept out of the page itself by being escaped there. Vue
compiles its templates in the browser, which takes `unsafe-eval`; Quasar sets styles in elements, which takes inline
styles.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
PAGE_BYTES_MAX: Final = 16 * 2**20
BODY_BYTES_MAX: Final = 6 * 2**20
"""Of a request: a file of a case is the longest."""
_ELSEWHERE: Final = b"the request does not come from a page of this console\n"
_SCRIPT: Final = re.compile(rb"<script(?=[\s>])")
_OURS: Final = frozenset({b"same-origin", b"none"})
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # with none at all a form would not say where it comes from
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)


def policy(nonce: str, host: str) -> bytes:
    """The content security policy of a page: all of it comes from here."""
    socket = f" ws://{host} wss://{host}" if re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,255}", host) else ""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self'; connect-src 'self'{socket}; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; object-src 'none'"
    ).encode()


class Guard:
    """An ASGI application before another."""

    def __init__(self, app: App, draw: Callable[[int], str] = secrets.token_urlsafe) -> None:
        self._app = app
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # A prefix that a client makes up would be written into the page.
        scope["headers"] = [one for one in scope["headers"] if not one[0].startswith(b"x-forwarded-")]
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if changes and not is_ours(scope["headers"]):
            await _refuse(scope, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        if changes and not is_bounded(scope["headers"]):
            await _refuse(scope, send, 413, b"the request is too long, or does not say how long it is\n")
            return
        nonce, host = self._draw(16), dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        await self._app(scope, receive, _Dressed(send, nonce, policy(nonce, host)))


def is_ours(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a request comes from our own page, by what browsers say of it and pages cannot change."""
    said = dict(headers)
    if said.get(b"sec-fetch-site", b"none") not in _OURS:
        return False
    origin, host = said.get(b"origin"), said.get(b"host", b"")
    return origin is None or origin.lower() in (b"http://" + host.lower(), b"https://" + host.lower())


def is_bounded(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a request says how long its body is, and it is no longer than anything of ours.

    >>> is_bounded([(b"content-length", b"12")]), is_bounded([(b"transfer-encoding", b"chunked")])
    (True, False)
    """
    said = dict(headers)
    length = said.get(b"content-length", b"0")
    return b"transfer-encoding" not in said and length.isdigit() and int(length) <= BODY_BYTES_MAX


class _Dressed:
    """Sends what an application sends, with headers; a page's scripts get the number that lets them run."""

    def __init__(self, send: Send, nonce: str, csp: bytes) -> None:
        self._send = send
        self._nonce = nonce
        self._csp = csp
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = [one for one in message["headers"] if one[0].lower() != b"server"]
            message["headers"] = [*given, *_HEADERS, (b"content-security-policy", self._csp)]
            kind = next((value for name, value in given if name.lower() == b"content-type"), b"")
            if kind.startswith(b"text/html"):
                self._start = message
                return
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))
            assert sum(map(len, self._parts)) <= PAGE_BYTES_MAX, "a page is too long"
            if message.get("more_body"):
                return
            body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), b"".join(self._parts))
            begin, self._start = self._start, None
            begin["headers"] = [one for one in begin["headers"] if one[0].lower() not in (b"content-length", b"etag")]
            begin["headers"].append((b"content-length", str(len(body)).encode()))
            await self._send(begin)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


async def _refuse(scope: Scope, send: Send, status: int = 403, told: bytes = _ELSEWHERE) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": told})
