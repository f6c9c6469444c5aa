"""What a rule means, in Chinese or English: read off its tree and the declarations of the features that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bonafide.core.fields import FIELDS
from bonafide.core.moment import MOMENT_MAX, show_moment
from bonafide.core.text import show_value
from bonafide.engine.features.spec import Feature, quantity_of
from bonafide.engine.rules.facts import COMPARISONS
from bonafide.engine.rules.terms import (
    COMPARISON_TERMS, COUNT_TERMS, EVENT_TERMS, FIELD_TERMS, FLAG_TERMS, FUNCTION_TERMS, MOMENT_TERMS, TAKE_TERMS,
    Language, Term, field_told, money_told, span_told, window_told, word_told,
)  # fmt: skip
from bonafide.engine.rules.tree import Apply, Equals, Missing, Name, Node, Number, Unit, Vocabulary
from bonafide.engine.rules.units import constant_of, unit_of

OPPOSITE: Final = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
RATIO_AS_PERCENT_MAX: Final = 10
"""A ratio is compared with a percentage up to this; above, with a plain number."""
LISTED_MAX: Final = 12
"""Most values of a list that are read out."""

_GROUPS: Final = {
    "and": ("同时满足以下各项：", "all of these hold:"), "or": ("至少满足以下一项：", "at least one of these holds:"),
    "not and": ("以下至少一项不成立：", "at least one of these does not hold:"),
    "not or": ("以下各项均不成立：", "none of these holds:"),
}  # fmt: skip
_ARITHMETIC: Final = frozenset({"+", "-", "*", "/"})


def explain(
    node: Node, features: Mapping[str, Feature], currency: str, language: Language, *, capital: bool = True
) -> str:  # fmt: skip
    """What a condition means, a line for each part of it, deeper parts indented.

    `features` are the declared ones by name; `currency` is the bundle's, for amounts.
    """
    lines = _Wording(features, currency, language).lines(node)
    text = "\n".join(lines)
    return text[0].upper() + text[1:] if capital and language == "en" else text


class _Wording:
    def __init__(self, features: Mapping[str, Feature], currency: str, language: Language) -> None:
        self.features = features
        self.currency = currency
        self.language: Language = language
        self.vocabulary = Vocabulary({name: quantity_of(feature) for name, feature in features.items()})

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    # Conditions

    def lines(self, node: Node, negated: bool = False) -> list[str]:
        """A condition as a line, or as a heading and the lines of its parts."""
        match node:
            case Apply("not", (part,)):
                return self.lines(part, not negated)
            case Apply("and" | "or" as op, parts):
                head = self.say(*_GROUPS[f"not {op}" if negated else op])
                below: list[str] = []
                for part in _flat(op, parts):
                    first, *rest = self.lines(part)
                    below += [f"- {first}", *(f"  {line}" for line in rest)]
                return [head, *below]
        return [self.leaf(node, negated)]

    def inline(self, node: Node, negated: bool = False) -> str:
        """A condition inside a sentence."""
        match node:
            case Apply("not", (part,)):
                return self.inline(part, not negated)
            case Apply("and" | "or" as op, parts):
                word = op if not negated else "or" if op == "and" else "and"
                told = [self.inline(part, negated) for part in parts]
                bracketed = [self.bracket(t) if self._is_group(p) else t for t, p in zip(told, parts, strict=True)]
                return self.say("且" if word == "and" else "或", f" {word} ").join(bracketed)
        return self.leaf(node, negated)

    @staticmethod
    def _is_group(node: Node) -> bool:
        while isinstance(node, Apply) and node.op == "not":
            node = node.parts[0]
        return isinstance(node, Apply) and node.op in ("and", "or")

    def bracket(self, text: str) -> str:
        return self.say(f"（{text}）", f"({text})")

    def leaf(self, node: Node, negated: bool = False) -> str:
        """One comparison, or one question whether something is there."""
        match node:
            case Missing(name):
                told = self.noun(name)
                return self.say(f"已知{told}", f"{told} is known") if negated else self.say(
                    f"缺少{told}", f"{told} is missing"
                )  # fmt: skip
            case Equals(field, _, str() as other):
                first, second = self.noun(field), self.noun(other)
                return self.say(f"{first}与{second}{'不同' if negated else '相同'}",
                                f"{first} is {'not ' if negated else ''}the same as {second}")  # fmt: skip
            case Equals(field, (bool() as value,), None):
                return self.say(*FLAG_TERMS[field, value != negated])
            case Equals():
                return self._among(node, negated)
            case Apply(op, (a, b)) if op in COMPARISONS:
                return self._comparison(OPPOSITE[op] if negated else op, a, b)
        return self.number(node, "number")

    def _among(self, node: Equals, negated: bool) -> str:
        if node.field == "type":
            noun = self.say("事件", "the event")
            values = [self._event_type(str(v)) for v in node.values]
        else:
            noun = self.noun(node.field)
            known = FIELDS[node.field].kind == "word"
            values = [word_told(str(v), self.language) if known else show_value(v) for v in node.values]
        no = self.say("不" if negated else "", "not " if negated else "")
        if node.list_name is not None:
            return self.say(f"{noun}{no}在名单{node.list_name}中", f"{noun} is {no}on the list {node.list_name}")
        if len(values) == 1:
            return self.say(f"{noun}{'不是' if negated else '为'}{values[0]}", f"{noun} is {no}{values[0]}")
        told = values[:LISTED_MAX] + ([self.say(f"等{len(values)}项", f"{len(values)} values in all")]
                                      if len(values) > LISTED_MAX else [])  # fmt: skip
        return self.say(f"{noun}{'不是' if negated else '为'}{'、'.join(told)}之一",
                        f"{noun} is {'none' if negated else 'one'} of {', '.join(told)}")  # fmt: skip

    def _event_type(self, name: str) -> str:
        term = EVENT_TERMS[name]
        return self.say(term.zh, f"{'an' if term.en[0] in 'aeiou' else 'a'} {term.en}")

    def _comparison(self, op: str, a: Node, b: Node) -> str:
        if constant_of(a) is not None and constant_of(b) is None:
            op, a, b = MIRRORED[op], b, a
        value = constant_of(b)
        if value is not None:
            told = self._near_round(op, a, value) or self._hours(op, a, value) or self._counted(op, a, value)
            if told:
                return told
        unit = unit_of(a, self.vocabulary)
        if unit == "number" and value is None:
            unit = unit_of(b, self.vocabulary)
        if unit == "number" and _is_ratio(a) and value is not None and abs(value) <= RATIO_AS_PERCENT_MAX:
            unit = "fraction"
        terms = MOMENT_TERMS if unit == "moment" else COMPARISON_TERMS
        left, right = self.number(a, unit), self.number(b, unit)
        return self.say(f"{left}{terms[op][0]}{right}", f"{left} {terms[op][1]} {right}")

    def _near_round(self, op: str, a: Node, value: float) -> str | None:
        """abs(x - round_to(x, step)) <= near: how far from a round figure."""
        match a:
            case Apply("abs", (Apply("-", (x, Apply("round_to", (y, step)))),)) if x == y and op in ("<", "<="):
                unit = unit_of(x, self.vocabulary)
                near, noun = self.value(value, unit), self.number(x, unit)
                multiple = self.number(step, unit)
                less = self.say("不到", "less than") if op == "<" else self.say("不超过", "at most")
                return self.say(
                    f"{noun}与{multiple}的整数倍相差{less}{near}",
                    f"{noun} is {less} {near} away from a multiple of {multiple}",
                )
        return None

    def _hours(self, op: str, a: Node, value: float) -> str | None:
        """The local hour as a time of the day."""
        if a != Name("local_hour", "number") or value % 1 or not 0 <= value <= 23:
            return None
        if op in ("<=", ">"):
            op, value = ("<", value + 1) if op == "<=" else (">=", value + 1)
        clock = f"{int(value):02}:00"
        match op:
            case "<":
                return self.say(f"当地时间早于{clock}", f"the local time is before {clock}")
            case ">=":
                return self.say(f"当地时间为{clock}或以后", f"the local time is {clock} or later")
        last = f"{int(value):02}:59"
        no = self.say("不", "not ") if op == "!=" else ""
        return self.say(f"当地时间{no}在{clock}至{last}之间", f"the local time is {no}between {clock} and {last}")

    def _counted(self, op: str, a: Node, value: float) -> str | None:
        """A count compared with a whole number: who had how many."""
        feature = self.features.get(a.name) if isinstance(a, Name) else None
        if feature is None or feature.take != "count" or value % 1 or value < 0:
            return None
        if (op, value) in ((">", 0), ("!=", 0)):
            op, value = ">=", 1.0
        parts = self._parts(feature)
        where = self._where(feature)
        if (op, value) in (("==", 0), ("<", 1), ("<=", 0)):
            return self.say("{who}{window}没有{events}{where}", "{who} had no {events} {window}{where}").format(
                **parts, where=where
            )
        number = f"{value:,.0f}" if self.language == "en" else f"{value:,.0f}{parts['measure']}"
        count = self.say(*COUNT_TERMS[op]).format(number)
        if value == 1:
            parts["events"] = parts["event"]
        return self.say("{who}{window}{events}{count}{where}", "{who} had {count} {events} {window}{where}").format(
            **parts, count=count, where=where
        )

    # Numbers

    def number(self, node: Node, unit: Unit, *, tight: bool = False) -> str:
        """A number as a noun; `unit` is what a constant counts, `tight` asks for brackets around arithmetic."""
        match node:
            case Number(value):
                return self.value(value, unit)
            case Name(name):
                return self.noun(name)
            case Apply("-", (Number(0.0), part)):
                constant = constant_of(node)
                if constant is not None:
                    return self.value(constant, unit)
                inside = self.number(part, unit, tight=True)
                return self.say(f"负的{inside}", f"minus {inside}")
            case Apply("*", (a, b)):
                return self._product(a, b, unit, tight)
            case Apply("/", (a, b)) if constant_of(b) is not None:
                told = self.number(a, unit, tight=True), self.value(constant_of(b) or 0.0, "number")
                text = self.say("{}除以{}", "{} divided by {}").format(*told)
                return self.bracket(text) if tight else text
            case Apply(op, parts) if op in FUNCTION_TERMS:
                inner: Unit = next((u for p in parts if (u := unit_of(p, self.vocabulary)) != "number"), unit)
                if op == "/":
                    inner = unit_of(parts[0], self.vocabulary)
                elif op == "coalesce" and _is_ratio(parts[0]):
                    inner = "fraction"
                told_all = [self.number(part, inner, tight=op in _ARITHMETIC) for part in parts]
                text = self.say(*FUNCTION_TERMS[op]).format(*told_all)
                return self.bracket(text) if tight and op in _ARITHMETIC else text
        return self.bracket(self.inline(node))

    def _product(self, a: Node, b: Node, unit: Unit, tight: bool) -> str:
        """A product; with a constant, a percentage or a multiple of the other."""
        if constant_of(a) is None:
            a, b = b, a
        factor = constant_of(a)
        if factor is None:
            text = self.say(*FUNCTION_TERMS["*"]).format(*(self.number(p, "number", tight=True) for p in (b, a)))
            return self.bracket(text) if tight else text
        other = self.number(b, unit, tight=True)
        if 0 < factor <= 1:
            percent = self.value(factor, "fraction")
            return self.say(f"{other}的{percent}", f"{percent} of {other}")
        return self.say(f"{other}的{factor:g}倍", f"{factor:g} times {other}")

    def value(self, value: float, unit: Unit) -> str:
        """A constant, as what it counts."""
        plain = f"{value:,.0f}" if value % 1 == 0 and abs(value) < 1e15 else f"{value:g}"
        match unit:
            case "money" if abs(value) < 1e15:
                return money_told(value, self.currency, self.language)
            case "seconds":
                return span_told(value * 1_000, self.language)
            case "milliseconds":
                return span_told(value, self.language)
            case "fraction":
                return self.say(f"{value * 100:g}%", f"{value * 100:g} %")
            case "moment" if 0 <= value <= MOMENT_MAX and value % 1 == 0:
                return show_moment(int(value))
            case "score":
                return self.say(plain, f"{plain} standard deviations")
            case "bits":
                return self.say(f"{plain}比特", f"{plain} bits")
        return plain

    # Names

    def noun(self, name: str) -> str:
        """A field or a feature as a noun."""
        feature = self.features.get(name)
        if feature is None:
            return field_told(name, self.language) if name in FIELD_TERMS else name
        where = self._where(feature)
        if feature.take == "share" and feature.where is not None:
            where = self.inline(feature.where)
            where = f"({where})" if self.language == "en" and self._is_group(feature.where) else where
        return self.say(*TAKE_TERMS[feature.take]).format(**self._parts(feature), where=where)

    def _where(self, feature: Feature) -> str:
        if feature.where is None:
            return ""
        told = self.inline(feature.where)
        return self.say(f"（仅计{told}的）", f" (only those where {told})")

    def _term(self, of: str) -> Term | None:
        """What a feature takes: a field, or another feature's answer in quotes."""
        if of not in self.features:
            return FIELD_TERMS.get(of)
        zh, en = f"“{self.noun(of)}”", f"“{self.noun(of).removeprefix('the ')}”"
        return Term(zh, en, en)

    def _parts(self, feature: Feature) -> dict[str, str]:
        """What the name of a feature is put together from."""
        events = [EVENT_TERMS[name] for name in feature.types]
        of = self._term(feature.of or "")
        keys = [field_told(name, self.language) for name in feature.by]
        pair = self.say("与".join(keys) + "之间", "the pair of " + " and ".join(k.removeprefix("the ") for k in keys))
        done = self.say("已完成的", "completed ") if feature.completed else ""
        return {
            "who": keys[0] if len(keys) == 1 else pair,
            "window": window_told(feature.over_ms, self.language),
            "events": done + self.say("或".join(e.zh for e in events), " or ".join(e.many for e in events)),
            "event": done + self.say("或".join(e.zh for e in events), " or ".join(e.en for e in events)),
            "measure": events[0].measure,
            "of": "" if of is None else self.say(of.zh, of.en),
            "ofs": "" if of is None else self.say(of.zh, of.many),
        }


def _flat(op: str, parts: tuple[Node, ...]) -> list[Node]:
    """The parts of an `and` in an `and`, or of an `or` in an `or`, are parts of the outer one."""
    found: list[Node] = []
    for part in parts:
        found += _flat(op, part.parts) if isinstance(part, Apply) and part.op == op else [part]
    return found


def _is_ratio(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op == "/" or (node.op == "coalesce" and _is_ratio(node.parts[0])))
