"""entropy: each window keeps the sum of L(c) = c * log2(c) over its values' counts c.

The sum is a 128-bit fixed-point number, so that it does not drift however many events come and go.
"""

from __future__ import annotations

from math import log2
from typing import Final

import numpy as np

from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_BAG, F_ENTRY, F_SETS, F_WINDOWS, ROW_CAPACITY, ROW_HEAD, R_ENTROPY, SET_STRIDE, SMALL,
)  # fmt: skip
from bonafide.engine.features.value_tables import entry_of, purge, put, table_of, tail_of
from bonafide.engine.kernel import inner

_TWO64: Final = 18446744073709551616.0
SPREAD_UNIT: Final = 1125899906842624.0
"""2**50: the fixed point of L."""


@inner
def spread(count):
    """L(count) = count * log2(count) in units of 2**-50, as (high, low) words."""
    if count < 2:
        return np.uint64(0), np.uint64(0)
    x = np.float64(count) * log2(np.float64(count)) * SPREAD_UNIT
    high = np.uint64(x / _TWO64)
    return high, np.uint64(x - np.float64(high) * _TWO64)


@inner
def _count_of(mem, plan, fam, row, bag, window, value):
    """How often a value stands in a window, by scanning."""
    record = plan[fam + F_BAG] + bag * SET_STRIDE
    raw = E_RAW + plan[record + 1]
    count = np.int64(0)
    for counter in range(tail_of(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = entry_of(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1 and mem[at + raw] == value:
            count += 1
    return count


@inner
def bag_moves(mem, plan, fam, row, at, bag, window, change):
    """Account for an entry that has entered (+1) or left (-1) a window."""
    record = plan[fam + F_BAG] + bag * SET_STRIDE
    if not (mem[at + E_FLAGS] >> plan[record]) & 1:
        return
    windows = plan[fam + F_WINDOWS]
    value = mem[at + E_RAW + plan[record + 1]]
    if mem[row + ROW_CAPACITY] > SMALL:
        table = table_of(plan, fam, row, plan[fam + F_SETS] + bag * windows + window)
        payload = put(mem, table, value)
        mem[payload] += change
        count = mem[payload]
        purge(mem, table, 1)
    else:
        count = _count_of(mem, plan, fam, row, bag, window, value)
    new_high, new_low = spread(count)
    old_high, old_low = spread(count - change)
    words = row + plan[fam + R_ENTROPY] + 2 * (bag * windows + window)
    low = np.uint64(mem[words + 1])
    total = low + new_low
    high = np.uint64(mem[words]) + new_high + np.uint64(total < low)
    mem[words] = np.int64(high - old_high - np.uint64(total < old_low))
    mem[words + 1] = np.int64(total - old_low)
