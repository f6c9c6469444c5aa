"""An outbox for tests: a made-up log, a clock that is moved, and receivers that behave as badly as is wanted."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple, TypeVar

import msgspec

from bonafide.core.decision import Decision, ProposedMeasure, Reason
from bonafide.office.journal import Record
from bonafide.office.outbox.carrier import Carrier
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.post import Timeouts
from bonafide.office.outbox.reach import Reach, ip_network
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.signing import is_signed
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.store.database import Store

T = TypeVar("T")
START_MS = 1_767_601_800_000
KEY = bytes(range(16))
HERE = Reach(networks=(ip_network("127.0.0.1/32"),), ports=None, plain_http=True)
"""Receivers on this machine, at one address of it: the rest of loopback stands for what is private."""
PRIVATE = "127.0.0.2"
SHORT = Timeouts(connect=2.0, first_byte=0.05, whole=2.0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


class MadeLog:
    """A log in memory: every call of `append` is a commit."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[Record]]] = []
        self.chains = {0: b"\0" * 32}

    def append(self, *records: Record) -> None:
        begin = self.next_seq()
        self.rows.append((begin, list(records)))
        told = self.chains[begin] + b"".join(record.content + record.answer for record in records)
        self.chains[begin + len(records)] = hashlib.sha256(told).digest()

    def next_seq(self) -> int:
        return self.rows[-1][0] + len(self.rows[-1][1]) if self.rows else 0

    def commits(self, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
        for begin, records in self.rows:
            if begin + len(records) > from_seq and begin < until:
                skipped = max(0, from_seq - begin)
                yield begin + skipped, records[skipped:]

    def chain_at(self, seq: int) -> bytes | None:
        return self.chains.get(seq)


def decided(
    seq: int, user: str = "u1", *, alert: bool = False, measures: Sequence[tuple[str, str, str]] = (), n: int = 0
) -> Record:
    """The record of a payment by a user; `measures` are (measure, subject type, subject id)."""
    event = {
        "type": "payment", "event_id": f"e{seq}", "time": START_MS + seq, "user_id": user, "merchant_id": "m1",
        "order_id": f"o{n}", "amount": 100, "currency": "CNY",
    }  # fmt: skip
    proposed = tuple(ProposedMeasure(*one, "proposed", START_MS + 86_400_000) for one in measures)
    decision = Decision(
        event_id=f"e{seq}", seq=seq, time=START_MS + seq, outcome="verify" if alert else "allow", score_e6=731_204,
        risk_level="high", credit_score=512, alert=alert, reasons=(Reason("RC03", "中文", "English"),),
        hits=("U-BURST",), measures=proposed, faults=(), degraded=(), release_by=None, bundle="ab" * 32,
    )  # fmt: skip
    return Record(START_MS, "k1", msgspec.json.encode(event), msgspec.json.encode(decision.to_wire()))


def taught(seq: int) -> Record:
    """The record of an event that only teaches."""
    content = b'{"type":"login","event_id":"e%d","time":%d,"subject_type":"user","subject_id":"u1"}'
    return Record(
        START_MS, "k1", content % (seq, START_MS), b'{"event_id":"e%d","seq":%d,"status":"taught"}' % (seq, seq)
    )


def status(seq: int, measure: str = "limit_credit", to: str = "applied") -> Record:
    """The control record of a measure of user u1."""
    content = {
        "type": "measure_status", "event_id": f"c{seq}", "time": START_MS, "measure_id": "M7", "measure": measure,
        "subject_type": "user", "subject_id": "u1", "status": to,
    }  # fmt: skip
    return Record(
        START_MS, "", msgspec.json.encode(content), b'{"event_id":"c%d","seq":%d,"status":"taught"}' % (seq, seq)
    )


class Seen(NamedTuple):
    """A request that came whole."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Behave = Callable[["Receiver", asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Receiver:
    """A receiver of webhooks on loopback, which counts who connects and keeps what it is sent."""

    def __init__(self, mode: str = "takes") -> None:
        self.mode = mode
        self.connections = 0
        self.seen: list[Seen] = []
        self.sent_bytes = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._open:
            await asyncio.sleep(0)

    def url(self, path: str = "/hooks", host: str = "127.0.0.1") -> str:
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
        return Seen(head[0].split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))

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
        to = f"http://{PRIVATE}:{self.port}/inside".encode()
        await self._say(writer, b"HTTP/1.1 307 There\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % to)

    async def _is_slow(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # it takes the message and says nothing until the sender goes

    async def _talks_nonsense(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, b"SSH-2.0-OpenSSH_9.2\r\n")

    async def _closes(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

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
        for _ in range(2**30 // len(chunk)):
            await self._say(writer, chunk)


class Outbox:
    """Everything of one process over a store: a new one is what a restart makes."""

    def __init__(
        self,
        store: Store,
        log: MadeLog,
        clock: Clock,
        reach: Reach = HERE,
        carrier: Carrier | None = None,
        seed: int = 1,
    ) -> None:
        self.clock = clock
        self.tailer = Tailer(store, log, KEY, clock)
        self.destinations = Destinations(store, KEY, reach, clock)
        self.deliveries = Deliveries(store, Random(seed))
        carrier = carrier or Webhooks(reach, timeouts=SHORT)
        self.sender = Sender(self.deliveries, self.destinations, carrier, clock)

    def tail(self) -> int:
        """Read all that there is."""
        read = 0
        while step := self.tailer.step():
            read += step
        return read

    def is_signed(self, destination_id: str, seen: Seen) -> bool:
        """Whether a request carries a signature of its receiver's."""
        secrets = self.destinations.secrets_of(destination_id, self.clock())
        return is_signed(secrets, seen.headers, seen.body, self.clock() // 1_000)


class DiedError(Exception):
    """A process that ended."""


def dies(*_: object) -> None:
    """Stands for a step that is not finished."""
    raise DiedError


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)
