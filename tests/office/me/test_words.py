"""What is told of the data that rules look at: of every shipped rule something, and never a number of it."""

from __future__ import annotations

import msgspec

from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.office.me.explaining import OUTCOMES_TOLD, explanation
from bonafide.office.me.words import FACTS, ORDER, words_of_folder


def test_of_every_shipped_rule_something_is_told_without_a_number() -> None:
    for name in ("paylater", "starter"):
        words = words_of_folder(find_bundle(name))
        for rule in shipped_bundle(name).rules:
            assert rule.id in words.facts
            facts = words.facts_of([rule.id])
            assert facts[0] == ORDER
            assert not any(sign.isdigit() for one in facts for sign in one.zh + one.en)
    assert not any(sign.isdigit() for one in (*FACTS.values(), *OUTCOMES_TOLD.values()) for sign in one.zh + one.en)


def test_rules_point_to_what_they_read() -> None:
    words = words_of_folder(find_bundle("paylater"))
    looked = {name for names in words.facts.values() for name in names}
    assert looked == set(FACTS), "each of them is said of some rule"


def test_an_explanation_says_what_would_help_and_nothing_of_the_score() -> None:
    words = words_of_folder(find_bundle("paylater"))
    reasons = [{"code": f"RC0{n}", "zh": "因", "en": "why"} for n in (1, 2, 6, 7, 8)]
    answer = {"event_id": "e1", "seq": 4, "time": "2026-01-05T08:30:00.000Z", "outcome": "hold", "score": 0.731204,
              "risk_level": "high", "credit_score": 512, "reasons": reasons, "hits": ["U-BURST"], "bundle": "ab" * 32,
              "digest": "cd" * 32}  # fmt: skip
    told = explanation(msgspec.json.encode(answer), words)
    assert [one["code"] for one in told["reasons"]] == ["RC01", "RC02", "RC06", "RC07"]
    assert [one["code"] for one in told["submit"]] == ["RC01", "RC02", "RC07"], (
        "a shop under review is not theirs to prove"
    )
    assert "proof of delivery" in told["counterfactual"].en
    shown = msgspec.json.encode(told)
    for secret in (b"0.731204", b"512", b"high", b"U-BURST", b"cd" * 32):
        assert secret not in shown
    calm = explanation(msgspec.json.encode(answer | {"outcome": "allow"}), words)
    assert calm["counterfactual"] is None
