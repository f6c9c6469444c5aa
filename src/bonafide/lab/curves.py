"""Threshold curves: what a ranking catches and what it disturbs at every real threshold, for any weighting of its rows.

Sorting is done once; a weighting (one integer per row, so that every sum is exact) then costs a few passes. Weights of
one judge the log itself; a bootstrap weighs each row by how often its entity was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
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
    return float(np.dot(np.diff(curve.bad, prepend=0), _precision(curve))) / curve.bad_total


def ks(curve: Curve) -> float | None:
    """Largest distance between the two classes' distributions of score (Kolmogorov-Smirnov); None without both."""
    if not curve.has_both:
        return None
    return float(np.abs(curve.bad / curve.bad_total - curve.good / curve.good_total).max())


def recall_at_precision(curve: Curve, precision: float) -> float | None:
    """Largest recall of a threshold whose precision is at least `precision`, 0 where none is; None without both."""
    if not curve.has_both:
        return None
    reached = curve.bad[_precision(curve) >= precision]
    return float(reached[-1]) / curve.bad_total if reached.size else 0.0


def tpr_at_fpr(curve: Curve, fpr: float) -> float | None:
    """Largest recall of a threshold that disturbs at most `fpr` of honest rows, 0 where none does; None without both.

    Only real thresholds count: nothing is interpolated inside a tie.
    """
    if not curve.has_both:
        return None
    within = curve.bad[curve.good / curve.good_total <= fpr]
    return float(within[-1]) / curve.bad_total if within.size else 0.0


def _precision(curve: Curve) -> Floats:
    alerted = curve.bad + curve.good
    # A resample can leave the first thresholds without weight; they catch nothing, whatever their precision is called.
    return np.asarray(curve.bad / np.maximum(alerted, 1), dtype=np.float64)


class DailyBudget:
    """What a team that looks at the `budget` highest scores of each day gets to see.

    `day`, `score`, `seq` and `bad` are (rows,); within a day equal scores rank by `seq`. `order` is that ranking as row
    numbers.
    """

    def __init__(self, day: Ints, score: Floats, seq: Ints, bad: Flags, budget: int) -> None:
        self.order: npt.NDArray[np.intp] = np.lexsort((seq, -score, day))
        days = day[self.order]
        first = np.ones(day.size, dtype=np.bool_)
        first[1:] = days[1:] != days[:-1]
        self._day_starts = np.flatnonzero(first)
        self._bad_at = np.flatnonzero(bad[self.order])
        self._bad_day = (np.cumsum(first) - 1)[self._bad_at]
        self._budget = budget

    def taken(self, weight: Ints) -> tuple[int, int]:
        """Weight looked at and the cash-out weight in it, under `weight`, one per row *in this order*.

        A row of weight three stands for three rows with the same place in the ranking; the budget may end among them.
        """
        if not weight.size:
            return 0, 0
        up_to = np.cumsum(weight)
        before_day = up_to[self._day_starts] - weight[self._day_starts]
        per_day = np.diff(np.append(before_day, up_to[-1]))
        bad_weight = weight[self._bad_at]
        before_bad = up_to[self._bad_at] - bad_weight - before_day[self._bad_day]
        hits = np.clip(self._budget - before_bad, 0, bad_weight)
        return int(np.minimum(per_day, self._budget).sum()), int(hits.sum())
