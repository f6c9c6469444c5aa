"""What a rule author reads when an expression is wrong, word for word in golden/expression_errors.txt, and what it is
when it is right.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/engine/rules/test_language.py`; read the difference.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import (
    ALTERNATIVES_MAX,
    DEPTH_MAX,
    EXPRESSION_LENGTH_MAX,
    Apply,
    Equals,
    ExpressionError,
    Missing,
    Name,
    Number,
    Problem,
    names_in,
    parse,
)  # fmt: skip
from bonafide.engine.rules.utilisation import expand
from tests.engine.kit import SECRET, assert_golden
from tests.engine.rules.expressions import FEATURES, conditions

GOLDEN = Path(__file__).parent / "golden" / "expression_errors.txt"
KNOWN = ("user_payment_count_24h", "merchant_buyers_30d")
LISTS = {"watched": ("m1", "m2")}

WRONG = (
    "", "   ", "amout > 100", "userid == 'u1'", "user_payment_count_24 > 4", "amount", "goods", "5", "True", "None",
    "'virtual'", "amount > 100 and", "(amount > 100", "amount > 100)", "amount = 100", "goods = 'virtual'",
    "amount => 100", "amount > 100 && amount < 200", "amount > 100; amount < 5", "goods == virtual",
    "goods == 'virtul'", "goods == 'gift'", "goods == 5", "currency == 'RMB'", "type == 'paymnt'", "type == status",
    "status == type", "goods > 'a'", "goods < 5", "5 < goods", "user_id == 5", "user_id == goods", "user_id == True",
    "amount == 'much'", "amount == goods", "amount > True", "amount > None", "success == 1", "success == 'yes'",
    "success > 0", "amount + goods > 5", "sum(amount) > 5", "mim(amount, 5) > 5", "min(amount) > 5",
    "abs(amount, 5) > 5", "round_to(amount) > 5", "min(*amount) > 5", "min(amount, default=5) > 5", "amount ** 2 > 5",
    "amount % 2 == 0", "amount // 2 == 1", "+amount > 5", "not amount", "amount and goods", "amount in [1, 2]",
    "goods in ['virtual', 'gift']", "goods in 'virtual'", "goods in []", "merchant_id in watchd", "success in [True]",
    "'virtual' in goods", "goods is None", "goods is 'virtual'", "amount > 5 is missing", "5 is missing",
    "unknown_thing is missing", "documents is missing", "documents == 'x'", "amount > 1e18", "amount > 1e999",
    "amount > 9999999999999999999999", "amount > 1j", "amount > ...", "amount if goods == 'virtual' else 5",
    "lambda: amount", "[a for a in amount]", "(yield)", "amount := 5", "f'{amount}' == 'x'", "amount.real > 5",
    "().__class__.__bases__[0].__subclasses__() == 5", "__import__('os').system('true')", "amount[0] > 5",
    "user_id == 'a\\x00b'", "user_id == '\\ud800'", "goods == 'virtual", "a" * 3_000 + " > 5",
    "goods == '" + "x" * 3_000 + "'", "amount > '" + "x" * 3_000 + "'", "x" * (EXPRESSION_LENGTH_MAX + 1),
    "(" * 10_000 + "amount" + ")" * 10_000, "(" * 1_900 + "amount > 5" + ")" * 1_900, "not " * 900 + "amount > 5",
    "-" * 900 + "amount > 5", "amount" + " + 1" * 900 + " > 5", "min(" * 60 + "amount" + ", 1)" * 60 + " > 5",
    "商户 == 'm1' and amout > 5", "merchant_id == '商户' and amout > 5",
    "   amout > 5", "amount > 5\n  and amout > 5", "\ufeffamount > 5", "#",
)  # fmt: skip


def shown_column(problem: Problem) -> str:
    """The column; where Python gave up is each version's own affair."""
    return "?" if problem.message.startswith("not an expression") else str(problem.column + 1)


def told(text: str) -> str:
    """A wrong expression and what is said of it."""
    shown = text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"
    try:
        parse(text, KNOWN, LISTS)
    except ExpressionError as error:
        lines = [f"    {shown_column(p)}: {p.message}" for p in error.problems]
    else:
        lines = ["    nothing is wrong with it"]
    return "\n".join([repr(shown)[1:-1], *lines, ""])


def test_each_mistake_is_explained_word_for_word() -> None:
    text = "\n".join(told(wrong) for wrong in WRONG)
    assert_golden(GOLDEN, text)
    assert max(map(len, text.splitlines())) < 200
    assert "nothing is wrong" not in text


def test_a_list_has_an_end() -> None:
    def among(count: int) -> str:
        return f"user_id in [{', '.join(['1'] * count)}]".replace("1", "''")

    assert parse(among(ALTERNATIVES_MAX - 600))
    with pytest.raises(ExpressionError, match="at most"):
        parse(among(ALTERNATIVES_MAX + 1))
    with pytest.raises(ExpressionError, match=f"at most {ALTERNATIVES_MAX} entries"):
        parse("user_id in long", lists={"long": ("x",) * (ALTERNATIVES_MAX + 1)})


@given(st.text(max_size=60) | st.text("()[]{}<>=!+-*/.,:'\"\\ \nanotrismg0159_é", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        node = parse(text, KNOWN)
    except ExpressionError as error:
        assert error.problems
        for problem in error.problems:
            assert 0 <= problem.column <= len(text)
            assert len(problem.message) < 200
    else:
        names_in(node)


@given(conditions, st.integers(0, 400))
def test_a_damaged_expression_is_parsed_or_refused(text: str, cut: int) -> None:
    for damaged in (text[:cut], text[cut:], text[:cut] + text[cut + 1 :], text.replace(" ", "", 1)):
        try:
            parse(damaged, FEATURES)
        except ExpressionError as error:
            assert error.problems


@pytest.mark.parametrize(
    "text",
    [
        "not " * (DEPTH_MAX - 3) + "amount > 5", "amount" + " + 1" * (DEPTH_MAX - 3) + " > 5",
        "min(1, 2, 3, 4, 5, 6, 7, " * (DEPTH_MAX - 4) + "8" + ")" * (DEPTH_MAX - 4) + " > 5",
        "max(" * (DEPTH_MAX - 4) + "8" + ", 1, 2, 3, 4, 5)" * (DEPTH_MAX - 4) + " > utilisation",
    ],
)  # fmt: skip
def test_what_is_parsed_can_be_compiled_without_deep_recursion(text: str) -> None:
    """With room to spare for whoever calls: a third of the frames that Python allows."""
    node = expand(parse(text, ("f0",)))
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth_here() + 700)
    try:
        names_in(node)
        bound = compile_bundle([], [(parse(text.replace("utilisation", "1")), 0.5)], Settings("CNY"))
        bound.bind(SECRET, load_kernels().hash_texts)
    finally:
        sys.setrecursionlimit(before)


def _depth_here() -> int:
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("amount > 5", Apply(">", (Name("amount", "number"), Number(5.0)), "truth")),
        ("5 < amount", Apply(">", (Name("amount", "number"), Number(5.0)), "truth")),
        ("goods == 'virtual'", Equals("goods", ("virtual",), None)),
        ("'virtual' == goods", Equals("goods", ("virtual",), None)),
        ("goods != 'virtual'", Apply("not", (Equals("goods", ("virtual",), None),), "truth")),
        ("goods in ('virtual', 'service')", Equals("goods", ("virtual", "service"), None)),
        ("merchant_id in watched", Equals("merchant_id", ("m1", "m2"), None)),
        ("user_id == merchant_id", Equals("user_id", (), "merchant_id")),
        ("success", Equals("success", (True,), None)),
        ("success == False", Equals("success", (False,), None)),
        ("goods is missing", Missing("goods")),
        ("type == 'payment'", Equals("type", ("payment",), None)),
        ("merchant_id == 'cafe\u0301'", Equals("merchant_id", ("café",), None)),
        (
            "amount > -5",
            Apply(">", (Name("amount", "number"), Apply("-", (Number(0.0), Number(5.0)), "number")), "truth"),
        ),
        ("amount > 5 # a lot", Apply(">", (Name("amount", "number"), Number(5.0)), "truth")),
        ("amount\n> 5", Apply(">", (Name("amount", "number"), Number(5.0)), "truth")),
    ],
)
def test_what_is_right_means_one_thing(text: str, node: object) -> None:
    assert parse(text, KNOWN, LISTS) == node


def test_a_chain_compares_each_pair() -> None:
    assert parse("1 < amount <= 5") == parse("(1 < amount) and (amount <= 5)")


def test_names_are_what_an_expression_reads() -> None:
    text = "amount > min(f0, credit_limit) and (goods is missing or user_id == device_id) and not success"
    assert names_in(parse(text, ("f0",))) == {
        "amount", "f0", "credit_limit", "goods", "user_id", "device_id", "success"
    }  # fmt: skip


def test_an_odd_escape_warns_nobody() -> None:
    assert parse(r"user_id == '\d'") == Equals("user_id", (r"\d",), None)
