"""Labels as they had arrived: what each statement says, and that what comes later changes nothing before it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import InputError
from bonafide.core.moment import DAY_MS
from bonafide.lab.train.labels import CASH_OUT, GENUINE, REACHES, UNLABELLED, Arrived, LabelBook
from bonafide.lab.train.matrix import STATEMENTS

PAYMENTS = pl.DataFrame({
    "event_id": ["p0", "p1", "p2", "p3"], "user_id": ["u1", "u1", "u2", None], "merchant_id": ["m1", "m2", "m1", "m1"],
    "time_ms": [day * DAY_MS for day in (10, 40, 45, 50)],
})  # fmt: skip
Said = tuple[int, str, str, str]
"""Day of arrival, about, subject, label."""


def book(*said: Said, truth: pl.DataFrame | None = None) -> LabelBook:
    rows = [(day * DAY_MS, day * DAY_MS, about, who, label, "analyst", None) for day, about, who, label in said]
    return LabelBook(PAYMENTS, pl.DataFrame(rows, schema=STATEMENTS, orient="row"), truth)


def same(one: Arrived, two: Arrived) -> bool:
    return one.source.equals(two.source) and all((a == b).all() for a, b in zip(one[:4], two[:4], strict=True))


def test_a_label_is_there_from_its_arrival_on() -> None:
    labels = book((12, "event", "p0", "cash_out"))
    assert labels.labels_at(12 * DAY_MS - 1).label.tolist() == [UNLABELLED] * 4
    assert labels.labels_at(12 * DAY_MS).label.tolist() == [CASH_OUT, *[UNLABELLED] * 3]
    assert labels.labels_at(12 * DAY_MS).arrived_ms.tolist() == [12 * DAY_MS, -1, -1, -1]


def test_the_last_statement_about_a_payment_stands_and_unsure_takes_a_label_away() -> None:
    labels = book((12, "event", "p0", "cash_out"), (20, "event", "p0", "genuine"), (30, "event", "p0", "unsure"))
    assert [labels.labels_at(day * DAY_MS).label[0] for day in (15, 25, 35)] == [CASH_OUT, GENUINE, UNLABELLED]


def test_a_verdict_on_a_user_makes_late_payments_suspect_and_labels_none() -> None:
    told = book((45, "user", "u1", "cash_out")).labels_at(50 * DAY_MS)
    assert told.label.tolist() == [UNLABELLED] * 4
    assert told.suspicion.tolist() == [0, REACHES["user"].weight, 0, 0]  # p0 lies before its reach


def test_a_verdict_on_a_shop_and_a_missed_bill_say_less_than_one_on_the_user() -> None:
    told = book((51, "merchant", "m1", "cash_out"), (51, "missed", "u1", "cash_out")).labels_at(51 * DAY_MS)
    shop, bill = REACHES["merchant"].weight, REACHES["missed"].weight
    assert told.suspicion.tolist() == [bill, bill, shop, shop]
    assert bill < shop < REACHES["user"].weight


def test_a_user_who_is_cleared_is_no_longer_suspect() -> None:
    told = book((45, "user", "u1", "cash_out"), (46, "user", "u1", "genuine"))
    assert told.labels_at(45 * DAY_MS).suspicion[1] > 0
    assert told.labels_at(46 * DAY_MS).suspicion[1] == 0


def test_a_label_of_its_own_ends_suspicion() -> None:
    told = book((45, "user", "u1", "cash_out"), (45, "event", "p1", "genuine")).labels_at(45 * DAY_MS)
    assert (told.label[1], told.suspicion[1]) == (GENUINE, 0)


def test_a_truth_table_teaches_what_was_observed_once_it_was_known() -> None:
    truth = pl.DataFrame({
        "event_id": ["p0", "p1", "p2"], "label": [1, 1, 0], "known_at": [20 * DAY_MS, None, 60 * DAY_MS],
        "observed_label": [0, None, 0],
    })  # fmt: skip
    labels = book(truth=truth)
    assert labels.labels_at(19 * DAY_MS).label.tolist() == [UNLABELLED] * 4
    assert labels.labels_at(60 * DAY_MS).label.tolist() == [GENUINE, UNLABELLED, GENUINE, UNLABELLED]


def test_no_payment_is_known_before_it_is_made() -> None:
    truth = pl.DataFrame({"event_id": ["p0"], "label": [1], "known_at": [1]})
    assert book(truth=truth).labels_at(10 * DAY_MS - 1).label[0] == UNLABELLED


def test_a_truth_table_without_known_at_is_refused() -> None:
    with pytest.raises(InputError, match="known_at"):
        book(truth=pl.DataFrame({"event_id": ["p0"], "label": [1]}))


SAID = st.tuples(
    st.integers(1, 90), st.sampled_from(["event", "user", "merchant", "missed"]),
    st.sampled_from(["p0", "p1", "p2", "u1", "u2", "m1", "m2"]), st.sampled_from(["cash_out", "genuine", "unsure"]),
)  # fmt: skip


@given(st.lists(SAID, max_size=12), st.integers(1, 90))
def test_what_arrives_after_a_moment_changes_nothing_at_it(said: list[Said], day: int) -> None:
    said = sorted(said)
    whole, cut = book(*said), book(*[one for one in said if one[0] <= day])
    assert same(whole.labels_at(day * DAY_MS), cut.labels_at(day * DAY_MS))
