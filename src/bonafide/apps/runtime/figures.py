"""What the runtime counts about itself: plain numbers, added to once a batch, read by whoever shows metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0)
EVENTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
LATENESS_S: Final = (1, 5, 30, 60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000)


class Histogram:
    """How often a number fell at or under each of some bounds.

    >>> sizes = Histogram((1, 10))
    >>> for number in (1, 5, 50): sizes.add(number)
    >>> sizes.counts, sizes.total, sizes.number
    ([1, 1, 1], 56.0, 3)
    """

    __slots__ = ("bounds", "counts", "number", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Of the numbers in each interval; the last holds what is beyond all bounds."""
        self.total = 0.0
        self.number = 0

    def add(self, value: float, times: int = 1) -> None:
        """Count a number."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times
        self.number += times


class Figures:
    """Counts since the process began."""

    def __init__(self) -> None:
        self.decided: Counter[tuple[str, str]] = Counter()
        """By type of event and outcome."""
        self.shadow: Counter[tuple[str, str]] = Counter()
        """Of decisions beside which a challenger watched, by their outcome and the one that it would have said."""
        self.arms: Counter[tuple[str, str]] = Counter()
        """Of decisions in a rollout, by arm and outcome."""
        self.taught: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """By reason: those of `core.errors`, and undecidable."""
        self.duplicates = 0
        self.alerts = 0
        self.turned_away: Counter[str] = Counter()
        """Events not taken in, by why: overloaded, read-only, stopping, deadline."""
        self.batch_events = Histogram(EVENTS)
        self.engine_seconds = Histogram(SECONDS)
        self.commit_seconds = Histogram(SECONDS)
        self.answer_seconds = Histogram(SECONDS)
        """From when a request was taken in to when its answer was ready, by event."""
        self.lateness_seconds = Histogram(LATENESS_S)
        """How far behind the clock the first event of a request was."""
        self.activations = 0
        self.switch_seconds = Histogram(SECONDS)
        """How long the deciding thread was held up by each activation, its record's commit included."""
        self.switch_processor_seconds = Histogram(SECONDS)
        """How long it worked for that, whatever else the machine did."""
        self.snapshots = 0
        self.rebuilt = 0
        """How often the engine was made anew from the journal because it failed on an event."""
