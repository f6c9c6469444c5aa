"""What a model's margin and a credit score are made of, as people read it and as JSON."""

from __future__ import annotations

from math import floor, isnan
from typing import TYPE_CHECKING, Any, Final

from bonafide.core.lines import indented, pad, wrap
from bonafide.core.text import shorten
from bonafide.engine.bundles.inputs import Input, MerchantInput
from bonafide.engine.explain_score import CreditTold, MarginTold, MerchantCreditTold, MerchantPointsTold, ScoreTold
from bonafide.engine.rules.language import Apply, Equals, Missing, Node, Vocabulary
from bonafide.engine.rules.units import unit_of
from bonafide.lab.explain.words import Lang, expression_text, number_text, word

if TYPE_CHECKING:
    from bonafide.lab.explain.text import Pen

INPUTS_SHOWN: Final = 6
"""How many inputs are told one by one."""
COSTS_SHOWN: Final = 4
_PART: Final = 7
_UNBROKEN: Final = "\u00a0"
"""A blank at which no line ends."""


def margin_lines(pen: Pen) -> list[str]:
    """How the margin of a model adds up; what is shown adds up as it is shown."""
    derived = pen.told.derived
    if derived is None or derived.score.margin is None:
        return wrap(pen.say("modelled unseen"), pen.width)
    told = derived.score.margin
    margin, score = _signed(round(told.margin, 2)), f"{pen.told.decision.score:.6f}"
    lines = [*wrap(pen.say("modelled", margin=margin, score=score), pen.width), ""]
    parts = iter(shown_parts(told))
    lines += _line(pen, _signed(next(parts)), pen.say("base"))
    for one in told.rules:
        text = pen.say("rule part", rule=one.rule.id, typology=pen.word(one.rule.typology))
        lines += _line(pen, _signed(next(parts)), text)
    for each in told.largest[:INPUTS_SHOWN]:
        lines += _input(pen, _signed(next(parts)), each.input, each.value)
    for rest in parts:
        lines += _line(pen, _signed(rest), pen.say("other inputs", n=len(told.inputs) - INPUTS_SHOWN))
    lines += _line(pen, margin, pen.say("margin"), sign="=")
    by_reason = [f"{code}{_UNBROKEN}{_signed(part)}" for code, part in told.by_reason.items() if round(part, 2)]
    separator = "、" if pen.lang == "zh" else ", "
    return [*lines, "", *wrap(pen.say("by reason", parts=separator.join(by_reason)), pen.width)]


def shown_parts(told: MarginTold, most: int = INPUTS_SHOWN) -> list[float]:
    """The base, each rule, the largest inputs, and all others together where there are any, in hundredths that add up
    to the rounded margin: what lies furthest from its hundredth gives way."""
    largest = told.largest
    parts = [told.base, *(one.part for one in told.rules), *(one.part for one in largest[:most])]
    if len(largest) > most:
        parts.append(told.margin - sum(parts))
    whole = [floor(100 * part) for part in parts]
    left = round(100 * round(told.margin, 2)) - sum(whole)
    for i in sorted(range(len(parts)), key=lambda i: whole[i] - 100 * parts[i])[:left]:
        whole[i] += 1
    return [part / 100 for part in whole]


def credit_lines(pen: Pen) -> list[str]:
    """The points of a credit score: by family, and what costs most."""
    derived = pen.told.derived
    if derived is not None and derived.score.merchant is not None:
        return merchant_lines(pen, derived.score.merchant)
    if derived is None or derived.score.credit is None:
        return []
    told = derived.score.credit
    lines = [pen.say("credit", kind=pen.word("user"), id=shorten(pen.told.row["user_id"]))]
    lines += _line(pen, f"{told.base}", pen.say("credit base"))
    for family, points in told.families.items():
        lines += _line(pen, f"{points:+d}", pen.word(family))
    lines += _line(pen, f"{told.score}", pen.say("credit sum", level=pen.word(told.level)), sign="=")
    costly = told.costliest[:COSTS_SHOWN]
    lines += [pen.say("costs" if costly else "no costs")]
    for one in costly:
        lines += _input(pen, f"+{one.lost}", one.input, one.value)
    return lines


def merchant_lines(pen: Pen, told: MerchantCreditTold) -> list[str]:
    """The points of a merchant's credit score by family, each input beneath its own, and the way back up."""
    lines = [pen.say("credit", kind=pen.word("merchant"), id=shorten(pen.told.row["merchant_id"]))]
    lines += _line(pen, f"{told.base}", pen.say("merchant base"))
    whole = whole_points(list(told.families.values()), told.score - told.base)
    for (family, _), points in zip(told.families.items(), whole, strict=True):
        lines += _line(pen, f"{points:+d}", pen.word(family))
        for one in told.inputs:
            if one.input.family == family:
                value = input_number(one.value, pen.lang)
                lines += _line(pen, "", f"{called(one.input, pen.lang)}: {value} ({one.points:+.1f})")
    lines += _line(pen, f"{told.score}", pen.say("credit sum", level=pen.word(told.level)), sign="=")
    lines += [pen.say("way up" if told.way_up else "no costs")]
    for each in told.way_up:
        text = pen.say(way_of(each), value=input_number(each.best_at, pen.lang), now=input_number(each.value, pen.lang))
        lines += _line(pen, f"+{each.lost:.0f}", f"{called(each.input, pen.lang)}: {text}")
    return lines


def whole_points(parts: list[float], total: int) -> list[int]:
    """Parts in whole points that add up to the whole of them: what lies furthest from its own gives way. Where the
    score was cut off at an end, they keep what they have."""
    whole = [floor(part) for part in parts]
    left = total - sum(whole)
    if not 0 <= left <= len(parts):
        return [round(part) for part in parts]
    for i in sorted(range(len(parts)), key=lambda i: whole[i] - parts[i])[:left]:
        whole[i] += 1
    return whole


def way_of(told: MerchantPointsTold) -> str:
    """The name of what says which value an input would have to come to."""
    if told.input.direction == "down":
        return "way at least"
    return "way at most" if told.best_at > 0 else "way to none"


def called(told: MerchantInput, lang: Lang) -> str:
    """What an input of the merchants' card is called."""
    return told.zh if lang == "zh" else told.en


def input_number(value: float, lang: Lang) -> str:
    """A value of such an input."""
    return word("missing", lang) if isnan(value) else f"{value:.3g}" if value < 1_000 else f"{value:,.0f}"


def _line(pen: Pen, number: str, text: str, sign: str = " ") -> list[str]:
    return indented(f"{sign} {pad(number, _PART, right=True)}   ", text, pen.width)


def _input(pen: Pen, number: str, told: Input, value: float) -> list[str]:
    """An input: what it means, and its value."""
    first = f"  {pad(number, _PART, right=True)}   "
    shown = value_of_input(told.node, value, pen.vocabulary, pen.currency, pen.lang)
    return pen.beside(pen.meaning(told.node, first), first, shown)


def value_of_input(node: Node, value: float, vocabulary: Vocabulary, currency: str, lang: Lang) -> str:
    """The value of an input as people read it: with its unit, and yes or no of a condition."""
    if not isnan(value) and _is_condition(node):
        return word("yes" if value else "no", lang)
    return number_text(value, unit_of(node, vocabulary), currency, lang)


def _is_condition(node: Node) -> bool:
    return isinstance(node, Equals | Missing) or (isinstance(node, Apply) and node.type == "truth")


def _signed(part: float) -> str:
    return f"{round(part, 2) + 0.0:+.2f}"


def score_json(told: ScoreTold) -> dict[str, Any]:
    """Every part of a score, nothing rounded; None where no model or no scorecard spoke."""
    return {
        "margin": None if told.margin is None else _margin_json(told.margin),
        "credit": None if told.credit is None else _credit_json(told.credit),
        "merchant_credit": None if told.merchant is None else merchant_json(told.merchant),
    }


def merchant_json(told: MerchantCreditTold) -> dict[str, Any]:
    """A merchant's credit score, nothing rounded."""
    return {
        "score": told.score, "level": told.level, "base": told.base, "families": told.families,
        "inputs": [
            {
                "name": one.input.name, "family": one.input.family, "reason": one.input.reason, "zh": one.input.zh,
                "en": one.input.en, "value": None if isnan(one.value) else one.value, "points": one.points,
                "lost": one.lost, "best_at": None if isnan(one.best_at) else one.best_at,
                "direction": one.input.direction,
            }
            for one in told.inputs
        ],
    }  # fmt: skip


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
