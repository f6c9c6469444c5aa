"""Expressions evaluated the obvious way, by walking their tree: the twin of the program kernel."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any

from bonafide.engine.rules.language import Apply, Equals, Missing, Name, Node, Number, unit_of_field

Value = float | bool | None
"""A number or a truth; None is missing, or unknown."""


def evaluate(node: Node, record: Mapping[str, Any], features: Mapping[str, float | None]) -> Value:
    """The value of an expression over a record (field -> value, absent fields left out) and features."""
    match node:
        case Number(value):
            return value
        case Name(name):
            return _number(name, record, features)
        case Missing(name):
            return features[name] is None if name in features else record.get(name) is None
        case Equals(field, values, other):
            left = record.get(field)
            if left is None:
                return None
            if other is None:
                return left in values
            return None if record.get(other) is None else bool(left == record[other])
        case Apply(op, parts):
            return _apply(op, [evaluate(p, record, features) for p in parts])
    raise AssertionError(node)


def _number(name: str, record: Mapping[str, Any], features: Mapping[str, float | None]) -> Value:
    if name in features:
        return features[name]
    value = record.get(name)
    if value is None:
        return None
    return value / unit if (unit := unit_of_field(name)) > 1 else float(value)


def _apply(op: str, values: list[Value]) -> Value:
    if op == "and":
        return False if False in values else None if None in values else True
    if op == "or":
        return True if True in values else None if None in values else False
    if op == "coalesce":
        return next((v for v in values if v is not None), None)
    if op == "is missing":
        return values[0] is None
    if None in values:
        return None
    result: Value = _arithmetic(op, values)
    return result


def _arithmetic(op: str, numbers: list[Any]) -> Any:
    match op:
        case "not":
            return not numbers[0]
        case "abs":
            return abs(numbers[0])
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "round_to":
            return floor(numbers[0] / numbers[1] + 0.5) * numbers[1] if numbers[1] > 0 else None
        case "/":
            return None if numbers[1] == 0 else numbers[0] / numbers[1]
    a, b = numbers
    simple = {
        "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b,
        "+": a + b, "-": a - b, "*": a * b,
    }  # fmt: skip
    return simple[op]
