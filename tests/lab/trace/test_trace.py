"""The trace of a subject: whose money came home by which way, who shares what, as of any moment; and its picture."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Fact, MoneyReturned
from bonafide.core.lines import wide
from bonafide.lab.explain.folder import ExplainError, Results
from bonafide.lab.trace.as_json import trace_json
from bonafide.lab.trace.canvas import WIDTH, fitted, text_width
from bonafide.lab.trace.lanes import NODES_MAX, ROWS_MAX, lanes_of
from bonafide.lab.trace.loops import End, Move
from bonafide.lab.trace.loops import Path as Way
from bonafide.lab.trace.money import Loop
from bonafide.lab.trace.picture import trace_svg
from bonafide.lab.trace.shared import PUBLIC_ABOVE
from bonafide.lab.trace.text import trace_text
from bonafide.lab.trace.ties import OTHERS_MAX, PEOPLE_MAX, THINGS_MAX
from bonafide.lab.trace.trace import Trace, Unclear, trace
from bonafide.lab.trace.words import NAMES, TOLD
from bonafide.testing.funds_twin import FundsTwin
from bonafide.testing.generators import events
from tests.lab.trace.kit import at, left_by, link, parcel, payment, payout, ring_log, transfer

SVG = "{http://www.w3.org/2000/svg}"


@contextmanager
def silent(_: str) -> Iterator[Any]:
    yield lambda done, total: None


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return left_by(tmp_path_factory.mktemp("ring"), ring_log())


def asked(results: Results, name: str, kind: Any = None, until: float | None = None) -> Trace | Unclear:
    return trace(results, name, kind, None if until is None else at(until), silent)


def traced(results: Results, name: str, kind: Any = None, until: float | None = None) -> Trace:
    found = asked(results, name, kind, until)
    assert isinstance(found, Trace), found
    return found


def ways(found: Trace) -> list[tuple[str, list[str]]]:
    return [(loop.path.payment.event_id, [m.event_id for m in loop.path.moves]) for loop in found.money.loops]


ALL = [("p3", ["p3", "r1"]), ("p2", ["p2", "w3"]), ("p2", ["p2", "w2"]), ("p1", ["p1", "w1", "t1", "t2"])]


# Money


def test_every_loop_of_a_payer_and_of_its_merchant_is_told_newest_first(results: Results) -> None:
    for name, role in (("u1", "payer"), ("m1", "merchant")):
        found = traced(results, name)
        assert ways(found) == ALL
        assert {loop.roles for loop in found.money.loops} == {(role,)}


def test_a_step_tells_from_whom_to_whom_and_how_much_can_be_the_payments(results: Results) -> None:
    path = traced(results, "u1").money.loops[-1].path
    assert [(m.source, m.target) for m in path.moves] == [
        (End("user", "u1"), End("merchant", "m1")), (End("merchant", "m1"), End("account", "am")),
        (End("account", "am"), End("account", "ag")), (End("account", "ag"), End("account", "a1")),
    ]  # fmt: skip
    assert [(m.amount, m.part) for m in path.moves] == [
        (100_000, 100_000), (104_000, 99_500), (96_000, 96_000), (95_000, 95_000)
    ]  # fmt: skip
    assert (path.returned, path.home, path.fee_at_most, path.closes) == (95_000, 95_000, 5_000, True)
    assert path.delay_ms == at(8) - at(2)


def test_a_payout_to_the_merchants_own_account_is_no_hop(results: Results) -> None:
    assert [loop.hops for loop in traced(results, "u1").money.loops] == [1, 1, 1, 2]


def test_amounts_hops_and_delays_are_those_of_the_law(results: Results) -> None:
    law, seen, told = FundsTwin(assume_completed=True), set(), []
    for event in ring_log():
        if event.event_id not in seen:
            seen.add(event.event_id)
            told += [e for e in law.feed(event, len(seen)).derived if isinstance(e, MoneyReturned)]
    found = [loop for loop in traced(results, "m1").money.loops if loop.path.user_id == "u1"][::-1]
    assert [(e.payment_id, e.amount, e.return_hops, e.return_delay_s) for e in told] == [
        (o.path.payment.event_id, o.path.returned, o.hops, o.path.delay_ms // 1000) for o in found
    ]


def test_a_payment_that_came_home_in_parts_counts_once(results: Results) -> None:
    totals = traced(results, "u1").money.totals
    assert (totals.payments, totals.closed) == (3, 3)
    assert (totals.amount, totals.home) == (100_000 + 50_000 + 8_000, 95_000 + 45_000 + 8_000)
    assert totals.median_delay_ms == at(6) - at(0)


def test_go_betweens_are_counted_by_loop_without_the_account_at_home(results: Results) -> None:
    between = traced(results, "u1").money.between
    assert [(b.account_id, b.owner and b.owner.id, b.loops) for b in between] == [("ag", "zhao", 1), ("am", "m1", 1)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("t1", ["p1"]), ("w3", ["p2"]), ("p2", ["p2", "p2"]), ("r1", ["p3"]), ("ag", ["p1"]),
     ("a1", ["p3", "p2", "p2", "p1"]), ("p9", []), ("u2", [])],
)  # fmt: skip
def test_events_and_accounts_take_part_in_the_loops_that_they_stand_on(
    results: Results, name: str, expected: list[str]
) -> None:
    kind = "user" if name == "u2" else None
    assert [loop.path.payment.event_id for loop in traced(results, name, kind).money.loops] == expected


def test_the_owner_of_an_account_on_the_way_takes_part_while_it_is_his(tmp_path: Path) -> None:
    log: list[Fact] = [
        link("l1", "a1", "user", "u1"), link("l2", "ag", "user", "mule"), link("l3", "am", "merchant", "m1"),
        payment("p1", "u1", "m1", 1, 90_000), payout("w1", "m1", "am", 2, 90_000),
        transfer("t1", "am", "ag", 3, 90_000), transfer("t2", "ag", "a1", 4, 90_000),
        link("l4", "ag", "user", "later", 10),
    ]  # fmt: skip
    results = left_by(tmp_path, log)
    assert [loop.roles for loop in traced(results, "mule").money.loops] == [("between",)]
    assert traced(results, "later").money.loops == ()
    assert traced(results, "ag").owner == ("user", "later")
    assert traced(results, "ag", until=9).owner == ("user", "mule")


def test_what_went_through_an_account_is_summed_by_partner(results: Results) -> None:
    found = traced(results, "a1")
    assert found.owner == ("user", "u1")
    assert found.flows is not None
    assert {(f.direction, f.type, f.partner, f.events, f.amount) for f in found.flows.partners} == {
        ("in", "transfer", "ag", 1, 95_000), ("in", "payout", "m1", 2, 45_000), ("in", "refund", "m1", 1, 8_000)
    }  # fmt: skip
    assert {f.direction for f in traced(results, "ag").flows.partners} == {"in", "out"}  # type: ignore[union-attr]
    assert traced(results, "u1").flows is None


def test_behind_an_account_of_nobody_stand_those_who_used_it(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payout("w1", "m1", "ax", 1, 500), payout("w2", "m2", "ax", 2, 500)])
    found = traced(results, "ax")
    assert (found.owner, found.subject.people.merchants) == (None, ("m1", "m2"))


def test_nothing_later_than_the_moment_counts(results: Results) -> None:
    assert ways(traced(results, "u1", until=40)) == ALL[2:]
    assert ways(traced(results, "u1", until=7.9)) == []
    early = traced(results, "u1", until=1.5)
    assert (early.until_ms, early.shared.parcels) == (at(1.5), ())
    assert [(p.user_id, p.payments) for p in traced(results, "u1", until=3).shared.self_purchases] == [("u1", 1)]
    assert traced(results, "m1", until=0.5).shared.self_purchases == ()


def test_a_bundle_that_does_not_follow_money_is_told(tmp_path: Path) -> None:
    found = traced(left_by(tmp_path, ring_log(), follows=False), "u1")
    assert not found.follows_money
    assert "no feature counts loops" in " ".join(trace_text(found, "en", 100, 5).split())
    assert "没有追踪资金去向" in trace_text(found, "zh", 100, 5)


# What is shared


def test_who_else_used_a_thing_is_told_with_since_when(results: Results) -> None:
    things = {(r.kind, r.id): r for r in traced(results, "u1").shared.resources}
    device = things["device", "d1"]
    assert [(o.kind, o.id, o.first) for o in device.others] == [("merchant", "m1", at(1))]
    assert (device.subject.first, device.subject.last, device.users, device.merchants) == (at(0), at(30), 1, 1)
    assert [o.id for o in things["phone", "t9"].others] == ["u2"]
    assert [o.id for o in things["address", "x1"].others] == ["u2"]


def test_a_thing_of_many_is_public_and_only_counted(results: Results) -> None:
    network = next(r for r in traced(results, "u1").shared.resources if r.kind == "ip")
    assert (network.is_public, network.users, network.others) == (True, 15, ())
    assert network.users > PUBLIC_ABOVE


def test_a_payer_who_shares_with_the_merchant_it_pays_stands_out(results: Results) -> None:
    for name in ("u1", "m1", "p1"):
        (found,) = traced(results, name).shared.self_purchases
        assert (found.user_id, found.merchant_id, found.payments) == ("u1", "m1", 3)
        assert set(found.shared) == {("device", "d1"), ("account", "a1")}
    assert traced(results, "u2", "user").shared.self_purchases == ()


def test_merchants_with_one_account_or_representative_stand_out(results: Results) -> None:
    found = traced(results, "m1").shared.merchants
    assert [(c.other_id, c.kind, c.id) for c in found] == [("m2", "account", "am"), ("m2", "representative", "wang")]
    assert traced(results, "u1").shared.merchants == ()


def test_a_tracking_number_of_several_orders_stands_out(results: Results) -> None:
    for name in ("u1", "m1", "s1"):
        (found,) = traced(results, name).shared.parcels
        assert (found.tracking_no, found.orders, found.users, found.order_ids) == ("SF1", 2, 2, ("o-p1", "o-p9"))


def test_steps_of_one_parcel_are_one_order(tmp_path: Path) -> None:
    log = [payment("p1", "u1", "m1", 0, 100), *(parcel(f"s{n}", "o-p1", "u1", "m1", n, "SF1") for n in range(3))]
    assert traced(left_by(tmp_path, log), "u1").shared.parcels_reused == 0


def test_refused_records_tell_nothing(results: Results) -> None:
    assert results.refused_places() == [(0, len(ring_log()))]
    assert isinstance(asked(results, "d-refused"), Unclear)
    assert ("device", "d-refused") not in {(r.kind, r.id) for r in traced(results, "u1").shared.resources}


# Which subject is meant


def test_an_id_of_several_kinds_asks_which_is_meant(results: Results) -> None:
    assert asked(results, "u2") == Unclear("u2", "several", ("user", "account"), ())
    assert traced(results, "u2", "account").owner == ("user", "u2")
    assert traced(results, "u2", "user").subject.kinds == ("user", "account")
    assert asked(results, "u1", "merchant") == Unclear("u1", "another", ("user",), ())


def test_an_unknown_id_leads_to_the_nearest_of_any_kind(results: Results) -> None:
    found = asked(results, "rg_u1")
    assert isinstance(found, Unclear)
    assert (found.kind, found.near[0]) == ("unknown", "rg-u1")
    assert asked(results, "zzzzzzzzzz") == Unclear("zzzzzzzzzz", "unknown", (), ())


def test_a_log_that_is_gone_is_told(tmp_path: Path) -> None:
    results = left_by(tmp_path, ring_log())
    (tmp_path / "log.ndjson").unlink()
    with pytest.raises(ExplainError, match="no longer there"):
        asked(results, "u1")


def test_a_log_that_has_changed_is_told(tmp_path: Path) -> None:
    results = left_by(tmp_path, ring_log())
    with (tmp_path / "log.ndjson").open("ab") as log:
        log.write(b"\n")
    assert "has changed since the replay" in " ".join(trace_text(traced(results, "u1"), "en", 100, 5).split())


# Texts, JSON, picture


@settings(max_examples=12)
@given(st.lists(events(), min_size=1, max_size=25))
def test_any_subject_of_any_log_is_told_and_drawn(tmp_path_factory: pytest.TempPathFactory, log: list[Fact]) -> None:
    results = left_by(tmp_path_factory.mktemp("log"), log)
    names = {log[0].event_id, *(getattr(log[-1], f, None) for f in ("user_id", "merchant_id", "account_id"))} - {None}
    for name in sorted(names):
        found = asked(results, name)
        if isinstance(found, Unclear) and found.kinds:
            found = asked(results, name, found.kinds[0])
        if isinstance(found, Unclear):
            assert found.kind == "unknown"  # refused, all of it
            continue
        json.dumps(trace_json(found), allow_nan=False)
        for lang in ("en", "zh"):
            assert max(map(wide, trace_text(found, lang, 80, 3).splitlines())) <= 80
            check_picture(trace_svg(found, lang))


def check_picture(text: str) -> ET.Element:
    """It is XML, says what it shows, is about 900 by 500, and keeps everything inside and apart."""
    drawing = ET.fromstring(text)
    width, height = float(drawing.get("width", 0)), float(drawing.get("height", 0))
    assert (width, drawing.get("role")) == (WIDTH, "img")
    assert 60 <= height <= 600
    assert drawing.findtext(f"{SVG}title")
    assert drawing.findtext(f"{SVG}desc")
    boxes = [
        tuple(float(rect.get(n, 0)) for n in ("x", "y", "width", "height"))
        for rect in drawing.iter(f"{SVG}rect") if "box" in rect.get("class", "")
    ]  # fmt: skip
    assert len(boxes) <= NODES_MAX + PEOPLE_MAX + THINGS_MAX + OTHERS_MAX
    for x, y, w, h in boxes:
        assert min(x, y) >= 0
        assert (x + w <= width, y + h <= height) == (True, True)
    for i, (x, y, w, h) in enumerate(boxes):
        assert all(x + w <= a or a + c <= x or y + h <= b or b + d <= y for a, b, c, d in boxes[i + 1 :])
    for word in drawing.iter(f"{SVG}text"):
        size, x = float(word.get("font-size", 0)), float(word.get("x", 0))
        takes = text_width(word.text or "", size)
        left = {"middle": x - takes / 2, "end": x - takes}.get(word.get("text-anchor", "start"), x)
        assert left >= 0
        assert left + takes <= width
        assert 0 < float(word.get("y", 0)) <= height
    for group in drawing.iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        assert box is not None
        for word in group.iter(f"{SVG}text"):
            assert text_width(word.text or "", float(word.get("font-size", 0))) <= float(box.get("width", 0))
    assert all(re.fullmatch(r"[MC0-9. lvz-]+", path.get("d", "")) for path in drawing.iter(f"{SVG}path"))
    return drawing


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_shows_the_way_and_the_ties(results: Results, lang: Any) -> None:
    drawing = check_picture(trace_svg(traced(results, "u1"), lang))
    words = [word.text for word in drawing.iter(f"{SVG}text")]
    shown = {"995", "+6小时"} if lang == "zh" else {"995.00", "+6 h"}
    assert {"u1", "m1", "am", "ag", *shown} <= set(words)
    assert sum("alarm" in path.get("class", "") for path in drawing.iter(f"{SVG}path")) == 4
    assert sum("subject" in rect.get("class", "") for rect in drawing.iter(f"{SVG}rect")) == 3


def test_text_from_outside_cannot_break_the_picture(tmp_path: Path) -> None:
    name = "<b>\"&'用户"
    found = traced(left_by(tmp_path, [payment("p1", name, "m&m", 0, 5, device_id="<d>")]), name)
    assert name in "".join(check_picture(trace_svg(found, "en")).itertext())


def loop(number: int, user: str, merchant: str, *accounts: str) -> Loop:
    """A loop over some accounts, the first of them paid out to."""
    through = [End("account", name) for name in (*accounts, f"a-{user}")]
    ends = [End("user", user), End("merchant", merchant), *through]
    kinds = ["payment", "payout", *["transfer"] * len(accounts)]
    moves = [
        Move(f"e{number}.{i}", 10 * number + i, kind, at(number + i), ends[i], ends[i + 1], 900, "CNY", 900 - i)
        for i, kind in enumerate(kinds)
    ]  # fmt: skip
    return Loop(Way(user, merchant, 900, 890, 890, True, tuple(moves)), ("payer",), len(moves) - 1)


ACCOUNTS = st.lists(st.sampled_from("abcdefg"), max_size=4, unique=True)
LOOPS = st.lists(st.tuples(st.sampled_from(["u1", "u2", "u3"]), st.sampled_from(["m1", "m2"]), ACCOUNTS), max_size=30)


@given(LOOPS)
def test_lanes_hold_no_more_than_fits_and_leave_out_the_rest(drawn: list[tuple[str, str, list[str]]]) -> None:
    loops = [loop(n, user, merchant, *accounts) for n, (user, merchant, accounts) in enumerate(drawn)]
    lanes = lanes_of(loops)
    nodes = [one for lane in lanes.rows for one in lane if hasattr(one, "lane")]
    assert len(nodes) == len(set(nodes)) <= NODES_MAX
    assert max(map(len, lanes.rows), default=0) <= ROWS_MAX
    assert (lanes.left_out < len(loops)) == bool(loops)
    assert all(lanes.lane_of(a) < lanes.lane_of(b) for a, b in lanes.arrows)
    assert {node for ends in lanes.arrows for node in ends} == set(nodes)


@given(st.text(max_size=40), st.floats(20, 200))
def test_a_text_that_is_too_long_is_cut_in_its_middle(text: str, room: float) -> None:
    shown = fitted(text, room, 10)
    assert shown == text or (text_width(shown, 10) <= room and "…" in shown) or len(shown) <= 2
    assert shown[:1] == text[:1] or not text


def test_every_word_has_both_languages() -> None:
    for en, zh in [*NAMES.values(), *TOLD.values()]:
        assert bool(en) == bool(zh)
        assert sorted(re.findall(r"{(\w+)}", en)) == sorted(re.findall(r"{(\w+)}", zh)) or "{n}" in zh


def test_json_tells_the_whole_of_it(results: Results) -> None:
    found = trace_json(traced(results, "u1"))
    assert [len(one["path"]) for one in found["money"]["loops"]] == [2, 2, 2, 4]
    step = found["money"]["loops"][3]["path"][1]
    assert step == {
        "event_id": "w1", "seq": step["seq"], "type": "payout", "time": "2026-01-05T13:00:00.000Z",
        "from": {"kind": "merchant", "id": "m1", "owner": None},
        "to": {"kind": "account", "id": "am", "owner": {"kind": "merchant", "id": "m1"}},
        "amount": 104_000, "currency": "CNY", "part": 99_500, "less": 500,
    }  # fmt: skip
    table = pl.read_parquet(results.folder / "decisions.parquet")
    assert table.filter(pl.col("seq") == step["seq"])["event_id"].to_list() == ["w1"]
    assert found["shared"]["self_purchases"][0]["shared"][0]["kind"] in {"device", "account"}
    assert trace_json(traced(results, "a1"))["account"]["flow_count"] == 3
