"""Fits: the same bytes for the same seed, trees on top of rules, directions held, gradients of the risk."""

from __future__ import annotations

import numpy as np
import pytest

from bonafide.engine.trees.lightgbm_text import read_lightgbm
from bonafide.lab.train.fit import Settings, Sheet, Start, grow, sampled, start_from_rules
from bonafide.lab.train.labels import LabelBook
from bonafide.lab.train.pu import METHODS, Lesson, Method, learn, nonnegative_risk
from tests.lab.train.kit import payments

SMALL = Settings(leaves=7, leaf_rows=10, trees=20)


def lesson(seed: int = 0) -> Lesson:
    matrix, _ = payments(3_000, 5)
    arrived = LabelBook(matrix.rows, matrix.statements).labels_at(matrix.last_ms)
    return Lesson(matrix, np.arange(matrix.n), arrived, seed)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_lesson_and_seed_give_the_same_bytes(method: Method) -> None:
    one, two = (learn(method, lesson(), SMALL, 0.08).trees.text() for _ in range(2))
    assert one == two
    assert read_lightgbm(one).names == ("told", "noise", "gap")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_ranks_what_it_was_taught(method: Method) -> None:
    taught = lesson()
    margin = learn(method, taught, SMALL, 0.08).margin(taught.matrix, taught.rows)
    bad = taught.matrix.rows["user_id"].str.slice(1).cast(int).to_numpy() % 12 == 0
    assert margin[bad].mean() > margin[~bad].mean() + 0.5


def test_an_input_with_a_direction_is_held_to_it() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    x = rng.normal(size=(2_000, 2))
    target = (x[:, 0] + rng.normal(0, 2, 2_000) < 0).astype(float)
    sheet = Sheet(x, target, np.ones(2_000), np.zeros(2_000))
    along = np.column_stack((np.linspace(-3, 3, 50), np.zeros(50)))
    free = grow(sheet, ["a", "b"], [0, 0], SMALL, 0).margin(along)
    held = grow(sheet, ["a", "b"], [1, 0], SMALL, 0).margin(along)
    assert np.diff(free).min() < 0 <= np.diff(held).min()


def test_trees_start_from_the_rules_and_never_against_them() -> None:
    evidence = np.repeat([0.0, 1.0], 500)
    often = np.tile([1.0, 0, 0, 0], 250)
    assert start_from_rules(evidence, np.concatenate((often[:500], 1 - often[500:])), np.ones(1_000)).rules_weight > 1
    against = start_from_rules(evidence, np.concatenate((1 - often[:500], often[500:])), np.ones(1_000))
    assert against == Start(pytest.approx(0.0), 0.0)


def test_sampling_keeps_what_tells_and_weighs_the_rest() -> None:
    rows = np.arange(10_000)
    kept, factor = sampled(rows, rows % 100 == 0, 900, 3)
    assert set(rows[rows % 100 == 0]) <= set(kept)
    assert len(kept) == 1_000
    assert factor.sum() == pytest.approx(10_000)
    assert (factor[kept % 100 == 0] == 1).all()


def test_gradients_are_those_of_the_risk() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    margin, confirmed, prior = rng.normal(size=60), np.arange(60) < 12, 0.25

    def risk(m: np.ndarray) -> float:
        as_bad, as_honest = np.logaddexp(0, -m), np.logaddexp(0, m)
        return float(prior * as_bad[confirmed].mean() + as_honest.mean() - prior * as_honest[confirmed].mean())

    gradient, curvature = nonnegative_risk(confirmed, np.ones(60), prior)(margin, None)
    step = 1e-6
    numeric = [(risk(margin + step * e) - risk(margin - step * e)) / (2 * step) for e in np.eye(60)]
    assert gradient / 60 == pytest.approx(numeric, abs=1e-6)
    assert (curvature > 0).all()


def test_where_the_risk_of_the_honest_falls_below_nothing_the_step_goes_back() -> None:
    margin = np.where(np.arange(50) < 25, 6.0, -6.0)
    confirmed = np.arange(50) < 25
    gradient, _ = nonnegative_risk(confirmed, np.ones(50), 0.9)(margin, None)
    assert (gradient[~confirmed] < 0).all()
