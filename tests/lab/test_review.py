"""What to look at next: nothing twice, nothing that is known, and chances that estimate without bias."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.review.candidates import Candidates, ranks, space_of
from bonafide.lab.review.estimate import count_interval, estimate_total
from bonafide.lab.review.pick import (
    Reason,
    disturbing_lines,
    log_odds,
    pick,
    sample_frame,
    shared,
    strata,
    uncertainty,
)
from tests.engine.tiny import tiny

LINES = (0.55, 0.85)


def payments(n: int, seed: int = 0) -> pl.DataFrame:
    """Payments of which nine in ten have the score 0."""
    rng = np.random.Generator(np.random.PCG64(seed))
    score = np.where(rng.random(n) < 0.1, rng.random(n), 0.0).round(6)
    return pl.DataFrame({
        "event_id": [f"p{i}" for i in range(n)], "seq": pl.Series(range(n), dtype=pl.Int64),
        "time": pl.Series(range(n), dtype=pl.Int64).cast(pl.Datetime("ms", "UTC")),
        "user_id": [None if i % 50 == 0 else f"u{i % 40}" for i in range(n)],
        "merchant_id": [f"m{i % 7}" for i in range(n)], "amount": rng.integers(1, 1000, n), "currency": ["CNY"] * n,
        "outcome": ["allow"] * n, "score": score,
        "hits": pl.Series([["R1"] if s > 0.5 else [] for s in score], dtype=pl.List(pl.String)),
    })  # fmt: skip


def found_in(n: int, seed: int = 0, known: int = 0) -> Candidates:
    rows = payments(n, seed)
    space = space_of(rows, {"still": np.zeros(n)})
    return Candidates(rows[known:], space[known:], space[:known], rows["score"].to_numpy()[:known])


@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 5), st.sampled_from([0.0, 0.2, 1.0]))
def test_chances_add_up_to_all_that_there_is(n: int, size: int, seed: int, random: float) -> None:
    found = found_in(n, seed)
    chosen = pick(found, LINES, size, seed, random)
    assert len({one.row for one in chosen}) == len(chosen) == min(n, size)
    assert sum(1 / one.inclusion_probability for one in chosen) == pytest.approx(n)
    assert all(one.inclusion_probability == 1 for one in chosen if one.why != "random")
    assert sum(one.why == "random" for one in chosen) >= 1


def test_the_sample_is_the_same_for_the_same_seed_and_its_certain_part_for_any() -> None:
    found = found_in(300, known=30)
    first, again, other = (pick(found, LINES, 40, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert [one for one in first if one.stratum < 0] == [one for one in other if one.stratum < 0]
    assert [[one.why for one in first].count(why) for why in ("uncertain", "diverse", "random")] == [20, 12, 8]


def test_the_estimate_has_no_bias_and_its_error_is_what_draws_differ_by() -> None:
    found = found_in(400)
    bad = (found.rows["score"].to_numpy() > 0.3) | (np.arange(400) % 40 == 1)
    estimates = []
    for seed in range(150):
        sample = sample_frame(found, pick(found, LINES, 60, seed, 0.5))
        told = sample.with_columns(bad=pl.Series(bad[sample["seq"].to_numpy()]))
        estimates.append(estimate_total(told, "bad"))
    totals = np.array([one.total for one in estimates])
    error = float(totals.std(ddof=1))
    assert abs(totals.mean() - bad.sum()) < 3 * error / np.sqrt(len(totals))
    assert float(np.sqrt(np.mean([one.error**2 for one in estimates]))) == pytest.approx(error, rel=0.25)


@settings(max_examples=30)
@given(st.integers(20, 300), st.integers(4, 60), st.integers(0, 3))
def test_the_interval_of_a_count_holds_what_was_seen_and_no_more_than_there_is(n: int, size: int, seed: int) -> None:
    found = found_in(n)
    sample = sample_frame(found, pick(found, LINES, size, seed, 0.5))
    for bad in (pl.lit(True), pl.lit(False), pl.col("score") > 0.3):
        told = sample.with_columns(bad=bad)
        low, high = count_interval(told, "bad")
        seen = int(told["bad"].sum())
        assert seen <= low + 1e-9
        assert low - 1e-9 <= estimate_total(told, "bad").total <= high + 1e-9
        assert high <= n - (told.height - seen) + 1e-9


def test_a_band_that_shows_none_is_not_taken_for_empty() -> None:
    found = found_in(400)
    sample = sample_frame(found, pick(found, LINES, 60, 0)).with_columns(bad=pl.lit(False))
    assert estimate_total(sample, "bad") == (0, 0)
    assert count_interval(sample, "bad")[1] > 30


def test_looking_at_all_is_certain() -> None:
    found = found_in(30)
    sample = sample_frame(found, pick(found, LINES, 99, 0)).with_columns(value=pl.lit(2))
    assert estimate_total(sample, "value") == (60, 0)


def test_uncertain_is_the_middle_between_the_lines_and_where_few_verdicts_are() -> None:
    score = np.array([0.0, 0.3, 0.55, 0.72, 0.85, 0.999])
    alone = uncertainty(score, LINES, np.zeros(0))
    assert int(np.argmax(alone)) == 3
    assert alone[1] < alone[2] < alone[3] > alone[4] > alone[5]
    assert alone[2] == pytest.approx(alone[4])
    crowded = uncertainty(score, LINES, np.full(50, 0.72))
    assert crowded[3] < alone[3]
    assert crowded[0] == alone[0]
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_diverse_goes_first_to_what_is_unlike_the_rest() -> None:
    rows = payments(60).with_columns(score=pl.lit(0.2))
    space = np.zeros((60, 3))
    space[:, 1] = np.linspace(0, 0.1, 60)
    space[17, 2] = 5.0
    found = Candidates(rows, space, space[:1], np.array([0.2]))
    diverse = [one.row for one in pick(found, LINES, 10, 0) if one.why == "diverse"]
    assert diverse[0] == 17 or any(one == Reason(17, "uncertain", 1.0, -1) for one in pick(found, LINES, 10, 0))


def test_users_and_shops_are_spread_over() -> None:
    rows = payments(400).with_columns(score=pl.lit(0.7))
    found = Candidates(rows, space_of(rows, {}), np.zeros((0, 3)), np.zeros(0))
    uncertain = [one.row for one in pick(found, LINES, 40, 0) if one.why == "uncertain"]
    assert rows[uncertain]["user_id"].n_unique() == 20


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 60))
def test_shares_are_all_given_and_nobody_gets_more_than_there_is(sizes: list[int], count: int) -> None:
    told = shared(count, np.array(sizes))
    assert sum(told) == min(count, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(told, sizes))
    if count >= 2 * len(sizes):
        assert all(share >= min(2, size) for share, size in zip(told, sizes))


def test_bands_are_joined_until_each_has_two_looks() -> None:
    score = np.array([0.0, 0.05, 0.2, 0.5, 0.9])
    assert [len(np.unique(strata(score, count))) for count in (1, 2, 4, 6, 10, 99)] == [1, 1, 2, 3, 5, 5]


def test_ranks_put_what_is_missing_aside_and_ties_together() -> None:
    told = ranks(np.array([2.0, np.nan, 2.0, 1.0, 9.0]))
    assert told.tolist() == [0.5, -0.5, 0.5, 0.125, 0.875]


def test_lines_are_those_from_which_people_are_disturbed() -> None:
    assert disturbing_lines(shipped_bundle("paylater").policy) == [0.55, 0.85]
    assert disturbing_lines(tiny().policy) == [0.5, 0.8]
