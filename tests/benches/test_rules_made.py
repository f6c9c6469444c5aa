"""The thirty rules mean the same in every language, and in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benches.speed.rules_made import (
    HELD_FRACTION_MAX,
    OPERATORS,
    OURS,
    RULE_ENGINE,
    RULES,
    ZEN,
    Condition,
    MadeRule,
    holds,
    make_rules,
    render,
)

LOG = 3_000
RECORDS = 200


@pytest.fixture(scope="module")
def columns() -> dict[str, NDArray[Any]]:
    rng = np.random.Generator(np.random.PCG64(1))
    made: dict[str, NDArray[Any]] = {f"f{i}": rng.integers(0, 1_000, LOG).astype(float) for i in range(12)}
    for name in ("f0", "f1", "f2"):
        made[name][rng.random(LOG) < 0.2] = np.nan
    made["pay_with"] = np.array(["credit", "card"], dtype=object)[rng.integers(2, size=LOG)]
    made["goods"] = np.array(["physical", "virtual", None], dtype=object)[rng.integers(3, size=LOG)]
    made["channel"] = np.array(["app", "qr", "web", None], dtype=object)[rng.integers(4, size=LOG)]
    return made


def records(columns: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    def value(v: Any) -> Any:
        return (None if np.isnan(v) else int(v)) if isinstance(v, float) else v

    return [{name: value(values[i]) for name, values in columns.items()} for i in range(RECORDS)]


def test_rules_are_many_long_enough_and_rare(columns: dict[str, NDArray[Any]]) -> None:
    made = make_rules(columns)
    assert len(set(made)) == RULES
    assert min(rule.operators for rule in made) >= OPERATORS
    assert all(0 < holds(rule, columns).mean() <= HELD_FRACTION_MAX for rule in made)
    assert {part.form for rule in made for part in (*rule.every, *rule.either)} == {
        "one", "sum", "part", "gap", "word", "words"
    }  # fmt: skip
    assert make_rules(columns) == made


def test_zen_engine_finds_the_same_hits(columns: dict[str, NDArray[Any]]) -> None:
    zen = pytest.importorskip("zen")
    for rule in make_rules(columns):
        compiled = zen.compile_expression(render(rule, ZEN))
        assert [compiled.evaluate(r) for r in records(columns)] == holds(rule, columns)[:RECORDS].tolist()


def test_rule_engine_finds_the_same_hits(columns: dict[str, NDArray[Any]]) -> None:
    rule_engine = pytest.importorskip("rule_engine")
    for rule in make_rules(columns):
        compiled = rule_engine.Rule(render(rule, RULE_ENGINE))
        assert [compiled.matches(r) for r in records(columns)] == holds(rule, columns)[:RECORDS].tolist()


def test_a_name_that_may_be_missing_is_asked_for_first() -> None:
    gap = Condition(("a",), ">=", "gap", "a", "b", 3.0)
    word = Condition((), "==", "word", "goods", words=("virtual",))
    rule = MadeRule((gap,), (word, gap))
    assert rule.operators == 5 + 1 + 5 + 2
    assert render(rule, OURS) == (
        "a is not missing and abs(a - b) >= 3 and ((goods == 'virtual') or (a is not missing and abs(a - b) >= 3))"
    )
    assert render(rule, RULE_ENGINE).startswith("a != null and $abs(a - b) >= 3")
