"""Threshold curves and daily budgets against slow twins: ties, weights, groups, scikit-learn where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.lab.curves import (
    Curve,
    Ranking,
    auc,
    average_precision,
    ks,
    precision_on,
    recall_at_precision,
    recall_on,
    tc_score,
    tpr_at_fpr,
)
from bonafide.lab.daily import DailyBudget, DailyGroups

Scored = list[tuple[float, int]]
"""(score, 1 for cash-out) by row."""

both_classes = st.lists(
    st.tuples(st.integers(0, 6).map(lambda tenths: tenths / 10), st.integers(0, 1), st.integers(0, 3)),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({label for _, label, _ in rows}) == 2)
"""(score, label, weight) by row, with many ties."""


def curve_of(rows: Scored) -> Curve:
    score, bad = np.array([s for s, _ in rows], dtype=float), np.array([y for _, y in rows], dtype=bool)
    return Ranking(score, bad).curve(np.ones(len(rows), np.int64))


def twin_auc(rows: Scored) -> float:
    bad, good = [s for s, y in rows if y], [s for s, y in rows if not y]
    return sum((b > g) + (b == g) / 2 for b in bad for g in good) / (len(bad) * len(good))


def twin_points(rows: Scored) -> list[tuple[int, int]]:
    """Cash-out and honest rows at or above each real threshold."""
    thresholds = sorted({s for s, _ in rows}, reverse=True)
    above = [[y for s, y in rows if s >= threshold] for threshold in thresholds]
    return [(sum(labels), len(labels) - sum(labels)) for labels in above]


def twin_recall(points: list[tuple[int, int]], rate: float) -> float:
    """Largest recall of a threshold that disturbs at most this share of honest rows."""
    bad, good = points[-1]
    return max((b / bad for b, g in points if g / good <= rate), default=0.0)


def twin_ap(rows: Scored) -> float:
    total, before, area = sum(y for _, y in rows), 0, 0.0
    for bad, good in twin_points(rows):
        area += (bad - before) / total * bad / (bad + good)
        before = bad
    return area


@settings(max_examples=200, deadline=None)
@given(both_classes)
def test_figures_equal_their_slow_twins_with_ties(weighted: list[tuple[float, int, int]]) -> None:
    rows = [(s, y) for s, y, _ in weighted]
    curve, points = curve_of(rows), twin_points(rows)
    bad, good = points[-1]
    assert auc(curve) == pytest.approx(twin_auc(rows), abs=1e-12)
    assert average_precision(curve) == pytest.approx(twin_ap(rows), abs=1e-12)
    assert ks(curve) == pytest.approx(max(abs(b / bad - g / good) for b, g in points), abs=1e-12)
    for precision in (0.1, 0.5, 0.9):
        reached = [b / bad for b, g in points if b / (b + g) >= precision]
        assert recall_at_precision(curve, precision) == pytest.approx(max(reached, default=0.0))
    for rate in (0.01, 0.25, 0.5):
        assert tpr_at_fpr(curve, rate) == pytest.approx(twin_recall(points, rate))
    parts = (0.4 * twin_recall(points, 0.001), 0.3 * twin_recall(points, 0.005), 0.3 * twin_recall(points, 0.01))
    assert tc_score(curve) == pytest.approx(sum(parts))


@settings(max_examples=150, deadline=None)
@given(both_classes)
def test_a_weight_stands_for_that_many_copies_of_a_row(rows: list[tuple[float, int, int]]) -> None:
    ranking = Ranking(np.array([s for s, _, _ in rows]), np.array([y for _, y, _ in rows], dtype=bool))
    weighted = ranking.curve(np.array([w for _, _, w in rows], np.int64)[ranking.order])
    copied = curve_of([(s, y) for s, y, w in rows for _ in range(w)])
    for figure in (auc, average_precision, ks):
        assert figure(weighted) == pytest.approx(figure(copied), abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(both_classes, st.integers(1, 5), st.integers(1, 3))
def test_weighted_budget_equals_taking_copies_from_the_top_of_each_day(
    rows: list[tuple[float, int, int]], budget: int, days: int
) -> None:
    seq = np.arange(len(rows))
    score, bad = np.array([s for s, _, _ in rows]), np.array([y for _, y, _ in rows], dtype=bool)
    weight = np.array([w for _, _, w in rows], np.int64)
    daily = DailyBudget(seq % days, score, seq, bad, budget)
    looked_at = hits = 0
    for day in range(days):
        copies = [i for i in range(day, len(rows), days) for _ in range(weight[i])]
        taken = sorted(copies, key=lambda i: (-score[i], i))[:budget]
        looked_at += len(taken)
        hits += int(bad[taken].sum())
    assert daily.taken(weight[daily.order]) == (looked_at, hits)


@settings(max_examples=150, deadline=None)
@given(both_classes)
def test_drawn_curves_pass_through_every_threshold(weighted: list[tuple[float, int, int]]) -> None:
    rows = [(s, y) for s, y, _ in weighted]
    curve, points = curve_of(rows), twin_points(rows)
    bad, good = points[-1]
    for rate in {g / good for _, g in points}:
        highest = max(b / bad for b, g in points if g / good == rate)
        assert recall_on(curve, np.array([rate]))[0] == pytest.approx(highest)
    for recall in {b / bad for b, _ in points if b}:
        first = next(b / (b + g) for b, g in points if b / bad >= recall)
        assert precision_on(curve, np.array([recall]))[0] == pytest.approx(first)


def test_a_drawn_roc_is_straight_inside_a_tie() -> None:
    curve = curve_of([(0.5, 1), (0.5, 0), (0.5, 0), (0.1, 1)])
    assert recall_on(curve, np.array([0.0, 0.5, 1.0])).tolist() == [0.0, 0.25, 1.0]


@settings(max_examples=150, deadline=None)
@given(both_classes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
def test_groups_looked_at_are_the_first_of_each_day_among_those_present(
    rows: list[tuple[float, int, int]], budget: int, days: int, shops: int
) -> None:
    seq = np.arange(len(rows))
    day, shop = seq % days, (seq * seq) % shops
    names = np.unique(day * shops + shop, return_inverse=True)[1]
    score, bad = np.array([s for s, _, _ in rows]), np.array([y for _, y, _ in rows], dtype=bool)
    present = np.array([w for _, _, w in rows]) > 0
    daily = DailyGroups(day, names, score, seq, bad, budget)
    looked_at = hits = 0
    for one in range(days):
        of_day = [i for i in seq if day[i] == one and present[i]]
        best = {s: min((-score[i], i) for i in of_day if shop[i] == s) for s in {shop[i] for i in of_day}}
        taken = sorted(best, key=lambda s: best[s])[:budget]
        looked_at += len(taken)
        hits += sum(any(bad[i] for i in of_day if shop[i] == s) for s in taken)
    assert daily.taken(present[daily.order]) == (looked_at, hits)


def test_a_tie_is_taken_whole_or_not_at_all_under_a_false_positive_rate() -> None:
    rows = [(0.9, 1), (0.5, 1), (0.5, 0), (0.1, 0)]
    assert tpr_at_fpr(curve_of(rows), 0.49) == 0.5
    assert tpr_at_fpr(curve_of(rows), 0.5) == 1.0


def test_nothing_to_rank_has_no_figures() -> None:
    curve = curve_of([])
    assert [figure(curve) for figure in (auc, average_precision, ks)] == [None] * 3
    empty = np.zeros(0, np.int64)
    assert DailyBudget(empty, np.zeros(0), empty, np.zeros(0, np.bool_), 3).taken(empty) == (0, 0)


def test_figures_equal_scikit_learn() -> None:
    learn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(7)
    labels = (rng.random(3_000) < 0.05).astype(int)
    scores = np.round(np.clip(rng.normal(0.3 + 0.2 * labels, 0.15), 0, 1), 2)
    curve = curve_of(list(zip(scores.tolist(), labels.tolist(), strict=True)))
    assert auc(curve) == pytest.approx(learn.roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(curve) == pytest.approx(learn.average_precision_score(labels, scores), abs=1e-12)
    fpr, tpr, _ = learn.roc_curve(labels, scores, drop_intermediate=False)
    assert ks(curve) == pytest.approx(float(np.max(tpr - fpr)), abs=1e-12)
    assert tpr_at_fpr(curve, 0.05) == pytest.approx(float(tpr[fpr <= 0.05].max()), abs=1e-12)
