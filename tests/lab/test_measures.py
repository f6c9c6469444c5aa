"""Measures against the plain twin: on a log as it is, and with payers drawn several times or not at all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab import metrics
from bonafide.lab.intervals import estimate
from bonafide.lab.judged import Judged, judge
from bonafide.lab.measures import Budgeted, Ranked
from bonafide.lab.metrics import Evaluation, evaluate, study
from bonafide.lab.pictures import calibration
from tests.lab.evaluation_twin import Row, twin

T0 = 20_000 * DAY_MS


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Few payers, merchants, scores and days, so that ties and repeats are many; some payments name nobody."""
    size = draw(st.integers(1, 30))
    return [
        Row(
            seq=seq,
            time=T0 + draw(st.integers(0, 4)) * 12 * HOUR_MS,
            payer=draw(st.sampled_from(["a", "b", "c", "d", None])),
            merchant=draw(st.sampled_from(["m", "n", "o", None])),
            score=draw(st.sampled_from([0.0, 0.2, 0.4, 0.9])),
            bad=draw(st.booleans()),
            outcome=draw(st.sampled_from(["allow", "warn", "verify", "hold", "decline"])),
            amount=draw(st.integers(1, 9)),
            typology=draw(st.sampled_from([None, "x", "y"])),
        )
        for seq in range(size)
    ]


def frames(rows: list[Row]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows as decisions and truth."""
    decisions = [
        {
            "seq": r.seq, "event_id": f"p{r.seq}", "time": r.time, "type": "payment", "user_id": r.payer,
            "merchant_id": r.merchant, "amount": r.amount, "currency": "CNY", "outcome": r.outcome, "score": r.score,
        }
        for r in rows
    ]  # fmt: skip
    truth = [{"event_id": f"p{r.seq}", "label": int(r.bad), "typology": r.typology} for r in rows]
    strings: dict[str, Any] = {"user_id": pl.String, "merchant_id": pl.String}
    return pl.DataFrame(decisions, schema_overrides=strings), pl.DataFrame(
        truth, schema_overrides={"typology": pl.String}
    )


def measured(judged: Judged, budget: int, weight: np.ndarray) -> dict[str, float | None]:
    rows = judged.rows
    bad, honest = metrics._in_order_of_time(rows.filter("bad")), rows.filter(~pl.col("bad"))
    found: dict[str, float | None] = {}
    for measure in (Ranked(rows), Budgeted(rows, budget), *metrics._shares(bad, honest), metrics._delay(bad)):
        values = measure.of(weight)
        found |= {name: None if math.isnan(value) else value for name, value in zip(measure.names, values, strict=True)}
    return found


def assert_same(found: dict[str, float | None], expected: dict[str, float | None]) -> None:
    for name, value in expected.items():
        told = found.get(name)
        assert told == (None if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)), name
    assert {name for name, value in found.items() if value is not None} <= expected.keys()


@settings(max_examples=150)
@given(logs(), st.integers(1, 4))
def test_every_figure_equals_the_twin(rows: list[Row], budget: int) -> None:
    judged = judge(*frames(rows))
    assert_same(measured(judged, budget, np.ones(judged.entities, np.int64)), twin(rows, budget))


@settings(max_examples=150)
@given(logs(), st.integers(1, 4), st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_a_payer_drawn_several_times_is_several_payers(rows: list[Row], budget: int, draws: list[int]) -> None:
    judged = judge(*frames(rows))
    entity = dict(zip(judged.rows["seq"].to_list(), judged.rows["entity"].to_list()))
    weight = np.array(draws[: judged.entities], np.int64)
    copies = [
        row._replace(payer=None if row.payer is None else f"{row.payer}{copy}")
        for row in rows
        for copy in range(weight[entity[row.seq]])
    ]
    # Payments of nobody are told apart by their place alone, which copies share.
    if any(row.payer is None and weight[entity[row.seq]] > 1 for row in rows):
        return
    assert_same(measured(judged, budget, weight), twin(copies, budget))


@given(logs(), st.integers(1, 4))
def test_an_evaluation_tells_what_the_twin_tells(rows: list[Row], budget: int) -> None:
    e = evaluate(*frames(rows), budget_per_day=budget, resamples=0)
    expected = twin(rows, budget)
    told = {name: getattr(e, name) for name in expected if name in Evaluation.__struct_fields__}
    told |= {f"tpr_at_fpr_{rate}": value for rate, value in e.tpr_at_fpr.items()}
    told |= {f"recall/{name}": kind.recall for name, kind in e.per_typology.items()}
    told |= {f"disturbed/{name}": kind.disturbed_per_10000 for name, kind in e.per_hard_negative.items()}
    told |= {f"stopped/{name}": kind.stopped_per_10000 for name, kind in e.per_hard_negative.items()}
    assert_same(told, expected)


@given(logs())
def test_a_study_is_the_same_evaluation_with_pictures(rows: list[Row]) -> None:
    told = study(*frames(rows), resamples=5)
    assert told.evaluation == evaluate(*frames(rows), resamples=5)
    pictures = told.pictures
    assert int(pictures.bad_by_score.sum()) == sum(r.bad for r in rows)
    assert int(pictures.honest_by_score.sum()) == sum(not r.bad for r in rows)
    assert sum(bar.caught for bar in pictures.money) == told.evaluation.money_caught
    assert sum(bar.missed for bar in pictures.money) == told.evaluation.money_missed
    assert sum(band.n for band in pictures.calibration) == len(rows)
    assert pictures.payers_bad == len({r.payer or r.seq for r in rows if r.bad})


@given(logs())
def test_calibration_is_the_share_of_cash_out_among_equal_scores(rows: list[Row]) -> None:
    """Each score of these logs lies in a band of its own, the lowest one at its edge."""
    judged = judge(*frames(rows))
    shares = estimate([calibration(judged.rows)], judged.entities, 0, 0).values
    bands = {0.0: 0, 0.2: 6, 0.4: 8, 0.9: 13}
    for score, band in bands.items():
        labels = [r.bad for r in rows if r.score == score]
        expected = pytest.approx(sum(labels) / len(labels)) if labels else None
        assert shares[f"calibration/{band}"] == expected


def test_a_score_of_one_lies_in_the_last_band() -> None:
    row = Row(0, T0, "a", "m", 1.0, True, "hold", 1, None)
    told = study(*frames([row, row._replace(seq=1, bad=False, score=0.0)]), resamples=0)
    assert [(band.n, band.mean_score) for band in told.pictures.calibration] == [(1, 0.0), (1, 1.0)]
    assert told.pictures.bad_by_score[-1] == 1


def test_a_long_log_is_told_in_spans_of_weeks() -> None:
    rows = [Row(n, T0 + n * DAY_MS, "a", "m", 0.1, n % 2 == 0, "allow", 5, None) for n in range(200)]
    pictures = study(*frames(rows), resamples=0).pictures
    assert (pictures.days_per_bar, len(pictures.money)) == (7, 29)
    assert sum(bar.missed for bar in pictures.money) == 500
