"""Models of the gates: boosted trees with fixed settings, so that figures move with the world alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.lab.curves import Flags, Floats, Ints, Ranking, auc, average_precision, ks
from bonafide.lab.intervals import affordable_resamples, estimate
from bonafide.lab.measures import Measure
from bonafide.lab.train.extras import lightgbm

RESAMPLES: Final = 100
ERRORS_IN_INTERVAL: Final = 2 * 1.96
"""Standard errors from end to end of a 95 % interval."""
_RATES: Final = {"ap": average_precision, "auc": auc, "ks": ks}


class Growth(NamedTuple):
    """How trees are grown."""

    trees: int
    leaves: int
    leaf_rows: int
    rate: float = 0.05


OF_PAYMENTS: Final = Growth(trees=100, leaves=15, leaf_rows=30)
OF_USERS: Final = Growth(trees=100, leaves=7, leaf_rows=20)
"""There are fewer of them."""


def why_not() -> str:
    """Why no model can be fitted here, as a sentence; empty where one can."""
    try:
        lightgbm()
    except UsageError as error:
        return str(error)
    return ""


def learnt(x: NDArray[np.float32], bad: Flags, asked: NDArray[np.float32], growth: Growth) -> Floats:
    """Scores of the rows `asked` by a model of the rows `x`; NaN where those are all of one kind."""
    if not 0 < bad.sum() < bad.size:
        return np.full(len(asked), np.nan)
    library = lightgbm()
    parameters: dict[str, Any] = {
        "objective": "binary", "num_leaves": growth.leaves, "min_data_in_leaf": growth.leaf_rows,
        "learning_rate": growth.rate, "lambda_l2": 5.0, "feature_fraction": 0.6, "seed": 1, "deterministic": True,
        "force_col_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = library.Dataset(x, bad.astype(np.float64), params={"verbosity": -1})
    model = library.train(parameters, data, num_boost_round=growth.trees)
    return np.asarray(model.predict(asked, num_threads=1), dtype=np.float64)


Derived = Callable[[Mapping[str, float]], float]
"""A figure made of others, which are asked by their names."""


class Scores:
    """Several scores of the same rows: `NAME/ap`, `NAME/auc`, `NAME/ks`, and figures made of them; a `Measure`.

    `bad` and `payer` have a value per row, as has each score; one with NaN has no figures.
    """

    def __init__(
        self, scores: Mapping[str, Floats], bad: Flags, payer: Ints, derived: Mapping[str, Derived] | None = None
    ) -> None:
        self._rankings = {name: None if np.isnan(s).any() else Ranking(s, bad) for name, s in scores.items()}
        self._payer = payer
        self._derived = derived or {}
        self.names: tuple[str, ...] = (*(f"{name}/{rate}" for name in scores for rate in _RATES), *self._derived)

    def of(self, weight: Ints) -> Floats:
        """All figures under a weighting of the payers; see `Measure`."""
        known: dict[str, float] = {}
        for name, ranking in self._rankings.items():
            curve = None if ranking is None else ranking.curve(weight[self._payer[ranking.order]])
            for rate, measure in _RATES.items():
                value = None if curve is None else measure(curve)
                known[f"{name}/{rate}"] = np.nan if value is None else value
        return np.array([*known.values(), *(made(known) for made in self._derived.values())], np.float64)


class Figure(NamedTuple):
    """A value and how far the payers that happened to be drawn move it; None where undefined."""

    value: float | None
    error: float | None


def figures(measure: Measure, payers: int, rows: int) -> dict[str, Figure]:
    """Every figure of a measure, its error from resampled payers."""
    found = estimate([measure], payers, affordable_resamples(rows, RESAMPLES), seed=1)
    spans = ((name, found.intervals[name]) for name in measure.names)
    return {
        name: Figure(found.values[name], None if span is None else (span[1] - span[0]) / ERRORS_IN_INTERVAL)
        for name, span in spans
    }
