"""Counting without locks or objects: plain whole numbers that the metrics read when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the buckets of durations."""
SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0)
"""Upper bounds of the buckets of batch sizes."""
AGES: Final = (1.0, 10.0, 60.0, 300.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0)
"""Upper bounds, in seconds, of the buckets of how long after their time events arrive."""


class Tally:
    """A histogram: how many values lay at or below each bound, and their sum. One thread adds; any may read.

    >>> tally = Tally((1.0, 2.0))
    >>> tally.add(1.5); tally.add(9.0); tally.counts, tally.total
    ([0, 1, 1], 10.5)
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add_all(self, values: Iterable[float]) -> None:
        """Count some values."""
        for value in values:
            self.add(value)


@dataclass
class Figures:
    """What the deciding process counted since it started, and how it stands; what it does not know stays as it is."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(event type, what became of it): an outcome, taught, duplicate, conflict, or why it was refused."""
    queue_events: int = 0
    """Events that wait to be decided."""
    commit_s: Tally = field(default_factory=lambda: Tally(SECONDS))
    """Seconds that a commit took, until it was durable."""
    commit_events: Tally = field(default_factory=lambda: Tally(SIZES))
    shed_events: int = 0
    """Events refused because the queue was full."""
    deadline_events: int = 0
    """Events answered by the fail modes because the deadline passed."""
    conflicts: int = 0
    dead_letters: int = 0
    """That wait for redrive or expiry."""
    next_seq: int = 0
    recovery_s: float = 0.0
    recovered_events: int = 0
    snapshot_age_s: float | None = None
    """None: there is no snapshot yet."""
    journal_bytes: int = 0
    state_memory_bytes: int = 0
