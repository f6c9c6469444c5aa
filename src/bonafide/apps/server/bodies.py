"""Bodies of requests: read whole within limits, or cut into lines as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, Final

from bonafide.apps.server.admission import Gate
from bonafide.apps.server.answers import Gone, Message, Receive, Refused, refused
from bonafide.apps.server.head import Head

LINE_BYTES_MAX: Final = 1 << 20
"""Longest line of NDJSON that is read, as in files; of a longer one nothing is kept."""
LONG_LINE: Final = b"\0too long\0"
"""Stands, as this very object, where a line was too long."""


class Body:
    """The body of one request, counted against the gate and against its own limit."""

    def __init__(self, receive: Receive, head: Head, gate: Gate, bytes_max: int | None, timeout_s: float) -> None:
        """`bytes_max` None: no limit in all, for bodies that are not held. Raises Refused (413) by what is stated."""
        self._receive = receive
        self._gate = gate
        self._bytes_max = bytes_max
        self._timeout_s = timeout_s
        self._read = 0
        self.held = 0
        """Bytes held at the gate."""
        if bytes_max is not None and head.length is not None:
            if head.length > bytes_max:
                raise self._too_large()
            self.hold(head.length)

    def hold(self, size: int) -> None:
        """Hold bytes at the gate until the request is answered."""
        self._gate.hold(size)
        self.held += size

    def let_go(self, size: int) -> None:
        """Give held bytes back early."""
        self._gate.bytes -= size
        self.held -= size

    async def whole(self) -> bytes:
        """All of it. Raises Refused (408, 413) or Gone."""
        piece, more = await self._piece_within()
        if not more:
            return piece
        pieces = [piece]
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                while more:
                    piece, more = await self._piece()
                    pieces.append(piece)
        except TimeoutError:
            raise self._too_slow() from None
        return b"".join(pieces)

    async def piece(self) -> tuple[bytes, bool]:
        """What comes next, and whether more follows. Raises Refused (408, 413) or Gone."""
        return await self._piece_within()

    async def _piece_within(self) -> tuple[bytes, bool]:
        # Nearly every body came with its head, and a timer would cost more than reading it.
        waiting = self._receive().__await__()
        try:
            first = next(waiting)
        except StopIteration as done:
            return self._taken(done.value)
        try:
            async with asyncio.timeout(self._timeout_s):
                return self._taken(await _Begun(waiting, first))
        except TimeoutError:
            raise self._too_slow() from None

    async def _piece(self) -> tuple[bytes, bool]:
        return self._taken(await self._receive())

    def _taken(self, message: Message) -> tuple[bytes, bool]:
        if message["type"] == "http.disconnect":
            raise Gone
        piece: bytes = message.get("body", b"")
        self._read += len(piece)
        if self._bytes_max is not None:
            if self._read > self._bytes_max:
                raise self._too_large()
            if self._read > self.held:
                self.hold(self._read - self.held)
        return piece, message.get("more_body", False)

    def _too_large(self) -> Refused:
        return refused("too-large", f"the body is larger than {self._bytes_max} bytes; send it in parts")

    def _too_slow(self) -> Refused:
        told = f"the body did not come within {self._timeout_s:g} s; send it again"
        return refused("malformed", told, (b"connection", b"close"), status=408)


class _Begun:
    """An awaitable that was begun by hand, and what it waits for first."""

    def __init__(self, waiting: Generator[Any, Any, Message], first: Any) -> None:
        self._waiting = waiting
        self._first = first

    def __await__(self) -> Generator[Any, Any, Message]:
        yield self._first
        return (yield from self._waiting)


class Lines:
    """Cuts pieces into lines without their line feeds, keeping at most one line of the longest length.

    >>> lines = Lines(); lines.feed(b'{"a":1}\\n{"b'), lines.feed(b'":2}'), lines.rest()
    ([b'{"a":1}'], [], [b'{"b":2}'])
    """

    def __init__(self, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._line_bytes_max = line_bytes_max
        self._tail = bytearray()
        self._skipping = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that a piece completes; LONG_LINE for those that are too long, and none for blank ones."""
        *whole, tail = piece.split(b"\n")
        if whole:
            whole[0] = self._joined(whole[0])
            self._tail.clear()
            self._skipping = False
        if not self._skipping:
            self._tail += tail
            if len(self._tail) > self._line_bytes_max:
                self._tail.clear()
                self._skipping = True
        return [self._shortened(line) for line in whole if line is LONG_LINE or (line and not line.isspace())]

    @property
    def held(self) -> int:
        """Bytes kept of a line that is not complete."""
        return len(self._tail)

    def rest(self) -> list[bytes]:
        """The line that the end of the body completes."""
        return self.feed(b"\n")

    def _joined(self, line: bytes) -> bytes:
        if self._skipping:
            return LONG_LINE
        return bytes(self._tail) + line if self._tail else line

    def _shortened(self, line: bytes) -> bytes:
        return LONG_LINE if len(line) > self._line_bytes_max else line
