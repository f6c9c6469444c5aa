"""What a rule author reads when an expression is wrong, word for word in golden/expression_errors.txt, and what it is
when it is right.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/engine/rules/test_language.py`; read the difference.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.grammar import Grammar, Piece
from bonafide.engine.rules.language import (
    ALTERNATIVES_MAX,
    DEPTH_MAX,
    Apply,
    Equals,
    ExpressionError,
    Missing,
    Name,
    Node,
    Number,
    Quantity,
    Vocabulary,
    names_in,
    parse,
    parse_located,
)  # fmt: skip
from bonafide.engine.rules.utilisation import expand
from tests.engine.kit import SECRET, assert_golden
from tests.engine.rules.expressions import VOCABULARY, conditions
from tests.engine.rules.wrong import WRONG

GOLDEN = Path(__file__).parent / "golden" / "expression_errors.txt"
KNOWN = Vocabulary(
    dict.fromkeys(("user_payment_count_24h", "merchant_buyers_30d"), Quantity("count", 0)),
    {"watched": ("m1", "m2"), "resold": ("virtual", "gift")},
    {"user_last_device": "is the last of a text, which a rule cannot read as a number"},
)


def told(text: str) -> str:
    """A wrong expression and what is said of it."""
    shown = text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"
    try:
        parse(text, KNOWN)
    except ExpressionError as error:
        mistakes = [
            Mistake(p.code, f"[{p.code}] {p.message}", "", 1, p.column + 1, p.width, p.help, p.severity)
            for p in error.problems
        ]
        said = show_mistakes(mistakes, {"": text.replace("\n", " ")})
    else:
        said = "nothing is wrong with it"
    return f"##### {repr(shown)[1:-1]}\n{said}\n".encode("utf-8", "backslashreplace").decode()


def test_each_mistake_is_explained_word_for_word() -> None:
    text = "\n".join(told(wrong) for wrong in WRONG)
    assert_golden(GOLDEN, text)
    assert max(map(len, text.splitlines())) < 250
    assert "nothing is wrong" not in text


def test_a_list_has_an_end() -> None:
    def among(count: int) -> str:
        return f"user_id in[{','.join(['1'] * count)}]".replace("1", "''")

    assert len(parse(among(ALTERNATIVES_MAX)).values) == ALTERNATIVES_MAX
    with pytest.raises(ExpressionError, match=f"at most {ALTERNATIVES_MAX} entries"):
        parse(among(ALTERNATIVES_MAX + 1))
    long = Vocabulary(lists={"long": tuple(f"x{i}" for i in range(100_000))})
    assert len(parse("user_id in long", long).values) == 100_000


@given(st.text(max_size=60) | st.text("()[]{}<>=!+-*/.,:'\"\\ \nanotrismg0159_é", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        node = parse(text, KNOWN)
    except ExpressionError as error:
        assert error.problems
        for problem in error.problems:
            assert 0 <= problem.column <= len(text)
            assert 1 <= problem.width <= max(len(text) - problem.column, 1)
            assert len(problem.message) < 250
    else:
        names_in(node)


@given(conditions, st.integers(0, 400))
def test_a_damaged_expression_is_parsed_or_refused(text: str, cut: int) -> None:
    for damaged in (text[:cut], text[cut:], text[:cut] + text[cut + 1 :], text.replace(" ", "", 1)):
        try:
            parse(damaged, VOCABULARY)
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
    node = expand(parse(text, VOCABULARY))
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
        ("merchant_id in watched", Equals("merchant_id", ("m1", "m2"), None, "watched")),
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
    assert parse(text, KNOWN) == node


def test_a_chain_compares_each_pair() -> None:
    assert parse("1 < amount <= 5") == parse("(1 < amount) and (amount <= 5)")


def test_names_are_what_an_expression_reads() -> None:
    text = "amount > min(f0, credit_limit) and (goods is missing or user_id == device_id) and not success"
    assert names_in(parse(text, VOCABULARY)) == {
        "amount", "f0", "credit_limit", "goods", "user_id", "device_id", "success"
    }  # fmt: skip


def test_an_odd_escape_warns_nobody() -> None:
    assert parse(r"user_id == '\d'") == Equals("user_id", (r"\d",), None)


def test_a_list_name_is_kept_and_the_node_is_equal_only_to_the_same_list() -> None:
    assert parse("merchant_id in watched", KNOWN) != parse("merchant_id in ['m1', 'm2']", KNOWN)


def test_a_problem_is_found_in_each_part_at_once() -> None:
    text = "amout > 5 and goods == 'virtul' or merchant_id in watchd and mim(amount) > '3'"
    with pytest.raises(ExpressionError) as caught:
        parse(text, KNOWN)
    marked = [text[p.column : p.column + p.width] for p in caught.value.problems]
    assert marked == ["amout", "'virtul'", "watchd", "mim", "'3'"]


@given(conditions)
def test_every_node_is_where_it_was_written(text: str) -> None:
    """A name's place holds the name; a part lies inside the whole; every node has a place."""
    located = parse_located(text, VOCABULARY)
    for path, node in walk(located.node):
        span = located.spans[path]
        written = text[span.start : span.end]
        assert written
        if isinstance(node, Name):
            assert written.strip("() ") == node.name
        if path:
            above = located.spans[path[:-1]]
            assert above.start <= span.start <= span.end <= above.end


def walk(root: Node) -> Iterator[tuple[tuple[int, ...], Node]]:
    """Every node with the way to it."""
    stack: list[tuple[tuple[int, ...], Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        yield path, node
        if isinstance(node, Apply):
            stack += [((*path, i), part) for i, part in enumerate(node.parts)]


SIGNS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
}  # fmt: skip


def from_python(tree: ast.expr) -> Any:
    """Python's own reading of an expression, as nested tuples."""
    match tree:
        case ast.BoolOp(op=op, values=values):
            return ("and" if isinstance(op, ast.And) else "or", *(from_python(v) for v in values))
        case ast.UnaryOp(op=op, operand=operand):
            return ("not" if isinstance(op, ast.Not) else "-", from_python(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return (SIGNS[type(op)], from_python(left), from_python(right))
        case ast.Compare(left=left, ops=ops, comparators=right):
            return (tuple(SIGNS[type(op)] for op in ops), *(from_python(p) for p in (left, *right)))
        case ast.Call(func=ast.Name(id=name), args=args):
            return (name, *(from_python(a) for a in args))
        case ast.List(elts=items):
            return ("list", *(from_python(item) for item in items))
        case ast.Name(id=name):
            return name
        case ast.Constant(value=value):
            return ("constant", float(value) if type(value) is int else value)
    raise AssertionError(ast.dump(tree))


def from_grammar(piece: Piece) -> Any:
    """Our reading, as nested tuples."""
    parts = tuple(from_grammar(part) for part in piece.parts)
    match piece.shape:
        case "and" | "or" | "not" | "-" | "list" as shape:
            return (shape, *parts)
        case "arithmetic" | "call":
            return (piece.value.text, *parts)
        case "compare":
            return (tuple(op.text for op in piece.value), *parts)
        case "name":
            return piece.value
        case "missing":
            return "missing"
    return ("constant", piece.value)


@given(conditions)
@example("not amount > 5 and -amount - 3 * 2 / 4 < 5 or goods == 'virtual' and not success")
@example("1 < amount <= 5 != 3 and - - amount > 5")
@example(r"goods not in ['virtual', 'a\'b\x41\u4e00\n\d'] and (amount + 1) * -2 > 5 - 3 - 1")
@example("user_id == 'a' or user_id == 'b' and not not success or amount > 1_000.5e-3")
def test_an_expression_is_read_as_python_reads_it(text: str) -> None:
    def never(*_: object) -> None:
        raise AssertionError("nothing is wrong with it")

    piece = Grammar(text, never).run()
    assert piece is not None
    with warnings.catch_warnings(action="ignore"):
        assert from_grammar(piece) == from_python(ast.parse(text.strip(), mode="eval").body)


@pytest.mark.parametrize("text", ["amount > .²", "amount > ²", "amount > .٣"])
def test_a_figure_that_is_no_digit_is_no_number(text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert refused.value.problems
