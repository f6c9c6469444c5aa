"""Fitting a scorecard: bins, points, levels, the file; and that nothing about a fit is left to chance."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numba import types

from bonafide.core.errors import UsageError
from bonafide.engine.kernel import pointer
from bonafide.engine.rules.source import read_yaml_with_places
from bonafide.engine.scorecard import credit_score, read_scorecard
from bonafide.lab.train.binning import BIN_BAD_MIN, BINS_MAX, Bins, bin_input, bins_of, count
from bonafide.lab.train.scorecard import (
    CREDIT_AT,
    DEFAULT,
    DOUBLES,
    ODDS_AT,
    STEP_POINTS_MAX,
    Fitted,
    Settings,
    credits_of,
    fit_scorecard,
    points_of_rows,
)
from bonafide.lab.train.scorecard_report import bin_figures, by_level, shares_of, subtotals, told_apart
from bonafide.lab.train.scorecard_text import scorecard_text
from bonafide.lab.train.snapshots import TARGET
from bonafide.testing.scorecard_twin import ScorecardInput
from tests.engine.kit import compiled

NAN = math.nan
DECLARED = (
    ScorecardInput("loops", "relations", "RC08", "up"),
    ScorecardInput("noise", "habits", "RC04", "up"),
    ScorecardInput("in_use", "habits", "RC03", "up"),
    ScorecardInput("in_use_again", "habits", "RC03", "up"),
    ScorecardInput("age", "credit_history", "RC11", "down"),
    ScorecardInput("wrong_way", "credit_history", "RC11", "down"),
)
FILE = "model/scorecard.yaml"


def payers(n: int = 8_000, seed: int = 5) -> tuple[Any, Any]:
    """Rows of DECLARED inputs and who went bad: loops and use of the line say so, a long history says the opposite."""
    rng = np.random.default_rng(seed)
    loops, in_use, age = rng.poisson(0.1, n).astype(float), rng.random(n), rng.exponential(200, n)
    margin = -5 + 1.8 * np.minimum(loops, 2) + 2.5 * in_use - 0.004 * age
    bad = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(float)
    in_use[rng.random(n) < 0.1] = NAN
    rows = np.column_stack((loops, rng.random(n), in_use, in_use, age, -age))
    return rows, bad


ROWS, BAD = payers()


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit_scorecard(DECLARED, ROWS, BAD)


def run_credits(words, floats, rows, out):
    for i in range(rows.shape[0]):
        out[i] = credit_score(pointer(words), pointer(floats), pointer(rows[i]))


def test_inputs_that_tell_are_kept_and_others_say_why_they_are_not(fitted: Fitted) -> None:
    told = {one.declared.name: one.left_out for one in fitted.inputs}
    assert told["loops"] is told["age"] is None
    assert (told["in_use"] is None) or (told["in_use_again"] is None)
    assert str(told["noise"]).startswith("tells too little")
    assert str(told["wrong_way"]).startswith("tells too little")
    assert {one.name for one in fitted.scorecard.card.inputs} == {name for name, why in told.items() if why is None}


def test_points_follow_the_declared_direction_and_no_step_is_higher_than_allowed(fitted: Fitted) -> None:
    directions = {one.name: one.direction for one in DECLARED}
    for one in fitted.scorecard.card.inputs:
        steps = [high - low for low, high in pairwise(one.points)]
        assert len(one.points) == len(one.cuts) + 1 <= BINS_MAX
        assert all(step < 0 if directions[one.name] == "up" else step > 0 for step in steps)
        assert all(abs(step) <= STEP_POINTS_MAX for step in steps)


def test_a_smaller_step_gives_smaller_steps() -> None:
    card = fit_scorecard(DECLARED, ROWS, BAD, Settings(step_points_max=15)).scorecard.card
    assert all(abs(high - low) <= 15 for one in card.inputs for low, high in pairwise(one.points))


def test_inputs_of_a_family_stand_together(fitted: Fitted) -> None:
    families = {one.name: one.family for one in DECLARED}
    found = [families[one.name] for one in fitted.scorecard.card.inputs]
    assert found == sorted(found, key=("habits", "credit_history", "relations").index)


def test_a_fit_is_the_same_every_time_and_so_are_its_bytes(fitted: Fitted) -> None:
    again = fit_scorecard(DECLARED, ROWS.copy(), BAD.copy())
    assert scorecard_text(again, TARGET) == scorecard_text(fitted, TARGET)
    assert [one.bins.cuts for one in again.inputs] == [one.bins.cuts for one in fitted.inputs]


def test_the_file_is_read_back_as_the_card_that_was_fitted(fitted: Fitted) -> None:
    text = scorecard_text(fitted, TARGET)
    read, mistakes = read_scorecard(read_yaml_with_places(text.encode(), FILE), FILE, DECLARED)
    assert mistakes == []
    assert read is not None
    assert read.card == fitted.scorecard.card
    assert read.words.tolist() == fitted.scorecard.words.tolist()
    assert read.floats.tolist() == fitted.scorecard.floats.tolist()
    families = [line.split(":")[0].strip(" #") for line in text.splitlines() if line.startswith("  # ")]
    assert families == ["habits", "credit_history", "relations"]


def test_the_kernel_gives_the_scores_that_the_fit_speaks_of(fitted: Fitted) -> None:
    line, floats = types.int64[::1], types.float64[::1]
    run = compiled(types.void(line, floats, types.float64[:, ::1], line), run_credits)
    out = np.zeros(500, np.int64)
    run(fitted.scorecard.words, fitted.scorecard.floats, np.ascontiguousarray(ROWS[:500]), out)
    assert out.tolist() == credits_of(fitted.scorecard, ROWS[:500]).tolist()


def test_scores_state_the_odds_and_levels_are_cut_at_them(fitted: Fitted) -> None:
    credits = credits_of(fitted.scorecard, ROWS)
    stated = np.array([DEFAULT.probability_of(score) for score in credits])
    # Rounding each input's points and the bound on steps leave a little.
    assert stated.mean() == pytest.approx(BAD.mean(), rel=0.1)
    for band in fitted.scorecard.card.levels:
        least = {"critical": 0.2, "high": 0.05, "medium": 0.02}[band.level]
        assert DEFAULT.probability_of(band.below - 1) >= least > DEFAULT.probability_of(band.below)
    figures = by_level(fitted, credits, BAD)
    shown = [one.observed for one in figures if one.n >= 100]
    assert shown == sorted(shown, reverse=True)
    assert sum(one.n for one in figures) == len(BAD)


def test_the_scale_is_as_stated() -> None:
    assert DEFAULT.credit_of(1 / (1 + ODDS_AT)) == pytest.approx(CREDIT_AT)
    assert DEFAULT.credit_of(1 / (1 + 2 * ODDS_AT)) == pytest.approx(CREDIT_AT + DOUBLES)
    assert DEFAULT.probability_of(DEFAULT.credit_of(0.07)) == pytest.approx(0.07)


def test_low_scores_find_the_bad_payers(fitted: Fitted) -> None:
    rows, bad = payers(seed=6)
    told = told_apart(credits_of(fitted.scorecard, rows), bad == 1)
    assert told.auc is not None
    assert told.ks is not None
    assert told.auc > 0.7
    assert 0.3 < told.ks < 1


def test_subtotals_and_base_are_the_score(fitted: Fitted) -> None:
    parts = subtotals(fitted, ROWS)
    assert sum(parts.values()).tolist() == points_of_rows(fitted.scorecard, ROWS).sum(axis=1).tolist()  # type: ignore[union-attr]


def test_bins_are_laid_open_with_the_share_of_rows_in_each(fitted: Fitted) -> None:
    for one, now in zip(bin_figures(fitted), shares_of(ROWS, fitted), strict=True):
        assert sum(one.rows) == len(BAD)
        assert sum(one.bad) == pytest.approx(BAD.sum())
        assert one.shares == pytest.approx(now)
        assert len(one.shares) == len(one.cuts) + 2


def test_a_level_that_no_payer_can_have_is_left_out() -> None:
    rows, bad = payers()
    mild = fit_scorecard(DECLARED, rows, bad, Settings(step_points_max=5))
    assert "critical" in mild.levels_lost
    assert not {band.level for band in mild.scorecard.card.levels} & set(mild.levels_lost)
    read, mistakes = read_scorecard(read_yaml_with_places(scorecard_text(mild, TARGET).encode(), FILE), FILE, DECLARED)
    assert (read is not None, mistakes) == (True, [])


@pytest.mark.parametrize("bad", [np.zeros(50), np.ones(50), np.r_[np.ones(19), np.zeros(31)]])
def test_too_few_of_one_kind_are_refused(bad: Any) -> None:
    with pytest.raises(UsageError, match=r"of 50 rows are bad; a scorecard needs at least 20, and good ones"):
        fit_scorecard(DECLARED, np.ones((50, len(DECLARED))), bad)


def test_inputs_that_tell_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="no input tells bad payers from others"):
        fit_scorecard(DECLARED, np.full(ROWS.shape, NAN), BAD)


def test_a_row_that_is_bad_in_part_counts_in_part() -> None:
    values = np.repeat([0.0, 1.0, NAN], 100)
    weak = np.where(values == 1, 0.25, 0.0)
    weak[250:] = 1.0
    bins = count(values, weak, (0.5,))
    assert bins.rows.tolist() == [100, 100, 100]
    assert bins.bad.tolist() == [0, 25, 50]
    assert bins.evidence[0] < bins.evidence[1] < bins.evidence[2]


def test_bins_split_by_weak_rows_alone() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, 6_000).astype(float)
    bad = np.where((values == 1) & (rng.random(6_000) < 0.3), 0.2, 0.0)
    bad[rng.random(6_000) < 0.05] = 0.2
    assert bin_input(values, bad, "up").cuts == (0.5,)
    assert bin_input(values, bad, "down").cuts == ()


@pytest.mark.parametrize("direction", ["up", "down", None])
def test_bins_never_stand_against_the_direction_nor_are_too_thin(direction: Any) -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        values = np.round(rng.exponential(3, 3_000), 1)
        values[rng.random(3_000) < 0.1] = NAN
        bad = (rng.random(3_000) < 0.02 + 0.05 * (np.nan_to_num(values) > 4)).astype(float)
        bins = bin_input(values, bad, direction)
        steps = np.diff(bins.evidence[:-1])
        assert ((steps >= 0) | (direction != "up")).all()
        assert ((steps <= 0) | (direction != "down")).all()
        assert not bins.cuts or (bins.bad[:-1] >= BIN_BAD_MIN).all()
        assert list(bins.cuts) == sorted(set(bins.cuts))


def test_a_bin_that_nobody_is_in_says_nothing() -> None:
    bins: Bins = count(np.ones(100), np.r_[np.ones(10), np.zeros(90)], (0.5,))
    assert bins.evidence[0] == bins.evidence[2] == 0


def test_a_value_at_a_cut_and_a_missing_one() -> None:
    assert bins_of(np.array([0.4, 0.5, NAN, np.inf, -np.inf]), (0.5,)).tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize("scale", [1e-4, 1e15, 1e30])
def test_numbers_are_written_so_that_yaml_reads_them_as_numbers(scale: float) -> None:
    """YAML takes 1e-05 for a text."""
    fit = fit_scorecard(DECLARED, ROWS * scale, BAD)
    read, mistakes = read_scorecard(read_yaml_with_places(scorecard_text(fit, TARGET).encode(), FILE), FILE, DECLARED)
    assert mistakes == []
    assert read is not None
    assert read.card == fit.scorecard.card
