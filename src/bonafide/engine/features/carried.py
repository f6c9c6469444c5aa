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
from bonafide.engine.features.answers import answer
from bonafide.engine.features.extremes import extreme
from bonafide.engine.features.layout import (
    A_EXTREME, A_LAST, C_AS_IT_IS, C_FAMILY, C_FEATURE, C_HOW, C_MILLIONTHS, C_WHOLE, CARRY_STRIDE, F_STRIDE, F_WINDOW,
    FOREVER, P_CARRIED, P_CARRY, P_FAMILY, ROW_LATEST, WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.kernel import inner
from bonafide.engine.rules.operations import CARRIED
from bonafide.engine.siphash import ABSENT

CARRIED_UNIT: Final = 1_000_000
CARRIED_MOST: Final = 10**14
"""Sums of this many units stay within 63 bits for 90,000 events of one key."""


@inner
def carry(mem, plan, event, rows):
    """Write every carried answer into its place of the event's row."""
    record = plan[P_CARRY]
    for i in range(plan[P_CARRIED]):
        row = rows[plan[record + C_FAMILY]]
        event[CARRIED + i] = _carried(mem, plan, row, event, record) if row else ABSENT
        record += CARRY_STRIDE


@inner
def _carried(mem, plan, row, event, record):
    fam = plan[P_FAMILY] + plan[record + C_FAMILY] * F_STRIDE
    how, feature = plan[record + C_HOW], record + C_FEATURE
    as_of = max(event[TIME], mem[row + ROW_LATEST])
    if how <= C_WHOLE:
        value = _whole(mem, plan, fam, row, feature, as_of)
        if how == C_AS_IT_IS or value == ABSENT:
            return value
        return max(min(value, CARRIED_MOST), -CARRIED_MOST)
    x = answer(mem, plan, fam, row, event, feature, as_of)
    if isnan(x):
        return ABSENT
    units = np.floor(x * (CARRIED_UNIT if how == C_MILLIONTHS else 1) + 0.5)
    return np.int64(max(min(units, np.float64(CARRIED_MOST)), np.float64(-CARRIED_MOST)))


@inner
def _whole(mem, plan, fam, row, feature, as_of):
    """An answer that is an integer, exactly: a float64 would hold 53 bits of it."""
    what, window, a = plan[feature], plan[feature + 2], plan[feature + 3]
    if what == A_EXTREME:
        if window < 0:
            return mem[row + a + 1] if mem[row + a] else ABSENT
        found, value = extreme(mem, plan, fam, row, a, window, as_of)
        return value if found else ABSENT
    if what == A_LAST:
        length = FOREVER if window < 0 else plan[plan[fam + F_WINDOW] + window * WINDOW_STRIDE]
        inside = mem[row + a] != 0 and mem[row + a + 1] > as_of - length
        return mem[row + a + 2] if inside else ABSENT
    return mem[row + a]
