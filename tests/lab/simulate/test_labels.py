"""Labels: late, few, at times wrong, and known to nobody before they arrive."""

from __future__ import annotations

import polars as pl
import pytest

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate import Simulation, labels, scenario
from tests.lab.simulate.runs import Run, small

INVESTIGATION_DAYS = (3, 30)
BUST_DAYS = (14, 60)
APPEAL_DAYS = (2, 12)


def judged(lived: Run) -> pl.DataFrame:
    """Verdicts on payments beside the payment: `told_at`, `said` (cash_out or genuine), `by`."""
    verdicts = lived.events.filter(type="verdict", subject_type="event").select(
        event_id="subject_id", told_at="time", said="label", by="source"
    )
    return verdicts.join(lived.payments, on="event_id", how="left", maintain_order="left")


def days(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    return (later - earlier) / DAY_MS


def test_no_verdict_comes_before_its_payment_and_each_names_its_payer() -> None:
    verdicts = judged(small())
    assert verdicts.height > 100
    assert (verdicts["told_at"] > verdicts["time"]).all()
    told = small().events.filter(type="verdict", subject_type="event")
    assert told["user_id"].null_count() == 0
    named = told.filter(pl.col("merchant_id").is_not_null())
    orders = small().payments.select(subject_id="event_id", user_id="user_id", merchant_id="merchant_id")
    assert named.join(orders, on=["subject_id", "user_id", "merchant_id"], how="anti").is_empty()


def test_a_label_is_known_from_the_moment_of_its_verdict() -> None:
    last = judged(small()).unique("event_id", keep="last")
    known = small().payments.filter(pl.col("known_at").is_not_null())
    both = known.join(last.select("event_id", "told_at", "said", "by"), on="event_id", how="full")
    assert both.height == last.height == known.height
    assert (both["known_at"] == both["told_at"]).all()
    assert ((both["said"] == "cash_out") == (both["observed"] == 1)).all()
    assert (both["by"] == both["observed_source"]).all()


def test_a_second_verdict_on_a_payment_is_an_appeal() -> None:
    again = judged(small()).filter(~pl.col("event_id").is_first_distinct())
    assert set(again["by"]) <= {"appeal"}
    assert (again["said"] == "genuine").all()


def test_investigators_take_days_from_the_cash_out_that_they_looked_into() -> None:
    lived = small()
    confirmed = lived.events.filter(type="verdict", subject_type="user", label="cash_out")
    guilty = confirmed.select("user_id", told_at="time").join(lived.payments.filter("bad"), on="user_id")
    delays = guilty.with_columns(delay=days(pl.col("told_at"), pl.col("time"))).group_by("user_id", "told_at").agg(
        fits=pl.col("delay").is_between(*INVESTIGATION_DAYS).any()
    )  # fmt: skip
    assert delays.height >= 10
    assert delays["fits"].all()


def test_busts_take_weeks_from_the_first_cash_out_of_a_shop() -> None:
    lived = small()
    busts = lived.events.filter(type="verdict", subject_type="merchant").select("merchant_id", told_at="time")
    first = lived.payments.filter("bad").group_by("merchant_id").agg(first=pl.col("time").min())
    delays = busts.join(first, on="merchant_id", how="left").select(d=days(pl.col("told_at"), pl.col("first")))["d"]
    assert delays.len() >= 2
    assert delays.is_between(*BUST_DAYS).all()


def test_appeals_follow_wrong_convictions_within_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "PRECISION", 0.0)  # with each user who is confirmed another is convicted wrongly
    verdicts = judged(Run(Simulation(scenario("broker_ring", 500, 60, 45), 1)))
    appeals = verdicts.filter(by="appeal")
    convicted = verdicts.filter(by="analyst", said="cash_out").select("event_id", convicted_at="told_at")
    both = appeals.join(convicted, on="event_id")
    assert both.height == appeals.height > 0
    assert not appeals["bad"].any()
    assert both.select(d=days(pl.col("told_at"), pl.col("convicted_at")))["d"].is_between(*APPEAL_DAYS).all()


def test_some_labels_are_wrong_and_most_cash_out_is_never_labelled() -> None:
    payments = small().payments
    known = payments.filter(pl.col("known_at").is_not_null())
    wrong = (known["observed"] == 1) != known["bad"]
    assert 0.003 <= wrong.mean() <= 0.05  # type: ignore[operator]
    assert 0.15 <= payments.filter("bad")["known_at"].is_not_null().mean() <= 0.6  # type: ignore[operator]
