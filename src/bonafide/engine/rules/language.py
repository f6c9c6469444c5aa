"""The expressions of rules and of a feature's `where`: parsed from text, checked, typed; never evaluated by Python.

Python's grammar is the surface: comparisons (also chained), `and or not`, `+ - * /`, `in [...]`, `in` a named list,
`is missing`, `is not missing`, `min max abs coalesce round_to`. Anything else is refused where it stands. A missing
operand makes a comparison unknown, and logic is three-valued (Kleene): unknown is not a match. A division by zero is
missing. docs/rules.md is the reference for people.
"""

from __future__ import annotations

from typing import Final

from bonafide.core.text import nearest
from bonafide.engine.rules.grammar import ALTERNATIVES_MAX, DEPTH_MAX, PARTS_MAX, Grammar
from bonafide.engine.rules.lexer import KEYWORDS
from bonafide.engine.rules.reader import FUNCTIONS, Reader
from bonafide.engine.rules.tree import (
    DECIDED_TYPES, DERIVED, Apply, Equals, ExpressionError, Located, Missing, Name, Node, NodePath, Number, Problem,
    Quantity, Span, Type, Unit, Vocabulary, amount_bounds, names_in, quantity_of_field, type_of_field, types_having,
    unit_of_field,
    words_of,
)  # fmt: skip

EXPRESSION_LENGTH_MAX: Final = 4_000

__all__ = [
    "ALTERNATIVES_MAX", "DECIDED_TYPES", "DEPTH_MAX", "DERIVED", "EXPRESSION_LENGTH_MAX", "FUNCTIONS", "KEYWORDS",
    "PARTS_MAX", "Apply", "Equals", "ExpressionError", "Located", "Missing", "Name", "Node", "NodePath", "Number",
    "Problem", "Quantity", "Span", "Type", "Unit", "Vocabulary", "amount_bounds", "names_in", "parse", "parse_located",
    "quantity_of_field", "type_of_field", "types_having", "unit_of_field",
    "words_of",
]  # fmt: skip


def parse(text: str, vocabulary: Vocabulary | None = None) -> Node:
    """The typed tree of an expression over event fields and a vocabulary; without one, over event fields only, as for
    a feature's `where`.

    Raises ExpressionError with every problem found, each with its column, what was expected and the nearest valid name.
    """
    return parse_located(text, vocabulary).node


def parse_located(text: str, vocabulary: Vocabulary | None = None, *, number: bool = False) -> Located:
    """As `parse`, with the place of each node; with `number` it may be a number too, and a condition is one: 1 or 0."""
    if len(text) > EXPRESSION_LENGTH_MAX:
        told = f"an expression has at most {EXPRESSION_LENGTH_MAX} characters"
        raise ExpressionError(text, (Problem(0, told, "too-long", 1, "make it several rules"),))
    problems: list[Problem] = []

    def note(start: int, end: int, message: str, advice: str | None) -> None:
        problems.append(Problem(min(start, len(text)), message, "syntax", max(end - start, 1), advice))

    grammar = Grammar(text, note)
    written = grammar.run()
    reader = Reader(text, vocabulary)
    if written is None:
        _note_near_misses(grammar, reader)
        raise ExpressionError(text, _ordered([*problems, *reader.problems]))
    node = reader.value(written) if number else reader.truth(written)
    if problems or reader.problems:
        raise ExpressionError(text, _ordered([*problems, *reader.problems]))
    return Located(node, text, _by_path(node, reader.spans))


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: p.column))


def _note_near_misses(grammar: Grammar, reader: Reader) -> None:
    """In an expression whose shape is wrong, at least the names that are plainly misspelt."""
    tokens = grammar.tokens
    for before, token, after in zip(tokens[-1:] + tokens, tokens, tokens[1:], strict=False):
        known = token.kind != "name" or token.text in reader.types or token.text in KEYWORDS
        if known or after.text in ("(", ".") or before.text in ("==", "!=", "=", ".", "in", ",", "["):
            continue
        if any(t.kind == "name" and t.text not in KEYWORDS for t in (before, after)):
            continue  # a name that fell apart
        if nearest(token.text, reader.types) is not None:
            reader.note(token, "unknown-name", *reader.unknown(token.text))


def _by_path(root: Node, spans: dict[int, Span]) -> dict[NodePath, Span]:
    found: dict[NodePath, Span] = {}
    stack: list[tuple[NodePath, Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        found[path] = spans[id(node)]
        if isinstance(node, Apply):
            stack += [((*path, i), part) for i, part in enumerate(node.parts)]
    return found
