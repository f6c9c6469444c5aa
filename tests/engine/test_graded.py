"""The merchants' card: the kernel against a person with the file in hand, and what explains a score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from bonafide.engine.graded import (
    MERCHANT_FAMILIES,
    DeclaredGraded,
    Graded,
    GradedCard,
    GradedInput,
    compile_graded,
    graded_families,
    graded_level,
    graded_points,
    graded_score,
    reachable,
    score_of,
)
from bonafide.engine.kernel import pointer
from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN, POINTS_MAX, LevelBand
from bonafide.lab.train.graded import graded_scores
from bonafide.testing import graded_twin
from tests.engine.kit import compiled

NAN = math.nan
DECLARED = (
    DeclaredGraded("complaints", "up", "RC01", "service"),
    DeclaredGraded("dropped", "up", "RC06", "trading"),
    DeclaredGraded("good_sales", "down", "RC06", "trading"),
)
CARD = GradedCard(
    640,
    (
        GradedInput("good_sales", (0, 100), (0, 50), -3),
        GradedInput("complaints", (0, 0.1, 0.5), (0, -20, -60), 0),
    ),
    (LevelBand(600, "high"), LevelBand(650, "medium")),
)
GRADED = compile_graded(CARD, DECLARED)


def run_scores(words, floats, rows, out):
    for i in range(rows.shape[0]):
        out[i] = graded_score(pointer(words), pointer(floats), pointer(rows[i]))


@pytest.fixture(scope="module")
def score_rows() -> Any:
    line, floats = types.int64[::1], types.float64[::1]
    return compiled(types.void(line, floats, types.float64[:, ::1], line), run_scores)


def scores(score_rows: Any, graded: Graded, rows: list[list[float]]) -> list[int]:
    out = np.zeros(len(rows), np.int64)
    score_rows(graded.words, graded.floats, np.array(rows, np.float64).reshape(len(rows), -1), out)
    told: list[int] = out.tolist()
    return told


NUMBERS = st.floats(-1e12, 1e12).map(lambda x: x + 0.0) | st.integers(-3, 3).map(float)
POINTS = st.integers(-POINTS_MAX, POINTS_MAX)


@st.composite
def cards(draw: st.DrawFn) -> tuple[GradedCard, tuple[DeclaredGraded, ...]]:
    """Any checked card over some of the declared inputs, in another order."""
    turns = st.sampled_from(("up", "down"))
    declared = tuple(
        DeclaredGraded(f"x{i}", draw(turns), "RC01", draw(st.sampled_from(MERCHANT_FAMILIES)))
        for i in range(draw(st.integers(1, 5)))
    )
    inputs = []
    for one in draw(st.lists(st.sampled_from(declared), min_size=1, unique_by=lambda one: one.name)):
        values = sorted(draw(st.lists(NUMBERS, min_size=1, max_size=5, unique=True)))
        points = draw(st.lists(POINTS, min_size=len(values), max_size=len(values)))
        told = sorted(points, reverse=one.direction == "up")
        inputs.append(GradedInput(one.name, tuple(values), tuple(told), draw(POINTS)))
    return GradedCard(draw(st.integers(CREDIT_MIN, CREDIT_MAX)), tuple(inputs), ()), declared


@given(cards(), st.data())
def test_the_kernel_a_person_and_the_lab_agree(score_rows: Any, made: Any, data: st.DataObject) -> None:
    card, declared = made
    edges = [value for one in card.inputs for value in one.at]
    value = st.just(NAN) | NUMBERS | st.sampled_from(edges) | st.sampled_from((math.inf, -math.inf))
    rows = data.draw(st.lists(st.lists(value, min_size=len(declared), max_size=len(declared)), min_size=1, max_size=5))
    graded = compile_graded(card, declared)
    by_lab = graded_scores(graded, np.array(rows, np.float64)).tolist()
    for row, score, of_lab in zip(rows, scores(score_rows, graded, rows), by_lab, strict=True):
        values = {one.name: None if math.isnan(v) else v for one, v in zip(declared, row, strict=True)}
        told = graded_points(graded, row)
        assert score == graded_twin.credit_score(card, values) == of_lab == score_of(card, [one.points for one in told])
        assert sum(graded_families(graded, row).values()) == pytest.approx(sum(one.points for one in told))
        lowest, highest = reachable(card)
        assert lowest <= score <= highest
        assert all(one.lost >= 0 for one in told)


@given(cards(), st.data())
def test_more_of_what_speaks_against_a_merchant_never_gives_points(
    score_rows: Any, made: Any, data: st.DataObject
) -> None:
    card, declared = made
    row = data.draw(st.lists(NUMBERS, min_size=len(declared), max_size=len(declared)))
    worse = [
        value + (1 if one.direction == "up" else -1) * data.draw(st.floats(0, 1e12))
        for value, one in zip(row, declared, strict=True)
    ]
    before, after = scores(score_rows, compile_graded(card, declared), [row, worse])
    assert after <= before


@pytest.mark.parametrize(
    ("row", "score"),
    [
        ([0, 0, 0], 640),
        ([0, 0, 50], 665),
        ([0, 0, 1e9], 690),
        ([0.05, 0, 0], 630),
        ([0.3, 0, 0], 600),
        ([9, 0, -5], 580),
        ([NAN, NAN, NAN], 637),
        ([0.1, 7, 100], 670),
    ],
)
def test_points_change_in_proportion_between_knots(score_rows: Any, row: list[float], score: int) -> None:
    assert scores(score_rows, GRADED, [row]) == [score]
    assert graded_level(GRADED, score) == ("high" if score < 600 else "medium" if score < 650 else "low")


def test_the_way_up_says_what_an_input_would_have_to_become() -> None:
    told = {one.declared.name: one for one in graded_points(GRADED, [0.3, 0, 20])}
    assert (told["complaints"].lost, told["complaints"].best_at) == (40.0, 0.0)
    assert (told["good_sales"].lost, told["good_sales"].best_at) == (40.0, 100.0)
