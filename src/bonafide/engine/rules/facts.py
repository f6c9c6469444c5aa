"""What must hold of an event and its features where a condition is true, or false: types, ranges, values, absences.

`Facts.assume` never leaves out an event that fits; so where it says that none can, none can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bonafide.core.fields import FIELDS, TYPE_CODE
from bonafide.engine.rules.ranges import ANY, Range, absolute, can_hold, combine, hull, narrow
from bonafide.engine.rules.tree import (
    DERIVED, LOCAL, Apply, Equals, Missing, Name, Node, Number, Quantity, Vocabulary,
    quantity_of_field, types_having, words_of,
)  # fmt: skip

VALUES_MAX: Final = 1_000
"""Longer lists are not looked into."""
_OPPOSITE: Final = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_RELATION: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>"}
"""Of two numbers, which of less, equal and greater a comparison allows."""
COMPARISONS: Final = frozenset(_OPPOSITE)


def quantity_of_name(name: str, vocabulary: Vocabulary | None) -> Quantity:
    """What a name that gives a number counts, and its bounds."""
    words = vocabulary or Vocabulary()
    if name in words.features:
        return words.features[name]
    if name == "utilisation":
        return Quantity("fraction", 0)
    if name in DERIVED or (name in FIELDS and FIELDS[name].is_number):
        return quantity_of_field(name, words.amounts)
    return Quantity("number")


def needed_names(node: Node) -> Iterator[str]:
    """The names that must be present for a number to be present."""
    match node:
        case Name(name):
            yield name
        case Apply("coalesce" | "is missing", _):
            return
        case Apply(_, parts):
            for part in parts:
                yield from needed_names(part)


class Facts:
    """What is known so far; at first only what holds of every event that is asked about."""

    def __init__(self, vocabulary: Vocabulary | None, *, absences: bool = True) -> None:
        self.vocabulary = vocabulary
        self.absences = absences
        """Whether it counts that what is compared must be present, and that no type has some fields together."""
        self.types = frozenset(TYPE_CODE) if vocabulary is None else vocabulary.types
        self.ranges: dict[Node, Range] = {}
        self.allowed: dict[str, frozenset[str | bool]] = {}
        self.denied: dict[str, frozenset[str | bool]] = {}
        self.present: dict[str, bool] = {}
        self.relations: dict[tuple[Node, Node], frozenset[str]] = {}
        self.truths: dict[Node, bool] = {}

    def copy(self) -> Facts:
        """The same facts, to go on from."""
        other = Facts(self.vocabulary, absences=self.absences)
        other.types = self.types
        other.ranges, other.allowed, other.denied = dict(self.ranges), dict(self.allowed), dict(self.denied)
        other.present, other.relations, other.truths = dict(self.present), dict(self.relations), dict(self.truths)
        return other

    def assume(self, node: Node, truth: bool = True) -> bool:
        """Add that a condition is true, or false; False where no event can be so."""
        match node:
            case Apply("not", (part,)):
                return self.assume(part, not truth)
            case Apply("and" | "or" as op, parts):
                if (op == "and") == truth:
                    return all(self.assume(part, truth) for part in parts)
                return self._assume_any(parts, truth)
            case Apply(op, (a, b)) if op in COMPARISONS:
                return self._compare(op if truth else _OPPOSITE[op], a, b)
            case Missing(name):
                return self._be_absent(name) if truth else self.be_present(name)
            case Equals("type", values, None):
                self.types = self.types & set(values) if truth else self.types - set(values)
                return bool(self.types)
            case Equals(field, (), None, str()):
                return self.be_present(field)  # who is on a list without entries of its own, records say
            case Equals(field, values, None):
                return self.be_present(field) and self._be_among(node, field, values, truth)
            case Equals(field, _, str() as other):
                known = self.truths.setdefault(Equals(min(field, other), (), max(field, other)), truth)
                return self.be_present(field) and self.be_present(other) and known == truth
        return True

    def range_of(self, node: Node) -> Range | None:
        """What a number can be; None: nothing but missing."""
        match node:
            case Number(value):
                return Range(value, value)
            case Name(name):
                if self._is_absent(name):
                    return None
                quantity = quantity_of_name(name, self.vocabulary)
                found: Range | None = Range(quantity.low, quantity.high)
            case Apply("coalesce", (a, b)):
                first, second = self.range_of(a), self.range_of(b)
                found = hull(first, second) if first is not None and second is not None else first or second
            case Apply(op, parts):
                given = [known for part in parts if (known := self.range_of(part)) is not None]
                if len(given) < len(parts):
                    return None
                found = combine(op, given[0], given[1]) if len(given) == 2 else absolute(given[0])
            case _:
                found = ANY
        return found and narrow("==", found, self.ranges.get(node, ANY))

    def be_present(self, name: str) -> bool:
        """Add that a name is present; False where it cannot be."""
        if not self.absences:
            return True
        if not self.present.setdefault(name, True):
            return False
        having = types_having(name)
        if having is not None:
            self.types &= having
        return bool(self.types)

    def lacks(self, name: str) -> bool:
        """Whether no event that is possible has a field."""
        having = types_having(name)
        return having is not None and not self.types & having

    def _is_absent(self, name: str) -> bool:
        return self.lacks(name) or self.present.get(name) is False

    def _be_absent(self, name: str) -> bool:
        if name in {"type", *LOCAL} or self.present.setdefault(name, False):
            return False
        if name in FIELDS and FIELDS[name].kind != "money":  # an amount in a currency without a rate is missing
            self.types -= FIELDS[name].required
        return bool(self.types)

    def _be_among(self, node: Equals, field: str, values: tuple[str | bool, ...], truth: bool) -> bool:
        if len(values) > VALUES_MAX:
            return self.truths.setdefault(node, truth) == truth
        kind = FIELDS[field].kind
        told: frozenset[str | bool] = frozenset(values)
        domain: frozenset[str | bool] | None = None
        if kind != "text":
            domain = frozenset(words_of(field)) if kind == "word" else frozenset((True, False))
        if truth:
            self.allowed[field] = self.allowed.get(field, domain or told) & told
        else:
            self.denied[field] = self.denied.get(field, frozenset()) | told
        allowed = self.allowed.get(field, domain)
        return allowed is None or bool(allowed - self.denied.get(field, frozenset()))

    def _compare(self, op: str, a: Node, b: Node) -> bool:
        if not all(self.be_present(name) for part in (a, b) for name in needed_names(part)):
            return False
        left, right = self.range_of(a), self.range_of(b)
        if left is None or right is None or not can_hold(op, left, right):
            return False
        left, right = narrow(op, left, right), narrow(_MIRRORED[op], right, left)
        if left.low > left.high or right.low > right.high:
            return False
        for part, known in ((a, left), (b, right)):
            if not isinstance(part, Number):
                self.ranges[part] = known
        if isinstance(a, Number) or isinstance(b, Number):
            return True
        mirrored = (b, a) in self.relations
        pair = (b, a) if mirrored else (a, b)
        told = frozenset(_RELATION[_MIRRORED[op] if mirrored else op])
        self.relations[pair] = self.relations.get(pair, frozenset("=" if a == b else "<=>")) & told
        return bool(self.relations[pair])

    def _assume_any(self, parts: tuple[Node, ...], truth: bool) -> bool:
        """Add that at least one condition is true, or false."""
        branches = [branch for part in parts if (branch := self.copy()).assume(part, truth)]
        if not branches:
            return False
        joined = branches[0]
        for branch in branches[1:]:
            joined._join(branch)
        self.types, self.ranges, self.allowed, self.denied = joined.types, joined.ranges, joined.allowed, joined.denied
        self.present, self.relations, self.truths = joined.present, joined.relations, joined.truths
        return True

    def _join(self, other: Facts) -> None:
        """Keep what holds in both."""
        self.types |= other.types
        self.ranges = {n: hull(r, other.ranges[n]) for n, r in self.ranges.items() if n in other.ranges}
        self.allowed = {f: v | other.allowed[f] for f, v in self.allowed.items() if f in other.allowed}
        self.denied = {f: v & other.denied[f] for f, v in self.denied.items() if f in other.denied}
        self.present = {n: p for n, p in self.present.items() if other.present.get(n) is p}
        self.relations = {p: v | other.relations[p] for p, v in self.relations.items() if p in other.relations}
        self.truths = {n: t for n, t in self.truths.items() if other.truths.get(n) is t}
