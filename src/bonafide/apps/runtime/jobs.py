"""What waits to be decided: requests as jobs, and the bounded line that they wait in."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, Protocol

from bonafide.apps.problems import Reply
from bonafide.core.errors import BonafideError, InputError
from bonafide.core.events import Fact

RETRY_AFTER_S: Final = 1
"""When whoever was turned away may come again: the line is never longer than about a second of work."""


class Overloaded(BonafideError):  # noqa: N818  (a state of the service rather than a mistake)
    """Too much waits already; nothing of the request was taken in."""

    retry_after_s: int = RETRY_AFTER_S


class ReadOnly(BonafideError):  # noqa: N818
    """The disk is full or read-only; nothing of the request was taken in."""

    retry_after_s: int = RETRY_AFTER_S


class SentBy(Protocol):
    """Who sends: only its name is kept."""

    @property
    def key_id(self) -> str:
        """The id of the key, never the key."""


class Job:
    """The events of one request, in order, and the future that its answers complete."""

    __slots__ = ("answers", "asked_s", "events", "key_id", "raw", "received_ms", "size")

    def __init__(
        self, events: Sequence[Fact | InputError], raw: Sequence[bytes] | None, key_id: str, received_ms: int,
        answers: asyncio.Future[list[Reply]],
    ) -> None:  # fmt: skip
        self.events = events
        self.raw = raw
        self.key_id = key_id
        self.received_ms = received_ms
        self.answers = answers
        self.asked_s = time.monotonic()
        self.size = len(events)


class Turn:
    """Something that the deciding thread does between two batches: behind all that stands before it in the line, and
    before all that stands behind it. `done` has what came of it."""

    __slots__ = ("act", "done")

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.done: Future[Any] = Future()


class Line:
    """Jobs in the order in which they came, at most `events_max` events in all, and turns between them.

    Whoever puts in is the loop's thread, and whoever takes out is the decider's: the count is kept by the loop alone,
    which `leave` is called on when answers are out.
    """

    def __init__(self, events_max: int) -> None:
        self.events_max = events_max
        self.waiting = 0
        """Events put in and not answered yet."""
        self._jobs: queue.SimpleQueue[Job | Turn | None] = queue.SimpleQueue()

    def put(self, job: Job) -> None:
        """Add a job at the end; raises Overloaded where it does not fit, and takes nothing of it then.

        A job that alone is larger than the line is let into an empty one, or it could never be answered.
        """
        if self.waiting and self.waiting + job.size > self.events_max:
            raise Overloaded(f"{self.waiting} events wait already and at most {self.events_max} may; send it again")
        self.waiting += job.size
        self._jobs.put(job)

    def put_turn(self, turn: Turn) -> None:
        """Add a turn at the end; from any thread."""
        self._jobs.put(turn)

    def leave(self, events: int) -> None:
        """Some events were answered."""
        self.waiting -= events

    def end(self) -> None:
        """Nothing comes any more; `take` says so when all jobs before are out."""
        self._jobs.put(None)

    def take(self, events_max: int) -> tuple[list[Job], Turn | None, bool]:
        """Wait for a job or a turn, then take the jobs that wait with it, up to about `events_max` events or a turn.

        Returns the jobs, the turn that comes behind them, and whether more can come.
        """
        jobs: list[Job] = []
        events = 0
        job = self._jobs.get()
        while job is not None:
            if isinstance(job, Turn):
                return jobs, job, True
            jobs.append(job)
            events += job.size
            if events >= events_max:
                return jobs, None, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, None, True
        return jobs, None, False

    def give_up(self) -> None:
        """Nobody takes any more: whoever waits for a turn is told."""
        with suppress(queue.Empty):
            while True:
                left = self._jobs.get_nowait()
                if isinstance(left, Turn):
                    left.done.set_exception(Overloaded("nothing is done any more: it is stopping"))
