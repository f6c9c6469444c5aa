"""Clients on one event loop: so many connections that each wait for their answer, or requests at a rate.

One core of it must outrun a server on another, so a connection is a bare protocol that reads just what it needs:
status, content-length, body. Chunked answers are not read and count as unreadable.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from time import perf_counter, perf_counter_ns
from typing import Any, Final, TypeVar, cast

from bonafide.testing.load.feed import Feed
from bonafide.testing.load.latencies import Latencies
from bonafide.testing.load.ledger import Ledger
from bonafide.testing.load.shots import Shot

GRACE_S: Final = 5.0
"""How long answers are waited for once a run is over."""
TICK_S: Final = 0.001
"""How often a rate is caught up with."""
RETRY_S: Final = 0.05
"""Before a refused request is sent again, where the answer names no time; longer ones are cut to RETRY_MAX_S."""
RETRY_MAX_S: Final = 2.0
AGAIN: Final = frozenset({429, 503})
_LENGTH: Final = b"content-length:"
_RETRY: Final = b"retry-after:"
_T = TypeVar("_T")


class Tally:
    """What a run saw."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.admitted = Latencies()
        """Of answers 2xx."""
        self.refused = Latencies()
        self.events = 0
        """In requests that were answered 2xx."""
        self.lost = 0
        """Requests whose connection ended before their answer."""
        self.unsent = 0
        """With a rate: requests that were due while every connection waited for an answer."""
        self.retried = 0
        self.unreadable = 0
        self.seconds = 0.0

    @property
    def events_per_second(self) -> float:
        """Acknowledged events."""
        return self.events / self.seconds if self.seconds else 0.0


class Load:
    """A run against one server: `connections` clients, each with one request under way at most.

    Without `rate` each sends again as soon as it is answered; with it, requests are due at that many a second, whoever
    is free sends them, and latency counts from when a request was due. What is refused with 429 or 503 goes back to the
    feed; with `again`, the same client waits for Retry-After and sends it again.
    """

    def __init__(
        self, port: int, feed: Feed, ledger: Ledger | None = None, *, connections: int = 32, rate: float | None = None,
        again: bool = False, host: str = "127.0.0.1",
    ) -> None:  # fmt: skip
        self._where = (host, port)
        self.feed = feed
        self.ledger = ledger
        self._n = connections
        self._rate = rate
        self._again = again
        self.tally = Tally()
        self.stopping = False
        self._idle: deque[_Connection] = deque()
        self._open: set[_Connection] = set()
        self._over = asyncio.Event()
        self._enough: Callable[[], bool] | None = None

    async def run(self, seconds: float | None = None, enough: Callable[[], bool] | None = None) -> Tally:
        """Until `seconds` have passed, `enough()` holds (asked after each answer), the feed is empty, or the server
        cannot be reached any more; then waits GRACE_S for open answers. What is still open goes back to the feed."""
        loop = asyncio.get_running_loop()
        self._enough = enough
        began = perf_counter()
        timer = loop.call_later(seconds, self.stop) if seconds is not None else None
        for _ in range(self._n):
            await self._connect()
        ticker = loop.create_task(self._tick()) if self._rate is not None else None
        if not self._open:
            self.stop()
        await self._over.wait()
        self.tally.seconds = perf_counter() - began
        if timer is not None:
            timer.cancel()
        if ticker is not None:
            ticker.cancel()
        await self._drain()
        return self.tally

    def stop(self) -> None:
        """Send nothing more."""
        self.stopping = True
        self._over.set()

    def answered(self, connection: _Connection, shot: Shot, status: int, body: bytes, retry: float | None) -> None:
        """An answer came: note it, and let the connection go on."""
        tally = self.tally
        tally.statuses[status] += 1
        latency_us = (perf_counter_ns() - connection.since_ns) // 1_000
        if status < 300:
            tally.admitted.add(latency_us)
            tally.events += len(shot.ids)
        else:
            tally.refused.add(latency_us)
        acknowledged = status < 300
        if self.ledger is not None:
            acknowledged = self.ledger.note(shot.ids, shot.array, status, body)
        if self._enough is not None and self._enough():
            self.stop()
        for_now = not acknowledged and (status in AGAIN or status == 200)
        if for_now and self._again:
            self._try_again(connection, shot, retry)
            return
        if for_now:
            self.feed.give_back(shot)
        self.go_on(connection)

    def go_on(self, connection: _Connection) -> None:
        """Give a free connection its next request, or rest."""
        if self.stopping:
            connection.close()
        elif self._rate is not None:
            self._idle.append(connection)
        else:
            shot = self.feed.take()
            if shot is None:
                self._rest(connection)
            else:
                connection.send(shot)

    def ended(self, connection: _Connection, shot: Shot | None) -> None:
        """A connection ended; what it had under way goes back, and another connection is tried."""
        self._open.discard(connection)
        if shot is not None:
            self.tally.lost += 1
            self.feed.give_back(shot)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)
        if not self.stopping:
            connection.task = asyncio.get_running_loop().create_task(self._reconnect())

    def _try_again(self, connection: _Connection, shot: Shot, retry: float | None) -> None:
        self.tally.retried += 1
        if self.stopping:
            self.feed.give_back(shot)
            connection.close()
            return
        wait_s = RETRY_S if retry is None else min(retry, RETRY_MAX_S)
        connection.shot = shot  # so that it goes back when the connection ends meanwhile
        connection.waiting = asyncio.get_running_loop().call_later(wait_s, connection.send, shot)

    def _rest(self, connection: _Connection) -> None:
        self._idle.append(connection)
        if len(self._idle) == len(self._open):
            self.stop()

    async def _connect(self) -> None:
        if self.stopping:
            return
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().create_connection(lambda: _Connection(self), *self._where)

    async def _reconnect(self) -> None:
        await asyncio.sleep(RETRY_S)
        await self._connect()
        if not self._open:
            self.stop()

    def made(self, connection: _Connection) -> None:
        """A connection stands."""
        self._open.add(connection)
        self.go_on(connection)

    async def _tick(self) -> None:
        rate, due = self._rate or 0.0, 0
        began_ns = perf_counter_ns()
        while not self.stopping:
            target = int((perf_counter_ns() - began_ns) * 1e-9 * rate)
            while due < target:
                due += 1
                if not self._idle:
                    self.tally.unsent += target - due + 1
                    due = target
                    break
                shot = self.feed.take()
                if shot is None:
                    self.stop()
                    return
                self._idle.popleft().send(shot, began_ns + int(due / rate * 1e9))
            await asyncio.sleep(TICK_S)

    async def _drain(self) -> None:
        for connection in list(self._open):
            if connection.shot is None or connection.waiting is not None:
                connection.close()
        deadline = perf_counter() + GRACE_S
        while self._open and perf_counter() < deadline:
            await asyncio.sleep(TICK_S)
        for connection in list(self._open):
            connection.close()
        while self._open:
            await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One client: sends a request, reads its answer."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._parts = b""
        self.shot: Shot | None = None
        self.since_ns = 0
        self.waiting: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none of asyncio's
        self._load.made(self)

    def send(self, shot: Shot, since_ns: int | None = None) -> None:
        """Send a request whose latency counts from `since_ns`, else from now."""
        assert self._transport is not None
        self.shot, self.waiting = shot, None
        self.since_ns = perf_counter_ns() if since_ns is None else since_ns
        self._transport.write(shot.request)

    def close(self) -> None:
        """End it; what it had under way counts as lost."""
        if self.waiting is not None:
            self.waiting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read an answer, which may come in parts; one that cannot be read ends the connection."""
        if self._parts:
            data = self._parts + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._parts = data
            return
        head = data[:end].lower()
        length = _number_after(head, _LENGTH)
        if length is None or self.shot is None:
            self._load.tally.unreadable += 1
            self.close()
            return
        if len(data) < end + 4 + length:
            self._parts = data
            return
        shot, self.shot, self._parts = self.shot, None, b""
        status = int(head[9:12])
        retry = None if status < 400 else _number_after(head, _RETRY)
        self._load.answered(self, shot, status, data[end + 4 : end + 4 + length], retry)

    def connection_lost(self, exc: Exception | None) -> None:
        shot, self.shot = self.shot, None
        if self.waiting is not None:
            self.waiting.cancel()
        self._load.ended(self, shot)


def _number_after(head: bytes, name: bytes) -> int | None:
    place = head.find(name)
    if place < 0:
        return None
    end = head.find(b"\r", place)
    text = head[place + len(name) : end if end >= 0 else len(head)].strip()
    return int(text) if text.isdigit() else None


def run_load(
    load: Callable[[], Load], seconds: float | None = None, enough: Callable[[], bool] | None = None
) -> Tally:  # fmt: skip
    """Make a load on an event loop of its own (uvloop's where there is one) and run it.

    Python's cycle collector rests meanwhile: its pauses would be measured as the server's.
    """
    return _alone(lambda: load().run(seconds, enough))


def run_beside(
    load: Callable[[], Load], probe: Callable[[], Load], seconds: float | None = None
) -> tuple[Tally, Tally]:  # fmt: skip
    """Two loads on one event loop, the second until the first has nothing more to send or `seconds` have passed."""

    async def both() -> tuple[Tally, Tally]:
        beside = probe()
        asking = asyncio.get_running_loop().create_task(beside.run())
        told = await load().run(seconds)
        beside.stop()
        return told, await asking

    return _alone(both)


def _alone(run: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        gc.collect()
        gc.disable()
        try:
            return runner.run(run())
        finally:
            gc.enable()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
