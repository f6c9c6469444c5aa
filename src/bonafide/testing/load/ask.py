"""Plain questions to a server, one after another: for checks, not for load."""

from __future__ import annotations

import http.client
from typing import Final, NamedTuple
from urllib.parse import quote

TIMEOUT_S: Final = 30.0


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]
    """Names in lower case."""


class Asker:
    """One connection that is kept and made anew when the server closed it."""

    def __init__(self, port: int, key: str = "", host: str = "127.0.0.1", timeout_s: float = TIMEOUT_S) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None, content: str = "application/json") -> Reply:
        """Send one request; raises OSError or http.client.HTTPException when no answer comes."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": content}
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, answer.read(), told)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def get(self, path: str) -> Reply:
        """GET a path."""
        return self.ask("GET", path)

    def send(self, body: bytes) -> Reply:
        """Send an event, or an array of them."""
        return self.ask("POST", "/v1/events", body)

    def decision(self, event_id: str) -> Reply:
        """What was decided on an event."""
        return self.get(f"/v1/decisions/{quote(event_id, safe='')}")
