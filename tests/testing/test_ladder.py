"""The promises of the ladder hold in every history, the twin agrees, and what would break them is noticed."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from bonafide.core.decision import Decision, ProposedMeasure
from bonafide.core.events import (
    AppealStatus,
    Fact,
    Group,
    Indicator,
    InformationAnswered,
    MeasureStatus,
    Payment,
    Payout,
    Verdict,
)  # fmt: skip
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.engine.engine import Engine
from bonafide.engine.ladder import records
from bonafide.testing.ladder.__main__ import main, text_of
from bonafide.testing.ladder.histories import History
from bonafide.testing.ladder.play import LADDERS, play, shown, shown_by_twin, yaml_of
from bonafide.testing.ladder.playground import (
    HEARSAY,
    brisk_ladder,
    hits,
    playground,
    shipped_ladder,
    twin_of,
    typologies,
)  # fmt: skip
from bonafide.testing.ladder.promises import Promises
from tests.engine.kit import START_MS

SUBJECTS = st.sampled_from([("user", "u"), ("merchant", "m")])
PEOPLE = st.sampled_from(["ann", "bo", None])
GRADES = st.sampled_from([None, "suspected", "corroborated", "confirmed", "adjudicated"])


class Ladders(RuleBasedStateMachine):
    """A user and a merchant, everything that can happen to them, and after each of it all promises and the twin."""

    measures: Bundle[ProposedMeasure] = Bundle("measures")
    events: Bundle[str] = Bundle("events")

    @initialize(ladder=st.sampled_from(LADDERS))
    def begin(self, ladder: Any) -> None:
        text = ladder()
        self.engine = Engine(playground(text))
        self.promises = Promises(self.engine, yaml_of(text), typologies(), (HEARSAY,))
        self.twin = twin_of(text)
        self.now, self.made = START_MS, 0

    def give(self, make: type[Fact], **fields: Any) -> tuple[ProposedMeasure, ...]:
        self.made += 1
        event = make(**{"event_id": f"e{self.made}", "time": self.now, **fields})
        answer = self.engine.decide_one(event)
        measures = answer.measures if isinstance(answer, Decision) else ()
        assert [shown(one) for one in measures] == [shown_by_twin(one) for one in self.twin.feed(event, answer)]
        assert self.promises.broken(event, answer) == []
        return measures

    @rule(
        ms=st.sampled_from([MINUTE_MS, 3 * HOUR_MS, 25 * HOUR_MS, 73 * HOUR_MS, 8 * DAY_MS, 31 * DAY_MS, 91 * DAY_MS])
    )
    def wait(self, ms: int) -> None:
        self.now += ms

    @rule(
        target=measures, typology=st.none() | st.sampled_from(TYPOLOGIES),
        more=st.sampled_from([None, "told", "user_merchant_loop", "broker_ring"]),
        strict=st.sampled_from([None, "verify", "hold"]), amount=st.sampled_from([100, 200_000, 30_000_000]),
        late=st.sampled_from([0, 0, 0, DAY_MS, 5 * DAY_MS]),
    )  # fmt: skip
    def pay(self, typology: str | None, more: str | None, strict: str | None, amount: int, late: int) -> Any:
        found = {} if typology is None else hits(typology, more, strict=strict)
        told = {"user_id": "u", "merchant_id": "m", "order_id": "o", "currency": "CNY", "amount": amount}
        return multiple(*self.give(Payment, **told, **found, time=max(self.now - late, START_MS)))

    @rule(target=measures)
    def pay_out(self) -> Any:
        return multiple(*self.give(Payout, merchant_id="m", account_id="a", amount=5, currency="CNY"))

    @rule(
        about=st.none() | SUBJECTS, label=st.sampled_from(["cash_out", "cash_out", "genuine", "unsure"]), grade=GRADES,
        source=st.sampled_from(["analyst", "partner", "court", "appeal", "chargeback"]), back=st.integers(0, 4),
    )  # fmt: skip
    def judge(self, about: tuple[str, str] | None, label: str, grade: str | None, source: str, back: int) -> None:
        subject = about or ("event", f"e{max(self.made - back, 0)}")
        named = {} if about else {"user_id": "u", "merchant_id": "m"}
        self.give(
            Verdict, subject_type=subject[0], subject_id=subject[1], label=label, source=source, grade=grade, **named
        )

    @rule(
        about=SUBJECTS, confidence=st.sampled_from([0.1, 0.9]), status=st.sampled_from(["active", "active", "revoked"])
    )
    def indicate(self, about: tuple[str, str], confidence: float, status: str) -> None:
        self.give(
            Indicator, subject_type=about[0], subject_id=about[1], indicator_id="i", typology="broker_ring",
            confidence=confidence, valid_until=self.now + 10 * DAY_MS, status=status,
        )  # fmt: skip

    @rule(about=SUBJECTS, score=st.sampled_from([0.1, 0.9]))
    def group(self, about: tuple[str, str], score: float) -> None:
        self.give(
            Group, subject_type=about[0], subject_id=about[1], group_id="g", method="leiden", score=score,
            valid_until=self.now + 10 * DAY_MS,
        )  # fmt: skip

    @rule(
        one=measures, by=PEOPLE, lasts=st.sampled_from([None, HOUR_MS, 300 * DAY_MS]),
        status=st.sampled_from(["proposed", "applied", "confirmed", "confirmed", "expired", "lifted", "refused"]),
    )  # fmt: skip
    def change(self, one: ProposedMeasure, by: str | None, lasts: int | None, status: str) -> None:
        who = "ann" if one.measure == "refer" and by is None else by
        until = None if lasts is None else self.now + lasts
        if one.measure_id:
            self.give(
                MeasureStatus, subject_type=one.subject_type, subject_id=one.subject_id, measure_id=one.measure_id,
                measure=one.measure, status=status, by=who, until=until,
            )  # fmt: skip

    @rule(one=measures, by=PEOPLE, answer=st.sampled_from(["satisfactory", "satisfactory", "partial"]),
          asked=st.sampled_from([None, None, True, False]))  # fmt: skip
    def inform(self, one: ProposedMeasure, by: str | None, answer: str, asked: bool | None) -> None:
        if one.measure_id:
            self.give(
                InformationAnswered, subject_type=one.subject_type, subject_id=one.subject_id, answer=answer, by=by,
                measure_id=one.measure_id, human_only=asked,
            )  # fmt: skip

    @rule(
        one=consumes(measures), whole=st.booleans(), asked=st.sampled_from([None, None, True, False]),
        status=st.sampled_from(["submitted", "upheld", "upheld", "rejected"]),
    )  # fmt: skip
    def appeal(self, one: ProposedMeasure, whole: bool, status: str, asked: bool | None) -> None:
        self.give(
            AppealStatus, subject_type=one.subject_type, subject_id=one.subject_id, appeal_id="a", status=status,
            measure_id=None if whole or not one.measure_id else one.measure_id, human_only=asked,
        )  # fmt: skip


TestLadders = Ladders.TestCase
TestLadders.settings = settings(max_examples=60, stateful_step_count=40)


def test_many_histories_break_nothing_and_say_everything() -> None:
    """`python -m bonafide.testing.ladder --histories 100000` plays as many as docs/ladder.md tells of."""
    played = play(range(300), seed=11, twin_every=6)
    assert played.broken == ()
    assert played.different == ()
    assert played.compared > 500
    said = {(measure, status) for _, measure, status in played.said}
    assert {"proposed", "lifted", "lift_proposed"} == {status for _, status in said}
    assert len({measure for measure, status in said if status == "proposed"}) >= 7
    text = text_of(played)
    assert "violations of the promises: 0" in text
    assert "limit_credit" in text


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--histories", "3", "--twin-every", "1"]) == 0
    assert "3 histories" in capsys.readouterr().out


def broken_by(
    monkeypatch: pytest.MonkeyPatch,
    target: Any,
    name: str,
    value: Any,
    histories: int = 150,
    text: str = shipped_ladder(),
) -> str:
    """What the book finds broken when a part of the engine is replaced."""
    monkeypatch.setattr(target, name, value)
    found = []
    for number in range(histories):
        engine = Engine(playground(text))
        promises, history = Promises(engine, yaml_of(text), typologies(), (HEARSAY,)), History(number, Random(number))
        for event in history.events():
            answer = engine.decide_one(event)
            for one in answer.measures if isinstance(answer, Decision) else ():
                history.note(one.measure_id, one.measure, one.subject_type)
            found += promises.broken(event, answer)
    return "\n".join(found)


def test_a_machine_that_lasts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.engine.ladder import proposing

    assert "lasts longer than a machine's measure may" in broken_by(monkeypatch, proposing, "MACHINE_MS", 99 * DAY_MS)


def test_a_status_that_outlasts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = broken_by(monkeypatch, records, "_end", lambda measure, until: until or measure.whole, 400)
    assert "two people have not confirmed it" in told


def test_an_appeal_that_lifts_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = broken_by(monkeypatch, records, "uphold", lambda *told: None, 400)
    assert "or one has ended it" in told
    assert "rests on an offence that was erased" in told


def test_people_who_are_not_asked_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "somebody who asked for people" in broken_by(monkeypatch, records, "ask_people", lambda *told: None)


def test_facts_that_are_used_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.engine.ladder.standing import Offence

    def forgetful(self: Offence, rules: Any, now: int) -> bool:
        self.used = 0
        return True

    assert "recurs on the same facts" in broken_by(monkeypatch, Offence, "counts", forgetful)


def test_a_partner_who_is_a_source_like_any_other_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.engine.ladder.standing import Evidence, Offence, Standing

    def guilty(standing: Standing, id_: int, until: int) -> None:
        standing.offences.append(Offence(id_, until, until, [Evidence(id_, judged=3)]))
        standing.waits = True

    assert "rests on a partner's word alone" in broken_by(monkeypatch, records, "indicate", guilty, 80, brisk_ladder())


def test_words_that_are_missing_are_noticed() -> None:
    from bonafide.testing.ladder.promises import _unexplained

    bare = ProposedMeasure("notice", "user", "u", "proposed", 5, "n")
    told = list(_unexplained(bare))
    assert "gives no reason" in told
    assert sum("both languages" in text for text in told) == 3
    assert "has no end or no name" in list(_unexplained(msgspec.structs.replace(bare, until=0)))
