"""What the loops bench counts: loops that can be followed, alerts that are looked at, honest moves, closed loops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benches.loops.bounds import Bounded, Followed, Known, busy_worlds, changes, place_bytes, recall_and_precision
from benches.loops.closed import SHIPPED_CAPS, Closed, by_kernel, by_twin
from benches.loops.platform import followable, money_events
from benches.loops.recall import Fared, Part, honest_moves, looked_at, named_alerts, of_loops, spread
from benches.loops.text import bounded_text, busy_text, honest_text, kinds_text, loops_text
from bonafide.core.events import AccountLink, Payment, Transfer
from bonafide.engine.funds.layout import AGE_MS, HOPS_MAX
from bonafide.lab.simulate.returns import LOOPS
from bonafide.testing.funds_twin import Caps, Law
from bonafide.testing.money_worlds import busy_world

PAID = datetime(2026, 1, 6, tzinfo=UTC)


def loop(number: int, **told: Any) -> dict[str, Any]:
    return {
        "payment_event_id": f"p{number}", "user_id": "u", "merchant_id": "m", "ring_id": "ring0",
        "typology": "user_merchant_loop", "paid_at": PAID, "amount": 100, "returned": 90,
        "returned_at": PAID + timedelta(hours=2), "hops": 3, "go_betweens": 1, "visible": True, "advanced": False,
        "via": "loop", "to": "bank", "events": [f"p{number}", f"po{number}", f"t{number}"], **told,
    }  # fmt: skip


def loops_of(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LOOPS)


def alert(event_id: str, score: float, payer: str, day: int = 1) -> dict[str, Any]:
    return {"event_id": event_id, "score": score, "payer": payer, "day": day, "seq": int(event_id[1:])}


def test_only_loops_within_the_law_can_be_followed() -> None:
    rows = loops_of(
        loop(0), loop(1, advanced=True), loop(2, visible=False), loop(3, via="refund"), loop(4, returned=49),
        loop(5, returned=50), loop(6, returned_at=PAID + timedelta(hours=336)), loop(7, go_betweens=4),
        loop(8, go_betweens=3),
    )  # fmt: skip
    found = followable(rows, HOPS_MAX, AGE_MS)["payment_event_id"].to_list()
    assert found == ["p0", "p1", "p5", "p8"]


def test_a_payers_alerts_of_a_day_are_one() -> None:
    alerts = pl.DataFrame([
        alert("t1", 0.6, "u1"), alert("t2", 0.9, "u1"), alert("t3", 0.8, "u1"), alert("t4", 0.7, "u2"),
        alert("t5", 0.7, "u3"), alert("t6", 0.6, "u1", day=2),
    ])  # fmt: skip
    assert looked_at(alerts, 2, one_a_payer=False) == {"t2", "t3", "t6"}
    assert looked_at(alerts, 2, one_a_payer=True) == {"t1", "t2", "t3", "t4", "t6"}


def test_a_loop_is_found_by_any_event_and_those_given_in_advance_are_counted_apart() -> None:
    rows = loops_of(loop(0), loop(1), loop(2, typology="broker_ring"), loop(3, advanced=True))
    alerts = pl.DataFrame(
        [alert("p1", 0.9, "u2"), alert("t1", 0.8, "u2"), alert("t0", 0.6, "u1"), alert("t3", 0.5, "u3")]
    )
    assert of_loops(rows, alerts, budget=2, least=1) == {
        "any event": Part(2, 3), "a move": Part(2, 3), "advanced": Part(1, 1), "user_merchant_loop": Part(2, 2),
        "at budget": Part(2, 3), "T1 at budget": Part(2, 2), "plain, at budget": Part(1, 3), "at 0.5 %": Part(1, 3),
    }  # fmt: skip


def test_an_alert_on_a_move_is_its_payers() -> None:
    told = '{"returned":90,"home":90,"amount":100,"closes":true,"path":[{"seq":1,"time":1,"amount":100}]}'
    decided = pl.DataFrame({
        "seq": [1, 2, 3, 4], "event_id": ["p1", "t2", "po3", "t4"],
        "type": ["payment", "transfer", "payout", "transfer"],
        "user_id": ["u1", None, None, None], "merchant_id": ["m1", None, "m1", None], "time": [PAID] * 4,
        "alert": [False, True, True, True], "loops": [[], [told], [], []],
    }, schema_overrides={"loops": pl.List(pl.String)})  # fmt: skip
    assert named_alerts(decided)["payer"].to_list() == ["u1", "m1", "t4"]


def test_honest_moves_touch_nobody_bad_no_ring_and_no_loop(tmp_path: Path) -> None:
    moves = [("a-good", "a-else"), ("a-bad", "a-good"), ("a-good", "ax0.1"), ("a-else", "a-good"), ("a-else", "a-good")]
    log = [
        {"type": "account_link", "event_id": "l1", "account_id": "a-bad", "owner_id": "u-bad"},
        *({"type": "transfer", "event_id": f"t{n}", "from_account_id": source, "to_account_id": target}
          for n, (source, target) in enumerate(moves)),
        {"type": "payout", "event_id": "po1", "merchant_id": "m-bad", "account_id": "a-else"},
        {"type": "payout", "event_id": "po2", "merchant_id": "m", "account_id": "a-else"},
        {"type": "payout", "event_id": "po2", "merchant_id": "m", "account_id": "a-else"},
        {"type": "payment", "event_id": "p0", "user_id": "u", "merchant_id": "m"},
    ]  # fmt: skip
    pl.DataFrame(log, infer_schema_length=None).write_parquet(tmp_path / "events.parquet")
    pl.DataFrame({"subject_id": ["u-bad", "m-bad", "u"], "label": [1, 1, 0]}).write_parquet(
        tmp_path / "subjects.parquet"
    )
    honest = honest_moves(tmp_path, loops_of(loop(4)))
    assert sorted(honest["event_id"].to_list()) == ["po2", "t0", "t3"]


def test_a_log_is_read_as_events_each_once(tmp_path: Path) -> None:
    rows = [
        {"type": "account_link", "event_id": "l", "time": 1, "account_id": "a", "owner_type": "user", "owner_id": "u"},
        {"type": "login", "event_id": "g", "time": 2},
        {"type": "transfer", "event_id": "t", "time": 3, "from_account_id": "a", "to_account_id": "b", "amount": 7,
         "currency": "CNY"},
    ]  # fmt: skip
    pl.DataFrame([*rows, rows[-1]], infer_schema_length=None).write_parquet(tmp_path / "events.parquet")
    assert money_events(tmp_path) == [
        AccountLink(event_id="l", time=1, account_id="a", owner_type="user", owner_id="u"),
        Transfer(event_id="t", time=3, from_account_id="a", to_account_id="b", amount=7, currency="CNY"),
    ]


def test_kernel_and_twin_close_the_same_loops_by_the_same_way() -> None:
    world = busy_world(20, 5, payouts=3, seed=4)
    closed = by_kernel(world.events)
    assert closed == by_twin(world.events)
    assert {one.payment_id for one in closed} == {one.payment_id for one in world.loops}
    assert {one.way[-1] for one in closed} == {one.closing_id for one in world.loops}


def test_another_law_follows_less() -> None:
    world = busy_world(5, 8, payouts=2, seed=4)
    near = {loop.payment_id for loop in world.loops if loop.middlemen == 0}
    assert {one.payment_id for one in by_twin(world.events, Caps(), Law(hops=1))} == near
    assert by_twin(world.events, Caps(), Law(age_ms=1)) == []


def test_recall_and_precision_of_nothing() -> None:
    assert recall_and_precision([], {"p1"}) == (0.0, None)
    assert recall_and_precision([Closed("p1", ()), Closed("p2", ())], {"p1", "p3"}) == (0.5, 0.5)


def test_a_bound_is_held_against_the_truth() -> None:
    known = Known(frozenset({"p1", "p2"}), frozenset({"p3"}), frozenset({"p1"}))
    way = Followed("tags", "16", SHIPPED_CAPS._replace(tags=16), Law())
    told = known.hold(way, [Closed(name, ()) for name in ("p2", "p3", "p4")], 1.0)
    assert (told.closed, told.cash_out, told.look_alike, told.other, told.found) == (3, 1, 1, 1, 0)
    assert told.bytes_per_place == place_bytes(16) == 8 * (12 + 16 * 29)
    assert len({(one.bound, one.value) for one in changes()}) == len(changes())


def fared(seed: int, found: int) -> Fared:
    return Fared("small", seed, "as shipped", 3.0, 2.5, 2, {"any event": Part(found, 10), "advanced": Part(0, 0)})


def test_a_share_of_nothing_is_left_out() -> None:
    some = [fared(1, 5), fared(2, 10)]
    assert spread(some, "any event") == (0.75, 0.5, 1.0)
    assert spread(some, "advanced") is None


@pytest.mark.parametrize("text", [loops_text, honest_text, kinds_text])
def test_tables_of_recall_name_each_scenario_and_change(text: Any) -> None:
    assert "| small    | as shipped |" in text([fared(1, 5), fared(2, 10)])


def test_tables_of_bounds() -> None:
    (first, *_) = busy_worlds(1, [(3, 1)])
    assert first.recall == first.kernel_recall == 1.0
    assert "1.000" in busy_text([first])
    assert "| no bound |" in bounded_text([Bounded("all", "no bound", 3, 1, 1, 4, 2, None, 1.0)])


def test_what_a_log_of_nothing_but_payments_closes() -> None:
    paid = Payment(event_id="p", time=1, user_id="u", merchant_id="m", order_id="o", amount=1, currency="CNY")
    assert by_kernel([paid]) == by_twin([paid]) == []
