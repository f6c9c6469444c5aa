"""Shapley values equal LightGBM's and, where inputs are few, their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bonafide.engine.trees.rows import raw_scores
from bonafide.testing import trees_twin
from tests.engine.trees.kit import Model, models, rows_for, shapley_values, train


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(model=models(), seed=st.integers(0, 2**32 - 1))
def test_shapley_values_are_those_of_lightgbm(model: Model, seed: int) -> None:
    rows = rows_for(model, seed, 16)
    expected = model.booster.predict(rows, pred_contrib=True, num_threads=1)
    told, bases = shapley_values(model.trees, rows)
    size = np.abs(expected).max()
    assert told == pytest.approx(expected[:, :-1], rel=1e-9, abs=1e-11 * size)
    assert bases == pytest.approx(expected[:, -1], rel=1e-9, abs=1e-12 * size)
    assert told.sum(axis=1) + bases == pytest.approx(raw_scores(model.trees, rows), rel=1e-9, abs=1e-11 * size)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(model=models(), seed=st.integers(0, 2**32 - 1))
def test_shapley_values_are_what_they_are_defined_as(model: Model, seed: int) -> None:
    row = rows_for(model, seed, 1)
    trees = trees_twin.roots(model.booster.model_to_string())
    expected, base = trees_twin.shapley(trees, row[0].tolist())
    told, bases = shapley_values(model.trees, row)
    size = max(map(abs, (*expected, base)))
    assert told[0] == pytest.approx(expected, rel=1e-9, abs=1e-12 * size)
    assert bases[0] == pytest.approx(base, rel=1e-9, abs=1e-12 * size)


def test_a_deep_tree_over_many_inputs_keeps_its_digits() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 60))
    x[rng.random(x.shape) < 0.1] = np.nan
    model = train(x, np.nan_to_num(x).sum(axis=1) + np.exp(np.nan_to_num(x[:, 0])), 20, num_leaves=200,
                  min_data_in_leaf=1)  # fmt: skip
    rows = x[:40]
    expected = model.booster.predict(rows, pred_contrib=True, num_threads=1)
    told, bases = shapley_values(model.trees, rows)
    assert told == pytest.approx(expected[:, :-1], rel=1e-9, abs=1e-10)
    assert told.sum(axis=1) + bases == pytest.approx(raw_scores(model.trees, rows), rel=1e-12)
