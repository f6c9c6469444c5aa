"""HTTP/1.1 on a connection: uvicorn's, with bounds on how many there are, and on the size and slowness of heads."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bonafide.apps.problems import Name, problem_reply
from bonafide.apps.server.answers import PROBLEM, SECURITY, retry_after
from bonafide.apps.server.counts import Counts

HEAD_BYTES_MAX: Final = 64 << 10
"""Largest head of a request, with all its headers."""

_BETWEEN: Final = len(": \r\n")


class Bounds:
    """The bounds of one server's connections, and where refusals are counted."""

    def __init__(self, counts: Counts, *, connections_max: int, header_timeout_s: float, drain_s: float) -> None:
        self.counts = counts
        self.connections_max = connections_max
        self.header_timeout_s = header_timeout_s
        self.drain_s = drain_s


class BoundedProtocol(HttpToolsProtocol):
    """A connection of a server whose `bounds` say what it may take."""

    bounds: Bounds

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._late: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = False
        self._in_message = False
        self._piece_bytes = 0
        self._begun = 0
        """Messages whose head began in the piece that is read."""
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections_max:
            self.bounds.counts.connections_refused += 1
            self._refuse("overloaded", "too many connections at once; come again", retry_after(1))
            return
        self._late = self.loop.call_later(self.bounds.header_timeout_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        # uvicorn leaves its own timer running where a connection was cut off.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head that comes in pieces is counted and timed."""
        if self.transport.is_closing():
            return
        messages_before, self._begun, self._piece_bytes = int(self._in_message), 0, len(data)
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        # Only what comes in several pieces gets here: a head that came whole costs no timer. What came before the head,
        # of other requests, does not count.
        if self._begun == 0 or messages_before + self._begun == 1:
            self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_large_head()
        elif self._late is None:
            self._late = self.loop.call_later(self.bounds.header_timeout_s, self._head_is_late)

    def on_message_begin(self) -> None:
        self._in_head = self._in_message = True
        self._head_bytes = 0
        self._begun += 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._disarm()
        came_at_once = self._begun > 0 and self._piece_bytes <= HEAD_BYTES_MAX
        if not came_at_once and self._size_of_head() > HEAD_BYTES_MAX:
            self._refuse_large_head()
        if not self._is_refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        self._disarm()
        if not self._is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message and not self._in_head and self._late is None and not self.transport.is_closing():
            # Answered before the body was read, as a body that is too large is: it is let run out unread, so that a
            # client which reads only after it has sent gets to see the answer, but not for ever.
            self._late = self.loop.call_later(self.bounds.drain_s, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self.bounds.counts.heads_refused += 1
        self._refuse("malformed", "this is not a request of HTTP/1.1")

    def _head_is_late(self) -> None:
        self._late = None
        self.bounds.counts.heads_refused += 1
        if self._in_head:
            told = f"the head did not come within {self.bounds.header_timeout_s:g} s"
            self._refuse("malformed", told, status=408)
        else:
            self.transport.close()

    def _size_of_head(self) -> int:
        """Of a head that is complete: its target and its headers."""
        return len(self.url) + sum(len(name) + len(value) + _BETWEEN for name, value in self.headers)

    def _refuse_large_head(self) -> None:
        self.bounds.counts.heads_refused += 1
        self._refuse("too-large", f"the head is larger than {HEAD_BYTES_MAX} bytes", status=431)

    def _disarm(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, name: Name, detail: str, *headers: tuple[bytes, bytes], status: int | None = None) -> None:
        """Answer without the application, and close."""
        self._disarm()
        self._is_refused = True
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            reply = problem_reply(name, detail, status=status)
            given = [*self.server_state.default_headers, PROBLEM, *SECURITY, *headers, (b"connection", b"close"),
                     (b"content-length", b"%d" % len(reply.body))]  # fmt: skip
            lines = [STATUS_LINE[reply.status], *(b"%s: %s\r\n" % header for header in given), b"\r\n", reply.body]
            self.transport.write(b"".join(lines))
        self.transport.close()
