"""What becomes of somebody, step by step: up with what happens again, down with an answer, off with an appeal."""

from __future__ import annotations

from typing import Any

import pytest

from bonafide.core.decision import Decision, ProposedMeasure
from bonafide.core.errors import InputError
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
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.engine import Engine
from bonafide.testing.ladder.playground import HEARSAY, brisk_ladder, hits, playground, shipped_ladder
from tests.engine.kit import START_MS

Named = dict[str, Any]


class Play:
    """An engine and a clock; each step says what was told of measures."""

    def __init__(self, ladder: str | None = None) -> None:
        self.engine = Engine(playground(ladder or shipped_ladder()))
        self.now, self.number = START_MS, 0

    def wait(self, ms: int) -> None:
        self.now += ms

    def give(self, make: type[Fact], **fields: Any) -> Any:
        self.number += 1
        return self.engine.decide_one(make(**{"event_id": f"e{self.number}", "time": self.now, **fields}))

    def pay(
        self, *found: str, strict: str | None = None, amount: int = 600_000, **fields: Any
    ) -> list[ProposedMeasure]:
        told = {"user_id": "u", "merchant_id": "m", "order_id": "o", "currency": "CNY", "amount": amount}
        answer = self.give(Payment, **{**told, **(hits(*found, strict=strict) if found else {}), **fields})
        assert isinstance(answer, Decision)
        return list(answer.measures)

    def status(self, one: ProposedMeasure, status: str, by: str | None = None, **fields: Any) -> None:
        self.give(
            MeasureStatus, **about(one), measure_id=one.measure_id, measure=one.measure, status=status, by=by, **fields
        )

    def verdict(self, label: str = "cash_out", source: str = "analyst", of: Named | None = None, **fields: Any) -> None:
        subject = of or {"subject_type": "user", "subject_id": "u"}
        self.give(Verdict, **{**subject, "label": label, "source": source, **fields})

    @property
    def in_force(self) -> list[str]:
        return [one.measure for one in self.engine.in_force("user", "u")]


def about(one: ProposedMeasure) -> Named:
    return {"subject_type": one.subject_type, "subject_id": one.subject_id}


def names(measures: list[ProposedMeasure], status: str = "proposed") -> list[str]:
    return [one.measure for one in measures if one.status == status]


def test_the_first_time_is_a_notice_or_a_question_and_the_second_a_limit() -> None:
    play = Play()
    (first,) = play.pay("drain_the_line")
    assert (first.measure, first.grade, first.offences, first.amount) == ("notice", "suspected", 1, 600_000)
    assert first.until == play.now + 30 * DAY_MS
    assert play.pay("intensive_burst") == [], "the same episode"
    (asked,) = play.pay("intensive_burst", strict="hold")
    assert (asked.measure, asked.until) == ("request_information", play.now + 7 * DAY_MS)
    play.wait(25 * HOUR_MS)
    (limited,) = play.pay("bust_out")
    assert (limited.measure, limited.offences, len(limited.facts)) == ("limit_credit", 2, 2)
    assert limited.until == play.now + 72 * HOUR_MS


def test_another_kind_of_evidence_corroborates_and_another_rule_of_the_same_kind_does_not() -> None:
    play = Play()
    assert [one.grade for one in play.pay("drain_the_line", "intensive_burst")] == ["suspected"]
    told = play.pay("drain_the_line", "user_merchant_loop")
    assert [(one.measure, one.grade) for one in told if one.subject_type == "user"] == [
        ("request_information", "corroborated")
    ]


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (Group, {"group_id": "g", "method": "leiden", "score": 0.9}),
        (Indicator, {"indicator_id": "i", "typology": "broker_ring", "confidence": 0.9, "status": "active"}),
        (Verdict, {"label": "unsure", "source": "analyst"}),
    ],
)
def test_others_corroborate_what_was_found_here(make: type[Fact], fields: Named) -> None:
    play = Play()
    play.pay("drain_the_line")
    until = {} if make is Verdict else {"valid_until": play.now + 9 * DAY_MS}
    play.give(make, subject_type="user", subject_id="u", **fields, **until)
    (asked,) = play.pay()
    assert (asked.measure, asked.grade) == ("request_information", "corroborated")
    assert play.pay() == []


def test_a_partners_word_alone_is_answered_with_one_question() -> None:
    play = Play(brisk_ladder())
    for i in range(3):
        play.verdict(source="partner", grade="adjudicated")
        play.give(
            Indicator, subject_type="user", subject_id="u", indicator_id=f"i{i}", typology="broker_ring",
            confidence=1.0, valid_until=play.now + 9 * DAY_MS, status="active",
        )  # fmt: skip
        assert names(play.pay()) == ["notice"]
        assert play.pay() == []
        play.wait(DAY_MS)


def test_a_rule_that_repeats_what_partners_said_is_no_finding_of_ours() -> None:
    play = Play(brisk_ladder())
    for _ in range(3):
        play.verdict(source="partner")
        answer = play.give(
            Payment, user_id="u", merchant_id="m", order_id="o", currency="CNY", amount=5, traffic_source="told"
        )
        assert answer.outcome == "warn"
        assert answer.hits == (HEARSAY,)
        assert {one.measure for one in answer.measures} <= {"notice"}
        play.wait(DAY_MS)


def test_verdicts_have_the_grade_of_who_gives_them() -> None:
    grades = {}
    for source, stated in (("analyst", None), ("analyst", "adjudicated"), ("court", "suspected"), ("chargeback", None),
                           ("chargeback", "confirmed")):  # fmt: skip
        play = Play()
        play.verdict(source=source, grade=stated)
        grades[source, stated] = play.pay()[0].grade
    assert list(grades.values()) == ["corroborated", "confirmed", "adjudicated", "suspected", "corroborated"]


def test_a_verdict_is_about_the_payer_or_whoever_the_event_told_against() -> None:
    play = Play()
    play.pay("cash_out_merchant", strict="verify")
    event = {"subject_type": "event", "subject_id": "e1", "user_id": "u", "merchant_id": "m"}
    play.verdict(of=event, grade="confirmed")
    assert [(one.subject_type, one.grade) for one in play.pay()] == []
    play.wait(8 * DAY_MS)
    (told,) = play.pay("cash_out_merchant", strict="verify")
    assert (told.subject_type, told.measure, [fact.grade for fact in told.facts]) == (
        "merchant", "hold_reserve", ["confirmed", "suspected"]
    )  # fmt: skip
    other = Play()
    other.verdict(of={**event, "subject_id": "missed"}, grade="confirmed")
    assert [one.subject_type for one in other.pay()] == ["user"]


def twice(play: Play) -> ProposedMeasure:
    """Somebody is found twice, and is to be limited."""
    play.pay("drain_the_line", strict="hold")
    play.wait(25 * HOUR_MS)
    (limited,) = play.pay("drain_the_line", strict="hold")
    assert limited.measure == "limit_credit"
    return limited


def test_only_a_status_puts_in_force_and_a_machines_ends_in_three_days() -> None:
    play = Play()
    limited = twice(play)
    assert play.in_force == []
    play.status(limited, "proposed")
    assert play.in_force == []
    play.status(limited, "applied", until=play.now + 30 * DAY_MS)
    assert play.in_force == ["limit_credit"]
    play.status(limited, "confirmed", "ann", until=play.now + 30 * DAY_MS)
    play.status(limited, "confirmed", "ann", until=play.now + 30 * DAY_MS)
    play.wait(72 * HOUR_MS - 1)
    play.pay(user_id="other")
    assert play.in_force == ["limit_credit"]
    play.wait(1)
    play.pay(user_id="other")
    assert play.in_force == []
    play.status(limited, "confirmed", "bo")
    assert play.in_force == [], "what has ended does not come back"


def test_with_two_people_it_stands_until_its_end() -> None:
    play = Play()
    limited = twice(play)
    play.status(limited, "confirmed", "ann")
    play.status(limited, "confirmed", "bo")
    assert play.engine.in_force("user", "u")[0].until == play.now + 30 * DAY_MS
    play.wait(29 * DAY_MS)
    play.pay(user_id="other")
    assert play.in_force == ["limit_credit"]
    play.status(limited, "lifted", "cy")
    assert play.in_force == []


def test_nothing_recurs_on_the_same_facts() -> None:
    play = Play()
    limited = twice(play)
    for status in ("applied", "expired"):
        play.status(limited, status)
    play.wait(73 * HOUR_MS)
    assert play.pay() == []
    (again,) = play.pay("drain_the_line")
    assert again.measure == "limit_credit"
    assert {fact.place for fact in again.facts} > {fact.place for fact in limited.facts}


def test_a_persons_word_about_an_old_fact_is_a_new_fact() -> None:
    play = Play()
    twice(play)
    play.wait(73 * HOUR_MS)
    play.verdict(of={"subject_type": "event", "subject_id": "e2", "user_id": "u"}, grade="confirmed")
    (frozen,) = play.pay()
    assert (frozen.measure, frozen.grade, frozen.offences) == ("freeze_credit", "confirmed", 2)


def test_a_satisfactory_answer_steps_back_down() -> None:
    play = Play()
    limited = twice(play)
    play.status(limited, "applied")
    play.give(InformationAnswered, **about(limited), measure_id=limited.measure_id, answer="unsatisfactory")
    assert play.pay() == []
    play.give(InformationAnswered, **about(limited), measure_id=limited.measure_id, answer="satisfactory")
    assert names(play.pay(), "lift_proposed") == ["limit_credit"]
    assert play.in_force == ["limit_credit"], "that is for people to do"
    play.wait(DAY_MS)
    assert names(play.pay("drain_the_line")) == ["limit_credit"], "the second again"


def test_an_upheld_appeal_lifts_at_once_and_erases() -> None:
    play = Play()
    limited = twice(play)
    for by in ("ann", "bo"):
        play.status(limited, "confirmed", by)
    play.give(AppealStatus, **about(limited), appeal_id="a", measure_id=limited.measure_id, status="submitted")
    assert play.in_force == ["limit_credit"]
    play.give(AppealStatus, **about(limited), appeal_id="a", measure_id=limited.measure_id, status="upheld")
    assert play.in_force == []
    told = play.pay()
    assert [(one.measure, one.status, one.measure_id) for one in told if one.measure == "limit_credit"] == [
        ("limit_credit", "lifted", limited.measure_id)
    ]
    assert play.pay() == []
    assert names(play.pay("drain_the_line")) == ["notice"], "for the first time"


def test_whoever_asks_for_people_gets_no_more_than_a_notice_from_machines() -> None:
    play = Play()
    user = {"subject_type": "user", "subject_id": "u"}
    play.give(AppealStatus, **user, appeal_id="a", status="submitted", human_only=True)
    for _ in range(4):
        assert names(play.pay("drain_the_line", "broker_ring", strict="hold", amount=200_000))[0] == "notice"
        play.wait(25 * HOUR_MS)
    play.verdict(grade="confirmed")
    assert set(names(play.pay())) <= {"notice"}
    play.give(InformationAnswered, **user, measure_id="any", answer="partial", human_only=False)
    assert names(play.pay()) == ["freeze_credit"], "people need not decide any more: what stands is proposed"


def test_a_referral_is_a_persons() -> None:
    play = Play(brisk_ladder())
    play.verdict(grade="confirmed")
    play.pay()
    play.wait(3 * HOUR_MS)
    (refer,) = [one for one in play.pay("broker_ring", strict="hold") if one.subject_type == "user"]
    assert refer.measure == "refer"
    assert refer.needs_person
    assert refer.until == play.now + 72 * HOUR_MS
    with pytest.raises(InputError, match="a machine refers nobody, so say which person does"):
        play.status(refer, "applied")
    play.status(refer, "proposed")
    assert "refer" not in play.in_force
    play.give(MeasureStatus, **about(refer), measure_id=refer.measure_id, measure="notice", status="applied")
    assert "refer" not in play.in_force, "not under another name either"
    play.status(refer, "applied", "ann")
    assert "refer" in play.in_force


def test_no_other_machine_brings_up_what_limits_somebody_and_a_person_may() -> None:
    play = Play()
    user = {"subject_type": "user", "subject_id": "u", "measure_id": "own", "status": "applied"}
    play.give(MeasureStatus, **user, measure="freeze_credit")
    assert play.in_force == []
    play.give(MeasureStatus, **user, measure="freeze_credit", by="ann")
    assert play.in_force == ["freeze_credit"]
    assert play.engine.in_force("user", "u")[0].until == play.now + 30 * DAY_MS


def test_what_a_person_finds_genuine_or_a_partner_takes_back_does_not_count() -> None:
    play = Play()
    limited = twice(play)
    play.status(limited, "applied")
    play.verdict("genuine", of={"subject_type": "event", "subject_id": "e2", "user_id": "u"})
    assert names(play.pay(), "lift_proposed") == ["limit_credit"]
    play.verdict("genuine")
    assert play.engine.ladder.standings.get((0, play.engine.hash_of("u")), None, 0).offences == []
    other = Play()
    indicator: Named = {"subject_type": "user", "subject_id": "u", "indicator_id": "i", "typology": "broker_ring",
                        "confidence": 0.9, "valid_until": other.now + 9 * DAY_MS}  # fmt: skip
    other.give(Indicator, **indicator, status="active")
    assert names(other.pay()) == ["request_information"]
    other.give(Indicator, **indicator, status="revoked")
    assert names(other.pay(), "lift_proposed") == ["request_information"]


def test_an_offence_decays_by_the_time_of_the_log() -> None:
    play = Play()
    play.pay("drain_the_line")
    play.wait(30 * DAY_MS - 1)
    assert names(play.pay("drain_the_line")) == ["limit_credit"]
    other = Play()
    other.pay("drain_the_line")
    other.wait(30 * DAY_MS)
    assert names(other.pay("drain_the_line")) == ["notice"]


def test_nothing_is_proposed_on_an_event_so_late_that_it_would_have_ended() -> None:
    play = Play()
    play.pay("drain_the_line", strict="hold")
    play.wait(5 * DAY_MS)
    play.pay()
    assert play.pay("drain_the_line", time=play.now - 4 * DAY_MS) == [], "a limit of three days, four days ago"
    assert names(play.pay()) == []
    assert names(play.pay("drain_the_line")) == ["limit_credit"]


def test_a_shop_is_measured_by_its_own_ladder_and_on_its_own_events() -> None:
    play = Play()
    assert play.pay("cash_out_merchant") == [], "one warning does not count against a shop"
    (asked,) = play.pay("cash_out_merchant", strict="verify")
    assert (asked.subject_type, asked.subject_id, asked.measure) == ("merchant", "m", "request_information")
    play.verdict(of={"subject_type": "merchant", "subject_id": "m"}, source="court")
    payout = play.give(Payout, merchant_id="m", account_id="a", amount=5, currency="CNY")
    assert payout.measures == ()
    play.wait(8 * DAY_MS)
    play.verdict(of={"subject_type": "merchant", "subject_id": "m"}, source="court")
    payout = play.give(Payout, merchant_id="m", account_id="a", amount=5, currency="CNY")
    assert [(one.measure, one.grade) for one in payout.measures] == [("disable_pay_later", "adjudicated")]


def test_without_a_ladder_the_policy_proposes_and_people_who_were_asked_for_are_respected(tmp_path: Any) -> None:
    from bonafide.engine.bundle import load_bundle
    from bonafide.testing.ladder.playground import write_playground

    folder = write_playground(tmp_path / "bundle", None)
    policy = folder / "policy.yaml"
    asks = "measures: {warn: {measure: request_information, lasts: 7d}}\n"
    policy.write_text(policy.read_text(encoding="utf-8") + asks, encoding="utf-8")
    play = Play()
    play.engine = Engine(load_bundle(folder))
    for _ in range(2):
        (asked,) = play.pay("drain_the_line")
        assert (asked.measure, asked.until, asked.grade) == ("request_information", play.now + 7 * DAY_MS, None)
        assert asked.why.en
        assert asked.appeal.zh
        assert [reason.code for reason in asked.reasons] == ["RC04"]
    play.give(AppealStatus, subject_type="user", subject_id="u", appeal_id="a", status="submitted", human_only=True)
    assert names(play.pay("drain_the_line")) == ["notice"]
