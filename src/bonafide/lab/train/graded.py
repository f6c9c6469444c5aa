"""Fitting the merchants' card: lines between knots, by a logistic regression that may not go against a direction.

Each input becomes ramps, one from each knot to the next, and each ramp has a weight of no less than zero, so that more
of what speaks against a merchant never gives points. Two bounds hold how much one event moves a score: `most` of each
input for an event that adds to it, and FADES for a good sale, which lessens every share at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.engine.bundles.inputs import MerchantInput, declared_graded
from bonafide.engine.graded import Graded, GradedCard, GradedInput, compile_graded, reachable
from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN, POINTS_MAX
from bonafide.lab.curves import Floats
from bonafide.lab.train.scorecard import (
    BAD_MIN,
    DEFAULT,
    ITERATIONS_MAX,
    ODDS_AT,
    Settings,
    levels_within,
)  # fmt: skip

FADES: Final = 2.9
"""Points that one more good sale may move all inputs by, together."""
RIDGE: Final = 0.02
"""Of the regression, for each bad row: bad merchants are few, and alike inputs share what they tell."""
KNOT_DIGITS: Final = 3
OF_ALL: Final = (0.5, 0.9, 0.99)
OF_BAD: Final = (0.5, 0.75)
"""Where knots stand: at these quantiles of all rows, and of those that went bad."""
LEAST_POINTS: Final = 3
"""An input that never makes so much of a difference is left out."""
LEAST_BEND: Final = 1.0
"""A knot that lies so near the line between its neighbours is left out."""
ROUNDS: Final = 8
TIGHTER: Final = 0.98


class GradedFit(NamedTuple):
    """A card, and what it came from."""

    graded: Graded
    rows: int
    bad: float
    scale: Settings
    """What scores state of the rows that it was fitted to."""
    left_out: tuple[str, ...]
    levels_lost: tuple[str, ...]
    """Levels that no merchant can have by these points."""


class _Ramps(NamedTuple):
    """One input as columns."""

    knots: tuple[float, ...]
    columns: Floats
    """n x ramps: from 0 to 1 between two knots, of `down` to -1. Missing is 0, as the first knot is."""


def fit_graded(declared: Sequence[MerchantInput], rows: Floats, bad: Floats, settings: Settings = DEFAULT) -> GradedFit:
    """A card over `declared` inputs from `rows` (n x inputs, NaN is missing) and `bad` (n,), 0 or 1.

    The same rows give the same card. Raises UsageError where there are fewer than BAD_MIN bad rows or none is good.
    """
    if bad.sum() < BAD_MIN or bad.sum() > bad.size - 1:
        told = f"{bad.sum():.0f} of {bad.size} moments of merchants are bad; a card needs {BAD_MIN}, and good ones"
        raise UsageError(told)
    ramps = [_ramps_of(rows[:, i], bad, one) for i, one in enumerate(declared)]
    most = [_most(one, told, settings) for one, told in zip(declared, ramps, strict=True)]
    least = [_least(*each, settings) for each in zip(declared, ramps, most, strict=True)]
    intercept, weights = _regress(ramps, bad, least, most)
    for _ in range(ROUNDS):
        fades = [_fade(*each, settings) for each in zip(declared, ramps, weights, strict=True)]
        if sum(fades) <= FADES:
            break
        # What fades too fast is held to its part of what there is, and the others may take over.
        tight = FADES / sum(fades) * TIGHTER
        for i, fade in enumerate(fades):
            if fade > 0:
                most[i] = np.minimum(most[i], _held(declared[i], ramps[i], fade * tight, settings))
                least[i] = np.minimum(least[i], most[i])
        intercept, weights = _regress(ramps, bad, least, most)
    return _card(declared, ramps, intercept, weights, rows, bad, settings)


def _ramps_of(values: Floats, bad: Floats, one: MerchantInput) -> _Ramps:
    known = values[~np.isnan(values)]
    of_bad = values[(bad > 0) & ~np.isnan(values)]
    places = [0.0]
    for some, parts in ((known, OF_ALL), (of_bad, OF_BAD)):
        places += np.quantile(some, parts).tolist() if some.size else []
    knots = one.shape.knots or tuple(sorted({float(f"{place:.{KNOT_DIGITS}g}") for place in places}))
    knots = knots if len(knots) > 1 else (knots[0], knots[0] + 1.0)
    columns = np.zeros((values.size, max(len(knots) - 1, 0)))
    for j, (low, high) in enumerate(pairwise(knots)):
        part = np.clip((values - low) / (high - low), 0.0, 1.0)
        columns[:, j] = part if one.direction == "up" else -part
    columns[np.isnan(values)] = 0.0
    return _Ramps(knots, columns)


def _most(one: MerchantInput, told: _Ramps, settings: Settings) -> Floats:
    """The largest weight of each ramp by which no event that adds to the input moves the score too far."""
    widths, shape = np.diff(told.knots), one.shape
    if shape.most is None:
        return np.full(widths.size, POINTS_MAX / settings.factor)
    points = shape.most * widths / (widths.sum() if shape.step is None else shape.step)
    return np.asarray(points / settings.factor)


def _least(one: MerchantInput, told: _Ramps, most: Floats, settings: Settings) -> Floats:
    """The smallest weight of each ramp: what the input takes at least, on one line from its first knot to its last."""
    widths = np.diff(told.knots)
    return np.asarray(
        np.minimum(one.shape.least * widths / widths.sum() / settings.factor if widths.size else most, most)
    )


def _reach(one: MerchantInput, ends: Floats) -> Floats | None:
    """How far one more good sale moves the input at the upper end of each ramp, in steps; None where it does not."""
    if one.shape.fades:
        return ends
    return np.ones(ends.size) if one.shape.step is not None and one.direction == "down" else None


def _held(one: MerchantInput, told: _Ramps, points: float, settings: Settings) -> Floats:
    """The largest weight of each ramp by which one more good sale moves the score by no more than so many points."""
    reach = _reach(one, np.array(told.knots[1:]))
    if reach is None or one.shape.step is None:
        return np.full(len(told.knots[1:]), np.inf)
    return np.asarray(points / (one.shape.step * reach) * np.diff(told.knots) / settings.factor)


def _fade(one: MerchantInput, told: _Ramps, weights: Floats, settings: Settings) -> float:
    """By how many points one more good sale moves the score through this input at most."""
    reach = _reach(one, np.array(told.knots[1:]))
    if reach is None or one.shape.step is None or not weights.size:
        return 0.0
    return float((settings.factor * weights / np.diff(told.knots) * reach * one.shape.step).max())


def _regress(
    ramps: Sequence[_Ramps], bad: Floats, least: Sequence[Floats], most: Sequence[Floats]
) -> tuple[float, list[Floats]]:
    """The intercept and the weight of each ramp, from `least` to `most`, of a logistic regression."""
    from scipy.optimize import minimize

    x = np.column_stack([np.ones(bad.size), *(told.columns for told in ramps)])
    total = bad.sum()

    def loss(beta: Floats) -> tuple[float, Floats]:
        margin = x @ beta
        value = np.logaddexp(0, margin).sum() - np.dot(bad, margin)
        held = np.concatenate(([0.0], beta[1:]))
        slope = x.T @ (1 / (1 + np.exp(-margin)) - bad)
        return float(value / total + RIDGE * np.dot(held, held) / 2), slope / total + RIDGE * held

    begin = np.concatenate(([math.log(total / (bad.size - total))], *least))
    pairs = zip(np.concatenate(least).tolist(), np.concatenate(most).tolist(), strict=True)
    bounds = [(None, None), *pairs]
    options = {"maxiter": ITERATIONS_MAX, "ftol": 1e-12, "gtol": 1e-7}
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    ends = np.cumsum([0, *(one.size for one in most)])
    return float(found[0]), [found[1 + low : 1 + high] for low, high in pairwise(ends.tolist())]


def _card(
    declared: Sequence[MerchantInput], ramps: Sequence[_Ramps], intercept: float, weights: Sequence[Floats],
    rows: Floats, bad: Floats, settings: Settings,
) -> GradedFit:  # fmt: skip
    """Whole points at the knots; base is what a merchant has against whom nothing is known and who has sold nothing."""
    inputs, left_out = list[GradedInput](), list[str]()
    for one, told, own in zip(declared, ramps, weights, strict=True):
        points = _points(one, told, own, settings)
        if points is None:
            left_out.append(one.name)
        else:
            inputs.append(points)
    if not inputs:
        raise UsageError("no input tells bad merchants from others; give a longer log, or other inputs")
    base = round(settings.credit_at - settings.factor * (intercept + math.log(settings.odds_at)))
    card = GradedCard(min(max(base, CREDIT_MIN), CREDIT_MAX), tuple(inputs), ())
    scale = _scale(graded_scores(compile_graded(card, declared_graded(declared)), rows), bad)
    levels, lost = levels_within(reachable(card), scale)
    graded = compile_graded(GradedCard(card.base, card.inputs, levels), declared_graded(declared))
    return GradedFit(graded, bad.size, float(bad.sum()), scale, tuple(left_out), lost)


def _scale(scores: NDArray[np.int64], bad: Floats) -> Settings:
    """What scores state of these rows: the bounds on moves hold points nearer together than odds would have them."""
    from scipy.optimize import minimize

    middle, spread = float(scores.mean()), max(float(scores.std()), 1.0)
    x = np.column_stack([np.ones(bad.size), (middle - scores) / spread])

    def loss(beta: Floats) -> tuple[float, Floats]:
        margin = x @ beta
        value = np.logaddexp(0, margin).sum() - np.dot(bad, margin)
        return float(value / bad.sum()), x.T @ (1 / (1 + np.exp(-margin)) - bad) / bad.sum()

    begin = np.array([math.log(bad.sum() / (bad.size - bad.sum())), 1.0])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS_MAX, "ftol": 1e-12})
    level, slope = float(found.x[0]), max(float(found.x[1]), 1e-3) / spread
    at = middle + (level + math.log(ODDS_AT)) / slope
    return Settings(credit_at=round(at), odds_at=ODDS_AT, doubles=round(math.log(2) / slope, 1))


def _points(one: MerchantInput, told: _Ramps, weights: Floats, settings: Settings) -> GradedInput | None:
    """The knots where points change; None where they hardly do."""
    turn = -1 if one.direction == "up" else 1
    points = [0, *(turn * round(settings.factor * each) for each in np.cumsum(weights).tolist())]
    if abs(points[-1]) < LEAST_POINTS:
        return None
    pairs = list(zip(told.knots, points, strict=True))
    i = 1
    while i < len(pairs) - 1:
        (low, before), (at, own), (high, after) = pairs[i - 1 : i + 2]
        near = before + (after - before) * (at - low) / (high - low)
        if abs(near - own) <= LEAST_BEND:
            del pairs[i]
        else:
            i += 1
    return GradedInput(one.name, tuple(at for at, _ in pairs), tuple(own for _, own in pairs), 0)


def worst_moves(card: GradedCard, declared: Sequence[MerchantInput]) -> dict[str, float]:
    """Points that one event moves a score by at most, whatever the merchant's record: `good_sale` for one more or one
    less good sale, which moves all inputs that fade together, and for each input what an event that adds to it does."""
    shapes = {one.name: one for one in declared}
    moves = {"good_sale": 0.0}
    for one in card.inputs:
        about = shapes[one.name]
        if about.shape.step is None or len(one.at) == 1:
            continue
        slopes = np.abs(np.diff(one.points)) / np.diff(one.at)
        moves[one.name] = float(slopes.max() * about.shape.step)
        reach = _reach(about, np.array(one.at[1:]))
        moves["good_sale"] += 0.0 if reach is None else float((slopes * reach).max() * about.shape.step)
    return moves


def graded_scores(graded: Graded, rows: Floats) -> NDArray[np.int64]:
    """The credit score of each row (n x declared inputs), as the kernel gives it."""
    total = np.full(len(rows), float(graded.card.base))
    for each in graded_columns(graded, rows).T:
        total += each
    whole: NDArray[np.int64] = np.floor(total + 0.5).astype(np.int64)
    return whole.clip(CREDIT_MIN, CREDIT_MAX)


def graded_columns(graded: Graded, rows: Floats) -> Floats:
    """The points that each input of the card brings each row: (n, inputs of the card)."""
    places = {one.name: place for place, one in enumerate(graded.declared)}
    return np.column_stack([_on_lines(one, rows[:, places[one.name]]) for one in graded.card.inputs])


def _on_lines(one: GradedInput, values: Floats) -> Floats:
    """What `engine.graded.points_at` gives, to the bit, for values (n,)."""
    at, points = np.array(one.at, dtype=np.float64), np.array(one.points, dtype=np.float64)
    missing = np.isnan(values)
    if at.size == 1:
        return np.where(missing, float(one.missing), points[0])
    inside = np.where(missing, at[0], values).clip(at[0], at[-1])
    low = (np.searchsorted(at, inside, side="right") - 1).clip(0, at.size - 2)
    part = (inside - at[low]) / (at[low + 1] - at[low])
    told = np.where(inside >= at[-1], points[-1], points[low] + (points[low + 1] - points[low]) * part)
    return np.where(missing, float(one.missing), told)
