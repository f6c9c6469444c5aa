"""The flow of funds against a walk over plain numbers."""

from __future__ import annotations

import numpy as np

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.flow import Flow, flow_of, stability_of
from tests.lab.exposure.kit import Record, at, known_of, paid, repaid


def payout(merchant: str, day: float, amount: int, speed: str = "scheduled") -> Record:
    return {"type": "payout", "time": at(day), "merchant_id": merchant, "amount": amount, "speed": speed}


def trade(seed: int) -> list[Record]:
    """Shops that are paid out all they hold on some days, and refund now and then."""
    rng, records = np.random.default_rng(seed), []
    held = {"m1": 0, "m2": 0, "m3": 0}
    for number in range(300):
        merchant, day = f"m{rng.integers(1, 4)}", number / 12
        kind = rng.random()
        if kind < 0.7:
            amount = int(rng.integers(1_000, 9_000))
            records += paid(number, "u1", merchant, day, amount)
            held[merchant] += amount
        elif kind < 0.85 and held[merchant]:
            records.append(payout(merchant, day + 0.01, held[merchant], "instant" if kind < 0.75 else "scheduled"))
            held[merchant] = 0
        elif held[merchant] > 500:
            about = {"user_id": "u1", "merchant_id": merchant, "order_id": "o", "amount": 500, "to": "bank"}
            records.append({"type": "refund", "time": at(day + 0.01), **about})
            held[merchant] -= 500
    return sorted(records, key=lambda record: record["time"])


def made(seed: int) -> tuple[list[Record], Flow]:
    records = trade(seed)
    return records, flow_of(known_of(records))


def test_what_is_held_is_what_came_in_and_has_not_left() -> None:
    records, flow = made(1)
    sums = {"m1": 0, "m2": 0, "m3": 0}
    for record in records:
        if record["type"] == "payment":
            sums[record["merchant_id"]] += record["amount"]
        elif record["type"] in {"payout", "refund"}:
            sums[record["merchant_id"]] -= record["amount"]
    assert flow.fee_fraction == 0
    assert dict(flow.held.select("merchant_id", "held").iter_rows()) == sums
    assert flow.days["held"][-1] == sum(sums.values())


def test_days_add_up_to_the_records() -> None:
    records, flow = made(2)
    for column, kind in (("sold", "payment"), ("paid_out", "payout"), ("refunded", "refund")):
        assert flow.days[column].sum() == sum(record["amount"] for record in records if record["type"] == kind)
    assert flow.days["day"].to_list() == list(range(at(0) // DAY_MS, at(0) // DAY_MS + flow.days.height))


def test_a_payout_pays_the_oldest_sales_first() -> None:
    records = [*paid(1, "u1", "m1", 0, 600), *paid(2, "u1", "m1", 2.5, 400), payout("m1", 3, 700), payout("m1", 4, 300)]
    flow = flow_of(known_of(records))
    assert flow.days["paid_out_within_24h"].to_list()[3:5] == [100, 0]


def test_the_fee_is_what_payouts_leave() -> None:
    records = []
    for day in range(5):
        records += [*paid(day, "u1", "m1", day, 10_000), payout("m1", day + 0.5, 9_900)]
    flow = flow_of(known_of([*records, *paid(9, "u1", "m1", 6, 5_000)]))
    assert abs(flow.fee_fraction - 0.01) < 1e-9
    assert flow.held["held"].to_list() == [4_950]


def test_figures_of_stability() -> None:
    records = [*paid(1, "u1", "m1", 0, 1_000), *paid(2, "u1", "m2", 0, 3_000), repaid("u1", 0.5, 2_000)]
    told = stability_of(flow_of(known_of([*records, payout("m1", 0.6, 1_000, "instant"), payout("m2", 0.6, 3_000)])))
    assert told.hhi == 0.25**2 + 0.75**2
    assert (told.instant_fraction, told.within_24h_fraction, told.paid_out_of_sold) == (0.25, 1.0, 1.0)
    assert told.repaid_of_sold_on_credit == 0.5
    assert stability_of(flow_of(known_of([]))).hhi is None
