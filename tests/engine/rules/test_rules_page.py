"""docs/rules.md: every operator and function is there, and every condition on it means something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bonafide.engine.rules.cost import BUNDLE_COST_MAX, RULE_COST_MAX
from bonafide.engine.rules.language import (
    ALTERNATIVES_MAX,
    DEPTH_MAX,
    DERIVED,
    EXPRESSION_LENGTH_MAX,
    FUNCTIONS,
    KEYWORDS,
    PARTS_MAX,
    ExpressionError,
    Quantity,
    Vocabulary,
    parse,
)  # fmt: skip

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
WORDS = Vocabulary(
    {
        "user_payment_count_24h": Quantity("count", 0), "user_credit_sum_24h": Quantity("money", 0),
        "user_since_first": Quantity("seconds", 0), "user_amount_zscore_90d": Quantity("score"),
    },
    {"watched_merchants": ("m1", "m2")},
)  # fmt: skip
QUOTED = re.findall(r"`([^`]+)`", PAGE)
CONDITIONS = [
    cell for cell in QUOTED if re.search(r"[\w)\]'] (==|!=|<=?|>=?|(not )?in|is|and|or) [\w('\[-]", cell)
]  # fmt: skip


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_on_the_page_can_be_read(text: str) -> None:
    try:
        parse(text, WORDS)
    except ExpressionError as error:
        raise AssertionError(f"{text}: {error}") from None


def test_the_page_has_everything() -> None:
    assert len(CONDITIONS) >= 20
    for word in ("or", "and", "not", "in", "not in", "is missing", "is not missing", "<", "<=", ">", ">=", "==", "!=",
                 "+", "-", "*", "/", "True", "False", "utilisation", "type", *DERIVED):  # fmt: skip
        assert any(word == cell or cell.startswith(f"{word}(") for cell in QUOTED), word
    for name in FUNCTIONS:
        assert any(cell.startswith(f"{name}(") for cell in QUOTED), name
    assert {"and", "or", "not", "in", "is", "missing", "True", "False"} == KEYWORDS
    for bound in (EXPRESSION_LENGTH_MAX, PARTS_MAX, DEPTH_MAX, ALTERNATIVES_MAX, RULE_COST_MAX, BUNDLE_COST_MAX):
        assert re.search(rf"\b{bound:,}\b", PAGE), bound
