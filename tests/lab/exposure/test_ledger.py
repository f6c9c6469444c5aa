"""The ledger against the same law over plain lists; what had not arrived does not count."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.lab.exposure.ledger import Ledger, ledger_of
from tests.lab.exposure.kit import Payer, Record, at, known_of, log_of, paid, repaid

AMOUNT = st.integers(1, 60)
Step = tuple[str, int, int]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Step]]:
    """What happens to a few payers, an hour apart."""
    step = st.tuples(
        st.sampled_from(["pay", "pay", "pay", "refund", "reverse", "repay", "repay", "miss"]), AMOUNT, st.integers(0, 5)
    )
    return draw(st.lists(st.tuples(st.sampled_from(["u1", "u2"]), step), min_size=1, max_size=25))


def played(history: list[tuple[str, Step]]) -> tuple[list[Record], dict[str, Payer], dict[str, list[str]]]:
    """The records of a history, and what the twin makes of it."""
    records: list[Record] = []
    twins: dict[str, Payer] = {"u1": Payer(), "u2": Payer()}
    orders: dict[str, list[str]] = {"u1": [], "u2": []}
    undone: set[str] = set()
    for hour, (user, (what, amount, which)) in enumerate(history):
        day, twin = hour / 24, twins[user]
        if what == "pay":
            records += paid(hour, user, "m1", day, amount, credit_used=0)
            orders[user].append(f"p{hour}")
            twin.open(f"p{hour}", amount)
        elif what in {"repay", "miss"}:
            records.append(repaid(user, day, amount, "missed" if what == "miss" else "paid"))
            twin.miss(amount) if what == "miss" else twin.lessen(amount)
        elif orders[user]:
            name = orders[user][which % len(orders[user])]
            if what == "refund":
                records.append(
                    {"type": "refund", "time": at(day), "user_id": user, "order_id": f"o{name[1:]}", "amount": amount}
                )
                twin.lessen(amount, name)
            elif name not in undone:
                undone.add(name)
                about = {"payment_id": name, "status": "reversed", "user_id": user, "order_id": f"o{name[1:]}"}
                records.append({"type": "payment_status", "time": at(day), **about})
                twin.lessen(next(debt.amount for debt in twin.debts if debt.name == name), name)
    return records, twins, orders


def told(ledger: Ledger, moment_ms: int) -> dict[str, tuple[int, int]]:
    standing = ledger.at(moment_ms)
    return {
        str(name): (int(left), int(missed))
        for name, left, missed in zip(ledger.payment, standing.open, standing.missed, strict=True)
        if name is not None
    }


@given(histories())
@settings(max_examples=50, deadline=None)
def test_debts_are_those_of_the_law_over_plain_lists(history: list[tuple[str, Step]]) -> None:
    # What is repaid before the first payment belongs to what was owed before the log; the twin has no such debt.
    seen: set[str] = set()
    kept = []
    for user, step in history:
        seen |= {user} if step[0] == "pay" else set()
        kept += [(user, step)] if user in seen else []
    records, twins, _ = played(kept)
    known = known_of(records)
    wanted = {str(debt.name): (debt.left, debt.missed) for twin in twins.values() for debt in twin.debts}
    assert told(ledger_of(known), known.as_of_ms + 60_000) == wanted


def test_what_was_owed_before_the_log_is_the_oldest_debt() -> None:
    records = [repaid("u1", 0.5, 300), *paid(1, "u1", "m1", 1, 500, credit_used=700), repaid("u1", 2, 900)]
    ledger = ledger_of(known_of(records))
    assert ledger.payment.tolist() == [None, "p1"]
    assert ledger.amount.tolist() == [1_000, 500]
    assert ledger.at(at(1.5)).open.tolist() == [700, 500]
    assert ledger.at(at(3)).open.tolist() == [0, 300]


def test_a_late_record_counts_from_when_it_stands_in_the_log() -> None:
    records = [*paid(1, "u1", "m1", 1, 500, credit_used=0), *paid(2, "u1", "m1", 5, 100, credit_used=500)]
    late = {"type": "repayment", "time": at(2), "user_id": "u1", "amount": 200, "status": "paid"}
    log = log_of([*records, late])
    assert ledger_of(log.until(at(4))).at(at(4)).open.sum() == 500
    whole = ledger_of(log.until())
    assert whole.at(at(4)).open.sum() == 300
    assert whole.at(at(6)).open.sum() == 400


def test_a_payment_is_a_debt_only_when_it_completed_on_credit() -> None:
    about: dict[str, Any] = {"user_id": "u1", "merchant_id": "m1", "amount": 100}
    records = [
        {"type": "payment", "event_id": "p1", "time": at(1), "order_id": "o1", **about},
        *paid(2, "u1", "m1", 1, 70, pay_with="card"),
        *paid(3, "u1", "m1", 1, 30, credit_used=0),
        {"type": "payment_status", "time": at(2), "payment_id": "p1", "status": "cancelled"},
    ]
    assert told(ledger_of(known_of(records)), at(3)) == {"p3": (30, 0)}


def test_amounts_in_another_currency_are_left_out_and_counted() -> None:
    records = [*paid(1, "u1", "m1", 1, 100, credit_used=0), *paid(2, "u1", "m1", 1, 100, credit_used=0)]
    records += paid(3, "u1", "m1", 2, 900, currency="USD")
    known = known_of(records)
    assert (known.currency, known.left_out) == ("CNY", 1)
    assert ledger_of(known).amount.tolist() == [100, 100]


def test_an_empty_log_has_an_empty_ledger() -> None:
    ledger = ledger_of(known_of([]))
    assert ledger.payer.size == 0
    assert ledger.at(0).open.sum() == 0
    assert np.array_equal(ledger.begins, [0])
