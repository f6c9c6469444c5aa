"""Features that name others: what one key knows of an event is carried along, for another key to take in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.core.events import Fact
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.codes import ABSORBED, DERIVED, READ
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.features.carried import CARRIED_MOST
from bonafide.engine.features.plan import NotKeptError
from bonafide.engine.features.spec import Feature, parse_features, quantity_of
from bonafide.engine.intake import rows_of_events
from bonafide.engine.rules.operations import CARRIED_MAX
from bonafide.testing import windows_twin
from tests.engine.features.logs import CONDITIONS, OVERS, declared, logs
from tests.engine.features.test_derived import group, grouped_logs
from tests.engine.kit import (
    SETTINGS,
    START_MS,
    TAKES,
    feature,
    feed,
    fresh_state,
    payment,
    play,
    refund,
    specs_of,
    status_of,
)  # fmt: skip

FIRST_OF = {
    **dict.fromkeys(("distinct", "entropy"), ("merchant_id", "amount", "goods")),
    **dict.fromkeys(("sum", "mean", "min", "max"), ("amount", "instalments", "time")),
    **dict.fromkeys(("std", "zscore"), ("amount", "credit_used", "instalments")),
    "last": ("amount", "merchant_id", "goods", "instalments"),
}
USER_USE = {"name": "user_use", "event": "payment", "by": "user_id", "take": "count", "over": "7d"}


def by_merchant(take: str, of: str | None = "user_use", over: str | None = "30d", **told: Any) -> dict[str, Any]:
    item = {"name": "second", "event": "payment", "by": "merchant_id", "take": take, "of": of, "over": over, **told}
    return {key: value for key, value in item.items() if value is not None}


def read(*items: dict[str, Any]) -> tuple[Feature, ...]:
    return parse_features(list(items), "features.yaml")


def seconds(log: list[Fact], *items: dict[str, Any]) -> list[float | None]:
    """What the last of some features answers on each event."""
    answers = feed(fresh_state(read(*items)), log)[1][:, -1].tolist()
    return [None if math.isnan(value) else value for value in answers]


@st.composite
def carrying_features(draw: st.DrawFn) -> tuple[Feature, ...]:
    """First features of every take, over payments and groups, and features of other keys that name them."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 5)) == 0:
            by = draw(st.sampled_from(["user_id", "merchant_id"]))
            found.append(declared("count", None, by, draw(st.sampled_from(OVERS)), None, "grouped", done=False))
            continue
        take = draw(st.sampled_from(TAKES))
        of = draw(st.sampled_from(FIRST_OF[take])) if take in FIRST_OF else None
        where = draw(st.sampled_from(CONDITIONS))
        where = where or "amount > 500" if take == "share" else where
        by = draw(st.sampled_from(["user_id", "merchant_id", "device_id", ["user_id", "merchant_id"]]))
        over, done = draw(st.sampled_from(OVERS)), draw(st.booleans())
        found.append(declared(take, of, by, over, where, "payment", done=done))
    firsts = specs_of(*found)
    labels = {f.name for f in firsts if f.take == "last" and f.of in {"merchant_id", "goods"}}
    moments = {f.name for f in firsts if quantity_of(f).unit == "moment"}
    numbers = [f.name for f in firsts if f.name not in labels]
    for _ in range(draw(st.integers(1, 6))):
        take = draw(st.sampled_from(TAKES))
        name = draw(st.sampled_from([f.name for f in firsts]))
        of = None if take == "count" else name
        if take in {"sum", "mean", "std", "min", "max", "zscore"} and (
            name in labels or (name in moments and take in {"std", "zscore"})
        ):
            take, of = "distinct", name
        where = None
        if numbers and (take in {"share", "count"} or draw(st.booleans())):
            where = draw(st.sampled_from(["{0} >= 1", "{0} is missing", "{0} > 0.4 and amount > 500", "{0} != {1}"]))
            where = where.format(draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers)))
        if take == "share" and where is None:
            where = "amount > 500"
        events: Any = draw(st.sampled_from(["payment", "refund", ["payment", "refund"]]))
        by = draw(st.sampled_from(["merchant_id", "user_id", ["user_id", "merchant_id"]]))
        found.append(declared(take, of, by, draw(st.sampled_from(OVERS)), where, events, done=False))
    return specs_of(*found)


@settings(max_examples=100)
@given(carrying_features(), logs(40) | grouped_logs(), st.sampled_from([1, 7, 1000]))
def test_kernel_equals_twin(specs: tuple[Feature, ...], log: list[Fact], chunk: int) -> None:
    play(specs, log, chunk)


def test_what_is_carried_is_the_answer_before_the_event() -> None:
    log = [payment(1, 0, merchant_id="n"), payment(2, 1), payment(3, 2, user_id="v"), payment(4, 3)]
    assert seconds(log, USER_USE, by_merchant("mean")) == [None, None, 1.0, 0.5]
    assert seconds(log, USER_USE, by_merchant("share", None, where="user_use >= 1")) == [0.0, 0.0, 1.0, 0.5]


def test_where_users_come_from() -> None:
    """The merchants that a shop's buyers paid before, told apart by a text that is carried as its hash."""
    before = {"name": "user_previous", "event": "payment", "by": "user_id", "take": "last", "of": "merchant_id"}
    log = [payment(i, i, user_id=f"u{i % 3}", merchant_id=f"m{i % 3}" if i < 3 else "shop") for i in range(6)]
    log += [payment(9, 9, user_id="new", merchant_id="shop"), payment(10, 10, user_id="z", merchant_id="shop")]
    got = seconds(log, before, by_merchant("distinct", "user_previous"))
    assert got[3:] == [0.0, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("take", "amounts", "carried"),
    [
        ("sum", (7, 8), 15), ("mean", (7, 8), 8), ("mean", (7, 8, 8), 8), ("std", (1, 4), 2), ("max", (7, 8), 8),
        ("sum", (10**12,) * 101, CARRIED_MOST),
    ],
)  # fmt: skip
def test_money_is_carried_in_whole_units(take: str, amounts: tuple[int, ...], carried: int) -> None:
    first = {**USER_USE, "take": take, "of": "amount"}
    log = [payment(i, i, amount, merchant_id="n") for i, amount in enumerate(amounts)]
    log += [payment(998, 998), payment(999, 999, user_id="v")]
    assert seconds(log, first, by_merchant("max"))[-1] == carried


def test_all_else_is_carried_in_millionths() -> None:
    first = {**USER_USE, "take": "share", "where": "amount > 5"}
    log = [payment(i, i, amount, merchant_id="n") for i, amount in enumerate((9, 9, 1))]
    log += [payment(8, 8), payment(9, 9, user_id="v")]
    assert seconds(log, first, by_merchant("max"))[-1] == 0.666667
    assert seconds(log, first, by_merchant("count", None, where="user_use == 0.666667"))[-1] == 1


def test_an_answer_that_is_missing_is_not_taken() -> None:
    first = {**USER_USE, "take": "mean", "of": "amount"}
    log = [payment(1, 0), payment(2, 1, user_id="v"), payment(3, 2), payment(4, 3)]
    assert seconds(log, first, by_merchant("distinct")) == [0.0, 0.0, 0.0, 1.0]
    assert seconds(log, first, by_merchant("count", None, where="user_use is missing")) == [0.0, 1.0, 2.0, 2.0]


def test_the_units_of_an_answer_are_those_of_what_it_takes() -> None:
    money = {**USER_USE, "take": "sum", "of": "amount"}
    for first, unit in (
        (USER_USE, "count"),
        (money, "money"),
        ({**USER_USE, "take": "seconds_since_first"}, "seconds"),
    ):
        assert quantity_of(read(first, by_merchant("max"))[-1]).unit == unit


def test_every_way_to_walk_carries_the_same() -> None:
    """Types that are not decided on carry too, and events that nobody asks about."""
    items = (USER_USE, by_merchant("mean", event=["payment", "payment_status"]), by_merchant("zscore", name="z"))
    log: list[Fact] = []
    for i in range(30):
        paid = payment(i, i * HOUR_MS, user_id=f"u{i % 4}")
        log += [paid, status_of(100 + i, paid, i * HOUR_MS + 1), refund(200 + i, i * HOUR_MS + 2, user_id=f"u{i % 3}")]
    play(read(*items), log)
    states = []
    for how, chunk in ((READ, 1), (ABSORBED, 7), (DERIVED, 90)):
        state = fresh_state(read(*items))
        for begin in range(0, len(log), chunk):
            part = log[begin : begin + chunk]
            state.walk(rows_of_events(part, state.kernels, state.bound.key), np.full(len(part), how))
        states.append(state)
    found = [feed(state, [payment(999, 40 * HOUR_MS, user_id="u1")])[1] for state in states]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_a_bundle_that_no_longer_reads_what_is_carried_goes_on_carrying_it() -> None:
    log: list[Fact] = [payment(i, i, user_id=f"u{i % 3}") for i in range(20)]
    whole, less = read(USER_USE, by_merchant("mean")), read(feature("count", "7d", name="n"))
    plan = compile_bundle(whole, [], SETTINGS).features.layout
    state = fresh_state(whole)
    feed(state, log[:5])
    state.swap(compile_bundle(less, [], SETTINGS, plan))
    feed(state, log[5:15])
    state.swap(compile_bundle(whole, [], SETTINGS, plan))
    np.testing.assert_array_equal(feed(state, log[15:])[1], feed(fresh_state(whole), log)[1][15:])
    other = read({**USER_USE, "over": "24h"}, by_merchant("mean"))
    with pytest.raises(NotKeptError, match="second"):
        compile_bundle(other, [], SETTINGS, plan)


def test_too_many_are_refused() -> None:
    firsts = [{**USER_USE, "name": f"u{i}", "over": f"{i + 1}h"} for i in range(CARRIED_MAX + 1)]
    items = [by_merchant("mean", f"u{i}", name=f"m{i}") for i in range(CARRIED_MAX + 1)]
    compile_bundle(read(*firsts[:-1], *items[:-1]), [], SETTINGS)
    with pytest.raises(ConfigError, match="33 features are named by others; at most 32"):
        compile_bundle(read(*firsts, *items), [], SETTINGS)


def test_a_derived_feature_can_be_carried() -> None:
    rings = {"name": "user_rings", "event": "grouped", "by": "user_id", "take": "count", "over": "7d"}
    log: list[Fact] = [payment(1, 0), group(2, 1), payment(3, 2), payment(4, 3, user_id="v"), payment(5, DAY_MS)]
    share = by_merchant("share", None, where="user_rings >= 1")
    assert seconds(log, rings, share) == [0.0, None, 0.0, 0.5, pytest.approx(1 / 3)]


def test_the_twin_rounds_as_the_law_says() -> None:
    assert windows_twin.CARRIED_MOST == CARRIED_MOST
    assert START_MS < CARRIED_MOST
