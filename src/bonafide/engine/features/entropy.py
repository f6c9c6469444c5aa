"""entropy: each window keeps the sum of L(c) = c * log2(c) over its values' counts c.

The sum is a 128-bit fixed-point number, so that it does not drift however many events come and go. A value is counted
in a small ring by scanning, in a large one by a table for each window: a slot is the value and its count.
"""

from __future__ import annotations

from math import log2
from typing import Final

import numpy as np

from bonafide.engine.arena import release
from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_BAG, F_ENTRY, F_SETS, F_WINDOWS, ROW_HEAD, ROW_LARGE, R_ENTROPY, SET_STRIDE, SLOT_WORDS_BAG, T_AT,
    T_SLOTS, T_USED,
)  # fmt: skip
from bonafide.engine.features.segments import entry_of, tail_of
from bonafide.engine.features.value_tables import SLOTS_MIN, is_due, mixed, open_table, slots_for, table_of
from bonafide.engine.kernel import inner

_FLIP: Final = -(2**63)

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
def _slot_of(mem, table, value):
    """The slot of a value, or the empty one where it would stand. A value is stored flipped, so that 0 is empty."""
    first, mask = mem[table + T_AT], mem[table + T_SLOTS] - 1
    i = np.int64(mixed(value) & np.uint64(mask))
    while True:
        at = first + SLOT_WORDS_BAG * i
        if mem[at] == 0 or mem[at] == value ^ _FLIP:
            return at
        i = (i + 1) & mask


@inner
def _change(mem, table, value, change):
    """Count a value once more or once less, and return how often it now stands in the window."""
    at = _slot_of(mem, table, value)
    if mem[at] == 0:
        mem[at] = value ^ _FLIP
        mem[table + T_USED] += 1
    mem[at + 1] += change
    count = mem[at + 1]
    if is_due(mem, table):
        _purge(mem, table)
    return count


@inner
def _purge(mem, table):
    """Move the values that stand in the window to a fresh table."""
    slots, old = mem[table + T_SLOTS], mem[table + T_AT]
    live = 0
    for at in range(old, old + SLOT_WORDS_BAG * slots, SLOT_WORDS_BAG):
        live += mem[at + 1] > 0
    open_table(mem, table, slots_for(live), SLOT_WORDS_BAG)
    for at in range(old, old + SLOT_WORDS_BAG * slots, SLOT_WORDS_BAG):
        if mem[at + 1] > 0:
            to = _slot_of(mem, table, mem[at] ^ _FLIP)
            mem[to], mem[to + 1] = mem[at], mem[at + 1]
    mem[table + T_USED] = live
    release(mem, old, SLOT_WORDS_BAG * slots)


@inner
def fill_bag(mem, plan, fam, row, bag, window):
    """Make the table of a bag's window from the ring."""
    table, record = _table_of(plan, fam, row, bag, window), plan[fam + F_BAG] + bag * SET_STRIDE
    open_table(mem, table, SLOTS_MIN, SLOT_WORDS_BAG)
    for counter in range(tail_of(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = entry_of(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1:
            _change(mem, table, mem[at + E_RAW + plan[record + 1]], 1)


@inner
def _table_of(plan, fam, row, bag, window):
    return table_of(plan, fam, row, plan[fam + F_SETS] + bag * plan[fam + F_WINDOWS] + window)


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
    value = mem[at + E_RAW + plan[record + 1]]
    if mem[row + ROW_LARGE]:
        count = _change(mem, _table_of(plan, fam, row, bag, window), value, change)
    else:
        count = _count_of(mem, plan, fam, row, bag, window, value)
    new_high, new_low = spread(count)
    old_high, old_low = spread(count - change)
    words = row + plan[fam + R_ENTROPY] + 2 * (bag * plan[fam + F_WINDOWS] + window)
    low = np.uint64(mem[words + 1])
    total = low + new_low
    high = np.uint64(mem[words]) + new_high + np.uint64(total < low)
    mem[words] = np.int64(high - old_high - np.uint64(total < old_low))
    mem[words + 1] = np.int64(total - old_low)
