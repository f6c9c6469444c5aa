"""An ASGI client without sockets: one request in, the whole answer out."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from bonafide.apps.server.app import Service
from bonafide.apps.server.logs import open_log
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSettings

NOW_MS = 1_767_601_800_000
"""2026-01-05 08:30 UTC."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: Mapping[str, str] = MappingProxyType({})
    """What it sets, by name."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def problem(self) -> str:
        """The NAME of the problem that this is."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["type"]).removeprefix("https://bonafide.invalid/problems/")


class Client:
    """A service over a stand-in, and requests to it."""

    def __init__(
        self, runtime: TestRuntime | None = None, keys: TestKeys | None = None, settings: TestSettings | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        self.runtime = runtime or TestRuntime()
        self.now_ms = NOW_MS
        self.seconds = 0.0
        self.logged = io.StringIO()
        self.service = Service(
            self.runtime, keys or TestKeys(), settings or TestSettings(), open_log(out=self.logged),
            clock=lambda: self.seconds, wall_ms=lambda: self.now_ms, **more,
        )  # fmt: skip

    def ask(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", *, key: str | None = KEY,
        length: int | None = None, **headers: str,
    ) -> Answer:  # fmt: skip
        """One request; a body that is an iterable comes in pieces, without a stated length."""
        return asyncio.run(self.asked(method, path, body, key=key, length=length, **headers))

    async def asked(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", *, key: str | None = KEY,
        length: int | None = None, **headers: str,
    ) -> Answer:  # fmt: skip
        given = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        if key is not None:
            given.append((b"authorization", b"Bearer " + key.encode()))
        if isinstance(body, bytes):
            given.append((b"content-length", b"%d" % (len(body) if length is None else length)))
        pieces = iter([body] if isinstance(body, bytes) else [*body])
        sent: list[Any] = []
        ended = False

        async def receive() -> dict[str, Any]:
            nonlocal ended
            if ended:
                return {"type": "http.disconnect"}
            piece = next(pieces, None)
            ended = piece is None or isinstance(body, bytes)
            return {"type": "http.request", "body": piece or b"", "more_body": not ended}

        async def send(message: Any) -> None:
            sent.append(message)

        route, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(route), "raw_path": route.encode(), "query_string": query.encode(), "root_path": "",
            "headers": given, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8321), "state": {},
        }  # fmt: skip
        await self.service(scope, receive, send)
        begun, *parts = sent
        assert begun["type"] == "http.response.start"
        assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
        got = {name.decode(): value.decode() for name, value in begun["headers"]}
        given = [value.decode() for name, value in begun["headers"] if name == b"set-cookie"]
        cookies = {one.partition("=")[0]: one for one in given}
        return Answer(begun["status"], got, b"".join(part.get("body", b"") for part in parts), cookies)

    def post(self, body: bytes | Iterable[bytes], path: str = "/v1/events", **headers: Any) -> Answer:
        """A body for the deciding route."""
        return self.ask("POST", path, body, **{"content_type": "application/json", **headers})

    def post_lines(self, body: bytes | Iterable[bytes], path: str = "/v1/events", **headers: Any) -> Answer:
        """NDJSON for the deciding route."""
        return self.post(body, path, content_type="application/x-ndjson", **headers)


def payment(event_id: str = "p1", **fields: Any) -> dict[str, Any]:
    """A good payment."""
    return {
        "type": "payment", "event_id": event_id, "time": "2026-01-05T08:29:00Z", "user_id": "u1", "merchant_id": "m1",
        "order_id": "o1", "amount": 1299, "currency": "CNY", **fields,
    }  # fmt: skip


def encoded(*events: Any) -> bytes:
    """An event as JSON, or several as an array."""
    return json.dumps(events[0] if len(events) == 1 else events).encode()


def lined(*events: Any) -> bytes:
    """Events as NDJSON."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)
