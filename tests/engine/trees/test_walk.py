"""Scores equal LightGBM's bit by bit; what inputs are told equals the twin's."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bonafide.engine.trees.rows import raw_scores
from bonafide.testing import trees_twin
from tests.engine.trees.kit import Model, attributions, models, rows_for, same_bits

RARE = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@RARE
@given(model=models(), seed=st.integers(0, 2**32 - 1))
def test_scores_are_those_of_lightgbm_bit_by_bit(model: Model, seed: int) -> None:
    rows = rows_for(model, seed)
    expected = model.booster.predict(rows, raw_score=True, num_threads=1)
    assert same_bits(raw_scores(model.trees, rows), expected)


@RARE
@given(model=models(), seed=st.integers(0, 2**32 - 1))
def test_what_inputs_are_told_is_the_twins(model: Model, seed: int) -> None:
    rows = rows_for(model, seed, 8)
    told, bases = attributions(model.trees, rows)
    trees = trees_twin.roots(model.booster.model_to_string())
    for i, row in enumerate(rows.tolist()):
        expected, base = trees_twin.attribution(trees, row)
        assert told[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert bases[i] == pytest.approx(base, rel=1e-9, abs=1e-12)
        assert trees_twin.raw_score(trees, row) == raw_scores(model.trees, rows[i : i + 1])[0]
    assert told.sum(axis=1) + bases == pytest.approx(raw_scores(model.trees, rows), rel=1e-9, abs=1e-9)
