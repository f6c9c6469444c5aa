"""A small runtime that decides with a real engine in the caller's thread and keeps everything in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from bonafide.apps.server.figures import Figures
from bonafide.apps.server.ports import DeadLetterRow, Found, Overloaded, Reply, State
from bonafide.apps.problems import problem_of
from bonafide.core.decision import Decision
from bonafide.core.errors import BonafideError, InputError, UsageError
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

    def may_send(self, type_name: str) -> bool:
        return type_name in self.types

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
    tls_certificate: Path | None = None
    tls_key: Path | None = None
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


@dataclass
class TestRuntime:
    """Decides at once; `full` makes its queue full."""

    __test__ = False

    state: State = "ready"
    not_ready_because: str = ""
    full: bool = False
    degraded: tuple[str, ...] = ()
    answers: dict[str, Found] = field(default_factory=dict)
    letters: list[DeadLetterRow] = field(default_factory=list)
    counted: Figures = field(default_factory=Figures)
    engine: Engine = field(default_factory=lambda: Engine(shipped_bundle("paylater")))
    calls: list[int] = field(default_factory=list)

    async def decide(self, events: list[Fact | InputError], raw: list[bytes], sender: TestSender) -> list[Reply]:
        if self.full:
            raise Overloaded(2.0)
        self.calls.append(len(events))
        taken = iter(self._take([event for event in events if isinstance(event, Fact)]))
        replies = []
        for event, body in zip(events, raw, strict=True):
            if isinstance(event, InputError):
                number = len(self.letters) + 1
                row = DeadLetterRow(number, 0, sender.key_id, event.reason, event.field, event.message, body, 1)
                self.letters.append(row)
                replies.append(problem_of(event))
            else:
                replies.append(next(taken))
        return replies

    def _take(self, events: Sequence[Fact]) -> list[Reply]:
        replies = []
        for event, made in zip(events, self.engine.decide(events), strict=True):
            if isinstance(made, Decision):
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
                replies.append(problem_of(refusal_of(_REFUSED[made.status], event.event_id, event.time, latest, "30d")))
                continue
            self.answers[event.event_id] = Found(made.seq or 0, reply.body)
            replies.append(reply)
        return replies

    def find(self, event_id: str) -> Found | None:
        return self.answers.get(event_id)

    def dead_letters(self, after: int, limit: int) -> Sequence[DeadLetterRow]:
        return [row for row in self.letters if row.number > after][:limit]

    async def redrive(self, number: int) -> Reply | None:
        found = [row for row in self.letters if row.number == number]
        if not found:
            return None
        return Reply(200, b"{}")

    async def degrade(self, parts: tuple[str, ...]) -> None:
        if set(parts) - {"model"}:
            raise UsageError("parts: the parts are model")
        self.degraded = parts

    def figures(self) -> Figures:
        return self.counted

    def start(self, failed: Callable[[BonafideError], None]) -> None:
        self.state = "ready"

    def stop_intake(self) -> None:
        self.state = "stopping"

    def close(self, *, snapshot: bool) -> None:
        self.state = "stopping"
