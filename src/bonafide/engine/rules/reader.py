"""What was written to a typed tree: names looked up, types and constants checked, shorthand written out."""

from __future__ import annotations

import unicodedata
from typing import Final

from bonafide.core.fields import FIELDS
from bonafide.core.text import did_you_mean, is_tidy, nearest, shorten, show_value, to_nfc
from bonafide.engine.rules.grammar import Piece
from bonafide.engine.rules.lexer import Token
from bonafide.engine.rules.tree import (
    DERIVED, NUMBER_MAX, Apply, Equals, Missing, Name, Node, Number, Problem, Span, Type, Vocabulary, type_of_field,
    words_of,
)  # fmt: skip

FUNCTIONS: Final[dict[str, tuple[int, int]]] = {
    "min": (2, 8), "max": (2, 8), "abs": (1, 1), "coalesce": (2, 8), "round_to": (2, 2),
}  # fmt: skip
"""Name -> fewest and most arguments, all numbers. round_to(x, step) is the nearest multiple of step, halves upward."""
ENTRY_LENGTH_MAX: Final = 4_000
NAMES_SHOWN_MAX: Final = 12

_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CONDITIONS: Final = frozenset({"compare", "and", "or", "not"})
_OVER_TIME: Final = frozenset({"sum", "count", "mean", "avg", "average", "std", "distinct", "share", "last", "zscore"})
_ABSENT: Final = frozenset({"missing", "is_missing", "isnull", "is_null", "isna", "isnan", "exists", "has"})


class Reader:
    """Builds the typed tree; what is wrong is noted, and the reading goes on."""

    def __init__(self, text: str, vocabulary: Vocabulary | None) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.spans: dict[int, Span] = {}
        """By the identity of a node of the tree."""
        self.words = vocabulary or Vocabulary()
        self.types: dict[str, Type] = dict.fromkeys((*DERIVED, *self.words.features), "number")
        self.types["type"] = "word"
        if vocabulary is not None and not vocabulary.in_feature:
            self.types["utilisation"] = "number"
        for field in FIELDS.values():
            seen = type_of_field(field)
            if seen is not None:
                self.types[field.name] = seen

    def note(self, at: Piece | Token, code: str, message: str, advice: str | None = None) -> Node:
        """Keep one problem; returns what stands in the tree for what is wrong."""
        self.problems.append(Problem(at.start, message, code, max(at.end - at.start, 1), advice))
        return self._put(Number(0.0), at)

    def _put(self, node: Node, at: Piece | Token) -> Node:
        self.spans[id(node)] = Span(at.start, at.end)
        return node

    def _source(self, piece: Piece) -> str:
        return shorten(self.text[piece.start : piece.end])

    # Conditions

    def truth(self, at: Piece, before: Piece | None = None) -> Node:
        """A condition; `before` is the one that stands before it in an `and` or `or`."""
        match at.shape:
            case "and" | "or" as op:
                befores = (None, *at.parts[:-1])
                parts = tuple(self.truth(part, b) for part, b in zip(at.parts, befores, strict=True))
                return self._put(Apply(op, parts, "truth"), at)
            case "not":
                return self._put(Apply("not", (self.truth(at.parts[0]),), "truth"), at)
            case "compare":
                return self._comparison(at)
            case "name" if self.types.get(at.value) == "flag":
                return self._put(Equals(at.value, (True,), None), at)
            case "name" if at.value not in self.types:
                return self._name(at)
            case "call" if at.value.text not in FUNCTIONS:
                return self.number(at)
            case "bad":
                return self._put(Number(0.0), at)
        return self.note(at, "wrong-type", *self._no_condition(at, before))

    def _no_condition(self, at: Piece, before: Piece | None) -> tuple[str, str | None]:
        """What to say of something that is no condition."""
        shown = self._source(at)
        if at.shape in ("text", "number", "name") and before is not None and before.shape == "compare":
            field, first = before.parts[0], before.parts[-1]
            if len(before.parts) == 2 and before.value[0].text in ("==", "!=") and field.shape == "name":
                if at.shape == "text" and first.shape == "text":
                    word = "in" if before.value[0].text == "==" else "not in"
                    advice = f"write {field.value} {word} [{self._source(first)}, {shown}]"
                    return f"{shown} alone is no condition", advice
                return f"{shown} alone is no condition", f"write {field.value} {before.value[0].text} {shown}"
        match at.shape:
            case "name" if self.types.get(at.value) in ("word", "text"):
                words = words_of(at.value) if self.types[at.value] == "word" else ("...",)
                return f"{shown} alone is no condition", f"compare it, such as {at.value} == '{words[0]}'"
            case "name" | "call" | "arithmetic" | "-":
                return f"{shown} is a number, not a condition", f"compare it, such as {shown} > 100"
        return f"expected a condition such as amount > 10000, found {shown}", None

    def _comparison(self, at: Piece) -> Node:
        triples = zip(at.parts, at.value, at.parts[1:], strict=False)
        parts = tuple(self._put(self._pair(*t), t[0]._replace(end=t[2].end)) for t in triples)
        return parts[0] if len(parts) == 1 else self._put(Apply("and", parts, "truth"), at)

    def _pair(self, left: Piece, op: Token, right: Piece) -> Node:
        if op.text in ("is", "is not"):
            return self._missing(left, op, right)
        if op.text in ("in", "not in"):
            return self._membership(left, op, right)
        if "none" in (left.shape, right.shape):
            other = right if left.shape == "none" else left
            wanted = "is missing" if op.text == "==" else "is not missing"
            return self.note(op._replace(end=right.end), "missing", "an absent value equals nothing, not even itself",
                             f"write {self._source(other)} {wanted}")  # fmt: skip
        sign = op.text
        if left.shape in ("number", "text", "truth") and right.shape == "name":
            left, right, sign = right, left, _SWAPPED.get(sign, sign)
        if left.shape == "name" and self.types.get(left.value) in {"text", "word", "flag"}:
            return self._sameness(left, sign, right)
        if left.shape == "name" and left.value not in self.types and right.shape != "name":
            return self._name(left)  # whether the other side would fit it, nobody knows
        return Apply(sign, (self.number(left), self.number(right)), "truth")

    def _sameness(self, left: Piece, sign: str, right: Piece) -> Node:
        name = left.value
        if sign not in ("==", "!="):
            return self.note(left, "wrong-type", f"{name} is not a number; compare it with == or !=")
        if right.shape == "name" and right.value not in self.types:
            return self._unquoted(name, right)
        if right.shape == "name":
            if "type" in {name, right.value}:
                return self.note(right, "wrong-type", "type is compared with a quoted type, such as 'payment'")
            if self.types[right.value] != self.types[name]:
                told = f"{name} is a {self.types[name]} and {right.value} a {self.types[right.value]}"
                return self.note(right, "wrong-type", told)
            node: Node = Equals(name, (), right.value)
        elif right.shape in ("list", "or"):
            word = "in" if sign == "==" else "not in"
            items = ", ".join(self._source(part) for part in right.parts)
            return self.note(right, "wrong-type", f"expected one text to compare {name} with",
                             f"write {name} {word} [{shorten(items)}]")  # fmt: skip
        else:
            node = Equals(name, (self._constant(name, right),), None)
        self._put(node, left._replace(end=right.end) if left.start < right.start else right._replace(end=left.end))
        return Apply("not", (node,), "truth") if sign == "!=" else node

    def _unquoted(self, field: str, right: Piece) -> Node:
        """A name that nobody knows where a text or a field should stand."""
        kind = self.types[field]
        words = words_of(field) if kind == "word" else ()
        near = nearest(right.value, words)
        if near is not None:
            return self.note(right, "unknown-name", f"unknown name {shorten(right.value)}; a text stands in quotes",
                             f"write '{near}'")  # fmt: skip
        told = did_you_mean(right.value, [n for n, t in self.types.items() if t == kind])
        quotes = "; a text stands in quotes" if kind != "flag" else f"; {field} is True or False"
        return self.note(right, "unknown-name", f"unknown name {shorten(right.value)}{quotes}{told}")

    def _membership(self, left: Piece, op: Token, right: Piece) -> Node:
        name, kind = left.value, self.types.get(left.value) if left.shape == "name" else None
        if left.shape == "name" and kind is None:
            return self._name(left)
        if left.shape == "text" and right.shape == "name" and self.types.get(right.value) in ("text", "word"):
            sign = "==" if op.text == "in" else "!="
            return self.note(left, "wrong-type", "the field stands first, and in needs a list",
                             f"write {right.value} {sign} {self._source(left)}")  # fmt: skip
        if kind not in ("text", "word"):
            advice = f"write {name} >= 1 and {name} <= 5, or {name} == 1 or {name} == 2" if kind == "number" else None
            return self.note(left, "wrong-type", "only a text or word field can be in a list", advice)
        if right.shape == "list" and right.parts:
            values = tuple(self._constant(name, item) for item in right.parts)
            node = Equals(name, values, None)
        elif right.shape == "list":
            return self.note(right, "wrong-type", "the list is empty, so that nothing is in it")
        elif right.shape == "name":
            return self._named_list(name, op, right)
        else:
            told = "expected a list, such as ['physical', 'virtual'], or the name of a list"
            advice = f"write {name} == {self._source(right)}" if right.shape == "text" else None
            return self.note(right, "wrong-type", told, advice)
        return self._negated(node, op, left, right)

    def _named_list(self, field: str, op: Token, right: Piece) -> Node:
        lists = self.words.lists
        if right.value not in lists:
            near = did_you_mean(right.value, list(lists))
            if right.value in self.types:
                sign = "==" if op.text == "in" else "!="
                return self.note(right, "unknown-list", f"{shorten(right.value)} is no list",
                                 f"to compare two fields, write {field} {sign} {right.value}")  # fmt: skip
            known = ", ".join(list(lists)[:NAMES_SHOWN_MAX])
            advice = f"the lists are {known}" if lists else "a list is a file lists/NAME.txt with one entry a line"
            return self.note(
                right, "unknown-list", f"unknown list {shorten(right.value)}{near}", None if near else advice
            )
        if self.types[field] == "word":
            strange = next((v for v in lists[right.value] if v not in words_of(field)), None)
            if strange is not None:
                told = f"the list {right.value} has {show_value(strange)}, which is no value of {field}"
                return self.note(right, "unknown-value", f"{told} ({self._words_shown(field)})")
        return self._negated(Equals(field, lists[right.value], None, right.value), op, right, right)

    def _negated(self, node: Node, op: Token, left: Piece, right: Piece) -> Node:
        self._put(node, left._replace(end=right.end))
        return Apply("not", (node,), "truth") if op.text == "not in" else node

    def _words_shown(self, field: str) -> str:
        words = words_of(field)
        return ", ".join(words) if len(words) <= NAMES_SHOWN_MAX else f"{len(words)} words, such as {words[0]}"

    def _constant(self, field: str, at: Piece) -> str | bool:
        kind, value = self.types[field], at.value
        if at.shape == "bad":
            return ""
        if kind == "flag":
            if at.shape == "truth":
                return bool(value)
            self.note(at, "wrong-type", f"{field} is True or False", f"write {field} or not {field}")
        elif at.shape != "text":
            advice = f"write '{self._source(at)}'" if at.shape == "number" and kind == "text" else None
            self.note(at, "wrong-type", f"expected a quoted text to compare {field} with", advice)
        elif kind == "word" and value not in words_of(field):
            near = did_you_mean(value, list(words_of(field)))
            told = f"{show_value(value)} is no value of {field} ({self._words_shown(field)}){near}"
            self.note(at, "unknown-value", told)
        elif not is_tidy(text := to_nfc(value, ENTRY_LENGTH_MAX)):
            self.note(at, "unknown-value", f"{show_value(value)} has control characters, which no field has")
        else:
            return text
        return ""

    def _missing(self, left: Piece, op: Token, right: Piece) -> Node:
        if left.shape != "name":
            told = "only a field or feature can be missing"
            return self.note(left, "wrong-type", told, "to replace what may be missing, write coalesce(x, 0)")
        self._name(left)
        if right.shape == "bad":
            return self._put(Number(0.0), left)
        node = self._put(Missing(left.value), left._replace(end=right.end))
        return Apply("not", (node,), "truth") if op.text == "is not" else node

    # Names and numbers

    def value(self, at: Piece) -> Node:
        """A number, or a condition."""
        conditional = at.shape in _CONDITIONS or (at.shape == "name" and self.types.get(at.value, "number") != "number")
        return self.truth(at) if conditional else self.number(at)

    def _name(self, at: Piece) -> Node:
        name = at.value
        if name in self.words.unreadable:
            return self.note(at, "unreadable", f"{name} {self.words.unreadable[name]}")
        if name in self.types:
            return self._put(Name(name, self.types[name]), at)
        return self.note(at, "unknown-name", *self.unknown(name))

    def unknown(self, name: str) -> tuple[str, str | None]:
        """What to say of a name that nobody knows."""
        shown = shorten(name)
        plain = unicodedata.normalize("NFKC", name)
        if plain != name and plain in self.types:
            return f"{shown} is written with full-width or decorated letters; write {plain}", None
        if name in self.words.lists:
            return f"{shown} is a list", f"write a field in front: user_id in {shown}"
        if name in FUNCTIONS:
            return f"{shown} is a function and needs brackets", f"write {shown}(...)"
        if name in FIELDS:
            return f"{shown} is a list of parts, which a rule cannot read", None
        return f"unknown name {shown}{did_you_mean(name, list(self.types))}", None

    def number(self, at: Piece) -> Node:
        """An expression that gives a number."""
        match at.shape:
            case "number":
                if at.value >= NUMBER_MAX:
                    return self.note(
                        at, "out-of-range", f"a number lies within {NUMBER_MAX:.0e} of zero".replace("+", "")
                    )
                return self._put(Number(at.value), at)
            case "name" if self.types.get(at.value, "number") != "number":
                return self.note(at, "wrong-type", f"{at.value} is a {self.types[at.value]}, not a number")
            case "name":
                return self._name(at)
            case "-":
                return self._put(Apply("-", (self._put(Number(0.0), at), self.number(at.parts[0])), "number"), at)
            case "arithmetic":
                left, right = at.parts
                return self._put(Apply(at.value.text, (self.number(left), self.number(right)), "number"), at)
            case "call":
                return self._call(at)
            case "bad":
                return self._put(Number(0.0), at)
        found = "a condition" if at.shape in _CONDITIONS else "a list" if at.shape == "list" else self._source(at)
        digits = at.shape == "text" and str(at.value).strip().replace(".", "", 1).isdecimal()
        advice = f"write {at.value.strip()} without quotes" if digits else None
        return self.note(at, "wrong-type", f"expected a number, found {found}", advice)

    def _call(self, at: Piece) -> Node:
        token: Token = at.value
        name = token.text
        if name not in FUNCTIONS:
            near = did_you_mean(name, list(FUNCTIONS)) or f"; the functions are {', '.join(FUNCTIONS)}"
            advice = None
            if name.lower() in _OVER_TIME:
                advice = f"a {name.lower()} over time is a feature: declare it in features.yaml and write its name"
            elif name.lower() in _ABSENT:
                advice = "write x is missing, or x is not missing"
            return self.note(token, "unknown-function", f"unknown function {shorten(name)}{near}", advice)
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(at.parts) <= most:
            wanted = f"{fewest} to {most} numbers" if fewest < most else "2 numbers" if most == 2 else "1 number"
            advice = "write round_to(x, step), such as round_to(amount, 10000)" if name == "round_to" else None
            return self.note(at, "wrong-type", f"{name} takes {wanted}, not {len(at.parts)}", advice)
        parts = tuple(self.number(a) for a in at.parts)
        tree = parts[0] if fewest > 1 else self._put(Apply(name, parts, "number"), at)
        for part in parts[1:]:
            tree = self._put(Apply(name, (tree, part), "number"), at)
        return tree
