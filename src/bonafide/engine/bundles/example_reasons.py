"""Why a rule that an example expects did not hit: the parts of its condition that do not hold, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Final

import numpy as np

from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.codes import ANSWERED
from bonafide.engine.engine import Engine
from bonafide.engine.bundles.example_files import Example
from bonafide.engine.explain import Part, evaluate_parts
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.language import Apply, Equals, Missing, Name, parse_located

PARTS_SHOWN_MAX: Final = 2
"""Of a condition, how many parts that do not hold are shown."""


def why_silent(bundle: Bundle, example: Example, rule: Rule, kernels: Kernels) -> str:
    """The parts of a rule's condition that do not hold on an example's event: "amount >= 500 does not hold (amount is
    400)"; empty where all do.
    """
    located = parse_located(rule.text, bundle.vocabulary)
    whole = _evaluated(bundle, example, rule, kernels)
    conjunction = isinstance(whole.node, Apply) and whole.node.op == "and"
    parts = [((i,), part) for i, part in enumerate(whole.parts)] if conjunction else [((), whole)]
    told: list[str] = []
    for path, part in parts:
        if part.holds is not True and len(told) < PARTS_SHOWN_MAX:
            span = located.spans.get(path)
            text = " ".join((located.text if span is None else located.text[span.start : span.end]).split())
            values = ", ".join(dict.fromkeys(_values(part, example.event)))
            told.append(f"{text} does not hold ({values})" if values else f"{text} does not hold")
    return " and ".join(told)


def _evaluated(bundle: Bundle, example: Example, rule: Rule, kernels: Kernels) -> Part:
    engine = Engine(bundle, kernels=kernels)
    engine.decide(example.past)
    rows = rows_of_events((example.event,), kernels, engine.state.bound.key)
    walked = engine.state.walk(rows, np.full(1, ANSWERED, dtype=np.int64))
    columns = {feature.name: place for place, feature in enumerate(bundle.features)}
    key = engine.state.bound.key
    (part,) = evaluate_parts([rule.when], columns, kernels, key, rows[0], walked.answers[0])
    return part


def _values(part: Part, event: Fact) -> Iterator[str]:
    """What the names in a part of a condition are worth, in the order of writing."""
    match part.node:
        case Name(name):
            yield f"{name} is missing" if isnan(part.value) else f"{name} is {part.value:.12g}"
        case Equals("type"):
            yield f"type is {event.type}"
        case Equals(field, _, other):
            for name in (field, *((other,) if other else ())):
                value = getattr(event, name, None)
                yield f"{name} is {'missing' if value is None else value}"
        case Missing(name):
            yield f"{name} is {'missing' if part.holds else 'there'}"
        case _:
            for below in part.parts:
                yield from _values(below, event)
