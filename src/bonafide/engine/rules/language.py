"""The expressions of rules and of a feature's `where`: parsed from text, checked, typed; never evaluated by Python.

Python's grammar is the surface: comparisons (also chained), `and or not`, `+ - * /`, `in [...]`, `is missing`,
`is not missing`, `min max abs coalesce round_to`. Anything else is refused with its column. A missing operand makes a
comparison unknown, and logic is three-valued (Kleene): unknown is not a match. A division by zero is missing.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from bonafide.core.fields import FIELDS, TYPE_NAMES, Field
from bonafide.core.text import did_you_mean, is_tidy, shorten, show_value, to_nfc

Type = Literal["number", "text", "word", "flag", "truth"]

EXPRESSION_LENGTH_MAX: Final = 4_000
NODES_MAX: Final = 400
DEPTH_MAX: Final = 40
"""Levels of brackets, functions and operators in one another; a sum of n terms has n levels."""
ALTERNATIVES_MAX: Final = 1_000
"""Longest list after `in`."""
FUNCTIONS: Final[dict[str, tuple[int, int]]] = {
    "min": (2, 8), "max": (2, 8), "abs": (1, 1), "coalesce": (2, 8), "round_to": (2, 2),
}  # fmt: skip
"""Name -> fewest and most arguments, all numbers. round_to(x, step) is the nearest multiple of step, halves upward."""
DERIVED: Final = ("local_hour", "local_day")
"""Numbers computed from an event's time with the bundle's fixed offset."""

_LINE_BREAKS: Final = str.maketrans("\r\n", "  ")
_COMPARE: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class Number(NamedTuple):
    """A constant."""

    value: float


class Name(NamedTuple):
    """An event field, a derived field or a feature."""

    name: str
    type: Type


class Apply(NamedTuple):
    """An operator or function over parts: comparisons, arithmetic, logic, functions."""

    op: str
    parts: tuple[Node, ...]
    type: Type


class Equals(NamedTuple):
    """A text, word or flag field that equals one of some constants, or another field."""

    field: str
    values: tuple[str | bool, ...]
    other: str | None


class Missing(NamedTuple):
    """A field or feature that is absent."""

    name: str


Node = Number | Name | Apply | Equals | Missing


class Problem(NamedTuple):
    """What is wrong with an expression, and the column (from 0) where."""

    column: int
    message: str


class ExpressionError(Exception):
    """Everything that is wrong with one expression."""

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.text = text
        self.problems = problems


def words_of(name: str) -> tuple[str, ...]:
    """The values that a word field may have; `type` is the event's type."""
    return TYPE_NAMES if name == "type" else FIELDS[name].words


def type_of_field(field: Field) -> Type | None:
    """How an expression sees a field; None for lists, which expressions cannot read."""
    if field.is_number:
        return "number"
    match field.kind:
        case "text":
            return "text"
        case "word":
            return "word"
        case "flag":
            return "flag"
        case _:
            return None


def parse(text: str, features: tuple[str, ...] = (), lists: Mapping[str, tuple[str, ...]] | None = None) -> Node:
    """The typed tree of an expression over event fields, `features` and named `lists`.

    Raises ExpressionError with every problem found: unknown names with the nearest valid one, wrong types, and
    anything outside the language.
    """
    if len(text) > EXPRESSION_LENGTH_MAX:
        raise ExpressionError(text, (Problem(0, f"an expression has at most {EXPRESSION_LENGTH_MAX} characters"),))
    line = text.translate(_LINE_BREAKS)
    start = len(line) - len(line.lstrip())
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(line[start:], mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = start + (error.offset or 1) - 1 if isinstance(error, SyntaxError) else 0
        hint = " (write == to compare)" if "=" in text.replace("==", "").replace("<=", "").replace(">=", "").replace(
            "!=", ""
        ) else ""  # fmt: skip
        raise ExpressionError(text, (Problem(column, f"not an expression{hint}"),)) from None
    if sum(1 for _ in ast.walk(tree)) > NODES_MAX * 4:
        raise ExpressionError(text, (Problem(0, f"an expression has at most {NODES_MAX} parts"),))
    if _depth(tree) > DEPTH_MAX:
        raise ExpressionError(text, (Problem(0, f"an expression is nested at most {DEPTH_MAX} deep"),))
    reader = _Reader(line, start, features, lists or {})
    node = reader.truth(tree)
    if reader.problems:
        raise ExpressionError(text, tuple(reader.problems))
    return node


def _depth(tree: ast.expr) -> int:
    """How many expressions stand in one another."""
    depth, level = 0, [tree]
    while level:
        level = [below for above in level for below in ast.iter_child_nodes(above) if isinstance(below, ast.expr)]
        depth += 1
    return depth


def names_in(node: Node) -> set[str]:
    """The fields and features that an expression reads."""
    match node:
        case Name(name) | Missing(name):
            return {name}
        case Equals(field, _, other):
            return {field} if other is None else {field, other}
        case Apply(_, parts):
            return set().union(*(names_in(part) for part in parts))
        case Number():
            return set()


class _Reader:
    """Walks Python's syntax tree and builds ours; what is wrong is noted, and the walk goes on."""

    def __init__(self, line: str, start: int, features: tuple[str, ...], lists: Mapping[str, tuple[str, ...]]) -> None:
        self.problems: list[Problem] = []
        self.line = line
        self.start = start
        self.lists = lists
        self.types: dict[str, Type] = dict.fromkeys((*DERIVED, *features), "number")
        self.types["type"] = "word"
        if features:
            self.types["utilisation"] = "number"
        for field in FIELDS.values():
            seen = type_of_field(field)
            if seen is not None:
                self.types[field.name] = seen

    def note(self, at: ast.AST, message: str) -> Node:
        # Python counts bytes from where the expression starts; people count characters of what they wrote.
        before = self.line[self.start :].encode()[: getattr(at, "col_offset", 0)]
        self.problems.append(Problem(self.start + len(before.decode()), message))
        return Number(0.0)

    def truth(self, at: ast.expr) -> Node:
        """A condition."""
        match at:
            case ast.BoolOp(op=op, values=values):
                name = "and" if isinstance(op, ast.And) else "or"
                return Apply(name, tuple(self.truth(v) for v in values), "truth")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Apply("not", (self.truth(operand),), "truth")
            case ast.Compare():
                return self._comparison(at)
            case ast.Name(id=name) if self.types.get(name) == "flag":
                return Equals(name, (True,), None)
            case ast.Name(id=name) if name not in self.types:
                return self._name(at)
            case _:
                return self.note(at, "expected a condition, such as amount > 100")

    def _comparison(self, at: ast.Compare) -> Node:
        pairs = zip([at.left, *at.comparators], at.ops, at.comparators, strict=False)
        parts = tuple(self._pair(left, op, right) for left, op, right in pairs)
        return parts[0] if len(parts) == 1 else Apply("and", parts, "truth")

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.Is | ast.IsNot):
            return self._missing(left, right, negated=isinstance(op, ast.IsNot))
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, right, negated=isinstance(op, ast.NotIn))
        if isinstance(left, ast.Constant) and isinstance(right, ast.Name):
            swapped = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
            left, right, op = right, left, swapped.get(type(op), type(op))()
        if isinstance(left, ast.Name) and self.types.get(left.id) in {"text", "word", "flag"}:
            return self._sameness(left, op, right)
        if isinstance(left, ast.Name) and left.id not in self.types and not isinstance(right, ast.Name):
            return self._name(left)  # whether the other side would fit it, nobody knows
        return Apply(_COMPARE[type(op)], (self.number(left), self.number(right)), "truth")

    def _sameness(self, left: ast.Name, op: ast.cmpop, right: ast.expr) -> Node:
        if not isinstance(op, ast.Eq | ast.NotEq):
            return self.note(left, f"{left.id} is not a number; compare it with == or !=")
        if isinstance(right, ast.Name) and right.id not in self.types:
            near = did_you_mean(right.id, list(self.types))
            return self.note(right, f"unknown name {shorten(right.id)}; a text stands in quotes{near}")
        if isinstance(right, ast.Name):
            if "type" in {left.id, right.id}:
                return self.note(right, "type is compared with a quoted type, such as 'payment'")
            if self.types[right.id] != self.types[left.id]:
                return self.note(right, f"{left.id} is a {self.types[left.id]} and {right.id} a {self.types[right.id]}")
            node: Node = Equals(left.id, (), right.id)
        else:
            node = Equals(left.id, (self._constant(left, right),), None)
        return Apply("not", (node,), "truth") if isinstance(op, ast.NotEq) else node

    def _membership(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Node:
        values: tuple[str | bool, ...] = ()
        if not isinstance(left, ast.Name) or self.types.get(left.id) not in {"text", "word"}:
            return self.note(left, "only a text or word field can be `in` a list")
        if isinstance(right, ast.List | ast.Tuple | ast.Set) and right.elts:
            values = tuple(self._constant(left, item) for item in right.elts)
        elif isinstance(right, ast.Name) and right.id in self.lists:
            values = self.lists[right.id]
        elif isinstance(right, ast.Name):
            return self.note(right, f"unknown list {shorten(right.id)}{did_you_mean(right.id, list(self.lists))}")
        else:
            return self.note(right, "expected a list, such as ['physical', 'virtual'], or the name of a list")
        if len(values) > ALTERNATIVES_MAX:
            return self.note(right, f"a list has at most {ALTERNATIVES_MAX} entries")
        node = Equals(left.id, values, None)
        return Apply("not", (node,), "truth") if negated else node

    def _constant(self, field: ast.Name, at: ast.expr) -> str | bool:
        kind = self.types[field.id]
        value = at.value if isinstance(at, ast.Constant) else None
        if kind == "flag":
            if isinstance(value, bool):
                return value
            self.note(at, f"{field.id} is True or False")
        elif not isinstance(value, str):
            self.note(at, f"expected a quoted text to compare {field.id} with")
        elif kind == "word" and value not in words_of(field.id):
            words = words_of(field.id)
            shown = ", ".join(words) if len(words) <= 12 else f"{len(words)} words, such as {words[0]}"
            self.note(at, f"{show_value(value)} is no value of {field.id} ({shown}){did_you_mean(value, list(words))}")
        elif not is_tidy(text := to_nfc(value, EXPRESSION_LENGTH_MAX)):
            self.note(at, f"{show_value(value)} has control characters, which no field has")
        else:
            return text
        return ""

    def _missing(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Node:
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            return self.note(right, "after `is` only `missing` or `not missing` can stand")
        if not isinstance(left, ast.Name):
            return self.note(left, "only a field or feature can be missing")
        self._name(left)
        node = Missing(left.id)
        return Apply("not", (node,), "truth") if negated else node

    def _name(self, at: ast.Name) -> Node:
        if at.id not in self.types:
            return self.note(at, f"unknown name {shorten(at.id)}{did_you_mean(at.id, list(self.types))}")
        return Name(at.id, self.types[at.id])

    def number(self, at: ast.expr) -> Node:
        """An expression that gives a number."""
        match at:
            case ast.Constant(value=bool() | None | str() | bytes()):
                return self.note(at, f"expected a number, found {shorten(ast.unparse(at))}")
            case ast.Constant(value=int() | float() as value):
                return Number(float(value)) if abs(value) < 1e18 else self.note(at, "a number lies within 1e18 of zero")
            case ast.Name(id=name) if self.types.get(name, "number") != "number":
                return self.note(at, f"{name} is a {self.types[name]}, not a number")
            case ast.Name():
                return self._name(at)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Apply("-", (Number(0.0), self.number(operand)), "number")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return Apply(_ARITHMETIC[type(op)], (self.number(left), self.number(right)), "number")
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(at, name, args)
            case _:
                return self.note(at, "expected a number: a constant, a field, a feature, + - * / or a function")

    def _call(self, at: ast.Call, name: str, args: list[ast.expr]) -> Node:
        if name not in FUNCTIONS:
            return self.note(at, f"unknown function {shorten(name)}{did_you_mean(name, list(FUNCTIONS))}")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(args) <= most:
            wanted = f"{fewest} to {most} numbers" if fewest < most else "2 numbers" if most == 2 else "1 number"
            return self.note(at, f"{name} takes {wanted}, not {len(args)}")
        parts = tuple(self.number(a) for a in args)
        tree = parts[0] if fewest > 1 else Apply(name, parts, "number")
        for part in parts[1:]:
            tree = Apply(name, (tree, part), "number")
        return tree
