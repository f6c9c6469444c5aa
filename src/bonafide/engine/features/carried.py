"""Carrying: what one key knows of an event is written into the event's row, where its other keys read it as a value.

The law: before an event is taken in, each carried answer becomes an integer, once. Counts, numbers of different
values, and sums, extremes and last values of whole numbers are what they are; means and deviations of money and of
moments are rounded to whole units; all else (fractions, seconds, other means, scores, bits) to millionths. Halves round
up, and what lies beyond CARRIED_MOST units either way is that. The last of a text or word is carried as it is, to be
told apart and nothing else. Missing is absent. So no step reads two keys' states at once: the second key takes in a
number.
"""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np

from bonafide.engine.admission import TIME
from bonafide.engine.features.layout import (
    C_AS_IT_IS, C_FAMILY, C_HOW, C_LAST, C_LENGTH, C_MILLIONTHS, CARRY_STRIDE, P_CARRIED, P_CARRY, ROW_LATEST,
)  # fmt: skip
from bonafide.engine.kernel import inner
from bonafide.engine.rules.operations import CARRIED
from bonafide.engine.siphash import ABSENT

CARRIED_UNIT: Final = 1_000_000
CARRIED_MOST: Final = 10**14
"""Sums of this many units stay within 63 bits for 90,000 events of one key; a float64 holds every integer up to it."""


@inner
def carry(mem, plan, event, rows, numbers):
    """Write every carried answer, of which `numbers` are the numbers, into its place of the event's row."""
    record = plan[P_CARRY]
    for i in range(plan[P_CARRIED]):
        if plan[record + C_HOW] == C_AS_IT_IS:
            event[CARRIED + i] = _last(mem, plan, rows[plan[record + C_FAMILY]], event, record)
        else:
            event[CARRIED + i] = _units(numbers[i], CARRIED_UNIT if plan[record + C_HOW] == C_MILLIONTHS else 1)
        record += CARRY_STRIDE


@inner
def _units(number, unit):
    """A number in whole units, halves up, within CARRIED_MOST of them."""
    if isnan(number):
        return ABSENT
    return np.int64(max(min(np.floor(number * unit + 0.5), np.float64(CARRIED_MOST)), np.float64(-CARRIED_MOST)))


@inner
def _last(mem, plan, row, event, record):
    """The last value of a text or word, whose 64 bits a float64 would not hold."""
    at = row + plan[record + C_LAST]
    if row == 0 or mem[at] == 0:
        return ABSENT
    as_of = max(event[TIME], mem[row + ROW_LATEST])
    return mem[at + 2] if mem[at + 1] > as_of - plan[record + C_LENGTH] else ABSENT
