"""Receivers of webhooks that behave badly."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final, NamedTuple

GIGABYTE: Final = 2**30
DRIP_S: Final = 0.01
TAKING: Final = ("takes", "floods_body")
"""Ways to behave that begin with 2xx."""


class Seen(NamedTuple):
    """A request that came whole."""

    path: str
    headers: dict[str, str]
    body: bytes
    took: bool
    """Whether the receiver answered 2xx, as far as it was let."""

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]


class Receiver:
    """A receiver of webhooks on loopback, which counts who connects and keeps what it is sent.

    `mode` says how it behaves, one of MODES; it may be changed at any time.
    """

    def __init__(self, mode: str = "takes") -> None:
        self.mode = mode
        self.connections = 0
        self.seen: list[Seen] = []
        self.sent_bytes = 0
        """What it has sent in all, also what nobody read of it."""
        self.leads_to = ""
        """Where it redirects to."""
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls)
        self.host = host
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Listen no more, and end what is open."""
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._open:
            await asyncio.sleep(0)

    def url(self, path: str = "/hooks", host: str = "127.0.0.1") -> str:
        """Where it listens, by any name."""
        return f"http://{host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            if self.mode != "down":
                self.seen.append(await self._read(reader))
                await getattr(self, f"_{self.mode}")(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._open.discard(writer)

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        fields = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in fields}
        body = await reader.readexactly(int(headers["content-length"]))
        return Seen(head[0].split(" ")[1], headers, body, self.mode in TAKING)

    async def _say(self, writer: asyncio.StreamWriter, text: bytes) -> None:
        writer.write(text)
        self.sent_bytes += len(text)
        await writer.drain()

    async def _takes(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 204 No Content\r\n\r\n")

    async def _fails(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 500 No\r\ncontent-length: 5\r\n\r\nsorry")

    async def _refuses(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n")

    async def _is_busy(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 429 No\r\nretry-after: 7200\r\ncontent-length: 0\r\n\r\n")

    async def _is_gone(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")

    async def _redirects(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = self.leads_to.encode()
        await self._say(writer, b"HTTP/1.1 307 There\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % to)

    async def _is_slow(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # it takes the message and says nothing until the sender goes

    async def _talks_nonsense(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"SSH-2.0-OpenSSH_9.2\r\n")

    async def _closes(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _closes_in_the_head(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 200 OK\r\ncontent-len")
        await self._closes(reader, writer)

    async def _closes_in_the_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 500 No\r\ncontent-length: 1000\r\n\r\nsor")
        await self._closes(reader, writer)

    async def _drips(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x-slow: yes\r\n" * 100_000:
            await self._say(writer, bytes([byte]))
            await asyncio.sleep(DRIP_S)

    async def _drips_body(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 503 No\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            await self._say(writer, b"x")
            await asyncio.sleep(DRIP_S)

    async def _floods_body(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
        await self._flood(writer, b"x" * 65_536)

    async def _floods_error(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n")
        await self._flood(writer, b"10000\r\n" + b"x" * 65_536 + b"\r\n")

    async def _floods_head(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"HTTP/1.1 200 OK\r\n")
        await self._flood(writer, b"x-more: y\r\n" * 4_096)

    async def _floods_interim(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flood(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_048)

    async def _flood(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        for _ in range(GIGABYTE // len(chunk)):
            await self._say(writer, chunk)


MODES: Final = (
    "takes", "down", "fails", "refuses", "is_busy", "is_gone", "redirects", "is_slow", "drips", "drips_body",
    "talks_nonsense", "closes", "closes_in_the_head", "closes_in_the_body", "floods_body", "floods_error",
    "floods_head", "floods_interim",
)  # fmt: skip
"""How a receiver may behave; `down` lets in whoever connects and says nothing."""
