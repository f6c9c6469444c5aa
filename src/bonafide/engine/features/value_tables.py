"""Value tables: where in a large ring a value stands last, or how often it stands in a window.

A table lies behind its ring's entries: open addressing, two slots for an entry, a value and a payload in each. Values
that have left the ring stay until their table is three quarters full; then it is rebuilt from the ring.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import clear
from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_BAG, F_BAGS, F_ENTRY, F_EXTREMES, F_SET, F_SETS, F_WINDOWS, ROW_CAPACITY, ROW_HEAD, ROW_RING,
    R_TAIL, R_USED, SET_SHIFT, SET_STRIDE,
)  # fmt: skip
from bonafide.engine.kernel import inner

_FLIP: Final = -(2**63)


@inner
def large_words(plan, fam, capacity):
    """Words of a large ring's tables (two slots an entry, two words a slot) and deques (one slot an entry)."""
    tables = plan[fam + F_SETS] + plan[fam + F_BAGS] * plan[fam + F_WINDOWS]
    return 4 * capacity * tables + 2 * capacity * plan[fam + F_EXTREMES]


@inner
def entry_of(mem, row, counter, width):
    """Where the entry with a counter stands."""
    return mem[row + ROW_RING] + (counter & (mem[row + ROW_CAPACITY] - 1)) * width


@inner
def tail_of(mem, plan, fam, row, window):
    """The counter of the first entry in a window."""
    return mem[row + plan[fam + R_TAIL] + window]


@inner
def oldest_of(mem, plan, fam, row):
    """The counter of the oldest entry kept."""
    return tail_of(mem, plan, fam, row, plan[fam + F_WINDOWS] - 1)


@inner
def table_at(mem, plan, fam, row, number):
    """Where a ring's table starts: sets first, then bags by window."""
    capacity = mem[row + ROW_CAPACITY]
    return mem[row + ROW_RING] + capacity * plan[fam + F_ENTRY] + 4 * capacity * number


@inner
def slot_of(mem, row, table, value):
    """The slot of a value, or the empty one where it would stand. A value is stored flipped, so that 0 is empty."""
    mask = 2 * mem[row + ROW_CAPACITY] - 1
    x = np.uint64(value ^ _FLIP)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    i = np.int64((x ^ (x >> np.uint64(33))) & np.uint64(mask))
    while True:
        at = table + 2 * i
        if mem[at] == 0 or mem[at] == value ^ _FLIP:
            return at
        i = (i + 1) & mask


@inner
def put(mem, plan, fam, row, number, value):
    """The payload word of a value in a table, which is made when it is new."""
    at = slot_of(mem, row, table_at(mem, plan, fam, row, number), value)
    if mem[at] == 0:
        mem[at] = value ^ _FLIP
        mem[row + plan[fam + R_USED] + number] += 1
    return at + 1


@inner
def purge(mem, plan, fam, row, number):
    """Rebuild a table that values no longer in the ring have filled."""
    capacity = mem[row + ROW_CAPACITY]
    used = row + plan[fam + R_USED] + number
    if 2 * mem[used] <= 3 * capacity:
        return
    table = table_at(mem, plan, fam, row, number)
    clear(mem, table, 4 * capacity)
    mem[used] = 0
    fill(mem, plan, fam, row, number)


@inner
def fill(mem, plan, fam, row, number):
    """Fill an empty table from the ring."""
    width, sets = plan[fam + F_ENTRY], plan[fam + F_SETS]
    windows = plan[fam + F_WINDOWS]
    is_set = number < sets
    if is_set:
        record, first = plan[fam + F_SET] + number * SET_STRIDE, oldest_of(mem, plan, fam, row)
        flag = SET_SHIFT + number
    else:
        bag, window = (number - sets) // windows, (number - sets) % windows
        record, first = plan[fam + F_BAG] + bag * SET_STRIDE, tail_of(mem, plan, fam, row, window)
        flag = plan[record]
    for counter in range(first, mem[row + ROW_HEAD]):
        at = entry_of(mem, row, counter, width)
        if (mem[at + E_FLAGS] >> flag) & 1:
            payload = put(mem, plan, fam, row, number, mem[at + E_RAW + plan[record + 1]])
            mem[payload] = counter if is_set else mem[payload] + 1
