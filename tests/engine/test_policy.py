"""From a score and the rules that hit to an outcome: bands, and what is proposed."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.decision import OUTCOMES, RISK_LEVELS, SCORE_UNIT
from bonafide.core.mistakes import Mistake
from bonafide.core.moment import HOUR_MS
from bonafide.engine.policy import Case, Policy, Proposal, read_policy, rule_on
from bonafide.engine.policy_rows import Cell
from bonafide.engine.rules.source import read_yaml_with_places

FINE: dict[str, Any] = {
    "outcomes": [{"from": 0, "outcome": "allow"}, {"from": 0.3, "outcome": "warn"}, {"from": 0.8, "outcome": "hold"}],
    "risk_levels": [{"from": 0, "level": "low"}, {"from": 0.5, "level": "high"}],
    "hold_for": "24h",
    "measures": {"warn": {"measure": "notice", "lasts": "30d"}},
}


def bands(*pairs: tuple[float, str], key: str = "outcome") -> list[dict[str, Any]]:
    return [{"from": start, key: value} for start, value in pairs]


def told(policy: Any) -> tuple[Policy | None, list[Mistake]]:
    """What the reader makes of a policy, as it stands in a YAML file."""
    return read_policy(read_yaml_with_places(yaml.safe_dump(policy, sort_keys=False).encode(), "p.yaml"), "p.yaml")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"outcomes": []}, "outcomes: the first band starts from 0, so that every score has one"),
        ({"outcomes": bands((0.1, "allow"))}, "outcomes: the first band starts from 0"),
        ({"outcomes": bands((0, "allow"), (0, "warn"))}, "outcomes: the band from 0.0 must be higher and stricter"),
        ({"outcomes": bands((0, "allow"), (0.5, "hold"), (0.4, "decline"))}, "the band from 0.4 must be higher"),
        ({"outcomes": bands((0, "warn"), (0.5, "allow"))}, "the band from 0.5 must be higher and stricter"),
        ({"outcomes": bands((0, "warn"), (0.5, "warn"))}, "the band from 0.5 must be higher and stricter"),
        ({"risk_levels": bands((0, "high"), (0.5, "low"), key="level")}, "risk_levels: the band from 0.5"),
        ({"risk_levels": []}, "risk_levels: the first band starts from 0"),
        ({"outcomes": bands((0, "alow"))}, "outcomes[0].outcome: unknown 'alow'; did you mean allow?"),
        ({"outcomes": bands((0, "allow"), (1.5, "hold"))}, "outcomes[1].from: expected a score from 0 to 1, found 1.5"),
        ({"outcomes": bands((0, "allow"), (float("nan"), "hold"))}, "outcomes[1].from: expected a score from 0 to 1"),
        ({"hold_for": "a day"}, "hold_for: expected a span: a whole number and a unit, such as 30m, 24h or 7d, found"),
        ({"hold_for": "999999999d"}, "hold_for: 999999999d is longer than"),
        ({"holds": {"A-B": "73h"}}, "holds.A-B: 73h is longer than 3d, without two people"),
        ({"measures": {"warn": {"measure": "freeze_credit", "lasts": "1d"}}},
         "measures.warn.measure: unknown 'freeze_credit'; expected one of notice, request_information"),
        ({"measures": {"warn": {"measure": "notice", "lasts": "3651d"}}},
         "measures.warn.lasts: 3651d is longer than 3650d"),
        ({"measures": {"wran": {"measure": "notice", "lasts": "1d"}}},
         "measures: unknown key wran; did you mean warn?"),
        ({"ladder": []}, "unknown key ladder; the keys here are outcomes, risk_levels, hold_for, rows, hold_default"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_explained(wrong: dict[str, Any], says: str) -> None:
    policy, mistakes = told(FINE | wrong)
    assert policy is None
    assert [mistake.path for mistake in mistakes] == ["p.yaml"]
    assert mistakes[0].message.startswith(says) or says in mistakes[0].message
    assert mistakes[0].line is not None


def test_a_hold_is_as_long_as_the_longest_of_its_rules_has_it() -> None:
    policy, _ = told(FINE | {"holds": {"A-B": "72h", "A-C": "1h"}})
    assert policy is not None
    spans = [policy.hold_ms(hits) // HOUR_MS for hits in ((), ("X",), ("A-C",), ("A-C", "X", "A-B"))]
    assert spans == [24, 24, 1, 72]
    held = rule_on(policy, Case(Cell("payout", 800_000, 0, 0, frozenset({"A-B"})), "low"))
    assert (held.outcome, held.hold_ms) == ("hold", 72 * HOUR_MS)


def test_every_mistake_of_a_policy_is_told_at_once() -> None:
    wrong = {"outcomes": bands((0, "alow"), (2, "hold")), "hold_for": 24, "measures": {"warn": {"measure": "notice"}}}
    _, mistakes = told(FINE | wrong)
    assert [m.message.split(":")[0] for m in mistakes] == [
        "outcomes[0].outcome", "outcomes[1].from", "hold_for", "measures.warn.lasts is missing; expected a span"
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, [], "allow", 5])
def test_what_is_no_policy_is_refused(value: Any) -> None:
    _, mistakes = told(value)
    assert mistakes[0].message.startswith(
        "expected keys with values: outcomes, risk_levels, hold_for, rows, hold_default"
    )


STARTS = st.lists(st.integers(1, SCORE_UNIT), max_size=4, unique=True).map(sorted)


@given(STARTS, STARTS.map(lambda s: s[:3]), st.integers(0, SCORE_UNIT), st.sampled_from(OUTCOMES), st.data())
def test_a_ruling_is_the_stricter_of_band_and_rules(
    starts: list[int], levels: list[int], score: int, at_least: Any, data: st.DataObject
) -> None:
    score = data.draw(st.sampled_from([score, *starts, *levels, *(s - 1 for s in starts)]))
    policy, mistakes = told(
        FINE | {
            "outcomes": bands((0, "allow"), *zip([s / SCORE_UNIT for s in starts], OUTCOMES[1:])),
            "risk_levels": bands((0, "low"), *zip([s / SCORE_UNIT for s in levels], RISK_LEVELS[1:]), key="level"),
        }
    )  # fmt: skip
    assert policy is not None, mistakes
    level = policy.risk_levels[bisect_right(policy.level_starts, score) - 1].level
    cell = Cell("payment", score, 0, 0, frozenset())
    ruling = rule_on(policy, Case(cell, level, at_least))
    passed = sum(s <= score for s in starts)
    assert OUTCOMES.index(ruling.outcome) == max(passed, OUTCOMES.index(at_least))
    assert RISK_LEVELS.index(ruling.risk_level) == sum(s <= score for s in levels)
    assert ruling.alert == (ruling.outcome in {"verify", "hold", "decline"})
    assert ruling.hold_ms == (24 * HOUR_MS if ruling.outcome == "hold" else None)
    assert ruling.proposal == (Proposal(measure="notice", lasts="30d") if ruling.outcome == "warn" else None)
