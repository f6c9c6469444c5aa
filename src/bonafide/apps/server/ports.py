"""What the doors of the service stand on: the runtime that decides, the keys that say who asks, and the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from bonafide.apps.problems import Reply
from bonafide.apps.runtime.figures import Figures
from bonafide.apps.runtime.recovery import Recovered
from bonafide.apps.runtime.runtime import State
from bonafide.core.errors import InputError
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.office.journal.intake import Waiting
from bonafide.office.journal.letters import Kept, KeptLetter
from bonafide.office.journal.records import Found


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


class Log(Protocol):
    """The journal, as the doors read it; safe in any thread."""

    @property
    def folder(self) -> Path: ...
    @property
    def path(self) -> Path: ...
    @property
    def next_seq(self) -> int: ...
    @property
    def kept(self) -> Kept: ...
    @property
    def waiting(self) -> Waiting: ...
    def dead_letters(self, after_id: int = 0, limit: int = 1_000) -> list[KeptLetter]: ...
    def inputs_of(self, seq: int) -> list[float] | None:
        """The inputs of the decision at a place, NaN where one is missing; None where none are kept."""
        ...


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

    @property
    def journal(self) -> Log: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def recovered(self) -> Recovered | None:
        """What the start did; None before."""
        ...

    def find(self, event_id: str) -> Found | None:
        """An event that was answered; may read from disk, and is safe in any thread."""
        ...

    def bundle_of(self, content: str) -> Bundle:
        """A bundle that decides or decided, by its hash; safe in any thread. Raises a BonafideError where its files are
        not as they were."""
        ...

    async def redrive(
        self, number: int, read: Callable[[bytes], Fact | InputError | Reply], sender: Sender
    ) -> Reply | None:
        """Give a refused record in again, as from this sender; None where there is none of this number."""
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
    @property
    def bundle_wait_s(self) -> int: ...
    @property
    def alerts_per_day(self) -> int | None: ...
    @property
    def four_eyes(self) -> str: ...
