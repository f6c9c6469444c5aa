"""Value tables: what a large ring knows about each of its values, found by the value: open addressing in a block.

A table is as large as its values need, whatever the ring holds. What no longer stands in the ring stays until seven
eighths of the slots are used; then the rest moves to a fresh table with room for as many again.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import allocate, release
from bonafide.engine.features.layout import (
    F_BAGS, F_SETS, F_WINDOWS, R_TABLE, SLOT_WORDS_BAG, SLOT_WORDS_SET, TABLE_STRIDE, T_AT, T_SLOTS, T_USED,
)  # fmt: skip
from bonafide.engine.kernel import inner

SLOTS_MIN: Final = 16


@inner
def mixed(value):
    """Bits of a value that say where it stands in a table."""
    x = np.uint64(value)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return x ^ (x >> np.uint64(33))


@inner
def tables_of(plan, fam):
    """How many tables a large ring has: a set's first, then a bag's, one for each window."""
    return plan[fam + F_SETS] + plan[fam + F_BAGS] * plan[fam + F_WINDOWS]


@inner
def table_of(plan, fam, row, number):
    """Where the row tells of a table."""
    return row + plan[fam + R_TABLE] + number * TABLE_STRIDE


@inner
def is_due(mem, table):
    """Whether seven eighths of a table's slots are used."""
    return 8 * mem[table + T_USED] > 7 * mem[table + T_SLOTS]


@inner
def slots_for(live):
    """Slots of a table with room for twice as many values."""
    slots = np.int64(SLOTS_MIN)
    while slots < 2 * live:
        slots += slots
    return slots


@inner
def open_table(mem, table, slots, width):
    """Make a table empty, in a block of its own."""
    mem[table + T_AT] = allocate(mem, width * slots)
    mem[table + T_SLOTS] = slots
    mem[table + T_USED] = 0


@inner
def close_tables(mem, plan, fam, row):
    """Give back the blocks of all tables."""
    for number in range(tables_of(plan, fam)):
        table = table_of(plan, fam, row, number)
        width = SLOT_WORDS_SET if number < plan[fam + F_SETS] else SLOT_WORDS_BAG
        release(mem, mem[table + T_AT], width * mem[table + T_SLOTS])
