"""Fitting a scorecard: weight of evidence of optimal bins, a logistic regression over it, points that people can add.

The scale is stated: CREDIT_AT points where ODDS_AT payers stay good for one who goes bad, DOUBLES points for each
doubling of the odds. So a score is a probability in other words, and the risk levels are probabilities, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.engine.scorecard import (
    CREDIT_MAX,
    CREDIT_MIN,
    FAMILIES,
    POINTS_MAX,
    Card,
    CardInput,
    Declared,
    LevelBand,
    Scorecard,
    compile_scorecard,
    reachable,
)
from bonafide.lab.train.binning import Bins, bin_input, bins_of

Floats = NDArray[np.float64]

CREDIT_AT: Final = 600
ODDS_AT: Final = 50
DOUBLES: Final = 40
LEVELS: Final = ((0.20, "critical"), (0.05, "high"), (0.02, "medium"))
"""From this probability of going bad on, this level."""
VALUE_MIN: Final = 0.02
"""Information value below which an input tells nothing (Siddiqi, "Credit Risk Scorecards", 2006)."""
COEFFICIENT_MIN: Final = 0.05
BAD_MIN: Final = 20
"""Fewest bad rows that a scorecard can be fitted to, weak ones by their weight."""
RIDGE: Final = 1e-3
"""Of the regression, for each bad row: keeps alike inputs from taking each other's weight."""
STEP_POINTS_MAX: Final = 40
"""Between neighbouring bins: crossing one cut at most doubles the odds, and a low score has several causes."""
ITERATIONS_MAX: Final = 1_000


class Settings(Struct, frozen=True):
    """What a fit may be told besides its rows."""

    credit_at: int = CREDIT_AT
    odds_at: float = ODDS_AT
    doubles: float = DOUBLES
    step_points_max: float = STEP_POINTS_MAX
    value_min: float = VALUE_MIN

    @property
    def factor(self) -> float:
        """Points for each unit of ln odds."""
        return self.doubles / math.log(2)

    def credit_of(self, probability: float) -> float:
        """The exact score of a probability of going bad."""
        return self.credit_at + self.factor * (math.log((1 - probability) / probability) - math.log(self.odds_at))

    def probability_of(self, credit: float) -> float:
        """The probability of going bad that a score states."""
        return 1 / (1 + math.exp((credit - self.credit_at) / self.factor + math.log(self.odds_at)))


DEFAULT: Final = Settings()


class FittedInput(NamedTuple):
    """One input of a fit, kept or not."""

    declared: Declared
    bins: Bins
    coefficient: float
    """Of its weight of evidence; 0 where it was left out."""
    left_out: str | None
    """Why, in words."""


class Fitted(NamedTuple):
    """A scorecard, and all that it came from."""

    scorecard: Scorecard
    inputs: tuple[FittedInput, ...]
    """All declared inputs, in their order."""
    intercept: float
    rows: int
    bad: float
    """Bad rows, weak ones by their weight."""
    settings: Settings
    levels_lost: tuple[str, ...]
    """Levels that no payer can have by these points."""


def fit_scorecard(declared: Sequence[Declared], rows: Floats, bad: Floats, settings: Settings = DEFAULT) -> Fitted:
    """A scorecard over `declared` inputs from `rows` (n x inputs, NaN is missing) and `bad` (n,), from 0 to 1.

    The same rows give the same scorecard. Raises UsageError where there are fewer than BAD_MIN bad rows or none is
    good, or no input tells the two apart.
    """
    if bad.sum() < BAD_MIN or bad.sum() > bad.size - 1:
        told = f"{bad.sum():.0f} of {bad.size} rows are bad; a scorecard needs at least {BAD_MIN}, and good ones"
        raise UsageError(told)
    bins = [bin_input(rows[:, i], bad, one.direction) for i, one in enumerate(declared)]
    telling = [i for i, found in enumerate(bins) if found.cuts and found.value >= settings.value_min]
    most = [_most(found, settings) for found in bins]
    intercept, coefficients = _regress(rows, bad, bins, telling, most)
    kept = [i for i in telling if coefficients[i] >= COEFFICIENT_MIN]
    if not kept:
        raise UsageError("no input tells bad payers from others; give more rows, or other inputs")
    intercept, coefficients = _regress(rows, bad, bins, kept, most)
    inputs = tuple(
        FittedInput(one, bins[i], coefficients.get(i, 0.0), _why_left_out(i, bins[i], telling, kept))
        for i, one in enumerate(declared)
    )
    card, lost = _card(inputs, intercept, settings)
    return Fitted(
        compile_scorecard(card, declared), inputs, intercept, bad.size, float(bad.sum()), settings, lost
    )  # fmt: skip


def _why_left_out(i: int, bins: Bins, telling: Sequence[int], kept: Sequence[int]) -> str | None:
    if i in kept:
        return None
    if i in telling:
        return "other inputs tell the same"
    return f"tells too little (information value {bins.value:.3f})"


def _most(bins: Bins, settings: Settings) -> float | None:
    """The largest coefficient by which no step between neighbouring bins is too high; None where there is no step."""
    steps = np.abs(np.diff(bins.evidence[:-1]))
    if not steps.size or steps.max() == 0:
        return None
    # Points are rounded, which may part two by one more.
    return float((settings.step_points_max - 1) / (settings.factor * steps.max()))


def _regress(
    rows: Floats, bad: Floats, bins: Sequence[Bins], chosen: Sequence[int], most: Sequence[float | None]
) -> tuple[float, dict[int, float]]:
    """Intercept and coefficients, from 0 to `most`, of a logistic regression over the weight of evidence."""
    from scipy.optimize import minimize

    # Rows that fall into the same bins of every input are one row that weighs as much as they do.
    at = np.column_stack([bins_of(rows[:, i], bins[i].cuts) for i in chosen]) if chosen else np.zeros((bad.size, 0))
    kinds, which = np.unique(at, axis=0, return_inverse=True)
    evidence = np.ones((len(kinds), len(chosen) + 1))
    for column, i in enumerate(chosen, 1):
        evidence[:, column] = bins[i].evidence[kinds[:, column - 1].astype(np.int64)]
    weight = np.bincount(which.ravel(), minlength=len(kinds)).astype(np.float64)
    of_bad = np.bincount(which.ravel(), bad, len(kinds))
    total = bad.sum()

    def loss(beta: Floats) -> tuple[float, Floats]:
        margin = evidence @ beta
        error = weight / (1 + np.exp(-margin)) - of_bad
        value = np.dot(weight, np.logaddexp(0, margin)) - np.dot(of_bad, margin)
        held = np.concatenate(([0.0], beta[1:]))
        return float(value / total + RIDGE * np.dot(held, held) / 2), evidence.T @ error / total + RIDGE * held

    begin = np.concatenate(([math.log(total / (bad.size - total))], np.zeros(len(chosen))))
    bounds = [(None, None)] + [(0.0, most[i]) for i in chosen]
    options = {"maxiter": ITERATIONS_MAX, "ftol": 1e-12, "gtol": 1e-8}
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return float(found[0]), {i: float(found[column]) for column, i in enumerate(chosen, 1)}


def _card(inputs: Sequence[FittedInput], intercept: float, settings: Settings) -> tuple[Card, tuple[str, ...]]:
    """The points, and the levels that they can come to; and the names of the others."""
    base = round(settings.credit_at - settings.factor * (intercept + math.log(settings.odds_at)))
    base = min(max(base, CREDIT_MIN), CREDIT_MAX)
    kept = sorted((one for one in inputs if one.left_out is None), key=_place_of_family)
    card = Card(base, tuple(_points(one, settings) for one in kept), ())
    levels, lost = levels_within(reachable(card), settings)
    return Card(card.base, card.inputs, levels), lost


def levels_within(scores: tuple[int, int], settings: Settings) -> tuple[tuple[LevelBand, ...], tuple[str, ...]]:
    """The levels that points can come to, whose lowest and highest `scores` these are; and the names of the others."""
    lowest, highest = scores
    levels, lost, begin = list[LevelBand](), list[str](), lowest
    for probability, level in LEVELS:
        # Below the first whole score whose probability is too small for the level.
        below = math.floor(settings.credit_of(probability)) + 1
        if lowest < below <= highest and begin < below:
            levels.append(LevelBand(below, level))  # type: ignore[arg-type]
            begin = below
        else:
            lost.append(level)
    return tuple(levels), tuple(lost)


def _place_of_family(one: FittedInput) -> int:
    family = one.declared.family
    return len(FAMILIES) if family is None else FAMILIES.index(family)


def _points(one: FittedInput, settings: Settings) -> CardInput:
    """Whole points of an input; bins that come to the same points are one."""
    exact = -settings.factor * one.coefficient * one.bins.evidence
    points = [min(max(round(value), -POINTS_MAX), POINTS_MAX) for value in exact.tolist()]
    differ = [low != high for low, high in pairwise(points[:-1])]
    cuts = tuple(cut for cut, parts in zip(one.bins.cuts, differ, strict=True) if parts)
    kept = [points[0], *(point for point, parts in zip(points[1:-1], differ, strict=True) if parts)]
    return CardInput(one.declared.name, cuts, tuple(kept), points[-1])


def credits_of(scorecard: Scorecard, rows: Floats) -> NDArray[np.int64]:
    """The credit score of each row (n x declared inputs), as the kernel gives it."""
    total: NDArray[np.int64] = scorecard.card.base + points_of_rows(scorecard, rows).sum(axis=1)
    return total.clip(CREDIT_MIN, CREDIT_MAX)


def points_of_rows(scorecard: Scorecard, rows: Floats) -> NDArray[np.int64]:
    """The points that each input of the card brings each row: (n, inputs of the card)."""
    places = {one.name: place for place, one in enumerate(scorecard.declared)}
    told = [
        np.array([*one.points, one.missing], np.int64)[bins_of(rows[:, places[one.name]], one.cuts)]
        for one in scorecard.card.inputs
    ]
    return np.column_stack(told)
