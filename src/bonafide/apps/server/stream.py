"""NDJSON both ways: lines are answered as they come, in their order, and neither side is kept in memory whole."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bonafide.apps.problems import Reply
from bonafide.apps.server.answers import Gone, Refused, Send, begin_stream
from bonafide.apps.server.bodies import Body, Lines
from bonafide.apps.server.decode import decode_all
from bonafide.apps.server.ports import Sender

if TYPE_CHECKING:
    from bonafide.apps.server.events_route import EventsRoute

LINES_MAX: Final = 1_000
"""Most lines decided in one go."""
ANSWER_BYTES_MAX: Final = 32 << 20
"""Most bytes of answers that wait for a client which sends on without reading."""
STALLED_S: Final = 30.0
"""How long answers may wait for a client that reads nothing while that many are waiting."""
BUSY_S_MAX: Final = 30.0
"""How long a stream waits for room in the queue before its lines are answered 503."""


class Answers:
    """Answers on their way out: a client that reads slowly holds up its own stream, and nothing else."""

    def __init__(self, body: Body, send: Send) -> None:
        self._body = body
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._last = b""
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def put(self, replies: Sequence[Reply]) -> None:
        """Add lines. Raises Gone where the client has read nothing for long although much is waiting, and Refused
        (503) where there is no room for them."""
        text = b"".join([part for reply in replies for part in (reply.body, b"\n")])
        self._body.hold(len(text))
        self._waiting.append(text)
        self._bytes += len(text)
        self._moved.set()
        if self._bytes > ANSWER_BYTES_MAX:
            self._room.clear()
            try:
                async with asyncio.timeout(STALLED_S):
                    await self._room.wait()
            except TimeoutError:
                raise Gone from None

    def end(self, last: Reply | None = None) -> None:
        """Nothing follows but this line."""
        self._last = b"" if last is None else last.body + b"\n"
        self._ended = True
        self._moved.set()

    async def run(self) -> None:
        """Send what is put, until the end."""
        while self._waiting or not self._ended:
            self._moved.clear()
            while self._waiting:
                text = b"".join(self._waiting)
                self._waiting.clear()
                await self._send({"type": "http.response.body", "body": text, "more_body": True})
                self._bytes -= len(text)
                self._body.let_go(len(text))
                self._room.set()
            if not self._ended:
                await self._moved.wait()
        await self._send({"type": "http.response.body", "body": self._last})


async def answer_lines(route: EventsRoute, body: Body, sender: Sender, send: Send, trace: bytes | None) -> None:
    """Answer a body of lines. What breaks it off after it began stands in its last line, as a problem."""
    piece, more = await body.piece()
    await begin_stream(send, trace)
    answers = Answers(body, send)
    sending = asyncio.create_task(answers.run())
    lines = Lines()
    try:
        try:
            while True:
                before = lines.held
                found = lines.feed(piece)
                if not more:
                    found += lines.rest()
                _hold(body, lines.held - before)
                for first in range(0, len(found), LINES_MAX):
                    await answers.put(await _decide(route, found[first : first + LINES_MAX], sender))
                if not more:
                    break
                piece, more = await body.piece()
            answers.end()
        except Refused as refusal:
            answers.end(refusal.reply)
        await sending
    finally:
        sending.cancel()


def _hold(body: Body, more: int) -> None:
    """Count what is kept of an unfinished line at the gate: little in one stream, much in thousands. Raises Refused."""
    if more > 0:
        body.hold(more)
    elif more < 0:
        body.let_go(-more)


async def _decide(route: EventsRoute, lines: list[bytes], sender: Sender) -> list[Reply]:
    """The replies to some lines; a stream that is faster than its key's rate or the engine is slowed down."""
    admission = route.admission
    loop = asyncio.get_running_loop()
    await asyncio.sleep(admission.buckets.wait_s(sender.key_id))
    admission.charge(sender, len(lines))
    now_ms = admission.wall_ms()
    records = await decode_all(lines, sender, now_ms)
    patient_until = loop.time() + BUSY_S_MAX
    pause = 0.01
    while True:
        try:
            admission.require_intake()
            return await route.decide(records, lines, sender)
        except Refused:
            if loop.time() > patient_until or admission.is_ending:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, 1.0)
