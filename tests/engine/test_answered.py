"""Answers as bytes: what `decide`, `to_wire` and msgspec say of the same events, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import event as seen
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import (
    OUTCOMES,
    RISK_LEVELS,
    SCORE_UNIT,
    Decision,
    Ground,
    Loop,
    ProposedMeasure,
    Reason,
    Receipt,
    Step,
    Words,
    bare_measure,
)  # fmt: skip
from bonafide.core.events import Event, Payment
from bonafide.core.moment import MOMENT_MAX
from bonafide.core.pseudonym import show_token
from bonafide.engine.answered import Answered, Form
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import CONFLICT, DUPLICATE, TAKEN, TOO_LATE
from bonafide.engine.engine import Engine
from bonafide.engine.policy import Ruling
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.templates import Template, as_json
from bonafide.testing.generators import events, texts
from tests.engine.kit import START_MS
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import tiny

STATUS = {"duplicate": DUPLICATE, "conflict": CONFLICT, "too-late": TOO_LATE}


def told(answer: Decision | Receipt) -> tuple[int, bytes, str | None, bool]:
    """What the answer to an event is, by the slow way."""
    if isinstance(answer, Decision):
        return TAKEN, msgspec.json.encode(answer.to_wire()), answer.outcome, answer.alert
    if answer.status == "taught":
        body = {"event_id": answer.event_id, "seq": answer.seq, "status": "taught"}
        return TAKEN, msgspec.json.encode(body), None, False
    return STATUS[answer.status], b"", None, False


def shown(answers: Sequence[Answered]) -> list[tuple[int, bytes, str | None, bool]]:
    return [(a.status, a.body, a.outcome, a.alert) for a in answers]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("answered") / "bundle"))


LOGS = st.lists(events(pool=2) | events({"payment", "payout"}, pool=2, awkward=True), min_size=1, max_size=30)


@settings(max_examples=80)
@given(LOGS, st.integers(1, 9))
def test_answers_are_what_decisions_say_over_http(scored: Bundle, log: list[Event], size: int) -> None:
    expected = [told(answer) for answer in Engine(scored).decide(log)]
    assert shown(Engine(scored).answer(log)) == expected
    parts = Engine(scored)
    assert [a for i in range(0, len(log), size) for a in shown(parts.answer(log[i : i + size]))] == expected


def test_places_and_latest_times_are_those_of_the_log() -> None:
    log = fixed_log()
    engine, latest = Engine(tiny()), -1
    for number, answer in enumerate(engine.answer(log)):
        if answer.status == TAKEN:
            assert msgspec.json.decode(answer.body)["seq"] == answer.seq
            latest = max(latest, log[number].time)
        else:
            assert answer.seq == latest


def test_measures_holds_and_faults_are_answered_alike() -> None:
    log = fixed_log()
    answers = Engine(tiny()).decide(log)
    assert shown(Engine(tiny()).answer(log)) == [told(answer) for answer in answers]
    decisions = [a for a in answers if isinstance(a, Decision)]
    for part in ("measures", "faults", "reasons", "release_by"):
        assert any(getattr(d, part) for d in decisions), part


def city(count: int) -> list[Payment]:
    """Payments of a few users who drain their lines, from arithmetic alone."""
    return [
        Payment(
            event_id=f"p{i}", time=START_MS + i * 41_017, user_id=f"u{i * i % 11}", merchant_id=f"m{i % 3}",
            order_id=f"o{i}", amount=1_000 + i * 7_919 % 90_000, currency="CNY", credit_limit=100_000,
            credit_used=i * 1_009 % 100_000, goods=("virtual", "physical")[i % 2], device_id=f"d{i % 4}",
        )
        for i in range(count)
    ]  # fmt: skip


def test_the_shipped_bundle_answers_alike() -> None:
    bundle = shipped_bundle("paylater")
    log = city(1_500)
    answers = Engine(bundle).decide(log)
    assert len({a.outcome for a in answers if isinstance(a, Decision)}) > 1
    engine = Engine(bundle)
    assert [one for i in range(0, len(log), 64) for one in shown(engine.answer(log[i : i + 64]))] == [
        told(answer) for answer in answers
    ]


STEPS = st.builds(Step, st.integers(0, 9), st.integers(0, MOMENT_MAX), st.integers(1, 10**12))
LOOPS = st.lists(
    st.builds(Loop, st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.booleans(), st.lists(STEPS).map(tuple)),
    max_size=2,
).map(tuple)
TEXTS = texts(20)
RULINGS = st.builds(
    Ruling, st.sampled_from(OUTCOMES), st.sampled_from(RISK_LEVELS), st.booleans(), st.none(),
    st.none() | st.integers(1, 10**9), st.just(("band", "0")), st.none() | st.sampled_from(["allow", "verify"]),
)  # fmt: skip
REASONS = st.lists(st.builds(Reason, TEXTS, TEXTS, TEXTS), max_size=4).map(tuple)
TEMPLATES = st.builds(
    Template, RULINGS, REASONS, st.lists(TEXTS, max_size=3).map(tuple), st.lists(TEXTS, max_size=1).map(tuple),
    st.none(), TEXTS, st.lists(TEXTS, max_size=3).map(tuple),
)  # fmt: skip
WORDS = st.builds(Words, TEXTS, TEXTS)
GROUNDS = st.builds(Ground, st.integers(0, 9), st.sampled_from(["suspected", "confirmed"]))
MEASURES = st.lists(
    st.builds(
        ProposedMeasure, st.sampled_from(["notice", "refer"]), st.sampled_from(["user", "merchant"]), texts(),
        st.sampled_from(["proposed", "lifted"]), st.integers(0, MOMENT_MAX), TEXTS, st.booleans(), st.none() | TEXTS,
        st.integers(0, 9), st.integers(0, 10**12), st.lists(GROUNDS, max_size=2).map(tuple), REASONS,
        *(WORDS, WORDS, WORDS),
    ),
    max_size=3,
).map(tuple)  # fmt: skip


@settings(max_examples=300)
@given(TEMPLATES, MEASURES, texts(), st.data())
def test_a_form_is_filled_as_its_template(
    template: Template, measures: tuple[ProposedMeasure, ...], event_id: str, data: st.DataObject
) -> None:
    seen(f"{len(measures)} measures, hold {template.ruling.hold_ms is not None}")
    fields: dict[str, Any] = {"user_id": "u", "merchant_id": "m", "order_id": "o", "amount": 1, "currency": "CNY"}
    time = data.draw(st.integers(0, MOMENT_MAX) | st.integers(MOMENT_MAX - 10**8, MOMENT_MAX))
    event = Payment(event_id=event_id, time=time, **fields)
    score = data.draw(st.integers(0, SCORE_UNIT) | st.integers(0, 200))
    seq, credit = data.draw(st.integers(0, 10**12)), data.draw(st.just(0) | st.integers(300, 900))
    loops = data.draw(LOOPS)
    decision = template.fill(event_id, seq, time, score, credit, loops, measures)
    answer = Form(template).fill(event, seq, score, credit, loops, measures)
    assert answer == Answered(TAKEN, seq, *told(decision)[1:])
    tokens = [show_token(7 + i) for i in range(len(measures))]
    token = Form(template).fill(event, seq, score, credit, loops, measures, tokens)
    assert token._replace(kept=b"") == answer
    named = tuple(msgspec.structs.replace(one, subject_id=t) for one, t in zip(measures, tokens, strict=True))
    held = msgspec.structs.replace(decision, measures=named)
    assert held.digest == decision.digest
    assert token.kept == (msgspec.json.encode(held.to_wire()) if measures else b"")
    assert msgspec.json.decode(answer.body)["digest"] == decision.digest
    assert decision.canonical.decode().endswith(_told_by(template, measures, time))


def _told_by(template: Template, measures: tuple[ProposedMeasure, ...], time: int) -> str:
    before, after, end = template.tail.pieces
    bare = ",".join(as_json(bare_measure(one, [reason.code for reason in one.reasons])) for one in measures)
    held = "" if template.tail.hold_ms is None else str(min(time + template.tail.hold_ms, MOMENT_MAX))
    return f"{before}{bare}{after}{held}{end or ''}"


def test_too_many_forms_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.engine.answered.TEMPLATES_MAX", 2)
    few = Engine(tiny())
    assert few.answer(fixed_log()) == Engine(tiny()).answer(fixed_log())
    assert len(few._voice.forms._made) <= 2


def test_a_bundle_whose_mildest_risk_is_not_low_has_no_plain_verdicts(tmp_path: Path) -> None:
    folder = modelled(tmp_path / "bundle")
    policy = (folder / "policy.yaml").read_text(encoding="utf-8")
    two = "{from: 0, level: low}\n  - {from: 0.4, level: medium}"
    assert two in policy
    (folder / "policy.yaml").write_text(policy.replace(two, "{from: 0, level: medium}"), encoding="utf-8")
    bundle = load_bundle(folder)
    log = fixed_log()
    assert shown(Engine(bundle).answer(log)) == [told(a) for a in Engine(bundle).decide(log)]
