"""A small runtime that decides with a real engine in the caller's thread and keeps everything in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bonafide.apps.problems import Reply, reply_of
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.jobs import Overloaded, ReadOnly
from bonafide.apps.runtime.recovery import Recovered
from bonafide.apps.runtime.runtime import State
from bonafide.core.decision import Decision
from bonafide.core.errors import BonafideError, InputError, StateError
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS, Fact, Verdict
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import CONFLICT, TOO_LATE
from bonafide.engine.engine import Engine
from bonafide.engine.refusals import refusal_of
from bonafide.engine.shipped import shipped_bundle
from bonafide.office.journal.intake import Waiting
from bonafide.office.journal.letters import Kept, KeptLetter
from bonafide.office.journal.records import DeadLetter, Found, Record

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
    bundle_wait_s: int = 86_400
    alerts_per_day: int | None = None
    four_eyes: str = "auto"


class TestJournal:
    """What is kept, in memory."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path("nowhere")
        self.path = self.folder / "journal.db"
        self.next_seq = 0
        self.letters: list[KeptLetter] = []
        self.inputs: dict[int, list[float]] = {}

    @property
    def waiting(self) -> Waiting:
        return Waiting(0, 0, 0)

    @property
    def kept(self) -> Kept:
        return Kept(0, len(self.letters), len(self.letters), 0)

    def inputs_of(self, seq: int) -> list[float] | None:
        return self.inputs.get(seq)

    def dead_letters(self, after_id: int = 0, limit: int = 1_000) -> list[KeptLetter]:
        return [letter for letter in self.letters if letter.id > after_id][:limit]


@dataclass
class TestRuntime:
    """Decides at once; `full` makes its line full, `read-only` its disk."""

    __test__ = False

    state: State = "ready"
    not_ready_because: str = ""
    full: bool = False
    degraded: tuple[str, ...] = ()
    waiting_events: int = 0
    answers: dict[str, Found] = field(default_factory=dict)
    journal: TestJournal = field(default_factory=TestJournal)
    recovered: Recovered | None = field(default_factory=lambda: Recovered(2, 3, 0.5, ()))
    figures: Figures = field(default_factory=Figures)
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
                number = len(self.journal.letters) + 1
                told = (event.reason, event.field, event.message)
                letter = DeadLetter(1_767_601_800_000, sender.key_id, *told, bytes(body), 1_770_193_800_000)
                self.journal.letters.append(KeptLetter(number, letter, None))
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
                answer = found.record.answer
                replies.append(Reply(202 if b'"taught"' in answer else 200, answer))
                continue
            else:
                latest = self.engine.state.latest_ms
                replies.append(reply_of(refusal_of(_REFUSED[made.status], event.event_id, event.time, latest, "30d")))
                continue
            record = Record(1_767_601_800_000, "k1", msgspec.json.encode(event), reply.body)
            self.answers[event.event_id] = Found(made.seq or 0, record)
            self.journal.next_seq += 1
            replies.append(reply)
        return replies

    def find(self, event_id: str) -> Found | None:
        return self.answers.get(event_id)

    def bundle_of(self, content: str) -> Bundle:
        if content != self.engine.bundle.hash:
            raise StateError("its files are gone")
        return self.engine.bundle

    async def redrive(
        self, number: int, read: Callable[[bytes], Fact | InputError | Reply], sender: TestSender
    ) -> Reply | None:
        found = next((kept.letter for kept in self.journal.letters if kept.id == number), None)
        if found is None:
            return None
        record = read(found.body)
        if isinstance(record, Reply):
            return record
        if isinstance(record, InputError):
            return reply_of(record)
        return (await self.decide([record], None, sender))[0]

    async def degrade(self, parts: Sequence[str]) -> Reply:
        self.degraded = tuple(parts)
        return Reply(202, b'{"event_id":"degraded:0","seq":0,"status":"taught"}')

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        self.state = "ready"

    async def stop(self) -> None:
        self.state = "stopping"
