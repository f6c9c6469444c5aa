"""What a record says to others: only what its receivers act on, under an id that follows from the log."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.decision import Decision, Loop, ProposedMeasure, Reason, Step
from bonafide.engine.codes import TAKEN
from bonafide.engine.engine import Engine
from bonafide.office.journal import Record
from bonafide.office.outbox import messages
from bonafide.office.outbox.messages import TOPICS, Message, messages_of, speaking
from tests.engine.test_engine_same import fixed_log
from tests.engine.tiny import tiny
from tests.office.outbox.kit import KEY, START_MS, decided, status, taught

NOTICE = ("notice", "user", "u1")
LIMIT = ("limit_credit", "user", "u1")
DELAY = ("delay_settlement", "merchant", "m1")
QUOTED = ['"alert":false,"reasons":[],"measures":[],', ',"status":"taught"}', '],"measures":[],"faults":[', "\\", '"']
"""Texts that look like what a glance looks for."""


def is_silent(record: Record) -> bool:
    return not list(speaking(0, [record]))


def told(message: Message) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(message.body)
    return found


def test_a_decision_that_does_nothing_says_nothing() -> None:
    assert list(messages_of(0, decided(0), KEY)) == []
    assert list(messages_of(0, taught(0), KEY)) == []


def test_an_alert_and_each_measure_are_a_message_of_their_own() -> None:
    found = list(messages_of(7, decided(7, alert=True, measures=[NOTICE, LIMIT, DELAY]), KEY))
    assert [message.topic for message in found] == ["alert", "notice", "measure", "measure"]
    assert [message.subject for message in found] == ["user:u1", "user:u1", "user:u1", "merchant:m1"]
    kinds = [told(message)["type"] for message in found]
    assert kinds == ["alert.raised", "notice.proposed", "measure.proposed", "measure.proposed"]
    assert {message.seq for message in found} == {7}
    assert {message.topic for message in found} == set(TOPICS) - {"merchant_review", "education"}, (
        "no record gives these"
    )


def test_an_alert_holds_no_credit_score_and_no_way_of_money() -> None:
    (alert,) = messages_of(7, decided(7, alert=True), KEY)
    assert told(alert) == {
        "type": "alert.raised", "timestamp": "2026-01-05T08:30:00.007Z",
        "data": {
            "event_id": "e7", "seq": 7, "time": "2026-01-05T08:30:00.007Z", "event_type": "payment",
            "subject_type": "user", "subject_id": "u1", "user_id": "u1", "merchant_id": "m1", "outcome": "verify",
            "score": 0.731204, "reasons": [{"code": "RC03", "zh": "中文", "en": "English"}], "hits": ["U-BURST"],
            "release_by": None, "bundle": "ab" * 32, "digest": told(alert)["data"]["digest"],  # type: ignore[index]
        },
    }  # fmt: skip


def test_a_notice_holds_what_the_person_is_told() -> None:
    (notice,) = messages_of(7, decided(7, measures=[NOTICE]), KEY)
    data = told(notice)["data"]
    assert isinstance(data, dict)
    assert data["reasons"] == [{"code": "RC03", "zh": "中文", "en": "English"}]
    assert (data["measure"], data["status"], data["until"]) == ("notice", "proposed", "2026-01-06T08:30:00.000Z")


@pytest.mark.parametrize(("measure", "topic"), [("limit_credit", "measure"), ("notice", "notice")])
def test_a_measure_that_changes_its_status_says_so(measure: str, topic: str) -> None:
    (found,) = messages_of(3, status(3, measure, "lifted"), KEY)
    assert (found.topic, found.subject, told(found)["type"]) == (topic, "user:u1", f"{topic}.lifted")


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ({"type": "payout", "merchant_id": "m2"}, "merchant:m2"),
        ({"type": "merchant_application", "merchant_id": "m2"}, "merchant:m2"),
        ({"type": "transfer", "from_account_id": "a1"}, "account:a1"),
        ({"type": "refund", "user_id": "u2", "merchant_id": "m2"}, "user:u2"),
    ],
)
def test_an_alert_is_about_whom_the_decision_is_about(event: dict[str, str], subject: str) -> None:
    record = msgspec.structs.replace(
        decided(0, alert=True), content=msgspec.json.encode({**event, "event_id": "e0", "time": 1})
    )  # fmt: skip
    (alert,) = messages_of(0, record, KEY)
    assert alert.subject == subject


def test_ids_follow_from_the_log_and_are_of_one_platform() -> None:
    record = decided(7, alert=True, measures=[LIMIT, LIMIT])
    ids = [message.id for message in messages_of(7, record, KEY)]
    assert ids == [message.id for message in messages_of(7, record, KEY)]
    others = [message.id for message in messages_of(7, record, bytes(16))]
    others += [message.id for message in messages_of(8, record, KEY)]
    others += [message.id for message in messages_of(7, decided(7, "u2", alert=True, measures=[LIMIT, LIMIT]), KEY)]
    assert len({*ids, *others}) == len(ids) + len(others)
    assert all(re.fullmatch(r"[a-z0-9_]{1,80}", one) for one in ids)


REASONS = st.lists(st.builds(Reason, st.text(), st.text() | st.sampled_from(QUOTED), st.text()), max_size=2)
PROPOSED = st.builds(
    ProposedMeasure, st.sampled_from(["notice", "limit_credit"]), st.just("user"), st.text(), st.just("proposed"),
    st.integers(0, 2**41),
)  # fmt: skip
LOOPS = st.just(()) | st.just((Loop(1, 1, 2, True, (Step(1, 2, 3), Step(2, 3, 4))),))


@given(
    alert=st.booleans(), reasons=REASONS, hits=st.lists(st.text() | st.sampled_from(QUOTED), max_size=2),
    measures=st.just([]) | st.lists(PROPOSED, max_size=2), faults=st.lists(st.text(), max_size=1),
    degraded=st.lists(st.text(), max_size=1), release_by=st.none() | st.integers(0, 2**41), loops=LOOPS,
    event_id=st.text(min_size=1) | st.sampled_from(QUOTED),
)  # fmt: skip
def test_a_record_that_is_silent_at_a_glance_says_nothing_when_it_is_read(
    alert: bool, reasons: list[Reason], hits: list[str], measures: list[ProposedMeasure], event_id: str, **more: object
) -> None:
    decision = Decision(
        event_id=event_id, seq=7, time=START_MS, outcome="allow", score_e6=1, risk_level="low", credit_score=None,
        alert=alert, reasons=tuple(reasons), hits=tuple(hits), measures=tuple(measures), bundle="ab" * 32,
        **{name: tuple(one) if isinstance(one, list) else one for name, one in more.items()},  # type: ignore[arg-type]
    )  # fmt: skip
    answer = msgspec.json.encode(decision.to_wire())
    record = msgspec.structs.replace(decided(7), answer=answer)
    said = list(messages_of(7, record, KEY))
    assert is_silent(record) is (not said)
    assert bool(said) is (alert or bool(measures))


@pytest.mark.parametrize("record", [taught(0), status(0), status(0, "notice"), decided(0), decided(0, alert=True)])
def test_a_glance_tells_what_reading_tells(record: Record) -> None:
    assert is_silent(record) is (list(messages_of(0, record, KEY)) == [])


def test_an_answer_of_another_form_is_read() -> None:
    for answer in (b'{"event_id":"e", "alert": true}', b'{"event_id":"e","alert":true,"status":"other"}'):
        record = msgspec.structs.replace(decided(0), answer=answer)
        assert not is_silent(record)
        assert len(list(messages_of(0, record, KEY))) == 1


def test_what_the_engine_answers_is_seen_at_a_glance() -> None:
    log, silent, plain = fixed_log(), 0, 0
    for event, one in zip(log, Engine(tiny()).answer(log)):
        if one.status != TAKEN:
            continue
        record = Record(START_MS, "k", msgspec.json.encode(event), one.kept or one.body)
        said = list(messages_of(one.seq, record, KEY))
        assert is_silent(record) is (not said)
        assert bool(said) is (one.alert or b'"measures":[{' in one.body)
        silent += not said
        plain += one.body.startswith(messages._PLAIN, -messages._PLAIN_FROM_END)
    assert 0 < plain < silent < len(log)
