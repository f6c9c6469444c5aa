"""Splits by time: train, then a gap, then validate, then a gap, then test, then a gap.

A model that is trained at a moment knows the labels that had arrived by then. Payments made shortly before it have had
no time to be found out, so they would teach that cash-out is honest: the gap leaves them out. A part is therefore the
payments of a span that ends one gap before the moment at which its labels are read.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Ints
from bonafide.lab.train.labels import CASH_OUT, Arrived

VALIDATED_FROM: Final = 0.55
TESTED_FROM: Final = 0.775
"""Of the span of the payments."""
GAP_FRACTION_MAX: Final = 0.1
"""A gap is the median delay of the labels, and at most this part of the span."""


class Part(NamedTuple):
    """Payments from `from_ms` until before `to_ms`, judged by what was known at `known_ms`."""

    from_ms: int
    to_ms: int
    known_ms: int

    def rows(self, time_ms: Ints) -> np.typing.NDArray[np.intp]:
        """Numbers of the payments in it."""
        return np.flatnonzero((time_ms >= self.from_ms) & (time_ms < self.to_ms))


class Split(NamedTuple):
    """The parts of a log."""

    train: Part
    validate: Part
    before_test: Part
    """What a model that is tested may learn from: everything before the test, as it was known when the test begins."""
    test: Part
    everything: Part
    """What the model that is shipped learns from."""
    gap_ms: int


def delay_ms(time_ms: Ints, arrived: Arrived) -> int | None:
    """Median time from a payment to its label as cash-out; None without one."""
    found = arrived.label == CASH_OUT
    return int(np.median((arrived.arrived_ms - time_ms)[found])) if found.any() else None


def split_period(period: Part) -> Split:
    """The split of a period whose labels are all read at one moment, when it has been found out: it needs no gaps."""
    first, end, known = period
    validated, tested = (first + int(part * (end - first)) for part in (VALIDATED_FROM, TESTED_FROM))
    return Split(
        Part(first, validated, known),
        Part(validated, tested, known),
        Part(first, tested, known),
        Part(tested, end, known),
        period,
        0,
    )


def split_by_time(time_ms: Ints, last_ms: int, delay: int | None) -> Split:
    """The split of payments at `time_ms` (at least one) of a log whose latest time is `last_ms`."""
    first = int(time_ms.min())
    span = last_ms + 1 - first
    gap = min(delay if delay is not None else DAY_MS, int(GAP_FRACTION_MAX * span))
    validated, tested = (first + int(part * span) for part in (VALIDATED_FROM, TESTED_FROM))
    end = last_ms + 1
    return Split(
        Part(first, validated - gap, validated),
        Part(validated, tested - gap, tested),
        Part(first, tested - gap, tested),
        Part(tested, end - gap, end),
        Part(first, end - gap, end),
        gap,
    )
