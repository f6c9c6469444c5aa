"""Money is only ever moved, nobody spends what is not there, and the log says the same as the books."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate import Simulation, feed, scenario
from bonafide.lab.simulate.books import EMPLOYERS, OUTSIDE, Books
from tests.lab.simulate.ledger import Ledger, in_order_of_effect
from tests.lab.simulate.runs import Run, middle, run

REPORTS_ON_THEIR_WAY_MS = 2 * DAY_MS


@pytest.mark.parametrize("name", ["small", "bust_out", "account_farm"])
def test_the_books_sum_to_zero_and_no_account_is_ever_overdrawn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    below: set[int] = set()
    move = Books.move

    def watched(self: Books, source: int, target: int, amount: int, purpose: str) -> None:
        assert amount >= 0, purpose
        move(self, source, target, amount, purpose)
        if self.balance[source] < 0:
            below.add(source)

    monkeypatch.setattr(Books, "move", watched)
    monkeypatch.setattr(feed, "PIECE_EVENTS", 500)
    simulation = Simulation(scenario(name, 300, 60, 20), 2)
    for _ in simulation.run():
        assert sum(simulation.world.books.balance) == 0
    lines = {user.line for user in simulation.world.people}
    assert below <= lines | {EMPLOYERS, OUTSIDE}
    assert below & lines
    assert all(simulation.world.books.balance[line] <= 0 for line in lines)


@pytest.mark.parametrize(
    "asked",
    [
        ("small", 800, 80, 30, 3), ("festival", 600, 70, 60, 1), ("repay_and_drain", 300, 60, 30, 1),
        ("refund_elsewhere", 300, 60, 30, 1),
    ],
    ids=lambda asked: asked[0],
)  # fmt: skip
def test_lines_and_takings_follow_from_the_log_alone(asked: tuple[str, int, int, int, int]) -> None:
    """What each payment states as used, its limit, and what each payout pays, beside a ledger kept event by event."""
    lived = run(*asked)
    ledger = Ledger(until=lived.simulation.world.end - REPORTS_ON_THEIR_WAY_MS)
    for event in in_order_of_effect(lived.events):
        ledger.take(event)
    assert ledger.differs == []
    assert ledger.lines_checked > 500
    assert ledger.payouts_checked > 300


def sums(lived: Run, kind: str, **fields: str) -> int:
    return int(lived.events.filter(type=kind, **fields)["amount"].sum())


def test_what_the_books_moved_is_what_the_log_tells() -> None:
    lived = middle()
    flows: Counter[str] = lived.simulation.world.books.flows
    assert flows["paid on credit"] == sums(lived, "payment", pay_with="credit")
    own = sums(lived, "payment", pay_with="balance") + sums(lived, "payment", pay_with="card")
    assert flows["paid with own money"] == own
    assert flows["paid out"] == sums(lived, "payout")
    assert flows["transferred"] == sums(lived, "transfer")
    assert flows["repaid"] == sums(lived, "repayment", status="paid") + sums(lived, "repayment", status="late")
    for to in ("original", "balance", "bank", "cash"):
        assert flows[f"refunded to {to}"] == sums(lived, "refund", to=to)


def test_reports_of_payments_miss_little_of_what_the_books_moved() -> None:
    """Some reports of the last days are still on their way when the log ends."""
    lived = middle()
    flows = lived.simulation.world.books.flows
    statuses = lived.events.filter(type="payment_status").select("order_id", "status")
    paid = lived.events.filter(type="payment").select("order_id", "amount")
    told = dict(statuses.join(paid, on="order_id").group_by("status").agg(pl.col("amount").sum()).iter_rows())
    for status, moved in (
        ("completed", flows["settled"] + flows["fees"]),
        ("cancelled", flows["cancelled"]),
        ("reversed", flows["reversed"]),
    ):
        assert 0.97 * moved <= told[status] <= moved


def test_refunds_are_of_completed_orders_and_never_more_than_was_paid() -> None:
    lived = middle()
    refunds = lived.events.filter(type="refund").group_by("order_id").agg(pl.col("amount").sum(), pl.col("time").min())
    paid = lived.events.filter(type="payment").select("order_id", paid="amount")
    completed = lived.events.filter(type="payment_status", status="completed").select("order_id", completed="time")
    both = refunds.join(paid, on="order_id", how="left").join(completed, on="order_id", how="left")
    assert both.height > 100
    assert (both["amount"] <= both["paid"]).all()
    assert both["completed"].null_count() <= 0.01 * both.height
    assert (both["time"] > both["completed"]).drop_nulls().all()
