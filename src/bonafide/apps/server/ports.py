"""What the doors of the service stand on: the runtime that decides, the keys that say who asks, and the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from bonafide.apps.server.figures import Figures
from bonafide.core.errors import BonafideError, InputError
from bonafide.core.events import Fact

State = Literal["starting", "ready", "read-only", "stopping", "failed"]


class Reply(NamedTuple):
    """What became of one event, as its sender reads it."""

    status: int
    """200 a decision, 202 taught, else the status inside of the problem object."""
    body: bytes
    """One JSON object."""


class Overloaded(Exception):  # noqa: N818  (it says what the service is, and is an answer more than an error)
    """The bounded queue is full: nothing was taken in."""

    def __init__(self, retry_after_s: float = 1.0) -> None:
        super().__init__("the queue is full")
        self.retry_after_s = retry_after_s


class Found(NamedTuple):
    """An event that was answered."""

    seq: int
    answer: bytes
    """The JSON object that was its answer."""


class Sender(Protocol):
    """Who sends: what a key may do."""

    @property
    def key_id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def routes(self) -> frozenset[str] | None:
        """Routes that the key is narrowed to (`roles.ROUTES`); None: all of its role."""
        ...

    @property
    def source(self) -> str | None:
        """The `source` of its verdicts."""
        ...

    @property
    def rate_per_s(self) -> int | None:
        """Its own limit of events a second; None: the setting's."""
        ...

    def may_send(self, type_name: str) -> bool:
        """Whether it may send events of a type."""
        ...

    def signed(self, event: Fact) -> Fact:
        """The event with what is set by who sends it: the source of a verdict."""
        ...


class Keys(Protocol):
    """The machine keys."""

    def verify(self, authorization: bytes | None, now_ms: int) -> Sender:
        """Who an `Authorization` header stands for; raises a BonafideError where it stands for nobody."""
        ...


class DeadLetterRow(NamedTuple):
    """A record that was refused, as it is kept."""

    number: int
    received_ms: int
    sender: str
    reason: str
    field: str | None
    message: str
    body: bytes
    expires_ms: int


class Runtime(Protocol):
    """The deciding process: engine, journal and the queue before them."""

    @property
    def state(self) -> State: ...
    @property
    def not_ready_because(self) -> str:
        """One sentence for the person at the other end; empty while it is ready."""
        ...

    async def decide(self, events: list[Fact | InputError], raw: list[bytes], sender: Sender) -> list[Reply]:
        """Answer events in order, durably; refusals become dead letters. Raises Overloaded at once."""
        ...

    def find(self, event_id: str) -> Found | None:
        """The answer that an event got; may read from disk, and is safe in any thread."""
        ...

    def dead_letters(self, after: int, limit: int) -> Sequence[DeadLetterRow]:
        """Refused records with numbers above `after`, oldest first; may read from disk."""
        ...

    async def redrive(self, number: int) -> Reply | None:
        """Send a dead letter through the door again, as its sender; None where there is none of this number."""
        ...

    @property
    def degraded(self) -> tuple[str, ...]:
        """Parts that do not answer now."""
        ...

    async def degrade(self, parts: tuple[str, ...]) -> None:
        """Write into the log which parts do not answer; UsageError for a part that there is not."""
        ...

    def figures(self) -> Figures:
        """What it counted, for the metrics; cheap."""
        ...

    def start(self, failed: Callable[[BonafideError], None]) -> None:
        """Recover and begin to decide; blocks, and raises what does not allow to go on.

        `failed` is called, from any thread, when it cannot go on later.
        """
        ...

    def stop_intake(self) -> None:
        """Take in nothing more; the state is `stopping` from here on. Safe to call at any time."""
        ...

    def close(self, *, snapshot: bool) -> None:
        """Decide what waits, take a snapshot where that is asked for, and let go of the data directory; blocks."""
        ...


class Settings(Protocol):
    """The settings that serving needs, as `apps.settings` checks them."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls_certificate(self) -> Path | None: ...
    @property
    def tls_key(self) -> Path | None: ...
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
