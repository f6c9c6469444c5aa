"""Calibration: chances that mean what they say, whatever the labels are like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.train.calibrate import (
    KNOTS_MAX,
    TooFewLabelsError,
    bands,
    brier,
    calibrate,
    expected_error,
)  # fmt: skip

DRAWN = np.random.Generator(np.random.PCG64(4))
MARGIN = DRAWN.normal(-2, 2, 40_000)
CHANCE = 1 / (1 + np.exp(-MARGIN))
BAD = DRAWN.random(40_000) < CHANCE


def test_a_score_means_its_chance() -> None:
    found = calibrate(MARGIN[:20_000], BAD[:20_000], 1.0)
    score = found.of(MARGIN[20_000:])
    assert expected_error(bands(score, BAD[20_000:])) < 0.01
    assert brier(score, BAD[20_000:]) == pytest.approx(brier(CHANCE[20_000:], BAD[20_000:]), rel=0.02)


def test_cash_out_that_nobody_confirms_is_counted_in() -> None:
    confirmed = BAD & (DRAWN.random(len(BAD)) < 0.4)
    found = calibrate(MARGIN, confirmed, 0.4)
    assert found.of(MARGIN).mean() == pytest.approx(BAD.mean(), rel=0.05)


def test_few_labels_give_a_smooth_curve() -> None:
    few = np.zeros(len(MARGIN), dtype=bool)
    few[np.argsort(-MARGIN)[:10]] = True
    found = calibrate(MARGIN, few, 1.0)
    assert found.method == "platt"
    assert found.chances[0] < 0.01 < found.chances[-1]


def test_no_label_is_refused() -> None:
    with pytest.raises(TooFewLabelsError, match="no payment"):
        calibrate(MARGIN, np.zeros(len(MARGIN), dtype=bool), 1.0)


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=2, max_size=300).filter(
        lambda rows: any(bad for _, bad in rows)
    ),
    st.floats(0.05, 1),
)
def test_knots_rise_and_are_few_whatever_the_data(rows: list[tuple[float, bool]], frequency: float) -> None:
    margin, bad = np.array([m for m, _ in rows]), np.array([b for _, b in rows])
    found = calibrate(margin, bad, frequency)
    assert 1 <= len(found.margins) <= KNOTS_MAX
    assert (np.diff(found.margins) > 0).all()
    assert (np.diff(found.chances) >= 0).all()
    assert 0 < found.chances[0] <= found.chances[-1] < 1
