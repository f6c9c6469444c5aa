"""Arithmetic on ranges of float64 values: what a number can be, given what its parts can be.

Rounding keeps order, so that the bounds of a sum, difference or product, computed in float64 too, hold whatever is
computed between them. A range never leaves a possible value out; it may hold values that cannot be.
"""

from __future__ import annotations

from math import inf, isnan, nextafter
from typing import Final, NamedTuple

ROUNDING_SLACK: Final = 1e-9
"""Part of a number that round_to may be off by, generously."""


class Range(NamedTuple):
    """All values from low to high, both included."""

    low: float
    high: float


ANY: Final = Range(-inf, inf)


def combine(op: str, a: Range, b: Range) -> Range | None:
    """What an operator or function of two numbers can give; None: nothing but missing."""
    match op:
        case "+":
            return _range(a.low + b.low, a.high + b.high)
        case "-":
            return _range(a.low - b.high, a.high - b.low)
        case "*":
            corners = [_times(x, y) for x in a for y in b]
            return Range(min(corners), max(corners))
        case "/":
            return _quotient(a, b)
        case "min":
            return Range(min(a.low, b.low), min(a.high, b.high))
        case "max":
            return Range(max(a.low, b.low), max(a.high, b.high))
        case "round_to":
            return _rounded(a, b)
    return ANY


def absolute(a: Range) -> Range:
    """What the size of a number can be."""
    lowest = 0.0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))
    return Range(lowest, max(abs(a.low), abs(a.high)))


def hull(a: Range, b: Range) -> Range:
    """The range that holds both."""
    return Range(min(a.low, b.low), max(a.high, b.high))


def can_hold(op: str, a: Range, b: Range) -> bool:
    """Whether a comparison can be true of some value of each range."""
    match op:
        case "<":
            return a.low < b.high
        case "<=":
            return a.low <= b.high
        case ">":
            return a.high > b.low
        case ">=":
            return a.high >= b.low
        case "==":
            return a.low <= b.high and b.low <= a.high
    return not (a.low == a.high == b.low == b.high)


def narrow(op: str, a: Range, b: Range) -> Range:
    """What is left of `a` where it stands so to some value of `b`; low above high where nothing is."""
    match op:
        case "<":
            return Range(a.low, min(a.high, nextafter(b.high, -inf)))
        case "<=":
            return Range(a.low, min(a.high, b.high))
        case ">":
            return Range(max(a.low, nextafter(b.low, inf)), a.high)
        case ">=":
            return Range(max(a.low, b.low), a.high)
        case "==":
            return Range(max(a.low, b.low), min(a.high, b.high))
    if b.low == b.high:
        low = nextafter(a.low, inf) if a.low == b.low else a.low
        return Range(low, nextafter(a.high, -inf) if a.high == b.low else a.high)
    return a


def _range(low: float, high: float) -> Range:
    return Range(-inf if isnan(low) else low, inf if isnan(high) else high)


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def _quotient(a: Range, b: Range) -> Range | None:
    if b.low == 0 == b.high:
        return None
    if b.low < 0 < b.high:
        return ANY
    if b.high <= 0:
        a, b = Range(-a.high, -a.low), Range(-b.high, -b.low)
    # The divisor is above 0 now. Where it comes close to 0 the quotient grows without end.
    low = a.low / b.high if a.low >= 0 else -inf if b.low == 0 else a.low / b.low
    high = a.high / b.high if a.high <= 0 else inf if b.low == 0 else a.high / b.low
    return _range(low, high)


def _rounded(a: Range, step: Range) -> Range | None:
    """The nearest multiple of a step lies within a step; without a step above 0 there is none."""
    if step.high <= 0:
        return None
    if step.high == inf or inf in (a.high, -a.low):
        return Range(0.0 if a.low >= 0 else -inf, inf)
    slack = step.high + ROUNDING_SLACK * max(abs(a.low), abs(a.high))
    return Range(max(a.low - slack, 0.0) if a.low >= 0 else a.low - slack, a.high + slack)
