"""Conditions that are well formed and make no sense: never true, always true, units mixed, a divisor that can be zero.

Each verdict is proved from the bounds of what is read (`facts`); where nothing can be proved, nothing is said.
"""

from __future__ import annotations

from math import inf
from typing import Final, NamedTuple

from bonafide.core.fields import FIELDS
from bonafide.core.text import shorten
from bonafide.engine.rules.facts import COMPARISONS, Facts, needed_names
from bonafide.engine.rules.tree import (
    DECIDED_TYPES, LOCAL, Apply, Equals, Located, Missing, Node, NodePath, Number, Problem, Span,
    Vocabulary, names_in, types_having,
)  # fmt: skip
from bonafide.engine.rules.units import Units, constant_of

_LOGIC: Final = frozenset({"and", "or", "not"})


class Verdict(NamedTuple):
    """A problem and the way to the part of the tree that it is about."""

    path: NodePath
    problem: Problem


def look_for_nonsense(located: Located, vocabulary: Vocabulary | None) -> tuple[Problem, ...]:
    """What is wrong with the sense of an expression that parsed, in the order of its text; see `verdicts`."""
    found = dict.fromkeys(verdict.problem for verdict in verdicts(located, vocabulary))
    return tuple(sorted(found, key=lambda p: (p.column, p.severity)))


def verdicts(located: Located, vocabulary: Vocabulary | None) -> tuple[Verdict, ...]:
    """Errors "unit"; "contradiction" and "unreachable": the part is never true where every `and` that it stands in (up
    to a `not`) is true; "always-missing": it reads what is missing there; "always-true": it is never false, and true
    where nothing that it reads is missing. Warnings "division-by-zero".
    """
    units = Units(located, vocabulary).look()
    sense = _Sense(located, vocabulary)
    sense.skipped = {mistake.path for mistake in units}
    sense.look()
    return (*(Verdict(*mistake) for mistake in units), *sense.found)


class _Sense:
    """Goes down one expression with what is known at each part of it."""

    def __init__(self, located: Located, vocabulary: Vocabulary | None) -> None:
        self.located = located
        self.top = Facts(vocabulary)
        self.present = Facts(vocabulary, absences=False)
        self.found: list[Verdict] = []
        self.skipped: set[NodePath] = set()
        """Parts that something was said of already."""

    def look(self) -> None:
        self._visit(self.located.node, (), self.top)
        self._divisions(self.located.node, (), self.top)

    def _note(
        self, path: NodePath, code: str, message: str, advice: str | None = None, *, shown: NodePath | None = None
    ) -> None:  # fmt: skip
        """Keep what is wrong with a part; `shown` is the part of it to underline."""
        shown = path if shown is None else shown
        span = self.located.spans.get(shown, Span(0, len(self.located.text)))
        if not any(p[: len(shown)] == shown for p in self.skipped):
            self.found.append(Verdict(path, Problem(span.start, message, code, span.end - span.start, advice)))

    def _text(self, path: NodePath) -> str:
        span = self.located.spans.get(path, Span(0, len(self.located.text)))
        return shorten(" ".join(self.located.text[span.start : span.end].split()))

    def _visit(self, node: Node, path: NodePath, known: Facts) -> None:
        """Look at a condition of which `known` holds wherever it matters."""
        if not known.copy().assume(node):
            self._never(node, path, known)
        elif not self.present.copy().assume(node, truth=False):
            self._always(node, path)
        elif isinstance(node, Apply) and node.op in _LOGIC:
            inner = self.top if node.op == "not" else known
            if node.op == "and":
                inner = known.copy()
                # Twice: a later part may say more of an earlier one.
                if not (inner.assume(node) and inner.assume(node)):
                    self._note(path, "contradiction", "this is never true: its parts cannot all hold together")
                    return
            for i, part in enumerate(node.parts):
                self._visit(part, (*path, i), inner)
        elif not isinstance(node, Missing):
            for name in sorted(names_in(node)):
                if known.lacks(name):
                    self._note(path, "always-missing", self._lacking(name, known))

    # Never true

    def _never(self, node: Node, path: NodePath, known: Facts) -> None:
        match node:
            case Apply("and", parts):
                self._never_together(parts, path, known)
            case Apply("or", parts):
                for i, part in enumerate(parts):
                    self._visit(part, (*path, i), known)
            case Apply("not", _):
                self._note(path, "contradiction", f"{self._text(path)} is never true: what stands after not always is")
            case Equals("type", values, None) if known.vocabulary and not set(values) & known.vocabulary.types:
                told = f"rules are asked about {', '.join(DECIDED_TYPES)} only; {values[0]} events teach features"
                self._note(path, "unreachable", told, "count such events in a feature, and read that")
            case _:
                lacking = next((name for name in sorted(names_in(node)) if known.lacks(name)), None)
                if lacking is not None:
                    self._note(path, "contradiction", self._lacking(lacking, known))
                else:
                    self._note(path, "contradiction", f"{self._text(path)} is never true{self._because(node, path)}")

    def _never_together(self, parts: tuple[Node, ...], path: NodePath, known: Facts) -> None:
        """Find the part by itself, or the two, that make it impossible for all to hold."""
        so_far = known.copy()
        for i, part in enumerate(parts):
            if not known.copy().assume(part):
                self._visit(part, (*path, i), known)
                return
            if so_far.assume(part):
                continue
            for j in range(i):
                other = known.copy()
                other.assume(parts[j])
                if not other.copy().assume(part):
                    self._pair(parts, path, (j, i), known)
                    return
            told = f"{self._text((*path, i))} is never true together with what stands before it"
            self._note(path, "contradiction", told, shown=(*path, i))
            return

    def _pair(self, parts: tuple[Node, ...], path: NodePath, pair: tuple[int, int], known: Facts) -> None:
        for one, other in (pair, pair[::-1]):
            given = known.copy()
            given.assume(parts[one])
            lacking = next((name for name in sorted(names_in(parts[other])) if given.lacks(name)), None)
            if lacking is not None and "type" not in names_in(parts[other]):
                self._note(path, "contradiction", self._lacking(lacking, given), shown=(*path, other))
                return
        first, second = (self._text((*path, i)) for i in pair)
        advice = "leave one out"
        if not any(isinstance(parts[i], Missing) for i in pair):
            advice = "did you mean or? otherwise leave one out"
        told = f"{first} and {second} are never true together"
        self._note(path, "contradiction", told, advice, shown=(*path, pair[1]))

    def _lacking(self, name: str, known: Facts) -> str:
        types = FIELDS[name].every_type if name in FIELDS else tuple(sorted(types_having(name) or ()))
        having = [t for t in types if t in DECIDED_TYPES] or types
        who = f"a {next(iter(known.types))}" if len(known.types) == 1 else "none of the events that get here"
        told = f"{who} has no {name}" if len(known.types) == 1 else f"{who} has it"
        return f"{name} is always missing here: {told}; it is a field of {', '.join(having[:5])}"

    # Always true

    def _always(self, node: Node, path: NodePath) -> None:
        names = sorted(names_in(node))
        missing = f" unless {' or '.join(names[:2])} is missing" if 0 < len(names) <= 2 else ""
        if not names or (len(names) == 1 and names[0] in {"type", *LOCAL}):
            missing = ""
        advice = f"leave it out, or write {names[0]} is not missing if that is meant" if missing else "leave it out"
        if not path:
            advice = "a rule that always holds says nothing; what was meant?"
        told = f"{self._text(path)} is always true{missing}{self._because(node, path)}"
        self._note(path, "always-true", told, advice)

    def _because(self, node: Node, path: NodePath) -> str:
        """The bounds that decide a comparison with a constant."""
        if not (isinstance(node, Apply) and node.op in COMPARISONS):
            return ""
        for i in (0, 1):
            known = self.top.range_of(node.parts[i])
            if constant_of(node.parts[1 - i]) is None or constant_of(node.parts[i]) is not None or known is None:
                continue
            subject = self._text((*path, i))
            if known.low == -inf:
                return f": {subject} is at most {_shown(known.high)}"
            if known.high == inf:
                return f": {subject} is at least {_shown(known.low)}"
            return f": {subject} lies between {_shown(known.low)} and {_shown(known.high)}"
        return ""

    # Division

    def _divisions(self, node: Node, path: NodePath, known: Facts) -> None:
        """Look at every division, knowing what the other parts of an `and` say."""
        if not isinstance(node, Apply):
            return
        if node.op in COMPARISONS:
            self._divides(node, path, known, node)
            return
        for i, part in enumerate(node.parts):
            inner = known
            if node.op == "and" and _divides_somewhere(part):
                inner = known.copy()
                if not all(inner.assume(other) for j, other in enumerate(node.parts) if j != i):
                    continue  # said already
            self._divisions(part, (*path, i), inner)

    def _divides(self, node: Node, path: NodePath, known: Facts, whole: Apply) -> None:
        if not isinstance(node, Apply):
            return
        if node.op == "/":
            self._divide(node, path, known, whole)
        for i, part in enumerate(node.parts):
            if not (node.op == "coalesce" and i == 0):
                self._divides(part, (*path, i), known, whole)

    def _divide(self, node: Apply, path: NodePath, known: Facts, whole: Apply) -> None:
        below = node.parts[1]
        found = known.range_of(below)
        if found is None or isinstance(below, Number):
            return  # always missing; said already
        faults = ["zero"] if found.low <= 0 <= found.high else []
        faults += ["missing"] if any(self._may_lack(name, known) for name in needed_names(below)) else []
        if not faults:
            return
        over, under = self._text((*path, 0)), self._text((*path, 1))
        told = f"{under} can be {' or '.join(faults)}, and then the comparison is unknown and does not match"
        advice = f"write coalesce({self._text(path)}, 0), or the value that should stand then"
        if path and whole.parts[path[-1]] is node and found.low >= 0:
            other = self._text((*path[:-1], 1 - path[-1]))
            other = f"({other})" if isinstance(whole.parts[1 - path[-1]], Apply) else other
            sides = (over, f"{other} * {under}") if path[-1] == 0 else (f"{other} * {under}", over)
            advice = f"multiply: {sides[0]} {whole.op} {sides[1]}; or write coalesce({self._text(path)}, 0)"
        span = self.located.spans[path]
        width = span.end - span.start
        problem = Problem(span.start, told, "division-by-zero", width, advice, "warning")
        self.found.append(Verdict(path, problem))

    def _may_lack(self, name: str, known: Facts) -> bool:
        if name in LOCAL or known.present.get(name):
            return False
        return not (name in FIELDS and FIELDS[name].kind != "money" and known.types <= FIELDS[name].required)


def _divides_somewhere(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op == "/" or any(_divides_somewhere(part) for part in node.parts))


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value % 1 == 0 and abs(value) < 1e15 else f"{value:g}"
