"""What came back to payers: the truth about it agrees with the log, step by step, and honest money is like it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from bonafide.core.moment import HOUR_MS
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulate.returns import FLOWS, LOOPS
from bonafide.lab.simulate.scenarios import Knobs
from tests.lab.simulate.runs import Run, middle, run, small

FLOW_KINDS = {
    "family_purchase", "owner_draw", "private_seller", "refund_to_balance", "split_bill", "staff_wages",
}  # fmt: skip
FROM_A_SHOP = {"owner_draw", "private_seller", "staff_wages"}
MONEY = ("payment", "payout", "transfer", "refund")


def turned(name: str, **knobs: Any) -> Run:
    """A small platform of one typology with some knobs turned."""
    asked = scenario(name, 700, 80, 30)
    return Run(Simulation(replace(asked, knobs=replace(asked.knobs, **knobs)), 1))


def moves(lived: Run) -> dict[str, dict[str, Any]]:
    """Event id -> moves of money, with `place` in the log."""
    told = lived.events.with_row_index("place").filter(pl.col("type").is_in(MONEY))
    return {event["event_id"]: event for event in told.iter_rows(named=True)}


def owners(lived: Run) -> dict[str, set[tuple[str, str]]]:
    owned = defaultdict(set)
    for account, kind, owner in (
        lived.events.filter(type="account_link").select("account_id", "owner_type", "owner_id").iter_rows()
    ):
        owned[account].add((kind, owner))
    return owned


def hours(frame: pl.DataFrame) -> pl.Series:
    return (frame["returned_at"] - frame["paid_at"]).dt.total_milliseconds() / HOUR_MS


def seen_loops(lived: Run) -> pl.DataFrame:
    return lived.loops.filter(pl.col("visible"), via="loop")


@pytest.mark.parametrize("lived", [small, middle])
def test_loops_and_flows_have_the_columns_that_are_promised(lived: Any) -> None:
    assert lived().loops.schema == LOOPS
    assert lived().flows.schema == FLOWS


def test_each_loop_is_of_a_cash_out_payment_on_credit_and_tells_of_it_as_the_truth_does() -> None:
    lived = small()
    loops = lived.loops
    assert loops["payment_event_id"].is_unique().all()
    paid = lived.payments.filter("bad", pay_with="credit").select(
        "event_id", "user_id", "merchant_id", "amount", "typology", paid_at=pl.col("time").cast(LOOPS["paid_at"])
    )
    same = loops.join(
        paid,
        left_on=["payment_event_id", "user_id", "merchant_id", "amount", "typology", "paid_at"],
        right_on=["event_id", "user_id", "merchant_id", "amount", "typology", "paid_at"],
    )
    assert same.height == loops.height > 0.9 * paid.height
    rings = lived.truth.select(payment_event_id="event_id", ring="ring_id")
    assert (loops.join(rings, on="payment_event_id")["ring"] == loops["ring_id"]).all()


@pytest.mark.parametrize("lived", [small, middle])
def test_the_way_of_a_visible_loop_leads_through_the_log_from_the_payment_to_the_payer(lived: Any) -> None:
    told, owned = moves(lived()), owners(lived())
    whole = seen_loops(lived()).filter(pl.col("events").list.len() == pl.col("hops") + 1)  # came in one piece
    assert whole.height > 20
    for loop in whole.iter_rows(named=True):
        events = [told[event] for event in loop["events"]]
        assert [event["place"] for event in events] == sorted(event["place"] for event in events)
        kinds = [event["type"] for event in events]
        steps = events[1 if loop["advanced"] else 2 :]
        assert kinds == ["payment", *([] if loop["advanced"] else ["payout"]), *["transfer"] * len(steps)]
        assert ("merchant", loop["merchant_id"]) in owned[steps[0]["from_account_id"]]
        if not loop["advanced"]:
            assert events[1]["merchant_id"] == loop["merchant_id"]
            assert events[1]["account_id"] == steps[0]["from_account_id"]
        for one, other in pairwise(steps):
            assert one["to_account_id"] == other["from_account_id"]
        assert ("user", loop["user_id"]) in owned[steps[-1]["to_account_id"]]
        assert 0 < loop["returned"] <= min(event["amount"] for event in steps)
        assert loop["returned"] < loop["amount"]
        assert len(steps) == loop["go_betweens"] + 1


def test_transfers_that_reach_payers_are_the_money_that_the_loops_say_came_home() -> None:
    lived = small()
    told = moves(lived)
    last: dict[str, int] = defaultdict(int)
    for loop in seen_loops(lived).filter(pl.col("events").list.len() == pl.col("hops") + 1).iter_rows(named=True):
        last[loop["events"][-1]] += loop["returned"]
    sums = [(told[event]["amount"], amount) for event, amount in last.items()]
    assert all(amount <= moved for moved, amount in sums)
    assert sum(amount == moved for moved, amount in sums) > 0.8 * len(sums)  # the others also carry parts of a split


def test_a_refund_is_a_loop_of_one_step_and_cash_in_hand_is_not_seen() -> None:
    lived = run("refund_elsewhere", 700, 80, 30)
    told = moves(lived)
    assert set(lived.loops["via"]) == {"refund"}
    for loop in lived.loops.iter_rows(named=True):
        payment, refund = (told[event] for event in loop["events"])
        assert (refund["type"], refund["order_id"]) == ("refund", payment["order_id"])
        assert (refund["to"], refund["amount"]) == (loop["to"], loop["returned"])
    by_hand = run("bust_out", 700, 80, 60).loops
    assert set(by_hand["via"]) == {"hand"}
    assert by_hand["visible"].sum() == by_hand["go_betweens"].sum() == 0


def test_money_that_is_still_on_its_way_has_not_come_home() -> None:
    slow = turned("user_merchant_loop", delays=40.0, combined=0.0)
    end = slow.simulation.world.end
    assert slow.loops["returned_at"].dt.epoch("ms").max() < end  # type: ignore[operator]
    assert slow.loops.height < 0.8 * slow.truth["label"].sum()


def test_go_betweens_are_persons_whom_the_log_names_before_they_are_first_used_and_others_are_persons_too() -> None:
    lived = small()
    placed = lived.events.with_row_index("place")
    links = placed.filter(type="account_link", owner_type="person")
    assert links["account_id"].is_unique().all()
    assert links["owner_id"].is_unique().all()
    transfers = placed.filter(type="transfer")
    used = pl.concat(
        transfers.select("place", account_id=column) for column in ("from_account_id", "to_account_id")
    ).group_by("account_id").agg(pl.col("place").min())  # fmt: skip
    both = used.join(placed.filter(type="account_link").group_by("account_id").agg(linked=pl.col("place").min()),
                     on="account_id", how="left")  # fmt: skip
    assert (both["linked"] < both["place"]).all()
    go_betweens = links["account_id"].str.starts_with("ax")
    assert 0 < go_betweens.sum() < 0.2 * links.height


@pytest.mark.parametrize("seed", [1, 2])
def test_most_cash_comes_home_and_the_platform_sees_most_of_it(seed: int) -> None:
    lived = small() if seed == 1 else run("small", 2_500, 200, 40, seed)
    assert lived.loops.height >= 0.9 * lived.truth["label"].sum()
    assert 0.55 <= lived.loops["visible"].mean() <= 0.85  # type: ignore[operator]


# Knobs


def test_fees_keep_more_of_the_cash_and_never_more_than_half() -> None:
    few, many, all_of_it = (turned("user_merchant_loop", fees=fees).loops for fees in (0.0, 3.0, 50.0))
    ratio = [(loops["returned"] / loops["amount"]).median() for loops in (few, many, all_of_it)]
    assert ratio[0] > 0.98 > 0.9 > ratio[1] > ratio[2] >= 0.48  # type: ignore[operator]


def test_delays_are_longer_by_their_factor() -> None:
    as_shipped, long = (turned("user_merchant_loop", delays=delays, combined=0.0).loops for delays in (1.0, 5.0))
    assert hours(long).median() > 2.5 * hours(as_shipped).median()  # type: ignore[operator]


def test_cash_passes_more_accounts_or_none() -> None:
    more, none = (seen_loops(turned("user_merchant_loop", go_betweens=shift)) for shift in (2.0, -3.0))
    assert set(more["go_betweens"]) <= set(range(2, 7))
    assert more["go_betweens"].max() > 3  # type: ignore[operator]
    gathered = none.filter(pl.col("go_betweens") > 0)
    assert set(none["go_betweens"]) <= {0, 1}
    assert gathered.height < 0.5 * none.height  # orders at several shops are gathered by one all the same


def test_combined_returns_bring_several_orders_home_in_one_transfer() -> None:
    def payments_per_arrival(**knobs: float) -> float:
        loops = seen_loops(turned("user_merchant_loop", split=0.0, visible=1.0, **knobs))
        return loops.height / loops["events"].list.last().n_unique()

    assert payments_per_arrival(combined=0.0) == 1.0
    assert payments_per_arrival(combined=1.0) > 1.5
    assert 1.0 < payments_per_arrival(combined=Knobs().combined) < 1.5


def test_split_returns_come_home_as_two_transfers_that_add_up() -> None:
    lived = turned("user_merchant_loop", split=1.0, combined=0.0, visible=1.0, go_betweens=-9.0)
    told, loops = moves(lived), seen_loops(lived)
    twice = 0
    for loop in loops.iter_rows(named=True):
        arrivals = [told[event] for event in loop["events"] if told[event]["type"] == "transfer"]
        twice += len(arrivals) == 2
        assert loop["returned"] == sum(event["amount"] for event in arrivals)
    assert twice > 0.8 * loops.height


def test_shops_that_advance_nothing_draw_what_the_order_brought_first() -> None:
    assert not turned("user_merchant_loop", advanced=0.0).loops["advanced"].any()
    often = turned("user_merchant_loop", advanced=1.0).loops
    assert often["advanced"].mean() > 0.3  # type: ignore[operator]


# Honest money


def test_every_kind_of_honest_flow_is_of_an_honest_payment_on_credit_that_money_to_its_payer_follows() -> None:
    lived = small()
    told, owned = moves(lived), owners(lived)
    honest = set(lived.payments.filter(~pl.col("bad"), pay_with="credit")["event_id"])
    assert set(lived.flows["kind"]) == FLOW_KINDS
    for flow in lived.flows.iter_rows(named=True):
        assert flow["payment_event_id"] in honest
        events = [told[event] for event in flow["events"]]
        assert [event["place"] for event in events] == sorted(event["place"] for event in events)
        last = events[-1]
        assert last["amount"] == flow["returned"]
        if flow["kind"] == "refund_to_balance":
            assert last["order_id"] == events[0]["order_id"]
            continue
        assert last["type"] == "transfer"
        assert ("user", flow["user_id"]) in owned[last["to_account_id"]]
        source = next(event for event in events if event["type"] == "transfer")["from_account_id"]
        assert any(kind == "merchant" for kind, _ in owned[source]) == (flow["kind"] in FROM_A_SHOP)
        if flow["kind"] in {"private_seller", "staff_wages"}:
            assert ("merchant", flow["merchant_id"]) in owned[source]
        if flow["kind"] == "owner_draw":
            assert ("merchant", flow["merchant_id"]) not in owned[source]


@pytest.mark.parametrize("seed", [1, 2])
def test_each_kind_of_honest_flow_is_at_least_as_frequent_as_visible_loops_of_the_plain_kind(seed: int) -> None:
    lived = small() if seed == 1 else run("small", 2_500, 200, 40, seed)
    plain = seen_loops(lived).filter(typology="user_merchant_loop").height
    counts = dict(lived.flows["kind"].value_counts().iter_rows())
    assert min(counts[kind] for kind in FLOW_KINDS) >= plain > 5


def test_calm_has_honest_flows_and_no_loops() -> None:
    lived = run("calm", 300, 60, 20)
    assert lived.loops.is_empty()
    assert lived.flows.height > 5
