"""Reading: every feature of a key as of a moment, before the event itself is taken in."""

from __future__ import annotations

from math import log2, nan

import numpy as np

from bonafide.engine.features.layout import (
    A_COUNT, A_DISTINCT, A_ENTROPY, A_EXTREME, A_LAST, A_MEAN, A_SHARE, A_SINCE_FIRST, A_STD, A_SUM, A_ZSCORE,
    E_PREFIX, E_TIME, F_ENTRY, F_FEATURE, F_FEATURES, F_PREFIX, F_WINDOWS, FEATURE_STRIDE, R_DISTINCT,
    R_ENTROPY, R_SUM, R_TAIL, R_TOTAL, ROW_HEAD,
)  # fmt: skip
from bonafide.engine.features.rings import entry_at
from bonafide.engine.features.values import SPREAD_UNIT, extreme, spread
from bonafide.engine.kernel import inner
from bonafide.engine.numeric import deviation, divide, quotient, wide_to_double
from bonafide.engine.siphash import ABSENT

_MS = 1000.0


@inner
def _before(mem, plan, fam, row, window):
    """Where the prefix sums at a window's tail stand."""
    tail = mem[row + plan[fam + R_TAIL] + window]
    if tail == mem[row + ROW_HEAD]:
        return row + plan[fam + R_SUM]
    return entry_at(mem, row, tail, plan[fam + F_ENTRY]) + E_PREFIX


@inner
def _part(mem, plan, fam, row, window, before, word):
    """A measure over a window, or over everything where `window` is -1."""
    if window < 0:
        return mem[row + plan[fam + R_TOTAL] + word]
    return mem[row + plan[fam + R_SUM] + word] - mem[before + word]


@inner
def _std(mem, plan, fam, row, window, before, count, feature):
    """Standard deviation from a count, a sum and a 128-bit sum of squares."""
    total = _part(mem, plan, fam, row, window, before, plan[feature + 4])
    word = plan[feature + 5]
    if window < 0:
        high, low = np.uint64(mem[row + plan[fam + R_TOTAL] + word]), np.uint64(mem[row + plan[fam + R_TOTAL] + word + 1])
    else:
        sums = row + plan[fam + R_SUM] + word
        low = np.uint64(mem[sums + 1]) - np.uint64(mem[before + word + 1])
        borrow = np.uint64(np.uint64(mem[sums + 1]) < np.uint64(mem[before + word + 1]))
        high = np.uint64(mem[sums]) - np.uint64(mem[before + word]) - borrow
    return deviation(count, total, high, low, plan[feature + 7])


@inner
def _edge(mem, plan, fam, row, window, before, word, last):
    """The time of the first or last matching entry in a window that has one, and where it stands."""
    width = plan[fam + F_ENTRY]
    sums = row + plan[fam + R_SUM] + word
    head = mem[row + ROW_HEAD]
    target = mem[sums] if last else mem[before + word] + 1
    low, high = mem[row + plan[fam + R_TAIL] + window], head
    while low < high:
        middle = (low + high) >> 1
        if mem[entry_at(mem, row, middle, width) + E_PREFIX + word] < target:
            low = middle + 1
        else:
            high = middle
    return entry_at(mem, row, low - 1, width)


@inner
def _entropy(mem, plan, fam, row, window, count, bag):
    """log2(n) - sum of c * log2(c) / n, in bits; exactly 0 where there is one value."""
    words = row + plan[fam + R_ENTROPY] + 2 * (bag * plan[fam + F_WINDOWS] + window)
    high, low = np.uint64(mem[words]), np.uint64(mem[words + 1])
    one_high, one_low = spread(count)
    if high == one_high and low == one_low:
        return 0.0
    s, e = wide_to_double(high, low)
    return log2(np.float64(count)) - divide(s, e, np.float64(count) * SPREAD_UNIT)


@inner
def _moment_answer(mem, plan, fam, row, feature, window, before, as_of):
    """last, seconds_since_last, seconds_since_first."""
    what, a = plan[feature], plan[feature + 3]
    if window < 0:
        total = row + plan[fam + R_TOTAL] + a
        if mem[total] == 0:
            return nan
        if what == A_LAST:
            return mem[total + 2] / plan[feature + 7]
        return (as_of - mem[total + 1]) / _MS
    if _part(mem, plan, fam, row, window, before, a) == 0:
        return nan
    at = _edge(mem, plan, fam, row, window, before, a, what != A_SINCE_FIRST)
    if what == A_LAST:
        return mem[at + E_PREFIX + plan[fam + F_PREFIX] + plan[feature + 4]] / plan[feature + 7]
    return (as_of - mem[at + E_TIME]) / _MS


@inner
def _sum_answer(mem, plan, fam, row, event, feature, window, before):
    """sum, mean, std, zscore."""
    what, unit = plan[feature], plan[feature + 7]
    if what == A_SUM:
        total = _part(mem, plan, fam, row, window, before, plan[feature + 3])
        return np.float64(total) if unit == 1 else quotient(total, unit)
    count = _part(mem, plan, fam, row, window, before, plan[feature + 3])
    if count == 0:
        return nan
    total = _part(mem, plan, fam, row, window, before, plan[feature + 4])
    mean = quotient(total, count * unit)
    if what == A_MEAN:
        return mean
    std = _std(mem, plan, fam, row, window, before, count, feature)
    if what == A_STD:
        return std
    own = event[plan[feature + 6]]
    if own == ABSENT or std == 0.0:
        return nan
    return (own / unit - mean) / std


@inner
def _answer(mem, plan, fam, row, event, feature, before, as_of):
    what, window, a = plan[feature], plan[feature + 2], plan[feature + 3]
    if what == A_COUNT:
        return np.float64(_part(mem, plan, fam, row, window, before, a))
    if what <= A_ZSCORE:
        return _sum_answer(mem, plan, fam, row, event, feature, window, before)
    if what == A_SHARE:
        whole = _part(mem, plan, fam, row, window, before, plan[feature + 4])
        return _part(mem, plan, fam, row, window, before, a) / whole if whole else 0.0
    if what == A_DISTINCT:
        return np.float64(mem[row + plan[fam + R_DISTINCT] + a * plan[fam + F_WINDOWS] + window])
    if what == A_ENTROPY:
        count = _part(mem, plan, fam, row, window, before, a)
        return _entropy(mem, plan, fam, row, window, count, plan[feature + 4]) if count else nan
    if what == A_EXTREME:
        if window < 0:
            total = row + plan[fam + R_TOTAL] + a
            return mem[total + 1] / plan[feature + 7] if mem[total] else nan
        found, value = extreme(mem, plan, fam, row, a, window, as_of)
        return value / plan[feature + 7] if found else nan
    return _moment_answer(mem, plan, fam, row, feature, window, before, as_of)


@inner
def answer_all(mem, plan, fam, row, event, as_of, answers):
    """Write every feature of a family into the answers' columns; `row` 0 means that the event names no such key."""
    feature = plan[fam + F_FEATURE]
    previous, before = np.int64(-1), np.int64(0)
    for _ in range(plan[fam + F_FEATURES]):
        window = plan[feature + 2]
        if row == 0:
            answers[plan[feature + 1]] = nan
        else:
            if window >= 0 and window != previous:
                before = _before(mem, plan, fam, row, window)
                previous = window
            answers[plan[feature + 1]] = _answer(mem, plan, fam, row, event, feature, before, as_of)
        feature += FEATURE_STRIDE
