"""What a model's margin and a credit score are made of, as people read it and as JSON."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any, Final

from bonafide.engine.bundles.inputs import Input
from bonafide.engine.explain_score import CreditTold, MarginTold, ScoreTold
from bonafide.engine.rules.language import Apply, Equals, Missing, Node
from bonafide.engine.rules.units import unit_of
from bonafide.lab.explain.lines import pad, wrap
from bonafide.lab.explain.words import expression_text, number_text

if TYPE_CHECKING:
    from bonafide.lab.explain.text import Pen

INPUTS_SHOWN: Final = 6
"""How many inputs are told one by one."""
COSTS_SHOWN: Final = 4
_PART: Final = 7


def margin_lines(pen: Pen) -> list[str]:
    """How the margin of a model adds up; what is shown adds up as it is shown."""
    derived = pen.told.derived
    if derived is None or derived.score.margin is None:
        return wrap(pen.say("modelled unseen"), pen.width)
    told = derived.score.margin
    shown, score = round(told.margin, 2), f"{pen.told.decision.score:.6f}"
    lines = [*wrap(pen.say("modelled", margin=_signed(shown), score=score), pen.width), ""]
    lines += _line(pen, told.base, pen.say("base"))
    for one in told.rules:
        lines += _line(pen, one.part, pen.say("rule part", rule=one.rule.id, typology=pen.word(one.rule.typology)))
    largest, others = told.largest[:INPUTS_SHOWN], len(told.inputs) - INPUTS_SHOWN
    for each in largest:
        lines += _input(pen, _signed(each.part), each.input, each.value)
    if others > 0:
        before = [told.base, *(one.part for one in told.rules), *(one.part for one in largest)]
        lines += _line(pen, shown - sum(round(part, 2) for part in before), pen.say("other inputs", n=others))
    lines += _line(pen, shown, pen.say("margin"), sign="=")
    parts = [f"{code} {_signed(part)}" for code, part in told.by_reason.items() if round(part, 2)]
    return [*lines, *(["", *wrap(pen.say("by reason", parts=", ".join(parts)), pen.width)] if parts else [])]


def credit_lines(pen: Pen) -> list[str]:
    """The points of a credit score: by family, and what costs most."""
    derived = pen.told.derived
    if derived is None or derived.score.credit is None:
        return []
    told = derived.score.credit
    lines = [pen.say("credit", kind=pen.word("user"), id=pen.told.row["user_id"])]
    lines += _line(pen, told.base, pen.say("credit base"), points=True)
    for family, points in told.families.items():
        lines += _line(pen, points, pen.word(family), points=True)
    level = pen.say("credit sum", level=pen.word(told.level))
    lines += _line(pen, told.score, level, sign="=", points=True)
    costly = told.costliest[:COSTS_SHOWN]
    if not costly:
        return [*lines, pen.say("no costs")]
    lines.append(pen.say("costs"))
    for one in costly:
        lines += _input(pen, f"-{one.lost}", one.input, one.value)
    return lines


def _line(pen: Pen, part: float, text: str, *, sign: str = " ", points: bool = False) -> list[str]:
    number = f"{part:+d}" if points and isinstance(part, int) else _signed(part)
    number = number.lstrip("+") if points and sign == "=" else number
    first = f"{sign} {pad(number, _PART, right=True)}   "
    told = wrap(text, max(pen.width - len(first), 20))
    return [first + told[0], *(" " * len(first) + line for line in told[1:])]


def _input(pen: Pen, number: str, told: Input, value: float) -> list[str]:
    """An input: what it means, and its value."""
    first = f"  {pad(number, _PART, right=True)}   "
    return pen.beside(pen.meaning(told.node, first), first, _value(pen, told.node, value))


def _value(pen: Pen, node: Node, value: float) -> str:
    if not isnan(value) and _is_condition(node):
        return pen.word("yes" if value else "no")
    return number_text(value, unit_of(node, pen.vocabulary), pen.currency, pen.lang)


def _is_condition(node: Node) -> bool:
    return isinstance(node, Equals | Missing) or (isinstance(node, Apply) and node.type == "truth")


def _signed(part: float) -> str:
    return f"{round(part, 2) + 0.0:+.2f}"


def score_json(told: ScoreTold) -> dict[str, Any]:
    """Every part of a score, nothing rounded; None where no model or no scorecard spoke."""
    return {
        "margin": None if told.margin is None else _margin_json(told.margin),
        "credit": None if told.credit is None else _credit_json(told.credit),
    }


def _margin_json(told: MarginTold) -> dict[str, Any]:
    return {
        "margin": told.margin, "probability": told.probability, "base": told.base, "reasons": told.by_reason,
        "rules": {one.rule.id: one.part for one in told.rules},
        "inputs": [{**_input_json(one.input, one.value), "part": one.part} for one in told.largest],
    }  # fmt: skip


def _credit_json(told: CreditTold) -> dict[str, Any]:
    return {
        "score": told.score, "level": told.level, "base": told.base, "families": told.families,
        "inputs": [
            {**_input_json(one.input, one.value), "family": one.input.family, "points": one.points, "lost": one.lost}
            for one in told.inputs
        ],
    }  # fmt: skip


def _input_json(told: Input, value: float) -> dict[str, Any]:
    of = expression_text(told.node, "en")
    return {"name": told.name, "of": of, "value": None if isnan(value) else value, "reason": told.reason}
