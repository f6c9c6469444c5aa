"""Fail modes: what is advised when no decision is durable in time, and that nothing is let through without a bound."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.decision import OUTCOMES
from bonafide.core.events import Event, MerchantApplication, Payout
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.engine.compiled import Rate, Settings
from bonafide.engine.fail_modes import LETS_THROUGH, TYPES, Advice, FailModes
from bonafide.engine.policy import read_policy
from bonafide.engine.rules.source import read_yaml_with_places
from bonafide.engine.shipped import shipped_bundle
from bonafide.testing.generators import events
from tests.engine.kit import START_MS, payment, refund
from tests.engine.test_policy import FINE
from tests.engine.tiny import login, payout, tiny, transfer

SETTINGS = Settings("CNY", (Rate("USD", 7, 1), Rate("JPY", 5, 100)), 8 * HOUR_MS)
MODES = """
  deadline: 250ms
  allow_per_user_day: 30000
  payment: [{from: 0, outcome: allow}, {from: 10000, outcome: warn}, {from: 20000, outcome: hold}]
  refund: [{from: 0, outcome: verify}]
  payout: [{from: 0, outcome: verify}, {from: 500, outcome: hold}]
"""
HELD = Advice("hold", 24 * HOUR_MS)


def modes(text: str = MODES, settings: Settings | None = SETTINGS) -> FailModes:
    bands = "outcomes: [{from: 0, outcome: allow}]\nrisk_levels: [{from: 0, level: low}]\nhold_for: 24h\n"
    document = read_yaml_with_places(f"{bands}fail_modes:{text}".encode(), "policy.yaml")
    policy, mistakes = read_policy(document, "policy.yaml", settings)
    assert policy is not None, mistakes
    return policy.fail_modes


@pytest.mark.parametrize(
    ("amount", "outcome"), [(1, "allow"), (9_999, "allow"), (10_000, "warn"), (19_999, "warn"), (20_000, "hold")]
)
def test_an_amount_has_the_outcome_of_its_band(amount: int, outcome: str) -> None:
    advice = modes().advice(payment(1, 0, amount))
    assert advice == ((outcome, None, amount) if outcome != "hold" else HELD)


def test_a_user_is_let_through_up_to_the_cap_of_a_day() -> None:
    told, one = modes(), payment(1, 0, 9_000)
    assert [told.advice(one, before) for before in (0, 21_000, 21_001, 10**9)] == [
        Advice("allow", None, 9_000), Advice("allow", None, 9_000), HELD, HELD
    ]  # fmt: skip


def test_days_are_those_of_the_bundles_zone() -> None:
    told = modes()
    midnight = START_MS - 8 * HOUR_MS
    assert told.day_of(midnight) == told.day_of(midnight + DAY_MS - 1) == told.day_of(midnight - 1) + 1


def test_money_is_counted_in_the_bundles_currency() -> None:
    told = modes()
    assert told.advice(payment(1, 0, 100, currency="USD")) == ("allow", None, 700)
    assert told.advice(payment(1, 0, 1_429, currency="USD")) == ("warn", None, 10_003)
    assert told.advice(payment(1, 0, 30, currency="JPY")) == ("allow", None, 2)


def test_an_amount_that_is_not_known_counts_as_the_largest() -> None:
    assert modes().advice(payment(1, 0, 1, currency="EUR")) == HELD
    assert modes(settings=None).advice(payment(1, 0, 1)) == HELD
    careless = modes("\n  allow_per_user_day: 1000000\n  payment: [{from: 0, outcome: allow}]")
    assert careless.advice(payment(1, 0, 1, currency="EUR")) == HELD
    foreign = Payout(event_id="e", time=START_MS, merchant_id="m", account_id="a", amount=1, currency="EUR")
    assert modes().advice(foreign) == HELD


def test_what_is_not_named_is_held_and_what_only_teaches_has_no_advice() -> None:
    applied = MerchantApplication(
        event_id="a", time=0, merchant_id="m", legal_name="n", registration_no="r", representative_id="p", category="c"
    )
    assert modes().advice(transfer(1, 0)) == modes().advice(applied) == HELD
    assert modes().advice(login(1, 0)) is None
    assert modes("\n  merchant_application: [{from: 0, outcome: verify}]").advice(applied) == ("verify", None, 0)


def test_a_bundle_without_fail_modes_is_the_most_careful() -> None:
    told = tiny().policy.fail_modes
    assert told.deadline_ms == 1_000
    for event in (payment(1, 0, 1), refund(1, 0, 1), payout(1, 0, 1), transfer(1, 0)):
        assert told.advice(event) == Advice("hold", 12 * HOUR_MS)


DECIDED = events(set(TYPES), pool=2)


@given(DECIDED, st.integers(0, 10**12))
def test_nothing_is_let_through_beyond_the_cap_or_without_a_user(event: Event, before: int) -> None:
    for told in (modes(), shipped_bundle("paylater").policy.fail_modes, FailModes()):
        advice = told.advice(event, before)
        assert advice is not None
        assert (advice.hold_ms is not None) == (advice.outcome == "hold")
        assert advice.outcome != "decline"
        if advice.outcome in LETS_THROUGH:
            assert hasattr(event, "user_id")
            assert before + advice.counted <= told.allow_per_user_day
            assert advice.counted > 0
        else:
            assert advice.counted == 0


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_more_money_is_never_treated_more_mildly(one: int, other: int) -> None:
    told = shipped_bundle("paylater").policy.fail_modes
    low, high = (told.advice(payment(1, 0, amount)) for amount in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert OUTCOMES.index(low.outcome) <= OUTCOMES.index(high.outcome)


def test_the_shipped_bundle_holds_what_leaves() -> None:
    told = shipped_bundle("paylater").policy.fail_modes
    assert told.deadline_ms == 2_000
    assert [told.advice(event) for event in (payment(1, 0, 19_999), payment(1, 0, 20_000), payout(1, 0, 1))] == [
        Advice("allow", None, 19_999), HELD, HELD
    ]  # fmt: skip
    assert told.advice(payment(1, 0, 10_001), 20_000) == HELD


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"payment": [{"from": 0, "outcome": "allow"}]}, "allow_per_user_day, which bounds what a user is let through"),
        ({"deadline": "9ms"}, "fail_modes.deadline: 9ms is not from 10ms to 1m"),
        ({"transfer": [{"from": 0, "outcome": "warn"}]}, "fail_modes.transfer: a transfer names no user"),
    ],
)
def test_a_wrong_fail_mode_is_explained(wrong: dict[str, Any], says: str) -> None:
    text = yaml.safe_dump(FINE | {"fail_modes": wrong}).encode()
    policy, mistakes = read_policy(read_yaml_with_places(text, "p.yaml"), "p.yaml")
    assert policy is None
    assert [says in mistake.message for mistake in mistakes] == [True]
