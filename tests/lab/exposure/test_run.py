"""A whole report of a small log: what adds up, what is bounded, what stress and reserves say."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from bonafide.lab.exposure.groups import Grouping
from bonafide.lab.exposure.ledger import ledger_of
from bonafide.lab.exposure.run import Asked, Made, measure, risky_since
from tests.lab.exposure.kit import at, log_of, paid, spenders

MINE = ("u0", "u1", "u2")


@cache
def shown() -> Made:
    """The report without warnings, made once."""
    return made()


def made(warnings: pl.DataFrame | None = None) -> Made:
    records = [*spenders(50, 150), *paid(90_000, "u0", "m1", 149.5, 7_000, goods="physical")]
    log = log_of(sorted(records, key=lambda record: record["time"]), rows=4_000)
    ledger = ledger_of(log.until())
    ring = np.where(np.isin(ledger.payer, [ledger.payers.index(user) for user in MINE]), 0, -1).astype(np.int64)
    rings = Grouping(ring, ("ring1",), np.full(len(ledger.merchants), -1, np.int64))
    return measure(log.until(), ledger, rings, Asked((30, 60), draws=20), warnings=warnings)


def test_groups_add_up_and_losses_are_bounded() -> None:
    told = shown().told
    for groups in (told.by_month, tuple(row.group for row in told.merchants)):
        before = 0 if groups is told.by_month else told.before_log
        assert sum(one.open for one in groups) + before == told.open
    for one in (*told.by_month, *told.by_ring, *(row.group for row in told.merchants)):
        for loss in one.losses:
            assert 0 <= loss.low <= loss.high <= one.open
    assert [one.name for one in told.by_ring] == ["ring1"]
    assert told.no_forecast is None


def test_reserves_are_rates_of_what_is_open() -> None:
    for row in shown().told.merchants:
        assert 0 <= row.reserve.low <= row.reserve.high <= 1_000_000
        assert row.reserve.mean == row.group.losses[-1].mean * 1_000_000 // row.group.open
    table = shown().merchants
    assert table["open"].to_list() == sorted(table["open"].to_list(), reverse=True)
    assert (table["reserve_low_millionths"] <= table["reserve_high_millionths"]).all()


def test_who_vanishes_costs_at_most_what_is_open_and_not_held() -> None:
    told = shown().told
    for one in told.stress:
        assert one.at_most == max(0, one.open - one.held)
        assert one.expected.low <= one.expected.high
    largest = next(one for one in told.stress if one.name == "largest 1")
    assert largest.open == told.merchants[0].group.open
    assert next(row for row in told.merchants if row.group.name == "m1").undelivered == 7_000


def test_warnings_of_the_last_days_stand_in_the_report() -> None:
    warnings = pl.DataFrame({
        "subject_type": ["user", "user"], "subject_id": ["u1", "u2"], "time": [at(100), at(149)],
        "event_id": ["a", "b"], "chance": [0.5, 0.6], "reasons_en": [["x"], ["y"]], "reasons_zh": [["x"], ["y"]],
    }).with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC")))  # fmt: skip
    told = made(warnings).told.warnings
    assert told is not None
    assert [one.subject_id for one in told] == ["u2"]
    assert shown().told.warnings is None


def test_a_payer_is_risky_from_the_first_alert_on() -> None:
    ledger = ledger_of(log_of(paid(1, "u1", "m1", 1, 100, credit_used=0)).until())
    decisions = pl.DataFrame({
        "type": ["payment", "payment", "payout"], "user_id": ["u1", "u1", None], "alert": [False, True, True],
        "time": [at(0.1), at(0.2), at(0.3)],
    }).with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC")))  # fmt: skip
    assert risky_since(ledger, decisions).tolist() == [at(0.2)]
