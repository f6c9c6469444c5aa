"""A merchant's credit score worked out as a person would with the file in hand: the twin of the graded kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bonafide.engine.graded import GradedCard
from bonafide.engine.scorecard import CREDIT_MAX, CREDIT_MIN


def credit_score(card: GradedCard, values: Mapping[str, float | None]) -> int:
    """The score of a merchant whose inputs are `values` by name; None, or no entry, is missing."""
    total = float(card.base)
    for one in card.inputs:
        value = values.get(one.name)
        if value is None:
            total += one.missing
            continue
        below = [pair for pair in one.knots if pair[0] <= value]
        above = [pair for pair in one.knots if pair[0] > value]
        if not below:
            total += above[0][1]
        elif not above:
            total += below[-1][1]
        else:
            (low, before), (high, after) = below[-1], above[0]
            total += before + (after - before) * ((value - low) / (high - low))
    return sorted([CREDIT_MIN, math.floor(total + 0.5), CREDIT_MAX])[1]
