"""The demo's platform: the same seed gives the same bytes, every event is valid, and money and credit add up."""

from __future__ import annotations

import ast
import hashlib
import io
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from bonafide.core.door import convert_event
from bonafide.core.errors import UsageError
from bonafide.core.fields import FIELDS
from bonafide.lab import simulate
from bonafide.lab.simulate import simulate_demo
from bonafide.lab.simulate.world import HISTORY_DAYS, START_MS

DAY_MS = 86_400_000
DAYS = 30
TYPOLOGIES = {
    "drain_the_line", "intensive_burst", "shaped_amounts", "cash_out_merchant", "repay_and_drain", "refund_elsewhere",
    "burst_then_payout",
}  # fmt: skip
LOOKALIKES = {
    "appliance_at_limit", "family_device", "flash_sale", "gift_cards", "payday_burst", "refund_to_balance",
    "shop_stock", "viral_new_shop",
}  # fmt: skip

Frames = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def platform() -> Frames:
    return simulate_demo(2_000, 200, DAYS, seed=11)


@pytest.fixture(scope="module")
def events(platform: Frames) -> pl.DataFrame:
    return platform[0]


@pytest.fixture(scope="module")
def truth(platform: Frames) -> pl.DataFrame:
    return platform[1]


@pytest.fixture(scope="module")
def payments(events: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Payments beside their truth, as bad and looks_like."""
    known = truth.select("event_id", bad=pl.col("label") == 1, looks_like="typology")
    return events.filter(type="payment").join(known, on="event_id", maintain_order="left")


def bytes_of(frame: pl.DataFrame) -> str:
    written = io.BytesIO()
    frame.write_ipc(written)
    return hashlib.sha256(written.getvalue()).hexdigest()


# The log


def test_same_seed_gives_same_bytes_and_another_seed_others() -> None:
    first, again, other = (simulate_demo(60, 30, 8, seed) for seed in (5, 5, 6))
    assert [bytes_of(frame) for frame in first] == [bytes_of(frame) for frame in again]
    assert bytes_of(first[0]) != bytes_of(other[0])


def test_every_event_passes_the_door() -> None:
    events, _ = simulate_demo(80, 40, 20, seed=2)
    types = {convert_event({k: v for k, v in record.items() if v is not None}).type for record in events.to_dicts()}
    assert types == {
        "account_link", "complaint", "credit_line", "login", "merchant_application", "payment", "payment_status",
        "payout", "refund", "registration", "repayment", "shipment", "traffic", "transfer", "verdict",
    }  # fmt: skip


def test_columns_are_flat_records_of_the_schema(events: pl.DataFrame) -> None:
    kinds = {"text": pl.String, "word": pl.String, "flag": pl.Boolean}
    assert events.columns[0] == "type"
    assert all(events.schema[name] == kinds.get(FIELDS[name].kind, pl.Int64) for name in events.columns[1:])
    assert events["event_id"].is_unique().all()


def test_size_is_that_of_a_demo(events: pl.DataFrame) -> None:
    assert 150_000 <= events.height <= 250_000


def test_times_lie_in_the_log_but_for_the_sign_ups_of_the_year_before(events: pl.DataFrame) -> None:
    assert events["time"].max() < START_MS + DAYS * DAY_MS  # type: ignore[operator]
    before = events.filter(pl.col("time") < START_MS)
    assert before["time"].min() >= START_MS - (HISTORY_DAYS + 1) * DAY_MS  # type: ignore[operator]
    assert set(before["type"]) == {"registration", "account_link", "credit_line", "merchant_application"}
    assert events.head(before.height)["time"].max() < START_MS  # type: ignore[operator]


def test_about_one_event_in_a_hundred_is_late_and_never_one_that_is_decided(events: pl.DataFrame) -> None:
    late = events.filter(pl.col("time") < pl.col("time").cum_max())
    assert 0.007 <= late.height / events.height <= 0.013
    assert set(late["type"]).isdisjoint({"payment", "refund", "payout", "transfer", "merchant_application"})


def test_about_one_payment_in_ten_names_no_device(payments: pl.DataFrame) -> None:
    assert payments["device_id"].null_count() / payments.height == pytest.approx(0.1, abs=0.01)


def test_nobody_acts_before_joining_and_no_shop_sells_before_opening(events: pl.DataFrame) -> None:
    for kind, who in (("registration", "user_id"), ("merchant_application", "merchant_id")):
        began = events.filter(type=kind).select(who, began="time")
        acts = events.filter(type="payment").join(began, on=who, how="left")
        assert (acts["time"] > acts["began"]).all()
        assert acts["began"].null_count() == 0


# Money and credit


def test_credit_used_follows_from_the_log_and_never_passes_the_limit(events: pl.DataFrame) -> None:
    used: dict[str, int] = {}
    on_credit: dict[str, int] = {}
    credit = {"payment", "payment_status", "refund", "repayment"}
    checked = 0
    for event in events.filter(pl.col("type").is_in(credit)).sort("time", maintain_order=True).iter_rows(named=True):
        user, order = event["user_id"], event["order_id"]
        if event["type"] == "payment" and event["pay_with"] == "credit":
            assert used.setdefault(user, event["credit_used"]) == event["credit_used"]
            assert event["credit_used"] + event["amount"] <= event["credit_limit"]
            used[user] += event["amount"]
            on_credit[order] = event["amount"]
            checked += 1
        elif user not in used:
            continue
        elif event["type"] == "payment_status" and event["status"] == "cancelled":
            used[user] = max(0, used[user] - on_credit.get(order, 0))
        elif event["type"] == "refund" and event["to"] == "original" and order in on_credit:
            used[user] = max(0, used[user] - event["amount"])
        elif event["type"] == "repayment" and event["status"] != "missed":
            used[user] -= event["amount"]
            assert used[user] >= 0
    assert checked > 10_000


def test_refunds_are_of_completed_orders_and_never_more_than_was_paid(events: pl.DataFrame) -> None:
    refunds = events.filter(type="refund").group_by("order_id").agg(pl.col("amount").sum(), pl.col("time").min())
    paid = events.filter(type="payment").select("order_id", paid="amount")
    completed = events.filter(type="payment_status", status="completed").select("order_id", completed="time")
    both = refunds.join(paid, on="order_id", how="left").join(completed, on="order_id", how="left")
    assert both.height > 500
    assert both.null_count().sum_horizontal().item() == 0
    assert (both["amount"] <= both["paid"]).all()
    assert (both["time"] > both["completed"]).all()


def test_no_merchant_is_paid_out_more_than_its_completed_sales_until_then(events: pl.DataFrame) -> None:
    amounts = dict(events.filter(type="payment").select("order_id", "amount").iter_rows())
    balance: defaultdict[str, int] = defaultdict(int)
    flows = events.filter(pl.col("type").is_in(["payment_status", "payout"])).sort("time", maintain_order=True)
    for event in flows.iter_rows(named=True):
        merchant = event["merchant_id"]
        if event["type"] == "payout":
            balance[merchant] -= event["amount"]
            assert balance[merchant] >= 0
        elif event["status"] == "completed":
            balance[merchant] += amounts[event["order_id"]]


def test_steps_of_an_order_name_its_buyer_and_its_shop(events: pl.DataFrame) -> None:
    orders = events.filter(type="payment").select("order_id", "user_id", "merchant_id")
    steps = events.filter(pl.col("type").is_in(["payment_status", "shipment", "refund"]))
    matched = steps.select("order_id", "user_id", "merchant_id").join(
        orders, on=["order_id", "user_id", "merchant_id"], how="semi"
    )
    assert matched.height == steps.height


# Truth and base rates


def test_truth_has_one_row_per_payment_in_the_shape_of_truth_parquet(
    truth: pl.DataFrame, payments: pl.DataFrame
) -> None:
    assert truth.schema == {
        "event_id": pl.String, "label": pl.Int8, "typology": pl.String, "ring_id": pl.String,
        "known_at": pl.Datetime("ms", "UTC"), "user_id": pl.String, "merchant_id": pl.String,
    }  # fmt: skip
    assert payments.height == truth.height
    assert set(payments["event_id"]) == set(truth["event_id"])


def test_typologies_are_known_names_and_lookalikes_are_honest(truth: pl.DataFrame) -> None:
    bad, honest = truth.filter(pl.col("label") == 1), truth.filter(pl.col("label") == 0)
    assert set(bad["typology"]) == TYPOLOGIES
    assert set(honest["typology"].drop_nulls()) == LOOKALIKES
    assert honest["ring_id"].null_count() == honest.height
    assert bad["ring_id"].null_count() == 0


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_base_rates_are_those_of_the_literature(seed: int) -> None:
    events, truth = simulate_demo(2_000, 200, DAYS, seed)
    bad = truth.filter(pl.col("label") == 1)
    assert 0.005 <= bad["user_id"].n_unique() / 2_000 <= 0.015
    assert 0.005 <= bad["merchant_id"].n_unique() / 200 <= 0.02
    credit = events.filter(type="payment", pay_with="credit")
    cashed_out = credit.join(bad, on="event_id", how="semi")["amount"].sum() / credit["amount"].sum()
    assert 0.005 <= cashed_out <= 0.06
    lookalikes = truth.filter((pl.col("label") == 0) & (pl.col("typology") != "family_device"))
    assert lookalikes.height >= 5 * bad.height


def test_bad_merchants_have_honest_sales_and_bad_users_an_ordinary_life(truth: pl.DataFrame) -> None:
    bad = truth.filter(pl.col("label") == 1)
    sales = truth.join(bad, on="merchant_id", how="semi").group_by("merchant_id")
    honest = sales.agg(pl.len(), honest=(pl.col("label") == 0).mean()).filter(pl.col("len") >= 30)["honest"]
    assert honest.len() > 0
    assert honest.is_between(0.2, 0.9).all()
    lives = truth.join(bad, on="user_id", how="semi").group_by("user_id").agg(honest=(pl.col("label") == 0).sum())
    assert (lives["honest"] > 0).mean() >= 0.9  # type: ignore[operator]


def test_cash_out_is_on_credit_and_seldom_shipped(events: pl.DataFrame, payments: pl.DataFrame) -> None:
    bad = payments.filter("bad")
    assert set(bad["pay_with"]) == {"credit"}
    shipped = events.filter(type="shipment").select(pl.col("order_id").unique())
    assert bad.join(shipped, on="order_id", how="semi").height < 0.4 * bad.height


def test_refunds_elsewhere_go_to_a_bank_account(events: pl.DataFrame, payments: pl.DataFrame) -> None:
    orders = payments.filter(looks_like="refund_elsewhere")
    refunds = events.filter(type="refund").join(orders, on="order_id", how="semi")
    assert set(refunds["to"]) == {"bank"}
    assert set(events.filter(type="refund", to="bank")["order_id"]) <= set(orders["order_id"])


def test_verdicts_come_days_later_and_are_mostly_right(events: pl.DataFrame, truth: pl.DataFrame) -> None:
    verdicts = events.filter(type="verdict", subject_type="event").select(
        "time", "source", pl.col("label").alias("said"), event_id="subject_id"
    )
    judged = verdicts.join(events.filter(type="payment").select("event_id", paid="time"), on="event_id")
    judged = judged.join(truth.select("event_id", "label", "known_at"), on="event_id")
    assert judged.height == verdicts.height > 10
    assert set(judged["source"]) == {"analyst"}
    assert (judged["time"] - judged["paid"] >= 3 * DAY_MS).all()
    right = (judged["said"] == "cash_out") == (judged["label"] == 1)
    assert right.mean() >= 0.9  # type: ignore[operator]
    found = judged.filter(pl.col("label") == 1)
    assert (found["known_at"].dt.epoch("ms") == found["time"]).all()


# Bounds


@pytest.mark.parametrize("seed", range(4))
def test_the_smallest_platform_still_has_trade_and_cash_out(seed: int) -> None:
    events, truth = simulate_demo(50, 20, 7, seed)
    assert events.height > 1_000
    assert truth["label"].sum() > 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((49, 20, 7, 0), "users is 49"),
        ((50, 19, 7, 0), "merchants is 19"),
        ((50, 20, 6, 0), "days is 6"),
        ((50, 20, 7, -1), "seed is -1"),
        ((10**6, 20, 10**6, 0), "user-days"),
        ((50, 10**6, 7, 0), "merchants is 1,000,000"),
    ],
)
def test_sizes_out_of_bounds_are_wrong_use(arguments: tuple[int, int, int, int], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        simulate_demo(*arguments)


def test_the_simulator_sees_core_only() -> None:
    files = sorted(Path(simulate.__file__).parent.glob("*.py"))
    assert len(files) > 1
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("bonafide"):
                assert module.startswith(("bonafide.core", "bonafide.lab.simulate")), f"{file.name} imports {module}"
