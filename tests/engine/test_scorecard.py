"""The scorecard: the kernel against a person with the file in hand, and what explains a score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from bonafide.engine.kernel import pointer
from bonafide.engine.scorecard import (
    CREDIT_MAX,
    CREDIT_MIN,
    FAMILIES,
    POINTS_MAX,
    Card,
    CardInput,
    LevelBand,
    Scorecard,
    compile_scorecard,
    credit_score,
    families,
    level_of,
    points_of,
    reachable,
)
from bonafide.testing import scorecard_twin
from bonafide.testing.scorecard_twin import ScorecardInput
from tests.engine.kit import compiled

NAN = math.nan
DECLARED = (
    ScorecardInput("merchants", "habits", "RC04", direction="up"),
    ScorecardInput("dropped", "habits", "RC04"),
    ScorecardInput("missed", "credit_history", "RC11", direction="up"),
    ScorecardInput("known_for", "relations", "RC08", direction="down"),
)
CARD = Card(
    640,
    (
        CardInput("missed", (1.0, 3.0), (12, -40, -90), 3),
        CardInput("merchants", (2.5,), (20, -5), 0),
        CardInput("known_for", (), (0,), -7),
    ),
    (LevelBand(520, "critical"), LevelBand(560, "high"), LevelBand(640, "medium")),
)
SCORECARD = compile_scorecard(CARD, DECLARED)


def run_scores(words, floats, rows, out):
    for i in range(rows.shape[0]):
        out[i] = credit_score(pointer(words), pointer(floats), pointer(rows[i]))


@pytest.fixture(scope="module")
def score_rows() -> Any:
    line, floats = types.int64[::1], types.float64[::1]
    return compiled(types.void(line, floats, types.float64[:, ::1], line), run_scores)


def scores(score_rows: Any, scorecard: Scorecard, rows: list[list[float]]) -> list[int]:
    out = np.zeros(len(rows), np.int64)
    score_rows(scorecard.words, scorecard.floats, np.array(rows, np.float64).reshape(len(rows), -1), out)
    told: list[int] = out.tolist()
    return told


NUMBERS = st.floats(allow_nan=False) | st.integers(-3, 3).map(float)
POINTS = st.integers(-POINTS_MAX, POINTS_MAX)


@st.composite
def cards(draw: st.DrawFn) -> tuple[Card, tuple[ScorecardInput, ...]]:
    """Any checked card over some of the declared inputs, in another order."""
    declared = tuple(
        ScorecardInput(f"x{i}", draw(st.sampled_from(FAMILIES)), "RC01") for i in range(draw(st.integers(1, 5)))
    )
    chosen = draw(st.lists(st.sampled_from(declared), min_size=1, unique_by=lambda one: one.name))
    inputs = []
    for one in chosen:
        finite = NUMBERS.filter(math.isfinite).map(lambda x: x + 0.0)
        cuts = tuple(sorted(draw(st.lists(finite, max_size=6, unique=True))))
        points = draw(st.lists(POINTS, min_size=len(cuts) + 1, max_size=len(cuts) + 1))
        inputs.append(CardInput(one.name, cuts, tuple(points), draw(POINTS)))
    ends = sorted(draw(st.lists(st.integers(CREDIT_MIN, CREDIT_MAX), max_size=3, unique=True)))
    levels = tuple(LevelBand(*pair) for pair in zip(ends, ("critical", "high", "medium")))
    return Card(draw(st.integers(CREDIT_MIN, CREDIT_MAX)), tuple(inputs), levels), declared


@given(cards(), st.data())
def test_the_kernel_and_a_person_agree(score_rows: Any, made: Any, data: st.DataObject) -> None:
    card, declared = made
    edges = [edge for one in card.inputs for edge in one.cuts]
    value = st.just(NAN) | NUMBERS | (st.sampled_from(edges) if edges else st.nothing())
    rows = data.draw(st.lists(st.lists(value, min_size=len(declared), max_size=len(declared)), min_size=1, max_size=5))
    scorecard = compile_scorecard(card, declared)
    for row, score in zip(rows, scores(score_rows, scorecard, rows), strict=True):
        values = {one.name: None if math.isnan(v) else v for one, v in zip(declared, row, strict=True)}
        assert score == scorecard_twin.credit_score(card, values)
        assert level_of(scorecard, score) == scorecard_twin.risk_level(card, score)
        told = points_of(scorecard, row)
        subtotals = families(scorecard, row)
        assert list(subtotals) == list(FAMILIES)
        assert sum(subtotals.values()) == sum(one.points for one in told)
        assert score == min(max(card.base + sum(subtotals.values()), CREDIT_MIN), CREDIT_MAX)
        lowest, highest = reachable(card)
        assert lowest <= score <= highest
        assert all(one.lost >= 0 for one in told)


@pytest.mark.parametrize(
    ("row", "score"),
    [
        ([0, 0, 0, 0], 672),
        ([2.5, 0, 0, 0], 647),
        ([math.nextafter(2.5, 0), 0, 0, 0], 672),
        ([0, 0, 1, 0], 620),
        ([0, 0, 3, 0], 570),
        ([0, 0, math.inf, 0], 570),
        ([-math.inf, 0, -math.inf, -math.inf], 672),
        ([0, 999, 0, 0], 672),
        ([NAN, NAN, NAN, NAN], 636),
    ],
)
def test_a_value_at_a_cut_belongs_above_it_and_a_payer_of_whom_nothing_is_known_has_a_score(
    score_rows: Any, row: list[float], score: int
) -> None:
    assert scores(score_rows, SCORECARD, [row]) == [score]


def test_the_score_ends_at_300_and_900(score_rows: Any) -> None:
    card = Card(500, (CardInput("missed", (0.0,), (POINTS_MAX, -POINTS_MAX), 0),), ())
    scorecard = compile_scorecard(card, DECLARED)
    assert scores(score_rows, scorecard, [[0, 0, -1, 0], [0, 0, 1, 0]]) == [CREDIT_MAX, CREDIT_MIN]


def test_an_explanation_names_family_reason_value_and_what_was_lost() -> None:
    told = points_of(SCORECARD, [3.0, 0.0, 2.0, NAN])
    assert [tuple(one) for one in told] == [
        ("missed", "credit_history", "RC11", 2.0, -40, 52),
        ("merchants", "habits", "RC04", 3.0, -5, 25),
        ("known_for", "relations", "RC08", None, -7, 7),
    ]
    assert families(SCORECARD, [3.0, 0.0, 2.0, NAN]) == {"habits": -5, "credit_history": -40, "relations": -7}


@pytest.mark.parametrize(
    ("score", "level"),
    [(300, "critical"), (519, "critical"), (520, "high"), (559, "high"), (560, "medium"), (640, "low"), (900, "low")],
)
def test_a_level_ends_below_its_score(score: int, level: str) -> None:
    assert level_of(SCORECARD, score) == level
