"""Admission: what a request must pass before anything of it is read, cheapest first, all of it bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bonafide.apps.runtime.runtime import State
from bonafide.apps.server.answers import refused, retry_after
from bonafide.apps.server.ports import Runtime, Sender, Settings

IN_FLIGHT_BYTES_MAX: Final = 256 << 20
"""Most bytes of bodies, and of answers that wait to be sent, that are held at once."""
BUCKETS_MAX: Final = 4_096
"""Most keys whose rate is remembered at once; the one that was used longest ago gives way, as if it had rested."""
BURST_S: Final = 1.0
"""How many seconds' worth of events a key that has rested may send at once."""
RETRY_S: Final = 1.0
"""When to come again after a refusal for want of room."""


class Gate:
    """How many requests and bytes are inside now."""

    def __init__(self, requests_max: int, bytes_max: int = IN_FLIGHT_BYTES_MAX) -> None:
        self.requests_max = requests_max
        self.bytes_max = bytes_max
        self.requests = 0
        self.bytes = 0
        self.shed = 0
        """Requests turned away."""

    def enter(self) -> None:
        """Let a request in, or raise Refused (503)."""
        if self.requests >= self.requests_max:
            self.shed += 1
            raise refused("overloaded", "too many requests at once; come again", retry_after(RETRY_S))
        self.requests += 1

    def leave(self, held: int) -> None:
        """A request is answered, and the bytes it held are free."""
        self.requests -= 1
        self.bytes -= held

    def hold(self, size: int) -> None:
        """Hold some bytes more, or raise Refused (503)."""
        if self.bytes + size > self.bytes_max:
            self.shed += 1
            raise refused("overloaded", "too many bytes at once; come again", retry_after(RETRY_S))
        self.bytes += size


class Buckets:
    """A rate for each key (GCRA), counted in events.

    A request is let in while its key has room for one event, and its events are charged once they are counted: a large
    array may run a key into debt, which later requests wait for, so over time no key passes its rate.
    """

    def __init__(self, clock: Callable[[], float], keys_max: int = BUCKETS_MAX) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._keys_max = keys_max
        self._full_at: dict[str, float] = {}
        """Key -> when its bucket is full again; in order of last use."""

    def wait_s(self, key: str) -> float:
        """Seconds until this key has room for an event; 0 where it has."""
        full_at = self._full_at.get(key)
        return 0.0 if full_at is None else max(full_at - self._clock() - BURST_S, 0.0)

    def charge(self, key: str, events: int, rate_per_s: float) -> None:
        """Some events of this key were counted."""
        full_at = max(self._full_at.pop(key, 0.0), self._clock()) + events / rate_per_s
        if len(self._full_at) >= self._keys_max:
            del self._full_at[next(iter(self._full_at))]
        self._full_at[key] = full_at


class Admission:
    """What is checked whoever asks: the state, room, and rates."""

    def __init__(
        self, runtime: Runtime, settings: Settings, clock: Callable[[], float], wall_ms: Callable[[], int]
    ) -> None:  # fmt: skip
        self.gate = Gate(settings.in_flight_requests_max)
        self.buckets = Buckets(clock)
        self.wall_ms = wall_ms
        self.runtime = runtime
        self._stopping = False
        self._rate = settings.rate_events_per_s

    def stop(self) -> None:
        """Take in nothing more from now on."""
        self._stopping = True

    def standing(self) -> tuple[State, str]:
        """The state as clients see it, and why it is not ready."""
        state = self.runtime.state
        if self._stopping and state != "failed":
            return "stopping", "the service is stopping"
        return state, self.runtime.not_ready_because or f"the service is {state}"

    @property
    def is_ending(self) -> bool:
        """Whether waiting for room is in vain."""
        return self._stopping or self.runtime.state in ("stopping", "failed")

    def require_intake(self) -> None:
        """Raises Refused (503) unless events can be taken in now."""
        if self.runtime.state == "ready" and not self._stopping:
            return
        state, told = self.standing()
        raise refused("read-only" if state == "read-only" else "overloaded", told, retry_after(RETRY_S))

    def require_started(self) -> None:
        """Raises Refused (503) while what was taken in before cannot be asked for yet."""
        state, told = self.standing()
        if state in ("starting", "failed"):
            raise refused("overloaded", told, retry_after(RETRY_S))

    def require_rate(self, sender: Sender) -> None:
        """Raises Refused (429) where somebody has sent all that they may for now."""
        wait = self.buckets.wait_s(sender.key_id)
        if wait > 0:
            told = f"{self.rate_of(sender)} events a second may be sent, no more; come again in {wait:.1f} s"
            raise refused("rate-limited", told, retry_after(wait))

    def charge(self, sender: Sender, events: int) -> None:
        """Count events of this sender."""
        self.buckets.charge(sender.key_id, events, self.rate_of(sender))

    def rate_of(self, sender: Sender) -> int:
        """Events a second that a sender may send."""
        return sender.rate_per_s or self._rate
