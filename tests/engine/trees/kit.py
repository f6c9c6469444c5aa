"""What the tests of trees share: small random models of LightGBM, rows, and entry points to the kernels."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import lightgbm
import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from numpy.typing import NDArray

from bonafide.engine.trees.arrays import Trees
from bonafide.engine.trees.lightgbm_text import ZERO, read_lightgbm
from bonafide.engine.trees.rows import Attributions, path_attributions
from bonafide.engine.trees.rows import shapley_values as exact_values

INPUTS_MAX = 6
_SETTINGS = {"verbosity": -1, "num_threads": 1, "deterministic": True, "min_data_in_bin": 1, "max_bin": 63}


class Model(NamedTuple):
    booster: lightgbm.Booster
    trees: Trees


def attributions(trees: Trees, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each input of each row is told, and the base of each row."""
    return _told(path_attributions(trees, rows))


def shapley_values(trees: Trees, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Shapley values of each row, and the base of each row."""
    return _told(exact_values(trees, rows))


def _told(told: Attributions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return told.parts, np.full(len(told.parts), told.base)


def same_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)).all())


def train(x: NDArray[np.float64], y: NDArray[np.float64], rounds: int, **settings: Any) -> Model:
    data = lightgbm.Dataset(x, y, categorical_feature=settings.pop("categorical_feature", []))
    booster = lightgbm.train({"objective": "regression", **_SETTINGS, **settings}, data, rounds)
    return Model(booster, read_lightgbm(booster.model_to_string()))


EDGES = (
    0.0, -0.0, 1e-35, -1e-35, ZERO, -ZERO, math.nextafter(ZERO, 1), math.nextafter(-ZERO, -1), 5e-324, -5e-324, 1e300,
    -1e300, 1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf, math.nan,
)  # fmt: skip


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A small model: few rows, values that repeat, NaN, constraints, one leaf or deep trees."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, inputs = draw(st.integers(2, 80)), draw(st.integers(1, INPUTS_MAX))
    x = rng.normal(size=(rows, inputs)) * draw(st.sampled_from([1.0, 1e-35, 1e-300, 1e300, 1e5]))
    if draw(st.booleans()):
        x = np.round(x / (np.abs(x).max() or 1) * 4)
    x[rng.random(x.shape) < draw(st.sampled_from([0.0, 0.2, 0.7]))] = np.nan
    y = rng.normal(size=rows) + np.nan_to_num(x[:, 0] > 0)
    if draw(st.integers(0, 9)) == 0:
        y[:] = draw(st.floats(-1e6, 1e6))
    binary = draw(st.booleans())
    settings: dict[str, Any] = {
        "objective": "binary" if binary else "regression",
        "num_leaves": draw(st.integers(2, 40)),
        "min_data_in_leaf": draw(st.integers(1, 4)),
        "min_sum_hessian_in_leaf": 1e-3,
        "learning_rate": draw(st.sampled_from([0.1, 1.0])),
        "use_missing": draw(st.booleans()),
        "boost_from_average": draw(st.booleans()),
    }
    if draw(st.booleans()):
        settings["monotone_constraints"] = rng.integers(-1, 2, inputs).tolist()
    rounds = draw(st.integers(1, 20))
    try:
        return train(x, (y > 0).astype(float) if binary else y, rounds, **settings)
    except lightgbm.basic.LightGBMError:  # it fails on a check of its own where hessians vanish
        reject()


def rows_for(model: Model, seed: int, count: int = 64) -> NDArray[np.float64]:
    """Rows of ordinary numbers, edges, and thresholds with their neighbours."""
    rng = np.random.default_rng(seed)
    nodes = model.trees.floats[2:][: int(model.trees.words[2])]
    at = nodes[np.isfinite(nodes)]
    pool = np.concatenate([EDGES, at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf), rng.normal(size=20)])
    return rng.choice(pool, size=(count, len(model.trees.names)))
