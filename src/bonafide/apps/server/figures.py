"""Counting without locks: plain whole numbers, which the metrics read when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0)
"""Upper bounds of the intervals of durations."""


class Histogram:
    """How often a number fell at or under each of some bounds; one thread adds, any may read.

    >>> sizes = Histogram((1, 10))
    >>> for number in (1, 5, 50): sizes.add(number)
    >>> sizes.counts, sizes.total
    ([1, 1, 1], 56.0)
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Of the numbers in each interval; the last holds what is beyond all bounds."""
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a number."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
