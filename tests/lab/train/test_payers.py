"""Which moments stand for a payer, what had become known of them, and that nothing peeks ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.engine.bundle import untrained
from bonafide.engine.bundles import inputs as declared
from bonafide.engine.engine import Engine
from bonafide.engine.rules.language import Name
from bonafide.engine.scorecard import Direction, Family
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.train.matrix import gather
from bonafide.lab.train.payers import PayerLog
from bonafide.lab.train.scorecard_report import restlessness
from bonafide.lab.train.scorecard_trial import WARM_MS, fit_payers, judge_moments, try_payers
from bonafide.lab.train.snapshots import (
    Target,
    choose_snapshots,
    confirmed_moments,
    how_bad,
    last_snapshots,
    missed_moments,
    went_bad,
)
from tests.engine.kit import payment
from tests.lab.runs import as_parquet, small_bundle

TARGET = Target(horizon_ms=10, per_user=3)


class Input(NamedTuple):
    name: str
    family: Family = "habits"
    direction: Direction | None = "up"
    reason: str = "RC1"


def at(*moments: tuple[str | None, int]) -> pl.DataFrame:
    users, times = zip(*moments) if moments else ((), ())
    told = {"event_id": [f"e{i}" for i in range(len(users))], "user_id": users, "time": times}
    return pl.DataFrame(told, schema={"event_id": pl.String, "user_id": pl.String, "time": pl.Int64})


def fact(kind: str, time: int, **told: Any) -> dict[str, Any]:
    blank = dict.fromkeys(("user_id", "subject_type", "subject_id", "label", "status"))
    return {"type": kind, "time": time, **blank, **told}


def facts(*rows: dict[str, Any]) -> pl.DataFrame:
    names = ("type", "user_id", "subject_type", "subject_id", "label", "status")
    return pl.DataFrame(list(rows), schema={**dict.fromkeys(names, pl.String), "time": pl.Int64})


def verdict(time: int, event: str, label: str = "cash_out", user: str | None = "u") -> dict[str, Any]:
    return fact("verdict", time, user_id=user, subject_type="event", subject_id=event, label=label)


def test_a_payer_has_at_most_a_few_moments_evenly_spread_and_those_without_a_payer_none() -> None:
    payments = at(*(("busy", i) for i in range(9)), (None, 3), ("calm", 4), ("calm", 5))
    chosen = choose_snapshots(payments, 0, 100, TARGET)
    assert chosen.filter(user_id="busy")["time"].to_list() == [0, 3, 6]
    assert chosen.filter(user_id="calm")["time"].to_list() == [4, 5]
    assert chosen["user_id"].null_count() == 0


def test_a_moment_whose_horizon_is_not_over_is_left_out() -> None:
    payments = at(("u", 4), ("u", 5), ("u", 20), ("u", 21))
    assert choose_snapshots(payments, 5, 30, TARGET)["time"].to_list() == [5, 20]


def test_the_last_moment_of_each_payer_within_a_time() -> None:
    payments = at(("u", 1), ("v", 2), ("u", 3), ("v", 9), (None, 4))
    assert last_snapshots(payments, 1, 5).select("user_id", "time").rows() == [("v", 2), ("u", 3)]


def test_a_verdict_counts_when_it_comes_and_until_it_is_taken_back() -> None:
    told = facts(
        verdict(5, "e1"), verdict(8, "e2", user="v"), verdict(9, "e1", "genuine"), verdict(12, "e3", user="w"),
        fact("verdict", 7, subject_type="user", subject_id="x", label="cash_out"),
        fact("verdict", 7, subject_type="merchant", subject_id="m", label="cash_out", user_id="y"),
        verdict(6, "e4", "unsure", user="z"),
    )  # fmt: skip
    assert set(confirmed_moments(told, 8).rows()) == {("u", 5), ("v", 8), ("x", 7)}
    assert set(confirmed_moments(told, 20).rows()) == {("v", 8), ("w", 12), ("x", 7)}


def test_only_missed_repayments_count_and_only_those_that_had_come() -> None:
    told = facts(*(fact("repayment", i, user_id="u", status=s) for i, s in enumerate(("missed", "late", "missed"))))
    assert missed_moments(told, 1).rows() == [("u", 0)]


@pytest.mark.parametrize(("time", "bad"), [(5, False), (6, True), (15, True), (16, False)])
def test_what_counts_is_after_the_moment_and_within_the_horizon(time: int, bad: bool) -> None:
    moments = at(("u", time), ("v", 7)).select("user_id", "time")
    assert went_bad(at(("u", 5), ("w", 5)), moments, TARGET).tolist() == [bad, False]


def test_the_next_of_several_moments_counts_and_the_order_of_rows_stays() -> None:
    moments = at(("u", 90), ("u", 3), ("u", 40)).select("user_id", "time")
    snapshots = at(("u", 79), ("u", 3), ("u", 35), ("u", 2), ("u", 80))
    assert went_bad(snapshots, moments, TARGET).tolist() == [False, False, True, True, True]
    assert went_bad(snapshots, moments.clear(), TARGET).tolist() == [False] * 5


def test_a_missed_repayment_counts_in_part_and_a_verdict_whole() -> None:
    confirmed, missed = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert how_bad(confirmed, missed, Target(weak=0.25)).tolist() == [1, 1, 0.25, 0]


@pytest.mark.parametrize("target", [Target(per_user=0), Target(horizon_ms=0), Target(weak=1.5)])
def test_a_target_that_is_none_is_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="is no target; per_user and horizon_ms"):
        how_bad(np.array([True]), np.array([True]), target)


def test_inputs_are_those_of_the_engine_before_each_payment(tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "log.parquet", [payment(i, i * 1_000, 100 * i + 100, user_id="u") for i in range(4)])
    bundle = small_bundle()
    names = ("user_mean_1d", "user_count_1h")
    inputs = tuple(declared.Input(name, Name(name, "number"), None, "", "habits") for name in names)
    with RejectWriter() as rejects:
        engine = Engine(untrained(bundle._replace(inputs=declared.Inputs((), inputs))))
        log = gather(engine, [str(path)], read_chunks([path], rejects=rejects), rejects).payers
    assert log.payments["event_id"].to_list() == ["e0", "e1", "e2", "e3"]
    assert log.payments["user_count_1h"].to_list() == [0, 1, 2, 3]
    assert log.payments["user_mean_1d"].to_list()[1:] == [100, 150, 200]
    assert log.payments["user_mean_1d"].is_nan().to_list()[0]
    assert log.facts.is_empty()


def test_restlessness_is_within_payers_and_may_be_of_near_payments_alone() -> None:
    payments = at(("u", 0), ("v", 1), ("u", 5), ("u", 100))
    credits = np.array([600, 300, 590, 650])
    moved = restlessness(payments, credits)
    assert (moved.pairs, moved.p50, moved.most, moved.unchanged) == (2, 35, 60, 0)
    assert restlessness(payments, credits, within_ms=5).most == 10
    assert restlessness(payments, credits, within_ms=4).p99 is None


def long_log(seed: int) -> PayerLog:
    """Half a year of 400 payers, of whom every tenth has loops and is found out in time."""
    rng = np.random.default_rng(seed)
    rows, found = [], []
    for user in range(400):
        bad = user % 10 == 0
        for time in np.sort(rng.integers(0, 120 * DAY_MS, 20)).tolist():
            rows.append((f"u{user}", time, float(rng.poisson(3.0 if bad else 0.3)), float(rng.random())))
        if bad:
            found += [
                verdict(int(rng.integers(WARM_MS, 120 * DAY_MS)), f"x{user}.{i}", user=f"u{user}") for i in range(4)
            ]
    told = pl.DataFrame(rows, schema=["user_id", "time", "loops", "noise"], orient="row")
    return PayerLog(told.with_columns(event_id=pl.format("p{}", pl.int_range(pl.len()))).sort("time"), facts(*found))


def test_a_trial_is_fitted_without_what_came_later() -> None:
    log, declared = long_log(1), (Input("loops", "relations"), Input("noise"))
    fitted, trial = try_payers(log, declared)
    last = int(log.payments["time"].max()) - 45 * DAY_MS  # type: ignore[arg-type]
    assert trial.fitted_at == show_moment(last)
    known = pl.col("time") <= last
    early = PayerLog(log.payments.filter(known), log.facts.filter(known))
    assert fit_payers(early, declared, last).scorecard.card == fitted.scorecard.card
    assert "loops" in [one.name for one in fitted.scorecard.card.inputs]
    assert trial.told["confirmed"].auc is not None
    assert trial.told["confirmed"].auc > 0.8
    assert trial.subtotals["confirmed"]["relations"] < trial.subtotals["others"]["relations"]


def test_the_truth_judges_apart_those_who_had_not_begun() -> None:
    log, declared = long_log(2), (Input("loops", "relations"), Input("noise"))
    users = log.payments["user_id"].str.slice(1).cast(pl.Int64)
    truth = log.payments.select("event_id", label=(users % 10 == 0).cast(pl.Int8))
    _, trial = try_payers(log, declared, truth)
    assert trial.told["cash_out"].bad > 0
    assert trial.told["first_cash_out"].n < trial.told["cash_out"].n


def test_a_card_can_be_tried_on_another_platform() -> None:
    declared = (Input("loops", "relations"), Input("noise"))
    fitted = fit_payers(long_log(2), declared, 120 * DAY_MS)
    log = long_log(4)
    told = judge_moments(fitted, log, choose_snapshots(log.payments, WARM_MS, 120 * DAY_MS))
    assert list(told) == ["confirmed", "missed", "bad"]
    assert told["confirmed"].auc is not None
    assert told["confirmed"].auc > 0.8
    assert (told["missed"].bad, told["missed"].auc) == (0, None)


def test_a_log_that_is_too_short_is_refused() -> None:
    log = long_log(3)
    with pytest.raises(UsageError, match="no payment has its horizon in the log"):
        fit_payers(log, [Input("loops")], WARM_MS)
    with pytest.raises(UsageError, match="the log has no payments"):
        try_payers(PayerLog(log.payments.clear(), log.facts), [Input("loops")])
