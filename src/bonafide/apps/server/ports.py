"""What the doors of the service stand on: the runtime that decides, the keys that say who asks, and the settings."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from bonafide.apps.problems import Reply
from bonafide.core.errors import BonafideError, InputError
from bonafide.core.events import Fact

State = Literal["starting", "ready", "read-only", "stopping", "failed"]


class Overloaded(BonafideError):  # noqa: N818  (a state of the service rather than a mistake)
    """Too much waits already; nothing of the request was taken in."""

    retry_after_s: int = 1


class ReadOnly(BonafideError):  # noqa: N818
    """The disk is full or read-only; nothing of the request was taken in."""

    retry_after_s: int = 1


class Sender(Protocol):
    """Who sends: what a key may do. A value: it can be compared and hashed."""

    def __hash__(self) -> int: ...
    @property
    def key_id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def source(self) -> str | None:
        """The `source` that its verdicts get."""
        ...

    @property
    def rate_per_s(self) -> int | None:
        """Its own limit of events a second; None: the setting's."""
        ...

    def may_send(self, event_type: str) -> bool:
        """Whether it may send events of this type."""
        ...

    def may_use(self, route: str) -> bool:
        """Whether its key lets it use a route, given by its path."""
        ...

    def signed(self, event: Fact) -> Fact:
        """The event with what is set by who sends it: the source of a verdict."""
        ...


class Keys(Protocol):
    """The machine keys."""

    def verify(self, authorization: bytes | None, now_ms: int) -> Sender:
        """Who an `Authorization` header stands for; raises a BonafideError where it stands for nobody, and StateError
        where that cannot be found out."""
        ...


class Histogram(Protocol):
    """How often a number fell at or under each of some bounds."""

    @property
    def bounds(self) -> tuple[float, ...]: ...
    @property
    def counts(self) -> list[int]: ...
    @property
    def total(self) -> float: ...


class Figures(Protocol):
    """What the runtime counted since it began."""

    decided: Counter[tuple[str, str]]
    """By type of event and outcome."""
    taught: Counter[str]
    refused: Counter[str]
    """By reason."""
    duplicates: int
    alerts: int
    turned_away: Counter[str]
    """Events not taken in, by why."""
    snapshots: int
    rebuilt: int

    @property
    def batch_events(self) -> Histogram: ...
    @property
    def engine_seconds(self) -> Histogram: ...
    @property
    def commit_seconds(self) -> Histogram: ...
    @property
    def answer_seconds(self) -> Histogram: ...
    @property
    def lateness_seconds(self) -> Histogram: ...


class Found(Protocol):
    """An event of the log."""

    @property
    def answer(self) -> bytes:
        """The JSON object that was answered."""
        ...


class Letter(Protocol):
    """A record that was refused, as it is kept."""

    @property
    def number(self) -> int: ...
    @property
    def received_ms(self) -> int: ...
    @property
    def sender(self) -> str:
        """The id of the key that it came with."""
        ...

    @property
    def reason(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def message(self) -> str: ...
    @property
    def body(self) -> bytes:
        """What came, or its beginning."""
        ...

    @property
    def expires_ms(self) -> int: ...


class Standing(Protocol):
    """How a runtime stands: what is asked for now and then, not counted."""

    next_seq: int
    recovery_seconds: float
    recovered_events: int
    snapshot_seq: int
    journal_bytes: int
    state_bytes: int
    conflicts: int
    dead_letters: int


class Runtime(Protocol):
    """The deciding process: engine, journal and the line before them."""

    @property
    def state(self) -> State: ...
    @property
    def not_ready_because(self) -> str:
        """Why it is not ready, for the person at the other end; empty while it is."""
        ...

    @property
    def figures(self) -> Figures: ...
    @property
    def waiting_events(self) -> int:
        """Events given in and not answered yet."""
        ...

    async def decide(
        self, events: Sequence[Fact | InputError], raw: Sequence[bytes], sender: Sender
    ) -> list[Reply]:  # fmt: skip
        """Answer events in order, durably; refusals become dead letters. Raises Overloaded or ReadOnly at once."""
        ...

    async def degrade(self, parts: Sequence[str]) -> Reply:
        """Write a control record that these parts do not answer from here on."""
        ...

    @property
    def degraded(self) -> tuple[str, ...]:
        """Parts that do not answer now."""
        ...

    def find(self, event_id: str) -> Found | None:
        """An event of the log; may read from disk, and is safe in any thread."""
        ...

    def letters(self, after: int, limit: int) -> Sequence[Letter]:
        """Refused records numbered above `after`, oldest first; may read from disk, and is safe in any thread."""
        ...

    async def redrive(self, number: int) -> Reply | None:
        """Give a refused record in again as it came; None where there is none of this number."""
        ...

    def standing(self) -> Standing:
        """How it stands; may read from disk, and is safe in any thread."""
        ...

    def start(self, progress: Callable[[int, int], None] = ...) -> Any:
        """Recover from disk; blocks, and raises what does not allow to go on."""
        ...

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be ready: what is given in from now on is decided."""
        ...

    async def stop(self) -> None:
        """Take nothing more in, answer what waits, write a snapshot and let go of the data directory."""
        ...


class Settings(Protocol):
    """The settings that serving needs, as `apps.settings` checks them."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls_certificate(self) -> str | None: ...
    @property
    def tls_key(self) -> str | None: ...
    @property
    def in_flight_requests_max(self) -> int: ...
    @property
    def connections_max(self) -> int: ...
    @property
    def body_bytes_max(self) -> int: ...
    @property
    def rate_events_per_s(self) -> int: ...
    @property
    def header_timeout_ms(self) -> int: ...
    @property
    def body_timeout_ms(self) -> int: ...
    @property
    def keep_alive_s(self) -> int: ...
    @property
    def log_level(self) -> str: ...
    @property
    def log_format(self) -> str: ...
    @property
    def grace_s(self) -> int: ...
