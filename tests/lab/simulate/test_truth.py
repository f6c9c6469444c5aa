"""The truth: complete, in the shape that is promised, and at rates that make it hard to find."""

from __future__ import annotations

import polars as pl
import pytest

from bonafide.lab.lookalikes import LOOKALIKES
from bonafide.lab.simulate.scenarios import TYPOLOGIES
from tests.lab.simulate.runs import Run, middle, run, small

MOMENT = pl.Datetime("ms", "UTC")
SALES_MIN = 30
"""Of a shop, for its share of honest sales to mean something."""


def bad(lived: Run) -> pl.DataFrame:
    return lived.truth.filter(label=1)


def test_truth_and_subjects_have_the_columns_that_are_promised() -> None:
    lived = middle()
    assert dict(lived.truth.schema) == {
        "event_id": pl.String, "label": pl.Int8, "typology": pl.String, "ring_id": pl.String, "known_at": MOMENT,
        "user_id": pl.String, "merchant_id": pl.String, "observed_label": pl.Int8, "observed_source": pl.String,
    }  # fmt: skip
    assert dict(lived.subjects.schema) == {
        "subject_type": pl.String, "subject_id": pl.String, "label": pl.Int8, "role": pl.String,
        "first_bad_time": MOMENT,
    }  # fmt: skip


def test_every_payment_has_its_row_in_the_order_of_the_log() -> None:
    lived = middle()
    payments = lived.events.filter(type="payment").select("event_id", "user_id", "merchant_id")
    assert lived.truth.select("event_id", "user_id", "merchant_id").equals(payments)


def test_subjects_are_all_users_and_merchants_and_bad_since_their_first_bad_payment() -> None:
    lived = small()
    first = lived.payments.filter("bad")
    for kind, column in (("user", "user_id"), ("merchant", "merchant_id")):
        rows = lived.subjects.filter(subject_type=kind)
        assert rows.height == rows["subject_id"].n_unique()
        since = first.group_by(column).agg(since=pl.col("time").min())
        named = rows.filter(label=1).join(since, left_on="subject_id", right_on=column, how="full")
        assert named.null_count().select("subject_id", "since").sum_horizontal().item() == 0
        assert (named["first_bad_time"].dt.epoch("ms") == named["since"]).all()


def test_cash_out_has_a_ring_and_honest_trade_has_none() -> None:
    lived = small()
    assert bad(lived)["ring_id"].null_count() == 0
    honest = lived.truth.filter(label=0)
    assert honest["ring_id"].null_count() == honest.height


def test_all_sixteen_typologies_occur() -> None:
    assert set(bad(small())["typology"]) == set(TYPOLOGIES)
    assert len(TYPOLOGIES) == 16


def test_every_kind_of_honest_trade_that_looks_like_cash_out_occurs_and_has_a_name() -> None:
    kinds = set(small().truth.filter(label=0)["typology"].drop_nulls())
    assert kinds == set(LOOKALIKES) - {"sale_day"}
    festival = run("festival", 600, 70, 60)
    assert set(festival.truth.filter(label=0)["typology"].drop_nulls()) == set(LOOKALIKES)


def test_honest_trade_that_looks_like_cash_out_is_many_times_as_frequent() -> None:
    """Even without the two kinds that are only who or where somebody is."""
    truth = small().truth
    alike = truth.filter(pl.col("label") == 0, ~pl.col("typology").is_in(["family_device", "dormitory"]))
    assert alike.height >= 5 * bad(small()).height


@pytest.mark.parametrize("seed", [1, 2])
def test_base_rates_are_those_of_the_literature(seed: int) -> None:
    lived = small() if seed == 1 else run("small", 2_500, 200, 40, seed)
    payments, users = lived.payments, lived.subjects.filter(subject_type="user")
    assert 0.003 <= users["label"].mean() <= 0.018  # type: ignore[operator]
    credit = payments.filter(pay_with="credit")
    most = 0.03 if seed == 1 else 0.04  # half the users, so that one large line weighs twice
    assert 0.005 <= credit.filter("bad")["amount"].sum() / credit["amount"].sum() <= most
    assert 0.45 <= credit.height / payments.height <= 0.65


def test_bad_merchants_have_honest_sales() -> None:
    sales = small().truth.join(bad(small()), on="merchant_id", how="semi").group_by("merchant_id")
    honest = sales.agg(pl.len(), honest=(pl.col("label") == 0).mean()).filter(pl.col("len") >= SALES_MIN)["honest"]
    assert honest.len() >= 8
    assert (honest >= 0.2).all()
    assert honest.median() <= 0.9  # type: ignore[operator]  # large shops sell honestly most of the time


def test_users_who_cash_out_lead_an_ordinary_life_as_well() -> None:
    lives = small().truth.join(bad(small()), on="user_id", how="semi").group_by("user_id")
    honest = lives.agg(honest=(pl.col("label") == 0).sum())
    assert (honest["honest"] > 0).mean() >= 0.9  # type: ignore[operator]  # some people hardly ever shop


def test_cash_out_is_on_credit_and_leaves_the_line_within_its_limit() -> None:
    cash_out = small().payments.filter("bad")
    assert set(cash_out["pay_with"]) == {"credit"}
    assert (cash_out["credit_used"] + cash_out["amount"] <= cash_out["credit_limit"]).all()


def test_refunds_that_go_elsewhere_on_purpose_are_not_the_only_ones() -> None:
    lived = small()
    elsewhere = lived.events.filter(type="refund").filter(pl.col("to") != "original").select("order_id")
    kinds = lived.payments.join(elsewhere, on="order_id", how="semi")["typology"]
    assert {"refund_elsewhere", "refund_to_balance"} <= set(kinds.drop_nulls())
