"""The class prior against data whose prior is known."""

from __future__ import annotations

import numpy as np
import pytest

from bonafide.lab.train.prior import best_bin, elkan_noto


def scores(n: int, share: float, frequency: float, apart: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of which `share` are of the bad class, a `frequency` of those confirmed at random."""
    rng = np.random.Generator(np.random.PCG64(seed))
    bad = rng.random(n) < share
    score = rng.normal(0, 1, n) + apart * bad
    return score, bad & (rng.random(n) < frequency)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("frequency", [0.3, 0.6])
def test_the_best_bin_finds_a_prior_that_is_known(share: float, frequency: float) -> None:
    found = [best_bin(*scores(60_000, share, frequency, 5.0, seed)) for seed in range(5)]
    assert np.mean([one.among_all for one in found]) == pytest.approx(share, rel=0.15)
    assert np.mean([one.label_frequency for one in found]) == pytest.approx(frequency, rel=0.15)


def test_where_classes_overlap_the_prior_is_overstated_and_never_understated_much() -> None:
    found = best_bin(*scores(60_000, 0.05, 0.5, 2.0, 1))
    assert 0.045 < found.among_all < 0.12


def test_rows_that_stand_for_many_count_for_many() -> None:
    score, confirmed = scores(60_000, 0.05, 0.5, 5.0, 3)
    rng = np.random.Generator(np.random.PCG64(9))
    kept = confirmed | (rng.random(len(score)) < 0.25)
    weight = np.where(confirmed, 1.0, 4.0)
    thin = best_bin(score[kept], confirmed[kept], weight[kept])
    assert thin.among_all == pytest.approx(best_bin(score, confirmed).among_all, rel=0.15)


def test_with_none_confirmed_there_is_no_prior_and_with_few_all_are_one_bin() -> None:
    assert best_bin(np.arange(10.0), np.zeros(10, dtype=bool)).among_all == 0.0
    found = best_bin(np.arange(10.0), np.isin(np.arange(10), (6, 9)))
    assert found.among_unlabelled == pytest.approx(2 / 8)


def test_elkan_and_noto_find_the_frequency_where_classes_are_certain() -> None:
    score, confirmed = scores(60_000, 0.1, 0.4, 12.0, 2)
    found = elkan_noto(np.where(score > 6, 0.4, 0.0), confirmed)
    assert found.label_frequency == pytest.approx(0.4)
    assert found.among_all == pytest.approx(0.1, rel=0.05)
