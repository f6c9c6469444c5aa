"""Evaluations against hand computations: money, delay, friction, budgets, edges, currencies, resampled payers."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from bonafide.core.errors import InputError, UsageError
from bonafide.lab.intervals import WEIGHED_ROWS_MAX, affordable_resamples
from bonafide.lab.metrics import Evaluation, evaluate
from bonafide.lab.report_text import show

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
T0 = 1_767_600_000_000 // DAY_MS * DAY_MS

Row = dict[str, Any]


def decided(*rows: Row) -> pl.DataFrame:
    """Decisions of payments p0, p1, ... with an hour between them, unless a row says otherwise."""
    filled = [
        {
            "seq": seq, "event_id": f"p{seq}", "time": T0 + seq * HOUR_MS, "type": "payment", "user_id": f"u{seq}",
            "merchant_id": "m1", "amount": 1000, "currency": "CNY", "outcome": "allow", "score": 0.0, **row,
        }
        for seq, row in enumerate(rows)
    ]  # fmt: skip
    frame = pl.DataFrame(filled, schema_overrides={"amount": pl.Int64, "user_id": pl.String})
    return frame.with_columns(pl.from_epoch("time", "ms").dt.replace_time_zone("UTC"))


def labelled(*labels: int | None, typology: list[str | None] | None = None) -> pl.DataFrame:
    frame = pl.DataFrame({"event_id": [f"p{i}" for i in range(len(labels))], "label": pl.Series(labels, dtype=pl.Int8)})
    return frame if typology is None else frame.with_columns(typology=pl.Series(typology, dtype=pl.String))


# By hand


def worked_example() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two bad users: a is alerted at the second of three payments after 2 h, b never; six honest payments."""
    decisions = decided(
        {"user_id": "a", "amount": 100, "score": 0.2},
        {"user_id": "h1", "amount": 5_000, "score": 0.9, "outcome": "decline"},
        {"user_id": "a", "amount": 200, "score": 0.8, "outcome": "verify"},
        {"user_id": "a", "amount": 400, "score": 0.1, "outcome": "warn"},
        {"user_id": "b", "amount": 800, "score": 0.3},
        {"user_id": "h2", "score": 0.1, "outcome": "verify", "amount": 70},
        {"user_id": "h3"},
        {"user_id": "h3"},
        {"user_id": "h4"},
        {"user_id": "h4"},
    )
    names = ["x", "sale", "x", "y", "y", "sale", None, None, None, None]
    return decisions, labelled(1, 0, 1, 1, 1, 0, 0, 0, 0, 0, typology=names)


def test_money_friction_and_delay_by_hand() -> None:
    e = evaluate(*worked_example(), resamples=0)
    assert (e.n, e.positives, e.unlabelled, e.entities) == (10, 4, 0, 6)
    assert (e.currency, e.money_caught, e.money_missed) == ("CNY", 200, 1_300)
    assert e.money_caught_fraction == pytest.approx(200 / 1_500)
    assert e.line_saved == 600
    assert e.hours_to_detection_p50 == 2.0
    assert e.honest_stopped_per_10000 == pytest.approx(10_000 / 6)
    assert e.honest_disturbed_per_10000 == pytest.approx(20_000 / 6)
    assert e.honest_money_disturbed == 5_070
    assert e.notes == []


def test_each_typology_and_each_hard_negative_by_hand() -> None:
    e = evaluate(*worked_example(), resamples=0)
    assert msgspec.to_builtins(e.per_typology) == {
        "x": {"n": 2, "alerted": 1, "recall": 0.5, "money": 300, "money_caught": 200, "recall_interval": None},
        "y": {"n": 2, "alerted": 0, "recall": 0.0, "money": 1_200, "money_caught": 0, "recall_interval": None},
    }
    assert list(e.per_hard_negative) == ["sale"]
    sale = e.per_hard_negative["sale"]
    assert (sale.n, sale.disturbed, sale.stopped, sale.stopped_per_10000) == (2, 2, 1, 5_000)


def test_budget_takes_the_highest_scores_of_each_utc_day_ties_by_place_in_the_log() -> None:
    decisions = decided(
        {"score": 0.5, "time": T0},
        {"score": 0.5, "time": T0 + DAY_MS - 1},
        {"score": 0.4, "time": T0 + 5},
        {"score": 0.1, "time": T0 + DAY_MS},
        {"score": 0.0, "time": T0 + DAY_MS + 1},
    )
    e = evaluate(decisions, labelled(0, 1, 1, 1, 0), budget_per_day=1, resamples=0)
    assert (e.budget_per_day, e.precision_at_budget) == (1, 0.5)
    assert e.recall_at_budget == pytest.approx(1 / 3)


def test_default_budget_is_half_a_percent_of_an_average_day() -> None:
    decisions = decided(*({"time": T0 + (i % 2) * DAY_MS} for i in range(2_000)))
    assert evaluate(decisions, labelled(*([0, 1] * 1_000)), resamples=0).budget_per_day == 5
    assert evaluate(decided({}, {}), labelled(0, 1), resamples=0).budget_per_day == 1


def test_payments_without_a_label_and_other_types_are_not_judged() -> None:
    decisions = decided({"score": 0.9}, {}, {"type": "refund"}, {}, {})
    e = evaluate(decisions, labelled(1, 0, 1, None), resamples=0)
    assert (e.n, e.positives, e.unlabelled) == (2, 1, 2)
    assert e.notes == [
        "Decided payments without a label, not judged: 2 of 4.",
        "Labels that name no decided payment, not used: 1.",
    ]


def test_money_is_in_the_currency_of_most_payments_and_a_note_counts_the_others() -> None:
    decisions = decided(
        {"user_id": "a", "amount": 7, "currency": "JPY", "outcome": "hold"},
        {"user_id": "a", "amount": 10, "outcome": "hold"},
        {"user_id": "b", "amount": 500, "currency": "USD"},
        {"user_id": "b", "amount": 900, "currency": "USD"},
        {"user_id": "c", "amount": 30},
        {"amount": 4, "outcome": "verify"},
        {"amount": 50, "currency": "USD", "outcome": "verify"},
        {"amount": 5},
    )
    truth = labelled(1, 1, 1, 1, 1, 0, 0, 0, typology=["x", "x", "y", "y", "x", None, None, None])
    e = evaluate(decisions, truth, resamples=10)
    assert (e.currency, e.money_caught, e.money_missed, e.line_saved) == ("CNY", 10, 30, 10)
    assert e.money_caught_fraction == 0.25
    assert e.honest_money_disturbed == 4
    assert e.per_typology["x"].money == 40
    assert (e.per_typology["y"].n, e.per_typology["y"].money) == (2, 0)
    assert e.intervals["money_caught_fraction"] is not None
    note = "Money figures are in CNY; judged payments left out of them: 3 in USD, 1 in JPY."
    assert note in e.notes
    assert note in show(e)


def test_of_equally_frequent_currencies_the_alphabetically_first_is_taken() -> None:
    decisions = decided({"currency": "USD"}, {"currency": "EUR"}, {"currency": "USD"}, {"currency": "EUR"})
    assert evaluate(decisions, labelled(1, 1, 0, 0), resamples=0).currency == "EUR"


def test_cash_out_in_other_currencies_only_leaves_the_fraction_undefined() -> None:
    decisions = decided({"currency": "USD", "outcome": "hold", "score": 0.9}, *[{}] * 20)
    e = evaluate(decisions, labelled(1, *[0] * 20), resamples=50)
    assert (e.currency, e.money_caught, e.money_missed, e.money_caught_fraction) == ("CNY", 0, 0, None)
    assert e.intervals["money_caught_fraction"] is None
    assert e.intervals["auc"] is not None
    assert e.notes == ["Money figures are in CNY; judged payments left out of them: 1 in USD."]
    assert "Money\n  half of the payers caught" in show(e)


def test_first_alert_is_first_by_time_not_by_place_in_the_log() -> None:
    decisions = decided(
        {"user_id": "a", "time": T0 + 5 * HOUR_MS, "outcome": "verify", "amount": 1},
        {"user_id": "a", "time": T0 + 2 * HOUR_MS, "outcome": "hold", "amount": 2},
        {"user_id": "a", "time": T0 + 1 * HOUR_MS, "amount": 4},
        {"user_id": "h"},
    )
    e = evaluate(decisions, labelled(1, 1, 1, 0), resamples=0)
    assert e.hours_to_detection_p50 == 1.0
    assert e.line_saved == 3


# Edges


def assert_json_without_nan(e: Evaluation) -> dict[str, Any]:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} in JSON")

    told: dict[str, Any] = json.loads(msgspec.json.encode(e), parse_constant=refuse)
    floats = [value for value in told.values() if isinstance(value, float)]
    assert all(math.isfinite(value) for value in floats)
    return told


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ([0, 0, 0], "No judged payment is cash-out, so figures about catching it are undefined."),
        ([1, 1, 1], "Every judged payment is cash-out, so figures that need honest payments are undefined."),
    ],
)
def test_one_class_gives_nulls_and_says_so(labels: list[int], note: str) -> None:
    e = evaluate(decided({"score": 0.4}, {}, {}), labelled(*labels))
    told = assert_json_without_nan(e)
    assert [told[name] for name in ("auc", "ap", "ks", "recall_at_precision_90")] == [None] * 4
    assert told["tpr_at_fpr"] == {"0.001": None, "0.005": None, "0.01": None, "0.05": None}
    assert told["intervals"]["auc"] is None
    assert note in told["notes"]
    assert note in show(e)


@pytest.mark.parametrize("decisions", [decided({}, {}), decided({"type": "payout"}).clear()])
def test_nothing_in_common_gives_nulls_and_says_so(decisions: pl.DataFrame) -> None:
    truth = pl.DataFrame({"event_id": ["elsewhere"], "label": pl.Series([1], dtype=pl.Int8)})
    e = evaluate(decisions, truth)
    told = assert_json_without_nan(e)
    assert (told["n"], told["positives"], told["budget_per_day"]) == (0, 0, 1)
    assert told["honest_stopped_per_10000"] is told["hours_to_detection_p50"] is told["recall_at_budget"] is None
    assert told["currency"] is told["money_caught_fraction"] is None
    assert told["money_caught"] == told["money_missed"] == told["line_saved"] == told["honest_money_disturbed"] == 0
    assert "No decided payment has a label, so there is nothing to judge." in told["notes"]
    assert show(e).startswith("0 payments")


def test_truth_may_have_columns_of_nulls_or_lack_them() -> None:
    decisions = decided({"score": 0.9}, {})
    lacking = evaluate(decisions, labelled(1, 0))
    nulls = evaluate(decisions, labelled(1, 0).with_columns(typology=pl.lit(None), user_id=pl.lit(None)))
    assert nulls == lacking
    assert lacking.per_typology == {}


def test_payments_without_a_payer_are_each_their_own_entity() -> None:
    e = evaluate(decided({"user_id": None, "score": 0.9}, {"user_id": None}, {"user_id": "u"}), labelled(1, 0, 0))
    assert e.entities == 3


def test_repeated_truth_is_refused_and_named() -> None:
    twice = pl.concat([labelled(1, 0), labelled(1)])
    with pytest.raises(InputError, match="event_id: the truth table names 'p0' more than once") as refused:
        evaluate(decided({}, {}), twice)
    assert (refused.value.reason, refused.value.field) == ("conflict", "event_id")


@pytest.mark.parametrize(
    ("decisions", "truth", "field", "reason"),
    [
        (decided({}).drop("score"), labelled(1), "score", "missing-field"),
        (decided({}), labelled(1).drop("label"), "label", "missing-field"),
        (decided({}), labelled(2), "label", "invalid-field"),
        (decided({"outcome": "block"}), labelled(1), "outcome", "invalid-field"),
        (decided({"score": math.nan}), labelled(1), "score", "missing-field"),
        (decided({"currency": None}, {}), labelled(1), "currency", "missing-field"),
    ],
)
def test_frames_that_cannot_be_judged_are_refused_by_field(
    decisions: pl.DataFrame, truth: pl.DataFrame, field: str, reason: str
) -> None:
    with pytest.raises(InputError, match=field) as refused:
        evaluate(decisions, truth)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_a_budget_below_one_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="budget_per_day is 0"):
        evaluate(decided({}), labelled(1), budget_per_day=0)


# Intervals


def clustered(users: int, per_user: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payers whose payments all share one score and one label: as much evidence as there are payers."""
    rng = np.random.default_rng(3)
    bad = np.repeat(rng.random(users) < 0.3, per_user)
    score = np.repeat(np.round(rng.random(users), 6), per_user) * np.where(bad, 1.0, 0.7)
    outcome = np.where(score > 0.5, "verify", "allow")
    size = users * per_user
    rows = ({"user_id": f"u{i // per_user}", "score": score[i], "outcome": str(outcome[i])} for i in range(size))
    return decided(*rows), labelled(*bad.astype(int).tolist())


def test_intervals_hold_the_figure_and_repeat_for_a_seed() -> None:
    frames = clustered(80, 3)
    first, again, other = (evaluate(*frames, resamples=60, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.intervals != other.intervals
    assert set(first.intervals) == {
        "auc", "ap", "ks", "recall_at_precision_90", "recall_at_precision_10", "tc_score", "tpr_at_fpr_0.001",
        "tpr_at_fpr_0.005", "tpr_at_fpr_0.01", "tpr_at_fpr_0.05", "precision_at_budget", "recall_at_budget",
        "user_precision_at_budget", "merchant_precision_at_budget", "money_caught_fraction", "line_saved_fraction",
        "hours_to_detection_p50", "honest_stopped_per_10000", "honest_disturbed_per_10000",
    }  # fmt: skip
    for name in ("auc", "ap", "ks", "money_caught_fraction", "honest_disturbed_per_10000"):
        value = getattr(first, name)
        interval = first.intervals[name]
        assert interval is not None
        assert value is not None
        assert interval[0] < value < interval[1]


def test_payers_are_resampled_so_repeating_their_rows_adds_no_certainty() -> None:
    once, tenfold = (evaluate(*clustered(60, n), resamples=80).intervals["auc"] for n in (1, 10))
    assert once is not None
    assert tenfold == pytest.approx(once, abs=1e-9)


def test_each_kind_has_an_interval_from_the_same_resamples_and_none_where_they_cannot_differ() -> None:
    decisions, truth = clustered(80, 2)
    names = [None if n % 3 == 0 else "one" if n < 2 else "many" for n in range(truth.height)]
    e = evaluate(decisions, truth.with_columns(typology=pl.Series(names)), resamples=100)
    kind, alike = e.per_typology["many"], e.per_hard_negative["many"]
    assert kind.recall_interval is not None
    assert kind.recall_interval[0] < kind.recall < kind.recall_interval[1]
    assert alike.disturbed_interval is not None
    assert alike.disturbed_interval[0] < alike.disturbed_per_10000 < alike.disturbed_interval[1]
    assert alike.stopped_interval is None
    assert (e.honest_stopped_per_10000, e.intervals["honest_stopped_per_10000"]) == (0, None)
    assert {**e.per_typology, **e.per_hard_negative}["one"].n == 1


def test_order_of_rows_in_the_files_changes_nothing() -> None:
    decisions, truth = clustered(50, 2)
    straight = evaluate(decisions, truth, resamples=20)
    assert evaluate(decisions.reverse(), truth.sample(fraction=1, shuffle=True, seed=1), resamples=20) == straight


def test_long_logs_get_fewer_resamples_but_never_none() -> None:
    assert affordable_resamples(1_000_000, 200) == 200
    assert affordable_resamples(WEIGHED_ROWS_MAX // 100, 200) == 100
    assert affordable_resamples(10**9, 200) == 20
    assert affordable_resamples(10**9, 0) == 0
    assert affordable_resamples(0, 200) == 200


# In words


def test_summary_speaks_in_money_and_counts() -> None:
    text = show(evaluate(*worked_example(), resamples=20))
    assert "10 payments of 6 payers judged; 4 of them are cash-out (40.00 %)." in text
    assert "caught 2.00 CNY of 15.00 CNY of cash-out: 13.3 %" in text
    assert "not yet spent at the payer's first alert: 6.00 CNY" in text
    assert "honest money disturbed: 50.70 CNY" in text
    assert "nan" not in text.lower()
