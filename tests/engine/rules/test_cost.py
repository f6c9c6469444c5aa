"""What rules cost: as many instructions as the program has, lists by their logarithm; and what is said of too many."""

from __future__ import annotations

import pytest
from hypothesis import given

from bonafide.engine.rules.cost import RULE_COST_MAX, cost_of, cost_of_all, too_costly
from bonafide.engine.rules.language import Quantity, Vocabulary, parse, parse_located
from tests.engine.rules.expressions import VOCABULARY, conditions


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("amount > 5", 2), ("amount > 5 and amount < 9", 4), ("goods == 'virtual'", 1), ("goods != 'virtual'", 2),
        ("goods in ['virtual', 'service', 'physical']", 3), ("goods is missing", 1), ("user_id == merchant_id", 1),
        ("amount > 5 and amount > 5", 3), ("-amount > -5", 4), ("min(amount, 1, 2) > 5", 4), ("success", 1),
    ],
)  # fmt: skip
def test_a_cost_is_counted_in_instructions(text: str, cost: int) -> None:
    assert cost_of(parse(text)) == cost


def test_a_list_costs_its_logarithm() -> None:
    words = Vocabulary(lists={"long": tuple(f"x{i}" for i in range(100_000))})
    assert cost_of(parse("user_id in long", words)) == 1 + 17


@given(conditions)
def test_rules_that_share_parts_cost_less_together(text: str) -> None:
    one, other = parse(text, VOCABULARY), parse(f"amount > 5 and ({text})", VOCABULARY)
    assert cost_of_all([one, one]) == cost_of(one)
    assert max(cost_of(one), cost_of(other)) <= cost_of_all([one, other]) <= cost_of(one) + cost_of(other)


def test_utilisation_costs_what_it_is_made_of() -> None:
    assert cost_of(parse("utilisation > 0.5", Vocabulary())) > 10


def test_what_is_too_costly_is_told_with_its_dearest_part() -> None:
    words = Vocabulary({f"f{i}": Quantity("number") for i in range(200)})
    dear = " or ".join(f"max(f{i}, f{i + 1}) > min(f{i + 2}, {i}) * 2" for i in range(40))
    text = f"amount > 5 and ({dear}) and goods == 'virtual'"
    located = parse_located(text, words)
    problem = too_costly(located)
    assert problem is not None
    cost = cost_of(located.node)
    assert cost > RULE_COST_MAX
    assert problem.code == "too-costly"
    assert f"takes {cost} instructions" in problem.message
    assert f"at most {RULE_COST_MAX}" in problem.message
    assert text[problem.column : problem.column + problem.width] == f"({dear})"
    assert too_costly(parse_located("amount > 5", words)) is None
