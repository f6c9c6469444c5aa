"""The log of a simulated platform: valid, the same for the same seed, and with the faults that real feeds have."""

from __future__ import annotations

import re

import polars as pl
import pytest

from bonafide.core.door import convert_event
from bonafide.core.errors import UsageError
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.simulate import Simulation, feed, scenario
from tests.lab.simulate.ledger import REPORTS
from tests.lab.simulate.runs import middle, small

TYPES = {
    "account_link", "complaint", "credit_line", "login", "merchant_application", "payment", "payment_status", "payout",
    "promotion", "refund", "registration", "repayment", "shipment", "traffic", "transfer", "verdict",
}  # fmt: skip


def test_every_event_passes_the_door() -> None:
    records = middle().log.to_dicts()
    told = {convert_event({k: v for k, v in r.items() if v is not None}).type for r in records}
    assert told | {"verdict"} == TYPES  # whether so few people are found out in so few days is chance
    verdicts = small().log.filter(type="verdict").to_dicts()
    assert {convert_event({k: v for k, v in r.items() if v is not None}).type for r in verdicts} == {"verdict"}


def test_columns_are_flat_records_of_the_schema() -> None:
    log = middle().log
    kinds = {"text": pl.String, "word": pl.String, "flag": pl.Boolean}
    assert log.columns[0] == "type"
    flat = [name for name in log.columns[1:] if name != "documents"]
    assert all(log.schema[name] == kinds.get(FIELDS[name].kind, pl.Int64) for name in flat)
    assert log.schema == middle().simulation.schema


def test_pieces_of_any_size_make_the_same_log(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scenario("small", 120, 40, 10)
    whole = pl.concat(step.events for step in Simulation(asked, 4).run())
    monkeypatch.setattr(feed, "PIECE_EVENTS", 97)
    steps = list(Simulation(asked, 4).run())
    assert pl.concat(step.events for step in steps).equals(whole)
    assert all(step.events.height == 97 for step in steps[:-1])
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_message_sent_twice_is_the_same_to_the_letter() -> None:
    log = small().log
    twice = log.filter(pl.col("event_id").is_duplicated())
    assert 0.0005 <= (twice.height / 2) / log.height <= 0.002
    assert twice.unique().height == twice["event_id"].n_unique() == twice.height / 2


def test_about_one_event_in_a_hundred_is_over_an_hour_late_and_all_of_them_are_reports() -> None:
    log = small().log
    late = log.filter(pl.col("time") < pl.col("time").cum_max() - HOUR_MS)
    assert 0.007 <= late.height / log.height <= 0.013
    assert set(late["type"]) == set(REPORTS)


def test_what_is_decided_on_comes_in_the_order_of_its_time() -> None:
    decided = middle().events.filter(~pl.col("type").is_in(REPORTS))
    assert decided["time"].is_sorted()


def test_times_lie_in_the_log_but_for_the_sign_ups_of_the_year_before() -> None:
    run = middle()
    end = run.simulation.world.end
    assert run.log["time"].max() < end + HOUR_MS  # type: ignore[operator]  # clocks differ by less than a second
    before = run.log.filter(pl.col("time") < run.start - HOUR_MS)
    assert before["time"].min() >= run.start - 361 * DAY_MS  # type: ignore[operator]
    assert set(before["type"]) == {"registration", "account_link", "credit_line", "merchant_application", "login"}


def test_some_payments_name_no_device_and_fewer_no_network() -> None:
    payments = small().events.filter(type="payment")
    assert 0.05 <= payments["device_id"].null_count() / payments.height <= 0.15
    assert 0.02 <= payments["ip"].null_count() / payments.height <= 0.10


def test_nobody_acts_before_joining_and_no_shop_sells_before_applying() -> None:
    events = small().events
    for kind, who in (("registration", "user_id"), ("merchant_application", "merchant_id")):
        began = events.filter(type=kind).select(who, began="time")
        acts = events.filter(type="payment").join(began, on=who, how="left")
        assert acts["began"].null_count() == 0
        assert (acts["time"] > acts["began"]).all()


def test_steps_of_an_order_name_its_buyer_and_its_shop() -> None:
    events = middle().events
    orders = events.filter(type="payment").select("order_id", "user_id", "merchant_id")
    steps = events.filter(pl.col("type").is_in(["payment_status", "shipment", "refund"]))
    assert steps.height > 1_000
    assert steps.join(orders, on=["order_id", "user_id", "merchant_id"], how="anti").is_empty()


@pytest.mark.parametrize(
    ("name", "sizes", "told"),
    [
        ("smal", (None, None, None), "scenario is 'smal' (did you mean small?); accepted are small, city"),
        ("small", (9, 20, 7), "users is 9; accepted are 10 to 2,000,000"),
        ("small", (50, 19, 7), "merchants is 19"),
        ("small", (50, 10**6, 7), "merchants is 1,000,000"),
        ("small", (50, 20, 0), "days is 0"),
    ],
)
def test_sizes_out_of_bounds_are_wrong_use(name: str, sizes: tuple[int | None, ...], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        scenario(name, *sizes)


def test_a_negative_seed_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="seed is -1"):
        Simulation(scenario("small", 50, 20, 7), -1)


@pytest.mark.parametrize(("users", "days", "events", "payments"), [(50, 7, 500, 50), (10, 1, 20, 1)])
def test_the_smallest_platform_still_trades(users: int, days: int, events: int, payments: int) -> None:
    simulation = Simulation(scenario("small", users, 20, days), 1)
    assert sum(step.events.height for step in simulation.run()) > events
    assert simulation.truth().height > payments
