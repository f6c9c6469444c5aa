"""Same bundle and same log, same decisions: in lists, one by one, as columns, under any secret, on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import OUTCOMES, SCORE_UNIT, Decision, Receipt
from bonafide.core.errors import StateError
from bonafide.core.events import Event
from bonafide.core.moment import HOUR_MS, MINUTE_MS
from bonafide.engine import arena, templates
from bonafide.engine.codes import READ, TAKEN
from bonafide.engine.engine import Engine
from bonafide.engine.templates import Tail, as_json
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.generators import events
from tests.engine.kit import START_MS, assert_golden, decision_in, frame_of, payment, refund
from tests.engine.tiny import login, payout, tiny, transfer

GOLDEN = Path(__file__).parent / "golden" / "decisions.txt"
OTHER_SECRET = b"another secret.."


# ---- lists, columns, secrets


LOGS = st.lists(events(pool=2), min_size=1, max_size=30)


@settings(max_examples=60)
@given(LOGS, st.integers(1, 7))
def test_a_list_is_answered_as_its_events_one_by_one(log: list[Event], size: int) -> None:
    bundle = tiny()
    whole, single, parts = Engine(bundle), Engine(bundle), Engine(bundle, secret=OTHER_SECRET)
    expected = whole.decide(log)
    assert [single.decide_one(event) for event in log] == expected
    assert [a for i in range(0, len(log), size) for a in parts.decide(log[i : i + size])] == expected


@settings(max_examples=60)
@given(LOGS)
def test_columns_are_answered_as_structs(log: list[Event]) -> None:
    bundle = tiny()
    expected = Engine(bundle).decide(log)
    frame = frame_of(log)
    how = np.full(len(log), READ, dtype=np.int64)
    engine = Engine(bundle, secret=OTHER_SECRET)
    batch = engine.decide_columns(kinds_of(frame), columns_of(frame), how)
    for i, (event, answer) in enumerate(zip(log, expected, strict=True)):
        if isinstance(answer, Receipt):
            assert batch.template[i] == -1
            assert (batch.status[i] == TAKEN) == (answer.status == "taught")
            continue
        made = decision_in(engine, batch, i, event)
        assert made == answer
        measures = ",".join(as_json(one.bare) for one in batch.measures.get(i, ()))
        assert made.canonical.decode().endswith(told_by(batch.templates[batch.template[i]].tail, event.time, measures))


def told_by(tail: Tail, time: int, measures: str) -> str:
    """A tail's pieces with what is the event's own between them."""
    before, after, end = tail.pieces
    return f"{before}{measures}{after}{'' if tail.hold_ms is None else time + tail.hold_ms}{end or ''}"


def test_nothing_is_answered_with_nothing() -> None:
    assert Engine(tiny()).decide([]) == []


def test_rulings_are_made_anew_when_too_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "TEMPLATES_MAX", 2)
    few = Engine(tiny())
    assert few.decide(fixed_log()) == Engine(tiny()).decide(fixed_log())
    assert len(few._voice.templates._made) <= 2


@given(st.integers(0, 200))
@settings(max_examples=20)
def test_scores_are_whole_millionths_and_outcomes_follow(start: int) -> None:
    for answer in Engine(tiny()).decide(fixed_log()[start:]):
        if isinstance(answer, Decision):
            assert answer.score == answer.score_e6 / SCORE_UNIT
            assert 0 <= answer.score_e6 <= SCORE_UNIT
            assert answer.alert == (OUTCOMES.index(answer.outcome) >= OUTCOMES.index("verify"))
            assert (answer.release_by is None) == (answer.outcome != "hold")


# ---- one log whose decisions never change


def fixed_log() -> list[Event]:
    """Three hundred events of the tiny bundle's types, from arithmetic alone."""
    log: list[Event] = []
    time = START_MS
    for i in range(300):
        time += (i * 37 % 53) * MINUTE_MS
        who: dict[str, Any] = {"user_id": f"u{i * i % 7}", "merchant_id": f"m{i % 5}"}
        late = time - HOUR_MS * (i % 11 == 0)
        if i % 10 < 6:
            log.append(payment(i - i % 97 // 96, late - START_MS, 1 + i * i * 977 % 200_000, **who,
                               currency=("CNY", "CNY", "USD", "EUR")[i % 4], credit_limit=[None, 100_000][i % 2],
                               credit_used=[None, 97_000, 5][i % 3]))  # fmt: skip
        elif i % 10 == 6:
            log.append(refund(i, late - START_MS, 1 + i, **who, to=["cash", "original"][i % 20 > 10]))
        elif i % 10 == 7:
            log.append(payout(i, late - START_MS, 1 + i * 31))
        elif i % 10 == 8:
            log.append(transfer(i, late - START_MS))
        else:
            log.append(login(i, late - START_MS))
    return log


def shown(answers: Sequence[Decision | Receipt]) -> list[str]:
    return [
        a.canonical.decode().replace(a.bundle, "BUNDLE") if isinstance(a, Decision) else msgspec.json.encode(a).decode()
        for a in answers
    ]


def test_the_same_log_gives_the_same_decisions_on_every_machine() -> None:
    """golden/decisions.txt holds a digest over all of them, bundle's hash included, and every seventh in full."""
    answers = Engine(tiny()).decide(fixed_log())
    whole = hashlib.sha256()
    for answer in answers:
        whole.update(answer.canonical if isinstance(answer, Decision) else msgspec.json.encode(answer))
    outcomes = [a.outcome if isinstance(a, Decision) else a.status for a in answers]
    counted = ", ".join(f"{name} {outcomes.count(name)}" for name in sorted(set(outcomes)))
    assert_golden(GOLDEN, "\n".join([f"sha256 {whole.hexdigest()}", counted, *shown(answers)[::7], ""]))


# ---- memory


def test_when_memory_is_full_what_came_before_was_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena, "RESERVE_WORDS", 2**17)
    monkeypatch.setattr(arena, "RESERVE_WORDS_MIN", 2**17)
    engine = Engine(tiny())
    log = [payment(i, i, user_id=f"u{i}", merchant_id=f"m{i}") for i in range(10_000)]
    with pytest.raises(StateError, match="give the process more address space"):
        engine.decide(log)
    seen = engine.state.seq
    assert 0 < seen < len(log)
    again = Engine(tiny())
    assert all(isinstance(a, Decision) for a in again.decide(log[:seen]))
    with pytest.raises(StateError):
        again.decide(log[seen : seen + 1])
    assert again.state.seq == seen
