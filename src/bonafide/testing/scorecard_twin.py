"""The credit score worked out as a person would with the file in hand: the twin of the scorecard kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN, Card, Direction, Family


class ScorecardInput(NamedTuple):
    """A declared input, made by hand."""

    name: str
    family: Family
    reason: str
    direction: Direction | None = None


def credit_score(card: Card, values: Mapping[str, float | None]) -> int:
    """The score of a payer whose inputs are `values` by name; None, or no entry, is missing."""
    score = card.base
    for one in card.inputs:
        value = values.get(one.name)
        if value is None:
            score += one.missing
        else:
            passed = [cut for cut in one.cuts if cut <= value]
            score += one.points[len(passed)]
    return sorted([CREDIT_MIN, score, CREDIT_MAX])[1]


def risk_level(card: Card, score: int) -> str:
    """The level of a score: of all that it is below, the one that ends lowest; low where there is none."""
    over = [(band.below, band.level) for band in card.levels if score < band.below]
    return min(over)[1] if over else "low"
