"""Boosted trees on top of the rules: what LightGBM is told, and nothing that differs from run to run.

A fit starts from what the rules say (`init_score`), so the trees learn what the rules do not. The same rows, settings
and seed give the same trees, to the byte of their text, whatever else the machine does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.lab.curves import Floats
from bonafide.lab.train.extras import lightgbm, sklearn

TREES_MAX: Final = 200
LEAVES_MAX: Final = 31
AS_GOOD: Final = 0.9
"""Of the best average precision: as many trees are kept as have this much of it. Few confirmed payments make a curve
whose peak is chance, and stopping at it costs more than a few trees too many."""
THREADS: Final = 1
"""Two threads wait for each other at every split: on a busy machine they take five times as long as one."""
MAX_BIN: Final = 1023
"""Amounts want fine splits: coarse bins miss the price points that schemes use."""
BINNED_ROWS: Final = 500_000
"""Rows from which the edges of bins are taken."""
ODDS_FLOOR: Final = 1e-6

Objective = Callable[[Floats, Any], tuple[Floats, Floats]]
"""(margins, data set) -> gradients and curvatures, one each."""


class Settings(NamedTuple):
    """How trees are grown."""

    leaves: int = LEAVES_MAX
    rate: float = 0.08
    leaf_rows: int = 20
    ridge: float = 1.0
    max_bin: int = MAX_BIN
    trees: int = TREES_MAX
    """At most, where a validation says how many are kept."""


SEARCHED: Final = (
    Settings(),
    Settings(leaves=15, leaf_rows=50, ridge=5.0),
    Settings(leaves=7, rate=0.12, leaf_rows=20, ridge=1.0),
)
"""The settings that are tried; few, because each try on the same validation flatters the best a little."""


class Sheet(NamedTuple):
    """Rows to fit on, a value per row."""

    x: Floats
    target: Floats
    """1 for what is taken for cash-out, 0 for the rest."""
    weight: Floats
    start: Floats
    """The margin that the trees start from."""


class Start(NamedTuple):
    """What the margin is before any tree: base + rules_weight * evidence."""

    base: float
    rules_weight: float

    def of(self, evidence: Floats) -> Floats:
        """The margin of some payments by their rules."""
        return self.base + self.rules_weight * evidence


class Trees(NamedTuple):
    """A fitted ensemble."""

    booster: Any
    number: int
    """Of trees."""
    validated_ap: float | None
    """Average precision on the validation rows that said how many trees are kept."""

    def margin(self, x: Floats) -> Floats:
        """Sum of the leaves of each row, without the start."""
        told = self.booster.predict(x, raw_score=True, num_iteration=self.number, num_threads=THREADS)
        return np.asarray(told, dtype=np.float64)

    def text(self) -> str:
        """LightGBM's text."""
        return str(self.booster.model_to_string(num_iteration=self.number))

    def gain(self) -> Floats:
        """(inputs,) what the splits on each input gained."""
        return np.asarray(self.booster.feature_importance("gain", iteration=self.number), dtype=np.float64)


def start_from_rules(evidence: Floats, target: Floats, weight: Floats) -> Start:
    """The logistic regression of cash-out on the evidence of the rules, whose slope is never below 0.

    Where evidence says nothing, or all rows are of one class, the slope is 0.
    """
    share = float(np.average(target, weights=weight))
    odds = np.log(max(share, ODDS_FLOOR) / max(1 - share, ODDS_FLOOR))
    if not 0 < share < 1 or not evidence.any():
        return Start(float(odds), 0.0)
    line = sklearn("linear_model").LogisticRegression(C=1e6, max_iter=200, tol=1e-8)
    line.fit(evidence.reshape(-1, 1), target, sample_weight=weight)
    slope = float(line.coef_[0, 0])
    return Start(float(line.intercept_[0]), slope) if slope > 0 else Start(float(odds), 0.0)


def grow(
    sheet: Sheet, names: Sequence[str], directions: Sequence[int], settings: Settings, seed: int, *,
    validation: Sheet | None = None, objective: Objective | None = None,
) -> Trees:  # fmt: skip
    """Fit as many trees as the settings say; with `validation` keep as many as rank its confirmed payments well."""
    library = lightgbm()
    parameters: dict[str, Any] = {
        "objective": objective or "binary", "metric": "average_precision" if validation is not None else "none",
        "num_leaves": settings.leaves, "learning_rate": settings.rate, "min_data_in_leaf": settings.leaf_rows,
        "lambda_l2": settings.ridge, "max_bin": settings.max_bin, "min_data_in_bin": 1,
        "bin_construct_sample_cnt": BINNED_ROWS, "feature_fraction": 0.7, "bagging_freq": 0,
        "boost_from_average": False, "zero_as_missing": False, "deterministic": True, "force_col_wise": True,
        "num_threads": THREADS, "seed": seed, "verbosity": -1,
    }  # fmt: skip
    if any(directions):
        parameters |= {"monotone_constraints": list(directions), "monotone_constraints_method": "basic"}
    data = _data_set(library, sheet, names)
    options: dict[str, Any] = {}
    told: dict[str, dict[str, list[float]]] = {}
    if validation is not None:
        options["valid_sets"] = [_data_set(library, validation, names, data)]
        options["valid_names"] = ["validation"]
        options["callbacks"] = [library.record_evaluation(told)]
    booster = library.train(parameters, data, num_boost_round=settings.trees, **options)
    if validation is None:
        return Trees(booster, settings.trees, None)
    precision = np.array(told["validation"]["average_precision"])
    number = int(np.flatnonzero(precision >= AS_GOOD * precision.max())[-1]) + 1
    return Trees(booster, number, float(precision[number - 1]))


def _data_set(library: Any, sheet: Sheet, names: Sequence[str], reference: Any = None) -> Any:
    return library.Dataset(
        sheet.x, sheet.target, weight=sheet.weight, init_score=sheet.start, feature_name=list(names),
        reference=reference, params={"verbosity": -1}, free_raw_data=True,
    )  # fmt: skip


def sampled(rows: NDArray[np.intp], keep: NDArray[np.bool_], most: int, seed: int) -> tuple[NDArray[np.intp], Floats]:
    """At most `most` of the rows besides all that are to be kept, in order, and what each then stands for.

    `keep` is a flag for each of `rows`.
    """
    others = np.flatnonzero(~keep)
    if len(others) <= most:
        return rows, np.ones(len(rows))
    drawn = np.random.Generator(np.random.PCG64(seed)).choice(others, most, replace=False, shuffle=False)
    chosen = keep.copy()
    chosen[drawn] = True
    factor = np.where(keep, 1.0, len(others) / most)
    return rows[chosen], factor[chosen]
