"""Drift from counts by band is that of the values themselves, where values are bands."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bonafide.lab import stability
from bonafide.lab.drift import compare, shown
from bonafide.office.days import drift
from bonafide.office.days.bands import CREDIT_STEP, EDGES, credit_band, score_band
from bonafide.office.days.drift import moved, tenths

BANDS = st.lists(st.integers(-1, 12), min_size=1, max_size=60)


def values(bands: list[int]) -> stability.Floats:
    return np.array([np.nan if band < 0 else float(band) for band in bands])


@given(BANDS, BANDS)
def test_it_is_the_index_of_the_values_where_tenths_end_on_one(before: list[int], after: list[int]) -> None:
    known = sum(band >= 0 for band in before)
    assume((known - 1) % 5)  # else a tenth ends on a value, and rounding decides on which side numpy puts it
    told, edges = moved(Counter(before), Counter(after)), np.zeros(0)
    if known:
        tenths_at = np.linspace(0, 1, stability.BINS + 1)[1:-1]
        edges = np.unique(np.quantile([one for one in before if one >= 0], tenths_at, method="lower"))
    first, then = (np.maximum(stability.bin_shares(values(one), edges), stability.SHARE_MIN) for one in (before, after))
    assert told.index == pytest.approx(float(np.sum((then - first) * np.log(then / first))), abs=1e-4)


def test_the_lines_are_those_of_the_lab() -> None:
    ours = (drift.BINS, drift.SHARE_MIN, drift.MOVING_FROM, drift.word_for)
    assert ours == (stability.BINS, stability.SHARE_MIN, shown.MOVING_FROM, compare.word_for)
    assert [drift.word_for(one) for one in (0.05, 0.2, 0.3)] == ["stable", "moving", "shifted"]


def test_too_few_are_no_move() -> None:
    assert moved({1: 8, 2: 1}, {2: 9}).verdict == "unknown"
    assert moved({1: 8_000, 2: 1_000}, {2: 9_000}).verdict == "shifted"
    assert (moved({}, {1: 1}).index, moved({1: 1}, {}).verdict) == (None, "unknown")


@given(st.floats(0, 1), st.floats(0, 1))
def test_bands_keep_the_order_of_scores(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= score_band(low) <= score_band(high) <= len(EDGES)


def test_bands_are_few_and_tenths_fewer() -> None:
    assert len(EDGES) < 80
    assert (credit_band(300), credit_band(900), credit_band(None)) == (30, 90, -1)
    assert CREDIT_STEP == 10
    assert len(tenths(dict.fromkeys(range(50), 7))) == 9
