"""Threshold curves: what a ranking catches and what it disturbs at every real threshold, for any weighting of its rows.

Sorting is done once; a weighting (one integer per row, so that every sum is exact) then costs a few passes. Weights of
one judge the log itself; a bootstrap weighs each row by how often its entity was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TC_PARTS: Final = ((0.001, 0.4), (0.005, 0.3), (0.01, 0.3))
"""(false-positive rate, weight) of the TC score."""


@dataclass(frozen=True)
class Curve:
    """Weight at or above each threshold, thresholds falling; rows with equal scores share one threshold."""

    bad: Ints
    """(thresholds,) weight of cash-out rows caught."""
    good: Ints
    """(thresholds,) weight of honest rows disturbed."""

    @property
    def bad_total(self) -> int:
        """Weight of all cash-out rows."""
        return int(self.bad[-1]) if self.bad.size else 0

    @property
    def good_total(self) -> int:
        """Weight of all honest rows."""
        return int(self.good[-1]) if self.good.size else 0

    @property
    def has_both(self) -> bool:
        """Whether there is anything to tell apart."""
        return self.bad_total > 0 and self.good_total > 0

    @cached_property
    def recall(self) -> Floats:
        """(thresholds,) share of cash-out caught, 0..1; only of a curve that has cash-out."""
        return np.asarray(self.bad / self.bad_total, dtype=np.float64)

    @cached_property
    def false_positive_rate(self) -> Floats:
        """(thresholds,) share of honest rows disturbed, 0..1; only of a curve that has honest rows."""
        return np.asarray(self.good / self.good_total, dtype=np.float64)

    @cached_property
    def precision(self) -> Floats:
        """(thresholds,) share of cash-out among what is caught, 0..1; 0 at a threshold that catches nothing."""
        # A resample can leave the first thresholds without weight.
        return np.asarray(self.bad / np.maximum(self.bad + self.good, 1), dtype=np.float64)


class Ranking:
    """Rows in falling order of score.

    `score` is (rows,) finite; `bad` is (rows,) true for cash-out. `order` is the ranking as row numbers.
    """

    def __init__(self, score: Floats, bad: Flags) -> None:
        self.order: npt.NDArray[np.intp] = np.argsort(-score, kind="stable")
        falling = score[self.order]
        first = np.ones(score.size, dtype=np.bool_)
        first[1:] = falling[1:] != falling[:-1]
        self._level_starts = np.flatnonzero(first)
        self._bad_at = np.flatnonzero(bad[self.order])
        self._bad_level = (np.cumsum(first) - 1)[self._bad_at]

    def curve(self, weight: Ints) -> Curve:
        """The curve under `weight`, one per row *in ranking order*."""
        if not weight.size:
            return Curve(np.zeros(0, np.int64), np.zeros(0, np.int64))
        of_all = np.cumsum(np.add.reduceat(weight, self._level_starts))
        # Weights are counts, and sums of counts below 2^53 are exact in the doubles that bincount adds in.
        of_bad = np.bincount(self._bad_level, weight[self._bad_at], self._level_starts.size).astype(np.int64)
        caught = np.cumsum(of_bad)
        return Curve(caught, of_all - caught)


def auc(curve: Curve) -> float | None:
    """Chance that a cash-out row outranks an honest one, ties counting half (midranks); None without both."""
    if not curve.has_both:
        return None
    bad, good = np.diff(curve.bad, prepend=0), np.diff(curve.good, prepend=0)
    outranked_twice = 2 * (curve.good_total - curve.good) + good
    return float(np.dot(bad, outranked_twice)) / (2.0 * curve.bad_total * curve.good_total)


def average_precision(curve: Curve) -> float | None:
    """Precision at each threshold weighted by the recall it adds (scikit-learn's definition); None without both."""
    if not curve.has_both:
        return None
    return float(np.dot(np.diff(curve.bad, prepend=0), curve.precision)) / curve.bad_total


def ks(curve: Curve) -> float | None:
    """Largest distance between the two classes' distributions of score (Kolmogorov-Smirnov); None without both."""
    if not curve.has_both:
        return None
    return float(np.abs(curve.recall - curve.false_positive_rate).max())


def recall_at_precision(curve: Curve, precision: float) -> float | None:
    """Largest recall of a threshold whose precision is at least `precision`, 0 where none is; None without both."""
    if not curve.has_both:
        return None
    reached = curve.bad[curve.precision >= precision]
    return float(reached[-1]) / curve.bad_total if reached.size else 0.0


def tpr_at_fpr(curve: Curve, fpr: float) -> float | None:
    """Largest recall of a threshold that disturbs at most `fpr` of honest rows, 0 where none does; None without both.

    Only real thresholds count: nothing is interpolated inside a tie.
    """
    if not curve.has_both:
        return None
    within = int(np.searchsorted(curve.false_positive_rate, fpr, side="right"))
    return float(curve.recall[within - 1]) if within else 0.0


def tc_score(curve: Curve) -> float | None:
    """0.4 recall at 0.1 % of honest rows disturbed + 0.3 at 0.5 % + 0.3 at 1 %, 0..1; None without both.

    The measure of the Orange Finance (甜橙金融) fraud competition; recall as `tpr_at_fpr` has it.
    """
    if not curve.has_both:
        return None
    return sum(weight * (tpr_at_fpr(curve, rate) or 0.0) for rate, weight in TC_PARTS)


def recall_on(curve: Curve, rates: Floats) -> Floats:
    """The receiver operating characteristic at `rates` (false-positive rates, rising), for a drawing; NaN without both.

    Between thresholds the line is straight, as if the rows of a tie were taken in random order.
    """
    if not curve.has_both:
        return np.full(rates.size, np.nan)
    start = np.zeros(1)
    return np.interp(rates, np.concatenate((start, curve.false_positive_rate)), np.concatenate((start, curve.recall)))


def precision_on(curve: Curve, recalls: Floats) -> Floats:
    """Precision of the first threshold that reaches each of `recalls` (above 0, at most 1), for a drawing; NaN
    without both."""
    if not curve.has_both:
        return np.full(recalls.size, np.nan)
    # A recall of 1 is not missed by a rounded sum: the last threshold stands for whatever lies beyond it.
    place = np.minimum(np.searchsorted(curve.recall, recalls, side="left"), curve.recall.size - 1)
    return curve.precision[place]
