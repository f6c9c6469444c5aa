"""One log, the same measures: one by one, in lists, as bytes, as columns, taken in, out of a snapshot, from tokens."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision, Receipt
from bonafide.core.door import decode_event
from bonafide.core.events import Fact, ListChanged
from bonafide.core.moment import DAY_MS
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.pseudonyms import Known
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import canonical_lines
from bonafide.testing.ladder.play import log_of
from bonafide.testing.ladder.playground import brisk_ladder, playground, shipped_ladder
from tests.engine.kit import START_MS, decision_in, frame_of

OTHER_SECRET = b"another secret.."
LADDERS = {"shipped": shipped_ladder(), "brisk": brisk_ladder(), "none": None}
HISTORIES = 24


@cache
def woven() -> tuple[Fact, ...]:
    """The histories of many subjects as one log, by time, with changes of lists that nothing reads in between."""
    log: list[Fact] = [event for number in range(HISTORIES) for event in log_of(number)]
    log += [
        ListChanged(event_id=f"list-{i}", time=START_MS + i * 5 * DAY_MS, list="any", action="add", entry=f"x{i}")
        for i in range(20)
    ]
    # Roughly by time, so that not all but the first come too late: a record may stand a day from its place.
    chance = Random(3)
    return tuple(sorted(log, key=lambda event: event.time + chance.randrange(DAY_MS)))


@cache
def one_by_one(name: str) -> tuple[Decision | Receipt, ...]:
    engine = Engine(playground(LADDERS[name]))
    return tuple(engine.decide_one(event) for event in woven())


def as_bodies(answers: Sequence[Decision | Receipt]) -> list[bytes]:
    return [msgspec.json.encode(a.to_wire()) if isinstance(a, Decision) else b"" for a in answers]


def test_the_log_has_what_is_compared() -> None:
    said = {
        (one.measure, one.status) for a in one_by_one("shipped") if isinstance(a, Decision) for one in a.measures
    }  # fmt: skip
    assert {"proposed", "lifted", "lift_proposed"} <= {status for _, status in said}
    assert {"notice", "request_information", "limit_credit", "delay_settlement"} <= {measure for measure, _ in said}
    assert any(len(a.measures) > 1 for a in one_by_one("shipped") if isinstance(a, Decision))


@pytest.mark.parametrize("name", LADDERS)
@settings(max_examples=6)
@given(size=st.sampled_from([1, 3, 40, 1_000]))
def test_however_a_log_is_cut_it_is_answered_the_same(name: str, size: int) -> None:
    log, expected = woven(), list(one_by_one(name))
    lists, fast = Engine(playground(LADDERS[name])), Engine(playground(LADDERS[name]), secret=OTHER_SECRET)
    assert [a for i in range(0, len(log), size) for a in lists.decide(log[i : i + size])] == expected
    bodies = [a for i in range(0, len(log), size) for a in fast.answer(log[i : i + size])]
    assert [a.body if a.outcome else b"" for a in bodies] == as_bodies(expected)


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize("size", [7, 200, 10_000])
def test_columns_are_answered_the_same(name: str, size: int) -> None:
    log, expected, engine = woven(), one_by_one(name), Engine(playground(LADDERS[name]))
    for first in range(0, len(log), size):
        part, wanted = log[first : first + size], expected[first : first + size]
        frame = frame_of(part)
        batch = engine.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(part), READ))
        for i, (event, answer) in enumerate(zip(part, wanted, strict=True)):
            if isinstance(answer, Decision):
                assert decision_in(engine, batch, i, event) == answer
        decided = batch.decided()
        lines = canonical_lines(frame[decided.row.tolist()], decided, batch.templates) if len(decided.row) else ()
        assert b"".join(lines) == b"".join(a.canonical + b"\n" for a in wanted if isinstance(a, Decision))


@pytest.mark.parametrize("name", LADDERS)
@settings(max_examples=12)
@given(part=st.floats(0, 1), size=st.sampled_from([1, 50, 4_000]))
def test_what_was_taken_in_and_what_a_snapshot_keeps_goes_on_the_same(name: str, part: float, size: int) -> None:
    log, expected = woven(), list(one_by_one(name))
    cut = int(part * len(log))
    recovered, restored = Engine(playground(LADDERS[name])), Engine(playground(LADDERS[name]))
    for i in range(0, cut, size):
        recovered.take_in(log[i : min(i + size, cut)])
    file = io.BytesIO()
    write_snapshot(recovered, file)
    restored.decide(log[:10])
    read_snapshot(restored, io.BytesIO(file.getvalue()))
    assert recovered.decide(log[cut:]) == expected[cut:]
    assert restored.decide(log[cut:]) == expected[cut:]


def test_a_log_of_tokens_makes_the_same_measures() -> None:
    log, expected = woven(), one_by_one("shipped")
    engine, again = Engine(playground(LADDERS["shipped"])), Engine(playground(LADDERS["shipped"]))
    answers, written = engine.answer_and_write(log, Known(), 10_000)
    told = again.decide([decode_event(content) for content in written.contents])
    for answer, kept, clear in zip(told, answers, expected, strict=True):
        if isinstance(clear, Decision) and isinstance(answer, Decision):
            assert answer.canonical == clear.canonical
            if clear.measures:
                assert kept.kept == msgspec.json.encode(answer.to_wire())


@settings(max_examples=10)
@given(part=st.floats(0, 1))
def test_another_bundle_takes_over_where_everybody_stands(part: float) -> None:
    """A bundle that differs in a comment decides on as the first would; its hash alone is another."""
    log, expected = woven(), one_by_one("shipped")
    cut = int(part * len(log))
    other = playground(f"# the same\n{LADDERS['shipped']}")
    swapped, adopting = Engine(playground(LADDERS["shipped"])), Engine(playground(LADDERS["shipped"]))
    swapped.decide(log[:cut])
    swapped.swap(other)
    warming = Warming(adopting, other)
    adopting.answer(log[:cut])
    warming.absorb(log[:cut])
    adopting.adopt(warming)
    for engine in (swapped, adopting):
        for answer, wanted in zip(engine.decide(log[cut:]), expected[cut:], strict=True):
            if isinstance(wanted, Decision):
                assert answer == msgspec.structs.replace(wanted, bundle=other.hash)
