"""What the numbers of an expression count, and where two that cannot be compared or added meet."""

from __future__ import annotations

from typing import Final, NamedTuple

from bonafide.core.text import nearest
from bonafide.engine.rules.facts import COMPARISONS, Facts, quantity_of_name
from bonafide.engine.rules.tree import Apply, Located, Name, Node, NodePath, Number, Problem, Span, Unit, Vocabulary

SECONDS_MAX: Final = 400 * 86_400
"""Longest span that a feature without a window remembers; a larger number of seconds is likely milliseconds."""
PERCENT_FROM: Final = 10
"""A fraction that may exceed 1, such as utilisation, is not compared with more than this unless in percent."""

_MEANS: Final[dict[Unit, str]] = {
    "money": "money in minor units", "count": "a count", "seconds": "seconds", "milliseconds": "milliseconds",
    "moment": "a moment", "fraction": "a fraction of 1", "score": "a z-score", "bits": "bits",
    "hour": "an hour of the day", "day": "days", "number": "a number",
}  # fmt: skip
_SHARED: Final = frozenset({"+", "-", "min", "max", "coalesce", "round_to"})
"""Operators whose two sides must count the same."""


class UnitMistake(NamedTuple):
    """A problem, and the way to the node that it is about."""

    path: NodePath
    problem: Problem


def constant_of(node: Node) -> float | None:
    """The value of a constant, also of a negative one."""
    match node:
        case Number(value):
            return value
        case Apply("-", (Number(first), Number(second))):
            return first - second
    return None


def unit_of(node: Node, vocabulary: Vocabulary | None) -> Unit:
    """What a number counts; a plain number where that cannot be said."""
    return Units(Located(node, "", {}), vocabulary).unit(node, ())


class Units:
    """Looks through one expression."""

    def __init__(self, located: Located, vocabulary: Vocabulary | None) -> None:
        self.located = located
        self.vocabulary = vocabulary
        self.found: list[UnitMistake] = []

    def look(self) -> list[UnitMistake]:
        """Every mistake, innermost first."""
        self.unit(self.located.node, ())
        return self.found

    def _note(self, path: NodePath, about: NodePath, message: str, advice: str | None) -> None:
        span = self.located.spans.get(about, Span(0, len(self.located.text)))
        problem = Problem(span.start, message, "unit", span.end - span.start, advice)
        self.found.append(UnitMistake(path, problem))

    def _text(self, path: NodePath) -> str:
        span = self.located.spans.get(path, Span(0, 0))
        return self.located.text[span.start : span.end]

    def unit(self, node: Node, path: NodePath) -> Unit:
        """What a part counts; mistakes inside it are noted."""
        match node:
            case Name(name, "number"):
                return quantity_of_name(name, self.vocabulary).unit
            case Apply(op, parts):
                units = [self.unit(part, (*path, i)) for i, part in enumerate(parts)]
                if op in COMPARISONS:
                    self._compare(node, path, units)
                elif len(units) == 2 and node.type == "number":
                    return self._combine(op, path, units)
                elif op == "abs":
                    return units[0]
        return "number"

    def _combine(self, op: str, path: NodePath, units: list[Unit]) -> Unit:
        a, b = units
        if op in "*/" and "milliseconds" in units:
            return "number"  # what a factor of 1000 makes of it
        if op == "*":
            return b if a in ("number", "fraction") else a if b in ("number", "fraction") else "number"
        if op == "/":
            return a if b in ("number", "fraction") and a != b else "number"
        if {a, b} == {"moment"} and op == "-":
            return "milliseconds"
        if {a, b} == {"moment", "milliseconds"} and op in "+-":
            return "moment"
        if {a, b} == {"moment"} and op == "+":
            self._note(path, path, "two moments have no sum", "their difference is the milliseconds between them")
        elif op in _SHARED and not _fit(a, b):
            told = {"+": "added to", "-": "subtracted from"}.get(op, "compared with")
            self._mixed(path, units, told)
        return a if a != "number" else b

    def _mixed(self, path: NodePath, units: list[Unit], told: str) -> None:
        left, right = self._text((*path, 0)), self._text((*path, 1))
        one, other = (right, left) if told == "subtracted from" else (left, right)
        means = {left: _MEANS[units[0]], right: _MEANS[units[1]]}
        message = f"{one} is {means[one]} and cannot be {told} {other}, which is {means[other]}"
        self._note(path, path, message, self._advice(path, units))

    def _advice(self, path: NodePath, units: list[Unit]) -> str | None:
        if set(units) == {"seconds", "milliseconds"}:
            return "milliseconds / 1000 are seconds"
        if self.vocabulary is None:
            return None
        for i, wanted in ((0, units[1]), (1, units[0])):
            alike = [n for n, q in self.vocabulary.features.items() if q.unit == wanted]
            near = nearest(self._text((*path, i)), alike)
            if near is not None:
                return f"{near} is {_MEANS[wanted]}; was that meant?"
        return None

    def _compare(self, node: Apply, path: NodePath, units: list[Unit]) -> None:
        values = [constant_of(part) for part in node.parts]
        for i in (0, 1):
            value = values[1 - i]
            if value is not None and values[i] is None:
                self._against(node.parts[i], path, i, units[i], value)
                return
        if not _fit(*units):
            self._mixed(path, units, "compared with")

    def _against(self, node: Node, path: NodePath, i: int, unit: Unit, value: float) -> None:
        """A number compared with a constant: is the constant of the kind that the number is?"""
        subject, constant = self._text((*path, i)), (*path, 1 - i)
        shown = self._text(constant)
        if unit == "fraction":
            known = Facts(self.vocabulary).range_of(node)
            highest = 1.0 if known is not None and known.high <= 1 else PERCENT_FROM
            if highest < value <= 1_000:
                told = f"{subject} is a fraction of 1, and {shown} looks like percent"
                self._note(path, constant, told, f"write {value / 100:.2f} for {value:g} %")
        elif unit == "seconds" and value > SECONDS_MAX:
            told = f"{subject} is in seconds, and {shown} s are {value / 86_400:,.0f} days; are these milliseconds?"
            self._note(path, constant, told, f"write {value / 1_000:.0f} for {value:.0f} ms")
        elif unit == "milliseconds" and value % 3_600 == 0 and value % 1_000 != 0:
            told = f"{subject} is in milliseconds, and {shown} looks like seconds"
            self._note(path, constant, told, f"write {value * 1_000:.0f}")
        elif unit == "money" and isinstance(node, Name) and value % 1 != 0:
            told = f"{subject} is a whole number of minor units, and {shown} is not"
            self._note(path, constant, told, f"write {value * 100:.0f} where a major unit has 100 minor ones")


def _fit(a: Unit, b: Unit) -> bool:
    """Whether two units may be compared or added."""
    return a == b or "number" in (a, b) or {a, b} == {"moment", "milliseconds"}
