"""The Fraud Detection Handbook's protocol: weekly folds, customers that leave, and card precision.

Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection", 2022, chapters
4.4 and 5. A fold learns from the payments of seven days, waits seven days for their labels and is judged on the seven
days after. A customer whose fraud is known leaves: nobody needs a score to stop a card that is known to be stolen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.train.figures import Judged, Ranks

WEEK_MS: Final = 7 * DAY_MS
BUDGET: Final = 100
"""Cards that are looked at in a day."""


class Fold(NamedTuple):
    """Where a fold begins, in ms at a midnight; everything else follows."""

    start_ms: int

    @property
    def learnt_until_ms(self) -> int:
        return self.start_ms + WEEK_MS

    @property
    def test_ms(self) -> int:
        """Where the test begins, and what is learnt from is known."""
        return self.start_ms + 2 * WEEK_MS

    @property
    def end_ms(self) -> int:
        return self.start_ms + 3 * WEEK_MS


def first_known(customer: Ints, time_ms: Ints, bad: Flags, known_ms: Ints, fold: Fold) -> Ints:
    """(customers,) when it first became known that a customer's card was used for fraud since the fold began.

    `customer` counts from 0; one of whom nothing becomes known has the largest whole number.
    """
    known = np.full(int(customer.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    counted = bad & (time_ms >= fold.start_ms)
    np.minimum.at(known, customer[counted], known_ms[counted])
    return known


def judging(customer: Ints, time_ms: Ints, bad: Flags, known_ms: Ints, fold: Fold) -> NDArray[np.intp]:
    """Numbers of the payments that judge: those of the test week whose customer was not known as the day began."""
    known = first_known(customer, time_ms, bad, known_ms, fold)
    day_begins = time_ms - time_ms % DAY_MS
    inside = (time_ms >= fold.test_ms) & (time_ms < fold.end_ms)
    return np.flatnonzero(inside & (known[customer] >= day_begins))


class CardPrecision:
    """Part of the `budget` cards of each day that are found; a `Measure`.

    Each day the customers rank by their highest score, and the first `budget` are looked at. One of them is found where
    any of its payments of that day is fraud, and is not looked at again. The share is of `budget`, as the handbook has
    it, and the mean is over days. A customer that was drawn twice counts as two.
    """

    names: tuple[str, ...] = ("card_precision",)

    def __init__(self, score: Floats, customer: Ints, time_ms: Ints, bad: Flags, budget: int = BUDGET) -> None:
        day = time_ms // DAY_MS
        self._days = [_ranked(score[day == one], customer[day == one], bad[day == one]) for one in np.unique(day)]
        self._budget = budget

    def of(self, weight: Ints) -> Floats:
        """The precision under a weighting of the customers; see `Measure`."""
        left = weight.copy()
        found = []
        for customers, bad in self._days:
            present = left[customers]
            before = np.cumsum(present) - present
            hits = np.where(bad, np.clip(self._budget - before, 0, present), 0)
            left[customers] -= hits
            found.append(hits.sum() / self._budget)
        return np.array([np.mean(found) if found else np.nan])


def _ranked(score: Floats, customer: Ints, bad: Flags) -> tuple[NDArray[np.int64], Flags]:
    """The customers of a day by their highest score, equal ones by their number, and whether each has fraud."""
    some, place = np.unique(customer, return_inverse=True)
    highest = np.full(len(some), -np.inf)
    np.maximum.at(highest, place, score)
    has_bad = np.zeros(len(some), dtype=np.bool_)
    has_bad[place[bad]] = True
    order = np.lexsort((some, -highest))
    return some[order], has_bad[order]


class Ranked(NamedTuple):
    """One fold's payments, with what two models say of each."""

    customer: Ints
    """The same number for the same customer in every fold."""
    time_ms: Ints
    bad: Flags
    ours: Floats
    theirs: Floats


FIGURES: Final = ("auc", "ap", "card_precision")


class Compared:
    """Figures of two models as means over folds, and how much higher the first's are; a `Measure`.

    A resample draws customers, and all their payments in all folds with them, for both models alike.
    """

    def __init__(self, folds: Sequence[Ranked], customers: int) -> None:
        self._pairs = [tuple(_measures(score, fold, customers) for score in (fold.ours, fold.theirs)) for fold in folds]
        self.names: tuple[str, ...] = tuple(f"{who}/{name}" for who in ("ours", "theirs", "more") for name in FIGURES)

    def of(self, weight: Ints) -> Floats:
        """The figures under a weighting of the customers; see `Measure`."""
        of_folds = np.array([[_figures(measures, weight) for measures in pair] for pair in self._pairs])
        ours, theirs = of_folds.mean(axis=0)
        return np.concatenate((ours, theirs, ours - theirs))


def _measures(score: Floats, fold: Ranked, customers: int) -> tuple[Ranks, CardPrecision]:
    told = Judged(fold.bad, fold.customer, np.zeros(len(score), np.int64), customers)
    return Ranks(score, told), CardPrecision(score, fold.customer, fold.time_ms, fold.bad)


def _figures(measures: tuple[Ranks, CardPrecision], weight: Ints) -> Floats:
    ranks, cards = measures
    return np.concatenate((ranks.of(weight)[:2], cards.of(weight)))
