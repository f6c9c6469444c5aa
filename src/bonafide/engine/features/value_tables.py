"""Value tables: where in a large ring a value stands last, or how often it stands in a window.

A table is a block of its own, as large as its values need whatever the ring holds: open addressing, a value and a
payload in each slot. Values that have left the ring stay until three quarters of the slots are used; then the others
move to a fresh table with room for as many again.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import allocate, release
from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_BAG, F_BAGS, F_ENTRY, F_SET, F_SETS, F_WINDOWS, ROW_CAPACITY, ROW_HEAD, ROW_RING, R_TABLE, R_TAIL,
    SET_SHIFT, SET_STRIDE, TABLE_STRIDE, T_AT, T_SLOTS, T_USED,
)  # fmt: skip
from bonafide.engine.kernel import inner

_FLIP: Final = -(2**63)
SLOTS_MIN: Final = 16


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
def tables_of(plan, fam):
    """How many tables a large ring has: a set's first, then a bag's, one for each window."""
    return plan[fam + F_SETS] + plan[fam + F_BAGS] * plan[fam + F_WINDOWS]


@inner
def table_of(plan, fam, row, number):
    """Where the row tells of a table."""
    return row + plan[fam + R_TABLE] + number * TABLE_STRIDE


@inner
def slot_of(mem, table, value):
    """The slot of a value, or the empty one where it would stand. A value is stored flipped, so that 0 is empty."""
    first, mask = mem[table + T_AT], mem[table + T_SLOTS] - 1
    x = np.uint64(value ^ _FLIP)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    i = np.int64((x ^ (x >> np.uint64(33))) & np.uint64(mask))
    while True:
        at = first + 2 * i
        if mem[at] == 0 or mem[at] == value ^ _FLIP:
            return at
        i = (i + 1) & mask


@inner
def put(mem, table, value):
    """The payload word of a value in a table, which is made when it is new."""
    at = slot_of(mem, table, value)
    if mem[at] == 0:
        mem[at] = value ^ _FLIP
        mem[table + T_USED] += 1
    return at + 1


@inner
def purge(mem, table, least):
    """Once three quarters of a table's slots are used, move the values whose payload is at least `least` to another."""
    slots, old = mem[table + T_SLOTS], mem[table + T_AT]
    if 4 * mem[table + T_USED] <= 3 * slots:
        return
    live = 0
    for i in range(slots):
        if mem[old + 2 * i] != 0 and mem[old + 2 * i + 1] >= least:
            live += 1
    size = np.int64(SLOTS_MIN)
    while size < 2 * live:
        size += size
    open_table(mem, table, size)
    for i in range(slots):
        if mem[old + 2 * i] != 0 and mem[old + 2 * i + 1] >= least:
            mem[put(mem, table, mem[old + 2 * i] ^ _FLIP)] = mem[old + 2 * i + 1]
    release(mem, old, 2 * slots)


@inner
def open_table(mem, table, slots):
    """Make a table empty, in a block of its own."""
    mem[table + T_AT] = allocate(mem, 2 * slots)
    mem[table + T_SLOTS] = slots
    mem[table + T_USED] = 0


@inner
def close_tables(mem, plan, fam, row):
    """Give back the blocks of all tables."""
    for number in range(tables_of(plan, fam)):
        table = table_of(plan, fam, row, number)
        if mem[table + T_AT] != 0:
            release(mem, mem[table + T_AT], 2 * mem[table + T_SLOTS])
            mem[table + T_AT] = 0


@inner
def fill(mem, plan, fam, row, number):
    """Make a table from the ring."""
    width, sets = plan[fam + F_ENTRY], plan[fam + F_SETS]
    windows = plan[fam + F_WINDOWS]
    table = table_of(plan, fam, row, number)
    open_table(mem, table, SLOTS_MIN)
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
            payload = put(mem, table, mem[at + E_RAW + plan[record + 1]])
            mem[payload] = counter if is_set else mem[payload] + 1
            purge(mem, table, first if is_set else 1)
