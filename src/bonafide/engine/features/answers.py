"""Reading: every feature of a key as of a moment, before the event itself is taken in."""

from __future__ import annotations

from math import log2, nan

import numpy as np

from bonafide.engine.features.layout import (
    A_COUNT, A_DISTINCT, A_ENTROPY, A_EXTREME, A_LAST, A_MEAN, A_SHARE, A_SINCE_FIRST, A_STD, A_SUM, A_ZSCORE,
    CURSOR_STRIDE, E_FLAGS, E_TIME, F_CURSOR, F_ENTRY, F_WINDOW, FEATURE_STRIDE, FOREVER,
    R_CURSOR, R_TAIL, ROW_HEAD, WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.features.entropy import SPREAD_UNIT, spread
from bonafide.engine.features.extremes import extreme
from bonafide.engine.features.segments import entry_of
from bonafide.engine.kernel import inner
from bonafide.engine.numeric import deviation, divide, quotient, wide_to_double
from bonafide.engine.siphash import ABSENT

_MS = 1000.0


@inner
def _sum_answer(mem, plan, row, event, feature):
    """sum, mean, std, zscore: a is the count, b the sum, c the sum of squares; for a sum alone a is the sum."""
    what, unit = plan[feature], plan[feature + 7]
    first = mem[row + plan[feature + 3]]
    if what == A_SUM:
        return np.float64(first) if unit == 1 else quotient(first, unit)
    if first == 0:
        return nan
    total = mem[row + plan[feature + 4]]
    mean = quotient(total, first * unit)
    if what == A_MEAN:
        return mean
    squares = row + plan[feature + 5]
    std = deviation(first, total, mem[squares], mem[squares + 1], unit)
    if what == A_STD:
        return std
    own = event[plan[feature + 6]]
    if own == ABSENT or std == 0.0:
        return nan
    return (own / unit - mean) / std


@inner
def _entropy(mem, row, count, words):
    """log2(n) - sum of c * log2(c) / n, in bits; exactly 0 where there is one value."""
    high, low = np.uint64(mem[row + words]), np.uint64(mem[row + words + 1])
    one_high, one_low = spread(count)
    if high == one_high and low == one_low:
        return 0.0
    s, e = wide_to_double(high, low)
    return log2(np.float64(count)) - divide(s, e, np.float64(count) * SPREAD_UNIT)


@inner
def _first_time(mem, plan, fam, row, number):
    """(whether a window holds a matching entry, the time of the first); the cursor moves on to it."""
    record = plan[fam + F_CURSOR] + number * CURSOR_STRIDE
    cursor_at = row + plan[fam + R_CURSOR] + number
    cursor = max(mem[cursor_at], mem[row + plan[fam + R_TAIL] + plan[record + 1]])
    while cursor < mem[row + ROW_HEAD]:
        at = entry_of(mem, row, cursor, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1:
            mem[cursor_at] = cursor
            return True, mem[at + E_TIME]
        cursor += 1
    mem[cursor_at] = cursor
    return False, np.int64(0)


@inner
def _moment_answer(mem, plan, fam, row, feature, as_of):
    """last, seconds_since_last, seconds_since_first. The last of all is the last in a window that still holds it."""
    what, window, a = plan[feature], plan[feature + 2], plan[feature + 3]
    if what == A_SINCE_FIRST and window >= 0:
        found, time = _first_time(mem, plan, fam, row, a)
        return (as_of - time) / _MS if found else nan
    length = FOREVER if window < 0 else plan[plan[fam + F_WINDOW] + window * WINDOW_STRIDE]
    if mem[row + a] == 0 or mem[row + a + 1] <= as_of - length:
        return nan
    if what == A_LAST:
        return mem[row + a + 2] / plan[feature + 7]
    return (as_of - mem[row + a + 1]) / _MS


@inner
def _answer(mem, plan, fam, row, event, feature, as_of):
    what, a = plan[feature], plan[feature + 3]
    if what == A_COUNT or what == A_DISTINCT:
        return np.float64(mem[row + a])
    if what <= A_ZSCORE:
        return _sum_answer(mem, plan, row, event, feature)
    if what == A_SHARE:
        whole = mem[row + plan[feature + 4]]
        return mem[row + a] / whole if whole else 0.0
    if what == A_ENTROPY:
        count = mem[row + a]
        return _entropy(mem, row, count, plan[feature + 4]) if count else nan
    if what == A_EXTREME:
        if plan[feature + 2] < 0:
            return mem[row + a + 1] / plan[feature + 7] if mem[row + a] else nan
        found, value = extreme(mem, plan, fam, row, a, plan[feature + 2], as_of)
        return value / plan[feature + 7] if found else nan
    return _moment_answer(mem, plan, fam, row, feature, as_of)


@inner
def answer_all(mem, plan, fam, told, row, event, as_of, answers):
    """Write every feature of a family that F_FEATURES or F_CARRIES (`told`) tells of into the answers' columns; `row` 0
    means that the event names no such key."""
    feature = plan[fam + told + 1]
    for _ in range(plan[fam + told]):
        if row == 0:
            answers[plan[feature + 1]] = nan
        else:
            answers[plan[feature + 1]] = _answer(mem, plan, fam, row, event, feature, as_of)
        feature += FEATURE_STRIDE
