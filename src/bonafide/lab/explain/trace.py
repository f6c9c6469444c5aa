"""The trace of a decision: every field, every feature, and every rule part by part, each with its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bonafide.core.fields import FIELDS
from bonafide.core.lines import indented, pad, wide
from bonafide.engine.explain import Part
from bonafide.engine.features.spec import quantity_of
from bonafide.engine.rules.language import Apply, Equals, Missing, Number
from bonafide.engine.rules.operations import LOCAL_DAY, LOCAL_HOUR
from bonafide.engine.rules.terms import field_told
from bonafide.engine.rules.units import unit_of
from bonafide.lab.explain.words import Lang, expression_text, number_text, said, value_text

if TYPE_CHECKING:
    from bonafide.lab.explain.text import Pen
    from bonafide.lab.explain.why import Answer, Derived

_STEP = "  "


def trace_lines(pen: Pen, derived: Derived) -> list[list[str]]:
    """The sections of a trace."""
    return [_event(pen, derived), _features(pen, derived), _rules(pen, derived)]


def cause_text(answer: Answer, lang: Lang) -> str:
    """Why a feature is missing."""
    if answer.cause is None:
        return ""
    names = ("、" if lang == "zh" else ", ").join(answer.cause.names)
    return said(answer.cause.code, lang, names=names, number=answer.cause.number)


def _event(pen: Pen, derived: Derived) -> list[str]:
    currency = str(derived.event.get("currency", pen.currency))
    given = [(n, value_text(n, v, currency, pen.lang)) for n, v in derived.event.items() if n in FIELDS or n == "type"]
    given += [
        ("local_hour", str(int(derived.row[LOCAL_HOUR]))),
        ("local_day", number_text(float(derived.row[LOCAL_DAY]), "day", pen.currency, pen.lang)),
    ]
    if pen.lang == "zh":
        given = [(f"{field_told(name, pen.lang)} {name}", text) for name, text in given]
    return [pen.heading("event"), *_listed(given, pen.width)]


def _features(pen: Pen, derived: Derived) -> list[str]:
    told = [
        (
            a.feature.name,
            cause_text(a, pen.lang) or number_text(a.value, quantity_of(a.feature).unit, pen.currency, pen.lang),
        )
        for a in derived.answers
    ]
    return [pen.heading("features"), *_listed(told, pen.width)]


def _listed(told: list[tuple[str, str]], width: int) -> list[str]:
    names = max((wide(name) for name, _ in told), default=0)
    return [line for name, text in told for line in indented(f"  {pad(name, names)}   ", text, width)]


def _rules(pen: Pen, derived: Derived) -> list[str]:
    lines = [pen.heading("trace")]
    for voice in derived.voices:
        lines.append(f"{voice.rule.id}   {pen.word(pen.mark(voice.condition))}")
        lines += _part(pen, voice.condition, 1)
    return lines


def _part(pen: Pen, part: Part, depth: int) -> list[str]:
    """A part of a condition with the value of each of its own parts below it."""
    node, before = part.node, _STEP * depth
    if isinstance(node, Number):
        return []
    if isinstance(node, Apply) and node.op in {"and", "or", "not"}:
        lines = [f"{before}{pen.word(pen.mark(part))}   {pen.word(node.op + ' of')}"]
        return lines + [line for inner in part.parts for line in _part(pen, inner, depth + 1)]
    is_truth = isinstance(node, Equals | Missing) or (isinstance(node, Apply) and node.type == "truth")
    text = expression_text(node, pen.lang)
    if is_truth:
        values = pen.value_of(part)
        first = f"{before}{pen.word(pen.mark(part))}   "
        lines = indented(first, text + (f"   {values}" if values else ""), pen.width)
    else:
        value = number_text(part.value, unit_of(node, pen.vocabulary), pen.currency, pen.lang)
        lines = indented(before, f"{text} = {value}", pen.width, later=before + _STEP)
    return lines + [line for inner in part.parts for line in _part(pen, inner, depth + 1)]


def answers_as_json(derived: Derived) -> dict[str, Any]:
    """Features for JSON: the value, or why there is none."""
    return {
        a.feature.name: {"value": None, "missing": cause_text(a, "en")} if a.cause is not None else {"value": a.value}
        for a in derived.answers
    }


def part_as_json(part: Part) -> dict[str, Any]:
    """A part of a condition and its own parts, for JSON."""
    node = part.node
    is_truth = isinstance(node, Equals | Missing) or (isinstance(node, Apply) and node.type == "truth")
    value = part.holds if is_truth else None if part.holds is None else part.value
    told: dict[str, Any] = {"text": expression_text(node, "en"), "value": value}
    if part.parts:
        told["parts"] = [part_as_json(inner) for inner in part.parts]
    return told
