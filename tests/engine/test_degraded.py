"""Degraded parts: what a taken record says holds from the next event on, however the log is cut, and is remembered."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import SCORE_UNIT, Decision, Receipt
from bonafide.core.errors import StateError
from bonafide.core.events import Degraded, Event
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ, TAKEN
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import canonical_lines
from bonafide.testing.generators import events
from tests.engine.kit import START_MS, decision_in, frame_of, payment
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import TINY

PARTS = st.lists(st.sampled_from(["model", "links", 'a"b', "模"]), max_size=3).map(tuple)
RECORDS = st.builds(
    lambda number, minute, parts: Degraded(event_id=f"d{number}", time=START_MS + minute * 60_000, parts=parts),
    st.integers(0, 4), st.integers(0, 43_200), PARTS,
)  # fmt: skip
LOGS = st.lists(events(pool=2) | events({"payment", "refund"}, pool=2) | RECORDS, min_size=1, max_size=40)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("degraded") / "bundle"))


@pytest.fixture(scope="module")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Features, rules and model of `bundle`; its policy is stricter."""
    folder = modelled(tmp_path_factory.mktemp("stricter") / "bundle")
    policy = (folder / "policy.yaml").read_text(encoding="utf-8")
    (folder / "policy.yaml").write_text(policy.replace("from: 0.3,", "from: 0.01,"), encoding="utf-8")
    return load_bundle(folder)


def degraded(number: int, time: int, *parts: str) -> Degraded:
    """A record d<number>, `time` ms after the start."""
    return Degraded(event_id=f"d{number}", time=START_MS + time, parts=parts)


def one_by_one(bundle: Bundle, log: list[Event]) -> list[Decision | Receipt]:
    """The plain way: an event a call, and after each the parts that a record taken names."""
    engine, answers = Engine(bundle), []
    for event in log:
        answers.append(engine.decide_one(event))
    return answers


def as_bodies(answers: list[Decision | Receipt]) -> list[bytes]:
    return [msgspec.json.encode(a.to_wire()) if isinstance(a, Decision) else b"" for a in answers]


@settings(max_examples=80)
@given(LOGS, st.integers(1, 9))
def test_however_a_log_is_cut_the_same_parts_are_missing(bundle: Bundle, log: list[Event], size: int) -> None:
    expected = one_by_one(bundle, log)
    assert Engine(bundle).decide(log) == expected
    parts, fast = Engine(bundle), Engine(bundle)
    assert [a for i in range(0, len(log), size) for a in parts.decide(log[i : i + size])] == expected
    bodies = [a for i in range(0, len(log), size) for a in fast.answer(log[i : i + size])]
    assert [a.body if a.outcome else b"" for a in bodies] == as_bodies(expected)
    assert parts.degraded == fast.degraded


@settings(max_examples=80)
@given(LOGS)
def test_columns_know_what_is_degraded(bundle: Bundle, log: list[Event]) -> None:
    expected = one_by_one(bundle, log)
    frame, engine = frame_of(log), Engine(bundle)
    batch = engine.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    for i, (event, answer) in enumerate(zip(log, expected, strict=True)):
        if isinstance(answer, Receipt):
            assert (batch.status[i] == TAKEN, batch.template[i]) == (answer.status == "taught", -1)
            continue
        assert decision_in(engine, batch, i, event) == answer
    decided = batch.decided()
    lines = canonical_lines(frame[decided.row.tolist()], decided, batch.templates) if len(decided.row) else ()
    assert b"".join(lines) == b"".join(a.canonical + b"\n" for a in expected if isinstance(a, Decision))


@settings(max_examples=60)
@given(LOGS, st.floats(0, 1), st.integers(1, 9))
def test_what_was_taken_in_is_remembered_and_answers_go_on(
    bundle: Bundle, log: list[Event], part: float, size: int
) -> None:
    cut, expected = int(part * len(log)), one_by_one(bundle, log)
    recovered = Engine(bundle)
    for i in range(0, cut, size):
        recovered.take_in(log[i : min(i + size, cut)])
    assert recovered.decide(log[cut:]) == expected[cut:]


@settings(max_examples=40)
@given(LOGS, st.floats(0, 1))
def test_snapshots_keep_what_is_degraded(bundle: Bundle, log: list[Event], part: float) -> None:
    cut, expected = int(part * len(log)), one_by_one(bundle, log)
    first, second = Engine(bundle), Engine(bundle)
    second.decide([degraded(99, 0, "model", "other")])
    first.take_in(log[:cut])
    file = io.BytesIO()
    write_snapshot(first, file)
    file.seek(0)
    read_snapshot(second, file)
    assert second.degraded == first.degraded
    assert second.decide(log[cut:]) == expected[cut:]


@settings(max_examples=40)
@given(LOGS, st.floats(0, 1))
def test_another_bundle_takes_over_what_is_degraded(
    bundle: Bundle, stricter: Bundle, log: list[Event], part: float
) -> None:
    cut, expected = int(part * len(log)), one_by_one(stricter, log)
    swapped, warmed = Engine(bundle), Engine(bundle)
    swapped.decide(log[:cut])
    swapped.swap(stricter)
    assert swapped.decide(log[cut:]) == expected[cut:]
    warming = Warming(warmed, stricter)
    warmed.decide(log[:cut])
    warming.absorb(log[:cut])
    warmed.adopt(warming)
    assert warmed.degraded == warming.state.degraded
    assert [a.body if a.outcome else b"" for a in warmed.answer(log[cut:])] == as_bodies(expected[cut:])


def test_without_its_model_a_bundle_scores_by_its_rules_alone(bundle: Bundle, tmp_path: Path) -> None:
    """As the same bundle without a model folder does; the credit score is the scorecard's, and stays."""
    log = fixed_log()
    plain = Engine(load_bundle(TINY)).decide(log)
    record = degraded(0, 0, "model")
    found = Engine(bundle).decide([record, *log])[1:]
    compared = 0
    for told, wanted in zip(found, plain, strict=True):
        if not isinstance(wanted, Decision):
            continue
        assert isinstance(told, Decision)
        assert (told.score_e6, told.reasons, told.hits) == (wanted.score_e6, wanted.reasons, wanted.hits)
        assert told.degraded == ("model",)
        compared += 1
    assert compared > 100
    whole = [a.credit_score for a in Engine(bundle).decide(log) if isinstance(a, Decision)]
    assert [a.credit_score for a in found if isinstance(a, Decision)] == whole


def test_an_empty_list_ends_it_and_other_parts_are_only_named(bundle: Bundle) -> None:
    log = [
        payment(1, 0, 900, user_id="u1"), degraded(1, 1, "links"),
        payment(2, 2, 900, user_id="u2"), degraded(2, 3, "model", "links"),
        payment(3, 4, 900, user_id="u3"), degraded(3, 5),
        payment(4, 6, 900, user_id="u4"),
    ]  # fmt: skip
    engine = Engine(bundle)
    answers = [a for a in engine.decide(log) if isinstance(a, Decision)]
    assert [a.degraded for a in answers] == [(), ("links",), ("model", "links"), ()]
    assert answers[0].score_e6 == answers[1].score_e6 == answers[3].score_e6
    assert answers[2].score_e6 == 0 != answers[0].score_e6 < SCORE_UNIT
    assert engine.degraded == ()


def test_a_record_that_is_not_taken_changes_nothing(bundle: Bundle) -> None:
    first = degraded(1, 40 * DAY_MS, "model")
    engine = Engine(bundle)
    assert [a.status for a in engine.answer([first, degraded(2, 40 * DAY_MS)])] == [TAKEN, TAKEN]
    engine.answer([first, degraded(1, 40 * DAY_MS, "other"), degraded(3, 0, "late")])
    assert engine.degraded == ()
    for one in (first, degraded(1, 40 * DAY_MS, "other"), degraded(3, 0, "late")):
        engine.decide_one(one)
        engine.take_in([one])
    assert engine.degraded == ()


def test_parts_of_a_snapshot_are_checked(bundle: Bundle) -> None:
    engine, file = Engine(bundle), io.BytesIO()
    engine.decide([degraded(1, 0, *[f"{i:-<128}" for i in range(32)])])
    write_snapshot(engine, file)
    file.seek(0)
    again = Engine(bundle)
    read_snapshot(again, file)
    assert again.degraded == engine.degraded
    damaged = file.getvalue().replace(b"31---", b"30---", 1)
    with pytest.raises(StateError, match="content is damaged"):
        read_snapshot(Engine(bundle), io.BytesIO(damaged))
