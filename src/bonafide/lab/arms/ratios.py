"""Figures as sums over subjects divided by sums over subjects, with intervals that know that a subject's events go
together.

A figure of one arm is R = sum(y) / sum(x) over its subjects. To first order its variance is that of the sum of
y - R x over independent subjects, over the square of sum(x) (the linearised ratio estimator: Cochran, Sampling
Techniques, 3rd ed., 6.4). Where few subjects hold most of the whole, as with money, it rests on fewer than there are:
n = sum(x)^2 / sum(x^2) (Kish's effective sample), of which one is lost to R and by which the quantile is Student's.
Arms are different subjects drawn by chance, so the variance of a difference is the sum of both, with Welch's degrees of
freedom. `tests/lab/arms` holds on skewed data that such intervals have the truth in them about as often as they say.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.lab.arms.told import Difference, Figure
from bonafide.lab.curves import Floats
from bonafide.lab.intervals import Interval

Z_95: Final = 1.959964
EFFECTIVE_MIN: Final = 5
SUBJECTS_MIN: Final = 10
"""Of whom something is counted: below, a sum is no bell curve yet, and no interval is told."""


class Ratio(NamedTuple):
    """A figure of one arm."""

    value: float | None
    variance: float | None
    """None where too few subjects have anything of it."""
    n: float = 0.0
    """How many subjects it rests on, in effect."""


def ratio(part: Floats, whole: Floats, per: float = 1.0) -> Ratio:
    """`per` times the sum of `part` over the sum of `whole`, of which each subject adds one number to both."""
    total = float(whole.sum())
    if total <= 0:
        return Ratio(None, None)
    value = float(part.sum()) / total
    counted = int(np.count_nonzero(part))
    # A share of which nearly all have all is as little of a bell curve as one of which hardly any have any.
    lacking = int(np.count_nonzero(part < whole))
    effective = total**2 / float((whole**2).sum())
    few = min(counted, lacking) if (part <= whole).all() else counted
    if few < SUBJECTS_MIN or effective < EFFECTIVE_MIN:
        return Ratio(per * value, None)
    left = part - value * whole
    spread = float((left**2).sum()) / total**2 * effective / (effective - 1)
    return Ratio(per * value, per**2 * spread, effective)


def figure_of(one: Ratio) -> Figure:
    """A figure with its interval."""
    if one.value is None or one.variance is None:
        return Figure(one.value)
    return Figure(one.value, _around(one.value, one.variance, one.n - 1))


def difference(name: str, one: Ratio, against: Ratio) -> Difference:
    """How much more a figure is in one arm than in another."""
    if one.value is None or against.value is None:
        return Difference(name, None, None, clear=False)
    value = one.value - against.value
    if one.variance is None or against.variance is None:
        return Difference(name, value, None, clear=False)
    spread = one.variance + against.variance
    freedom = spread**2 / (one.variance**2 / (one.n - 1) + against.variance**2 / (against.n - 1)) if spread else one.n
    low, high = _around(value, spread, freedom)
    return Difference(name, value, (low, high), clear=low > 0 or high < 0)


def standard_errors(one: Floats, other: Floats) -> float:
    """The difference of two means in its standard errors; 0 where nobody differs."""
    spread = sum(float(some.var(ddof=1)) / len(some) for some in (one, other) if len(some) > 1)
    gap = float(one.mean() - other.mean())
    return gap / spread**0.5 if spread > 0 else 0.0


def _around(value: float, variance: float, freedom: float) -> Interval:
    half = student_95(freedom) * variance**0.5
    return value - half, value + half


def student_95(freedom: float) -> float:
    """Student's quantile that leaves 2.5 % out on each side, by its expansion (Abramowitz and Stegun, 26.7.5).

    >>> [round(student_95(f), 2) for f in (5, 10, 30, 1e9)]  # tables: 2.57, 2.23, 2.04, 1.96
    [2.57, 2.23, 2.04, 1.96]
    """
    z = Z_95
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
