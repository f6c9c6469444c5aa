"""The made trade is one log, whichever stretches of it are made, and rows say what records say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benches.speed.single import structs
from benches.speed.trade import Trade
from bonafide.core.door import convert_event
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE
from bonafide.engine.rules.operations import TYPE

TRADE = Trade(20_000)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return TRADE.frame(0, 6_000)


def test_a_stretch_does_not_depend_on_where_it_begins(frame: pl.DataFrame) -> None:
    assert TRADE.frame(5_000, 5_100).equals(frame[5_000:5_100])
    assert [n for first, last in TRADE.pieces(3, 40_000) for n in range(first, last)] == list(range(3, 40_000))


def test_every_record_passes_the_door_and_is_the_struct(frame: pl.DataFrame) -> None:
    records = [{k: v for k, v in r.items() if v is not None} for r in frame[:300].iter_rows(named=True)]
    assert [convert_event(record) for record in records] == structs(TRADE.frame(0, 300))


def test_kinds_keep_their_shares_and_times_grow(frame: pl.DataFrame) -> None:
    shares = dict(frame["type"].value_counts(normalize=True).iter_rows())
    expected = {"payment": 0.74, "payment_status": 0.17, "refund": 0.035, "repayment": 0.03, "payout": 0.03}
    assert shares == pytest.approx(expected, abs=0.02)
    assert (frame["time"].diff().drop_nulls() >= 0).all()


def test_a_status_and_a_refund_tell_of_a_payment_that_was(frame: pl.DataFrame) -> None:
    payments = frame.filter(type="payment")
    for kind in ("payment_status", "refund"):
        told = frame.filter(type=kind).join(payments, on=["order_id", "user_id", "merchant_id"], suffix="_paid")
        assert told.height == frame.filter(type=kind).height
        assert (told["time"] > told["time_paid"]).all()
    refunds = frame.filter(type="refund").join(payments, on="order_id", suffix="_paid")
    assert (refunds["amount"] == refunds["amount_paid"]).all()


def test_rows_say_what_records_say(frame: pl.DataFrame) -> None:
    rows = TRADE.rows(0, 6_000)
    assert rows[:, TYPE].tolist() == [TYPE_CODE[name] for name in frame["type"]]
    for name in set(frame.columns) - {"type"}:
        place, told = rows[:, FIELDS[name].place], frame[name]
        assert ((place == ABSENT) == told.is_null().to_numpy()).all(), name
        if FIELDS[name].kind == "text":
            pairs = pl.DataFrame({"hash": place, "text": told}).drop_nulls().unique()
            assert pairs["hash"].n_unique() == pairs["text"].n_unique() == pairs.height
            assert 0 not in place
    assert rows[:, FIELDS["amount"].place].tolist() == frame["amount"].fill_null(ABSENT).to_list()
    assert len(np.unique(rows[:, FIELDS["user_id"].place])) > 500
