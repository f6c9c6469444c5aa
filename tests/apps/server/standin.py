"""A small runtime that decides with a real engine in the caller's thread and keeps everything in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from bonafide.apps.problems import Reply, reply_of
from bonafide.apps.server.figures import SECONDS, Histogram
from bonafide.apps.server.ports import Overloaded, ReadOnly, State
from bonafide.core.decision import Decision
from bonafide.core.door import decode_event
from bonafide.core.errors import BonafideError, InputError
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS, Fact, Verdict
from bonafide.engine.codes import CONFLICT, TOO_LATE
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.replay import refusal_of

ALL_TYPES = frozenset(name for name in EVENT_CLASS if name not in CONTROL_TYPES)
KEY = "bf_test"
_REFUSED = {"conflict": CONFLICT, "too-late": TOO_LATE}


class TestSender(NamedTuple):
    """What a key may do, as the office's would say."""

    __test__ = False

    key_id: str = "k1"
    role: str = "platform"
    types: frozenset[str] = ALL_TYPES
    routes: frozenset[str] | None = None
    source: str | None = "chargeback"
    rate_per_s: int | None = None

    def may_send(self, event_type: str) -> bool:
        return event_type in self.types

    def may_use(self, route: str) -> bool:
        return self.routes is None or any(route.startswith(one) for one in self.routes)

    def signed(self, event: Fact) -> Fact:
        if isinstance(event, Verdict) and self.source is not None:
            return msgspec.structs.replace(event, source=self.source)
        return event


class TestKeys:
    """Keys by their text."""

    __test__ = False

    def __init__(self, senders: dict[str, TestSender] | None = None) -> None:
        self.senders = {KEY: TestSender()} if senders is None else senders

    def verify(self, authorization: bytes | None, now_ms: int) -> TestSender:
        text = (authorization or b"").decode("latin-1")
        if not text.startswith("Bearer ") or text[7:] not in self.senders:
            raise BonafideError("authorization: give a valid key as 'Bearer KEY'")
        return self.senders[text[7:]]


@dataclass(frozen=True)
class TestSettings:
    """The settings, small enough for tests."""

    __test__ = False

    host: str = "127.0.0.1"
    port: int = 0
    tls_certificate: str | None = None
    tls_key: str | None = None
    in_flight_requests_max: int = 64
    connections_max: int = 64
    body_bytes_max: int = 8 << 20
    rate_events_per_s: int = 1_000_000
    header_timeout_ms: int = 10_000
    body_timeout_ms: int = 10_000
    keep_alive_s: int = 75
    log_level: str = "info"
    log_format: str = "json"
    grace_s: int = 8


class TestFound(NamedTuple):
    """An event that was answered."""

    __test__ = False
    seq: int
    answer: bytes


class TestLetter(NamedTuple):
    """A record that was refused."""

    __test__ = False
    number: int
    received_ms: int
    sender: str
    reason: str
    field: str | None
    message: str
    body: bytes
    expires_ms: int


class TestFigures:
    """What a runtime counts."""

    __test__ = False

    def __init__(self) -> None:
        self.decided: Counter[tuple[str, str]] = Counter()
        self.taught: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.duplicates = self.alerts = self.snapshots = self.rebuilt = 0
        self.turned_away: Counter[str] = Counter()
        self.batch_events = Histogram((1, 2, 4, 8))
        self.engine_seconds, self.commit_seconds, self.answer_seconds = (Histogram(SECONDS) for _ in range(3))
        self.lateness_seconds = Histogram((1, 60))


@dataclass
class TestStanding:
    """How a runtime stands."""

    __test__ = False

    next_seq: int = 0
    recovery_seconds: float = 0.5
    recovered_events: int = 3
    snapshot_seq: int = 2
    journal_bytes: int = 4096
    state_bytes: int = 1 << 20
    conflicts: int = 0
    dead_letters: int = 0


@dataclass
class TestRuntime:
    """Decides at once; `full` makes its line full, `read-only` its disk."""

    __test__ = False

    state: State = "ready"
    not_ready_because: str = ""
    full: bool = False
    degraded: tuple[str, ...] = ()
    waiting_events: int = 0
    answers: dict[str, TestFound] = field(default_factory=dict)
    kept: list[TestLetter] = field(default_factory=list)
    figures: TestFigures = field(default_factory=TestFigures)
    engine: Engine = field(default_factory=lambda: Engine(shipped_bundle("paylater")))
    calls: list[int] = field(default_factory=list)

    async def decide(self, events: Sequence[Fact | InputError], raw: Sequence[bytes], sender: Any) -> list[Reply]:
        if self.state == "read-only":
            raise ReadOnly("nothing can be taken in: the disk is full")
        if self.full or self.state != "ready":
            raise Overloaded("16384 events wait already; send it again")
        self.calls.append(len(events))
        taken = iter(self._take([event for event in events if isinstance(event, Fact)]))
        replies = []
        for event, body in zip(events, raw, strict=True):
            if isinstance(event, InputError):
                self.figures.refused[event.reason] += 1
                number = len(self.kept) + 1
                told = (event.reason, event.field, event.message)
                self.kept.append(TestLetter(number, 1_767_601_800_000, sender.key_id, *told, body, 1_770_193_800_000))
                replies.append(reply_of(event))
            else:
                replies.append(next(taken))
        return replies

    def _take(self, events: Sequence[Fact]) -> list[Reply]:
        replies = []
        for event, made in zip(events, self.engine.decide(events), strict=True):
            if isinstance(made, Decision):
                self.figures.decided[event.type, made.outcome] += 1
                reply = Reply(200, msgspec.json.encode(made.to_wire()))
            elif made.status == "taught":
                taught = {"event_id": event.event_id, "seq": made.seq, "status": "taught"}
                reply = Reply(202, msgspec.json.encode(taught))
            elif made.status == "duplicate":
                found = self.answers[event.event_id]
                replies.append(Reply(202 if b'"taught"' in found.answer else 200, found.answer))
                continue
            else:
                latest = self.engine.state.latest_ms
                replies.append(reply_of(refusal_of(_REFUSED[made.status], event.event_id, event.time, latest, "30d")))
                continue
            self.answers[event.event_id] = TestFound(made.seq or 0, reply.body)
            replies.append(reply)
        return replies

    def find(self, event_id: str) -> TestFound | None:
        return self.answers.get(event_id)

    def letters(self, after: int, limit: int) -> Sequence[TestLetter]:
        return [letter for letter in self.kept if letter.number > after][:limit]

    async def redrive(self, number: int) -> Reply | None:
        found = next((letter for letter in self.kept if letter.number == number), None)
        if found is None:
            return None
        try:
            event: Fact | InputError = decode_event(found.body)
        except InputError as error:
            return reply_of(error)
        self.kept.remove(found)
        return (await self.decide([event], [found.body], TestSender()))[0]

    async def degrade(self, parts: Sequence[str]) -> Reply:
        self.degraded = tuple(parts)
        return Reply(202, b'{"event_id":"degraded:0","seq":0,"status":"taught"}')

    def standing(self) -> TestStanding:
        return TestStanding(dead_letters=len(self.kept))

    def start(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        progress(0, 0)

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        self.state = "ready"

    async def stop(self) -> None:
        self.state = "stopping"
