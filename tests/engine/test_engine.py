"""The engine over a tiny bundle: decisions, receipts, and one fixed log whose decisions never change."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bonafide.core.decision import SCORE_UNIT, Decision, Receipt
from bonafide.core.events import CreditLine, Event, Fact, MerchantApplication, Tick
from bonafide.core.moment import DAY_MS, HOUR_MS, MOMENT_MAX
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import Engine
from tests.engine.kit import START_MS, payment, refund
from tests.engine.tiny import TINY, login, payout, tiny, transfer


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny()


@pytest.fixture
def engine(bundle: Bundle) -> Engine:
    return Engine(bundle)


def decision(answer: Decision | Receipt) -> Decision:
    assert isinstance(answer, Decision)
    return answer


# ---- decisions


def test_an_event_on_which_nothing_fires_is_allowed(engine: Engine, bundle: Bundle) -> None:
    assert engine.decide_one(payment(1, 0)) == Decision(
        event_id="e1", seq=0, time=START_MS, outcome="allow", score_e6=0, risk_level="low", credit_score=None,
        alert=False, reasons=(), hits=(), measures=(), faults=(), degraded=(), release_by=None, bundle=bundle.hash,
    )  # fmt: skip


def test_one_rule_warns_and_gives_notice_to_the_payer(engine: Engine) -> None:
    made = decision(engine.decide([payment(1, 0), payment(2, 0), payment(3, 7)])[2])
    assert (made.outcome, made.risk_level, made.alert) == ("warn", "medium", False)
    assert made.hits == ("MANY",)
    assert made.score_e6 == 400_000
    assert made.score == 0.4
    assert [(r.code, r.zh, r.en) for r in made.reasons] == [("RC1", "一", "one")]
    (notice,) = made.measures
    assert (notice.measure, notice.subject_type, notice.subject_id) == ("notice", "user", "u")
    assert (notice.status, notice.until) == ("proposed", START_MS + 7 + 30 * DAY_MS)
    assert made.release_by is None


def test_several_rules_add_as_independent_odds_heaviest_reason_first(engine: Engine) -> None:
    log = [payment(1, 0), payment(2, 0), payment(3, 0, 100_000)]
    made = decision(engine.decide(log)[2])
    assert made.hits == ("MANY", "LARGE")
    assert made.score_e6 == 700_000
    assert [r.code for r in made.reasons] == ["RC2", "RC1"]
    assert (made.outcome, made.risk_level, made.alert, made.measures) == ("verify", "high", True, ())


def test_a_reason_is_given_once(engine: Engine) -> None:
    log = [payment(1, 0), payment(2, 0), payment(3, 0, credit_limit=100, credit_used=95)]
    made = decision(engine.decide(log)[2])
    assert made.hits == ("MANY", "FULL")
    assert [r.code for r in made.reasons] == ["RC1"]
    assert made.score_e6 == 850_000


def test_a_hold_ends_by_itself_and_an_alert_is_verify_or_stricter(engine: Engine) -> None:
    made = decision(engine.decide_one(refund(1, 5, to="cash")))
    assert (made.outcome, made.alert, made.score_e6, made.risk_level) == ("hold", True, 0, "low")
    assert made.release_by == START_MS + 5 + 12 * HOUR_MS
    assert made.measures[0].measure == "request_information"
    assert made.measures[0].until == START_MS + 5 + 7 * DAY_MS


def test_a_hold_at_the_end_of_time_ends_with_it(engine: Engine) -> None:
    made = decision(engine.decide_one(refund(1, MOMENT_MAX - START_MS, to="cash")))
    assert made.release_by == made.measures[0].until == MOMENT_MAX
    assert made.to_wire()["release_by"] == "9999-12-31T23:59:59.999Z"


def test_a_measure_is_proposed_for_the_payer_or_the_merchant_or_nobody(engine: Engine) -> None:
    of_payout = decision(engine.decide([payout(1, 0), payout(2, 1)])[1])
    assert (of_payout.outcome, of_payout.hits) == ("warn", ("TWICE",))
    assert (of_payout.measures[0].subject_type, of_payout.measures[0].subject_id) == ("merchant", "m")
    of_transfer = decision(engine.decide_one(transfer(3, -1)))
    assert (of_transfer.outcome, of_transfer.hits) == ("verify", ("NIGHT",))
    assert of_transfer.measures == ()


def test_utilisation_is_stated_or_worked_out(engine: Engine) -> None:
    line = CreditLine(event_id="e1", time=START_MS, user_id="u", limit=1_000, currency="CNY", reason="grant")
    log: list[Fact] = [
        payment(2, 1, 950), line, payment(3, HOUR_MS + 1), refund(4, HOUR_MS + 2, 60, to="original"),
        payment(5, 2 * HOUR_MS + 3, 1), payment(6, 2 * HOUR_MS + 4, 1, credit_limit=10, credit_used=10),
    ]  # fmt: skip
    answers = engine.decide(log)
    hit = ["FULL" in answer.hits if isinstance(answer, Decision) else None for answer in answers]
    assert hit == [False, None, True, True, True, True]
    assert "FULL" not in decision(engine.decide_one(payment(7, 4 * HOUR_MS, 1, credit_limit=100, credit_used=50))).hits


def test_money_without_a_rate_is_a_fault_and_with_one_is_converted(engine: Engine) -> None:
    made = decision(engine.decide_one(payment(1, 0, 100_000, currency="EUR")))
    assert (made.faults, made.hits) == (("missing: currency",), ())
    assert decision(engine.decide_one(payment(2, 1, 14_286, currency="USD"))).hits == ("LARGE",)
    assert decision(engine.decide_one(payment(3, 2 * HOUR_MS, 14_285, currency="USD"))).hits == ()


def test_at_most_four_reasons(tmp_path: Path) -> None:
    for path in TINY.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rules = [
        {
            "id": f"R{i}",
            "when": "amount > 1",
            "typology": "off_hours",
            "weight": i / 10,
            "reason": f"RC{i}",
            "source": "t",
        }
        for i in (1, 5, 3, 2, 4)
    ]
    (tmp_path / "rules.yaml").write_bytes(msgspec.json.encode(rules))
    made = decision(Engine(load_bundle(tmp_path)).decide_one(payment(1, 0)))
    assert [r.code for r in made.reasons] == ["RC5", "RC4", "RC3", "RC2"]
    assert made.hits == ("R1", "R5", "R3", "R2", "R4")


def test_more_rules_than_a_word_has_bits(tmp_path: Path) -> None:
    for path in TINY.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rules = [
        {
            "id": f"R{i}",
            "when": f"amount >= {i}",
            "typology": "off_hours",
            "weight": 0.001,
            "reason": "RC1",
            "source": "t",
        }
        for i in range(200)
    ]
    (tmp_path / "rules.yaml").write_bytes(msgspec.json.encode(rules))
    many = Engine(load_bundle(tmp_path))
    for number, amount in enumerate((1, 61, 62, 63, 124, 130, 199, 500)):
        made = decision(many.decide_one(payment(number, 0, amount)))
        assert made.hits == tuple(f"R{i}" for i in range(200) if amount >= i)
        assert made.score_e6 == round((1 - 0.999 ** len(made.hits)) * SCORE_UNIT)


# ---- receipts


def test_receipts_say_what_became_of_an_event(engine: Engine) -> None:
    log: list[Fact] = [
        payment(1, 0), login(2, 0), payment(1, 0), payment(1, 1), payment(3, 3 * DAY_MS), payment(4, DAY_MS - 1),
        Tick(event_id="e5", time=START_MS + 3 * DAY_MS), payment(6, DAY_MS),
    ]  # fmt: skip
    answers = engine.decide(log)
    assert answers[1:4] == [
        Receipt("e2", "taught", 1), Receipt("e1", "duplicate"), Receipt("e1", "conflict")
    ]  # fmt: skip
    assert answers[5:7] == [Receipt("e4", "too-late"), Receipt("e5", "taught", 3)]
    assert [a.seq for a in answers if isinstance(a, Decision)] == [0, 2, 4]
    assert engine.state.seq == 5


@pytest.mark.parametrize("kind", ["payment", "refund", "payout", "transfer", "merchant_application"])
def test_these_types_are_decided_on(engine: Engine, kind: str) -> None:
    made: dict[str, Event] = {
        "payment": payment(1, 0), "refund": refund(1, 0), "payout": payout(1, 0), "transfer": transfer(1, 0),
        "merchant_application": MerchantApplication(
            event_id="e1", time=START_MS, merchant_id="m", legal_name="n", registration_no="r", representative_id="p",
            category="c",
        ),
    }  # fmt: skip
    assert isinstance(engine.decide_one(made[kind]), Decision)
