"""Features of derived events: a row of their own for each key, from the first one that is counted on."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Fact, Group
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.arena import H_BLANK
from bonafide.engine.codes import ABSORBED, DERIVED, READ
from bonafide.engine.compiled import LATENESS_MS
from bonafide.engine.features.family import TERM_MS
from bonafide.engine.features.spec import Feature
from bonafide.engine.intake import rows_of_events
from tests.engine.features.logs import OVERS, STEPS, declared, logs
from tests.engine.kit import (
    SETTINGS,
    START_MS,
    TAKES,
    answers_of,
    feature,
    feed,
    fresh_state,
    payment,
    play,
    specs_of,
)  # fmt: skip

OF = {
    **dict.fromkeys(("distinct", "entropy"), ("group_id", "method", "score", "local_day")),
    **dict.fromkeys(("sum", "mean", "min", "max"), ("score", "valid_until", "local_hour")),
    **dict.fromkeys(("std", "zscore"), ("score", "local_hour")),
    "last": ("score", "valid_until"),
}
CONDITIONS = (None, "score > 0.4", "method == 'dense'", "user_id is missing", "local_hour < 12 and score <= 0.4")


def group(number: int, time: int, subject: str = "u", kind: Any = "user", **told: Any) -> Group:
    """A group event g<number> of a subject, `time` ms after the start."""
    fields = {"group_id": "ring", "method": "dense", "score": 0.5, "valid_until": START_MS + DAY_MS, **told}
    return Group(event_id=f"g{number}", time=START_MS + time, subject_type=kind, subject_id=subject, **fields)


def grouped(take: str, over: str | None = "24h", **told: Any) -> dict[str, Any]:
    return feature(take, over, **{"event": "grouped", **told})


@st.composite
def derived_features(draw: st.DrawFn) -> tuple[Feature, ...]:
    """Features of derived events among a few of payments."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        take = draw(st.sampled_from(TAKES))
        of = draw(st.sampled_from(OF[take])) if take in OF else None
        where = draw(st.sampled_from(CONDITIONS))
        where = where or "score > 0.4" if take == "share" else where
        by = draw(st.sampled_from(["user_id", "merchant_id", "device_id", "user_id", ["user_id", "method"]]))
        events = draw(st.sampled_from(["grouped", "grouped", ["grouped", "linked"]]))
        if events != "grouped" and by not in ("user_id", "merchant_id"):
            by = "user_id"
        found.append(declared(take, of, by, draw(st.sampled_from(OVERS)), where, events, done=False))
    found.append(feature("count", None))
    found.append(feature("seconds_since_last", "7d", by="merchant_id"))
    return specs_of(*draw(st.permutations(found)))


@st.composite
def grouped_logs(draw: st.DrawFn) -> list[Fact]:
    """Payments and the like, with group events about the same users, merchants and devices between them."""
    log = draw(logs(30))
    mixed: list[Fact] = []
    for number, event in enumerate(log):
        for again in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
            kind = draw(st.sampled_from(["user", "user", "merchant", "device", "ip"]))
            number_of = draw(st.integers(0, 1))
            subject = f"{kind[0]}{number_of + (kind == 'device')}"
            mixed.append(
                Group(
                    event_id=f"g{number}-{draw(st.sampled_from([again, again, 0]))}",
                    time=max(0, event.time + draw(STEPS) // 50), subject_type=kind, subject_id=subject,
                    group_id=draw(st.sampled_from(["a", "b", "c"])), method=draw(st.sampled_from(["dense", "ring"])),
                    score=draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])), valid_until=START_MS + draw(st.integers(0, 9)),
                )
            )  # fmt: skip
        mixed.append(event)
    return mixed


@settings(max_examples=100)
@given(derived_features(), grouped_logs(), st.sampled_from([1, 7, 1000]), st.sampled_from([LATENESS_MS, HOUR_MS]))
def test_kernel_equals_twin(specs: tuple[Feature, ...], log: list[Fact], chunk: int, lateness_ms: int) -> None:
    play(specs, log, chunk, settings=SETTINGS._replace(lateness_ms=lateness_ms))


def test_many_derived_events_of_one_key() -> None:
    """Enough for tables and deques, and for all of it to turn over."""
    specs = specs_of(
        *(grouped(take, over, of=OF[take][0] if take in OF else None, where="score > 0.4" if take == "share" else None)
          for take in TAKES for over in ("1h", "24h"))
    )  # fmt: skip
    log = [group(i, i * 60_000, group_id=f"r{i * i % 37}", score=i % 100 / 100) for i in range(300)]
    play(specs, [e for i, g in enumerate(log) for e in (g, payment(i, i * 60_000))], every=29)


def test_before_anything_was_established_a_key_has_an_empty_row() -> None:
    for take in ("count", "sum", "distinct", "share"):
        told = grouped(take, of=None if take in ("count", "share") else "score", where="score > 0.1")
        assert answers_of(told, [payment(1, 0)]) == [0.0]
    for take in ("mean", "min", "last", "seconds_since_last", "seconds_since_first", "entropy"):
        of = None if take.startswith("seconds") else "score"
        for over in ("24h", None):
            assert answers_of(grouped(take, over, of=of), [payment(1, 0)]) == [None]


def test_an_event_does_not_see_what_it_establishes() -> None:
    log = [group(1, 0), payment(2, 0), group(3, 10), payment(4, 10)]
    assert answers_of(grouped("count"), log) == [None, 1.0, None, 2.0]


def test_reads_make_no_rows() -> None:
    state = fresh_state(specs_of(grouped("count")))
    feed(state, [payment(1, 0)])
    used = state.used_bytes
    feed(state, [payment(i, i, user_id=f"u{i}") for i in range(2, 60)])
    assert state.memory[H_BLANK] > 0
    assert state.used_bytes == used
    blank = int(state.memory[H_BLANK])
    feed(state, [group(1, 100), payment(60, 200)])
    assert not state.memory[blank : blank + 8].any()


def test_the_moment_of_a_row_counts_from_its_first_event() -> None:
    """A payment at 30h moves no row that has not begun; one after it does, and then a read never goes back."""
    log = [payment(1, 30 * HOUR_MS), group(2, 0), payment(3, HOUR_MS), payment(4, 25 * HOUR_MS), payment(5, HOUR_MS)]
    assert answers_of(grouped("count"), log) == [0, None, 1, 0, 0]


def test_a_row_ends_when_it_has_nothing_to_say() -> None:
    """The log goes on by more than window and lateness: what named the key in between is forgotten with it."""
    over, gap = "24h", LATENESS_MS + DAY_MS + 1
    others = payment(2, gap, user_id="other", merchant_id="n")
    log = [group(1, 0), others, payment(3, gap), group(4, gap - HOUR_MS), payment(5, gap - HOUR_MS)]
    assert answers_of(grouped("seconds_since_last", over), log)[-1] == 0.0
    still = [group(1, 0), payment(3, gap - 1), group(4, gap - HOUR_MS), payment(5, gap - HOUR_MS)]
    assert answers_of(grouped("seconds_since_last", over), still)[-1] == 3599.999
    play(specs_of(grouped("seconds_since_last", over)), log)
    assert gap < TERM_MS


def test_derived_events_touch_no_feature_of_read_types() -> None:
    """A group at 5h names no user: what is known of the user's payments is still read as of the payment's time."""
    log = [payment(1, 0), group(2, 5 * HOUR_MS), payment(3, HOUR_MS - 1)]
    assert answers_of(feature("count", "1h"), log) == [0, None, 1]


def test_features_of_both_kinds_by_one_key_do_not_mix() -> None:
    plan = fresh_state(specs_of(grouped("count"), feature("count"), grouped("count", by="merchant_id"))).compiled
    assert [(kept.by, kept.derived) for kept in plan.features.layout.families] == [
        (("user_id",), False), (("user_id",), True), (("merchant_id",), True)
    ]  # fmt: skip


def test_every_way_to_walk_establishes_the_same() -> None:
    """Absorbed, derived and read events drain alike, a few at a time or many; a copy goes on as the original."""
    specs = specs_of(grouped("count"), grouped("distinct", None, of="group_id"), feature("count"))
    log = [e for i in range(40) for e in (group(i, i * HOUR_MS, group_id=f"r{i % 7}"), payment(i, i * HOUR_MS))]
    states = []
    for how, chunk in ((READ, 1), (ABSORBED, 7), (DERIVED, 80)):
        state = fresh_state(specs)
        for first in range(0, len(log), chunk):
            part = log[first : first + chunk]
            state.walk(rows_of_events(part, state.kernels, state.bound.key), np.full(len(part), how))
        states.append(state)
    copy = fresh_state(specs)
    copy.load(states[0].save())
    later = [payment(99, 41 * HOUR_MS), group(100, 41 * HOUR_MS), payment(101, 41 * HOUR_MS)]
    found = [feed(state, later)[1] for state in (*states, copy)]
    assert found[0][0].tolist() == [22.0, 7.0, 22.0]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_what_is_told_twice_is_established_once() -> None:
    assert answers_of(grouped("count"), [group(1, 0), group(2, 1), payment(3, 2)])[-1] == 2
    statuses, answers = feed(fresh_state(specs_of(grouped("count"))), [group(1, 0), group(1, 0), payment(3, 2)])
    assert statuses == ["taken", "duplicate", "taken"]
    assert answers[-1, 0] == 1
