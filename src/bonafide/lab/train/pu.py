"""Ways to learn where cash-out is confirmed for a few and "clean" is mostly unknown.

plain     unlabelled payments are taken for honest
suspected as plain, and what its payer's or shop's verdict makes suspect is cash-out of little weight
spies     two steps: of the payers each half is scored by a model of the other half, so that its confirmed payments are
          spies among the unlabelled; what scores below nearly all spies is reliably honest, and the final model learns
          from that (after Liu, Dai, Li, Lee, Yu: "Building text classifiers using positive and unlabeled examples",
          ICDM 2003, where a part of the confirmed hides among the unlabelled instead, and the rest has to do)
nnpu      the non-negative risk: of the loss on the unlabelled the part that cash-out among them must cause is taken
          away, and where the rest would fall below 0 the step goes back (Kiryo, Niu, du Plessis, Sugiyama:
          "Positive-unlabeled learning with non-negative risk estimator", NeurIPS 2017)
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.lab.curves import Flags, Floats
from bonafide.lab.train.fit import (
    Objective,
    Settings,
    Sheet,
    Start,
    Trees,
    grow,
    sampled,
    start_from_rules,
)  # fmt: skip
from bonafide.lab.train.labels import CASH_OUT, GENUINE, UNLABELLED, Arrived
from bonafide.lab.train.matrix import Matrix

Method = Literal["plain", "suspected", "spies", "nnpu"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
"""The plain one first."""
ROWS_MAX: Final = 80_000
"""Unlabelled payments on which no rule hit that one fit sees; of more a sample is drawn, and weighs more."""
SPIES_MISSED: Final = 0.1
"""Of the spies, those that may score below the bound of what is reliably honest."""
SPY_TREES: Final = 60
HESSIAN_FLOOR: Final = 1e-6


class Model(NamedTuple):
    """What was learnt: margin = start + trees."""

    start: Start
    trees: Trees

    def margin(self, matrix: Matrix, rows: NDArray[np.intp]) -> Floats:
        """The margin of some payments, without the start's base: what the engine computes."""
        return self.trees.margin(matrix.x[rows]) + self.start.rules_weight * matrix.evidence[rows]


class Lesson(NamedTuple):
    """What to learn from: payments, and what was known of them."""

    matrix: Matrix
    rows: NDArray[np.intp]
    arrived: Arrived
    seed: int

    def label(self) -> NDArray[np.int8]:
        """Of each of the rows."""
        return self.arrived.label[self.rows]


def learn(
    method: Method, lesson: Lesson, settings: Settings, prior: float, *, validation: Lesson | None = None
) -> Model:  # fmt: skip
    """Fit by a method; with `validation` as many trees as rank its confirmed payments best, else all of the settings.

    `prior` is the share of cash-out among all payments, 0..1; only nnpu uses it.
    """
    lesson, factor = _thinned(lesson)
    target, weight = _targets(lesson, suspected=method == "suspected")
    weight = weight * factor
    if method == "spies":
        honest = _reliably_honest(lesson, target, weight, settings)
        taken = honest | (lesson.label() != UNLABELLED)
        lesson, target, weight = lesson._replace(rows=lesson.rows[taken]), target[taken], weight[taken]
    start = start_from_rules(lesson.matrix.evidence[lesson.rows], target, weight)
    objective = None
    if method == "nnpu":
        objective = nonnegative_risk(target == 1, weight, prior)
        weight = np.ones(len(weight))  # the objective weighs by itself
    names, directions = _columns(lesson.matrix)
    judged = None if validation is None else _validation_sheet(validation, start)
    grown = grow(
        _sheet(lesson, target, weight, start), names, directions, settings, lesson.seed, validation=judged,
        objective=objective,
    )  # fmt: skip
    return Model(start, grown)


def _columns(matrix: Matrix) -> tuple[list[str], list[int]]:
    return [i.name for i in matrix.inputs], [i.direction for i in matrix.inputs]


def _thinned(lesson: Lesson) -> tuple[Lesson, Floats]:
    """The lesson with at most ROWS_MAX plain payments, and what each payment stands for.

    What is labelled, suspected or hit by a rule is kept: there the classes meet.
    """
    rows = lesson.rows
    telling = (lesson.label() != UNLABELLED) | (lesson.arrived.suspicion[rows] > 0) | (lesson.matrix.evidence[rows] > 0)
    rows, factor = sampled(rows, telling, ROWS_MAX, lesson.seed)
    return lesson._replace(rows=rows), factor


def _targets(lesson: Lesson, *, suspected: bool) -> tuple[Floats, Floats]:
    """What each payment is taken for, and how much it weighs."""
    label = lesson.label()
    target = (label == CASH_OUT).astype(np.float64)
    weight = np.where(label == UNLABELLED, 1.0, lesson.arrived.weight[lesson.rows])
    if suspected:
        suspicion = lesson.arrived.suspicion[lesson.rows]
        some = suspicion > 0
        target[some], weight[some] = 1.0, suspicion[some]
    return target, weight


def _sheet(lesson: Lesson, target: Floats, weight: Floats, start: Start) -> Sheet:
    matrix = lesson.matrix
    return Sheet(matrix.x[lesson.rows], target, weight, start.of(matrix.evidence[lesson.rows]))


def _validation_sheet(lesson: Lesson, start: Start) -> Sheet:
    """Confirmed payments against all others; what is only suspected judges nobody."""
    known = lesson._replace(rows=lesson.rows[lesson.arrived.suspicion[lesson.rows] == 0])
    target = (known.label() == CASH_OUT).astype(np.float64)
    return _sheet(known, target, np.ones(len(target)), start)


def _reliably_honest(lesson: Lesson, target: Floats, weight: Floats, settings: Settings) -> Flags:
    """Unlabelled payments that score below nearly all spies, and payments known to be genuine."""
    margin = np.zeros(len(target))
    half = _halves(lesson)
    names, directions = _columns(lesson.matrix)
    for ours in (half, ~half):
        others = lesson._replace(rows=lesson.rows[~ours])
        start = start_from_rules(lesson.matrix.evidence[others.rows], target[~ours], weight[~ours])
        sheet = _sheet(others, target[~ours], weight[~ours], start)
        model = Model(start, grow(sheet, names, directions, settings._replace(trees=SPY_TREES), lesson.seed))
        margin[ours] = model.margin(lesson.matrix, lesson.rows[ours]) + start.base
    spies = margin[target == 1]
    bound = np.quantile(spies, SPIES_MISSED) if len(spies) else np.inf
    label = lesson.label()
    return np.asarray(((label == UNLABELLED) & (margin < bound)) | (label == GENUINE))


def _halves(lesson: Lesson) -> Flags:
    """Whether each payment is of the first half of the payers, which are drawn by the seed."""
    payer = lesson.matrix.rows["user_id"][lesson.rows].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    rng = np.random.Generator(np.random.PCG64((lesson.seed, 1)))
    drawn = rng.integers(0, 2, int(payer.max(initial=0)) + 1).astype(np.bool_)
    return np.asarray(drawn[payer])


def nonnegative_risk(confirmed: Flags, weight: Floats, prior: float) -> Objective:
    """Gradients of the non-negative risk with the logistic loss, for trees.

    All payments stand for the unlabelled (confirmed ones are among what is paid), and the confirmed ones for cash-out.
    The loss that cash-out causes as "honest" and its gradient as "cash-out" differ by a line, so its curvature is 0;
    that of the logistic loss takes its place, which keeps steps short.
    """
    of_all = weight / weight.sum()
    of_confirmed = np.where(confirmed, weight, 0.0) / max(weight[confirmed].sum(), HESSIAN_FLOOR)
    scale = weight.sum()

    def objective(margin: Floats, data: Any) -> tuple[Floats, Floats]:
        """Gradient and curvature of each row's margin."""
        chance = (1 + np.tanh(margin / 2)) / 2  # the logistic function, which no margin makes overflow
        as_honest = np.logaddexp(0, margin)
        risk = float(of_all @ as_honest - prior * (of_confirmed @ as_honest))
        negative = (of_all - prior * of_confirmed) * chance
        positive = -prior * of_confirmed * (1 - chance)
        gradient = positive + negative if risk >= 0 else -negative
        curvature = (of_all + prior * of_confirmed) * np.maximum(chance * (1 - chance), HESSIAN_FLOOR)
        return gradient * scale, curvature * scale

    return objective
