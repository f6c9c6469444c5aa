"""Answers on the wire: their headers, and the way through ASGI."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from bonafide.apps.problems import CONTENT_TYPE, Name, Reply, problem_reply

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

SECURITY: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""Headers of every answer: it is data, for its asker alone (OWASP's REST security and HTTP headers cheat sheets)."""
STRICT_TRANSPORT: Final = ("strict-transport-security", "max-age=31536000")
"""Beside them where browsers reach the service over TLS: they do not try it without for a year."""
JSON: Final = (b"content-type", b"application/json")
NDJSON: Final = (b"content-type", b"application/x-ndjson")
PROBLEM: Final = (b"content-type", CONTENT_TYPE)
RETRY_AFTER_MIN_S: Final = 1

_TRACEPARENT: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_OF_JSON: Final[Headers] = [JSON, *SECURITY]
_OF_PROBLEM: Final[Headers] = [PROBLEM, *SECURITY]
_OF_STREAM: Final[Headers] = [NDJSON, *SECURITY]


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """A whole request is refused with this problem."""

    def __init__(self, reply: Reply, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.headers = headers


class Gone(Exception):  # noqa: N818  (nobody waits for an answer any more)
    """The client hung up."""


def refused(name: Name, detail: str, *headers: tuple[bytes, bytes], **more: Any) -> Refused:
    """A refusal of a whole request by a problem's name; `more` as `problem` takes it."""
    return Refused(problem_reply(name, detail, **more), *headers)


def retry_after(seconds: float) -> tuple[bytes, bytes]:
    """The header that says when to come again, in whole seconds.

    >>> retry_after(0.2), retry_after(3.1)
    ((b'retry-after', b'1'), (b'retry-after', b'4'))
    """
    return b"retry-after", b"%d" % max(math.ceil(seconds), RETRY_AFTER_MIN_S)


def is_traceparent(value: bytes) -> bool:
    """Whether a header is a trace context that W3C's recommendation accepts.

    >>> is_traceparent(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), is_traceparent(b"00-0-0-0")
    (True, False)
    """
    return _TRACEPARENT.fullmatch(value) is not None


async def answer(send: Send, reply: Reply, trace: bytes | None = None, *headers: tuple[bytes, bytes]) -> None:
    """Send one whole answer: JSON below status 400, a problem from there on."""
    body = reply.body
    given = [(b"content-length", b"%d" % len(body)), *(_OF_JSON if reply.status < 400 else _OF_PROBLEM)]
    if trace is not None:
        given.append((b"traceparent", trace))
    if headers:
        given += headers
    await send({"type": "http.response.start", "status": reply.status, "headers": given})
    await send({"type": "http.response.body", "body": body})


async def begin_stream(send: Send, trace: bytes | None) -> None:
    """Send the head of an answer whose lines follow."""
    given = _OF_STREAM if trace is None else [*_OF_STREAM, (b"traceparent", trace)]
    await send({"type": "http.response.start", "status": 200, "headers": given})
