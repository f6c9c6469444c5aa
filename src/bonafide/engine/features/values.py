"""What windows know about values: sets (distinct), bags (entropy) and extremes (min, max), kept together."""

from __future__ import annotations

from bonafide.engine.features.layout import (
    F_BAGS, F_ENTRY, F_EXTREMES, F_SETS, F_WINDOWS, ROW_CAPACITY, ROW_HEAD, R_DEQUE, SMALL, T_AT,
)  # fmt: skip
from bonafide.engine.features.distinct import set_enters
from bonafide.engine.features.entropy import bag_moves
from bonafide.engine.features.extremes import deque_enter
from bonafide.engine.features.value_tables import (
    entry_of, fill, oldest_of, table_of, tables_of, tail_of,
)  # fmt: skip
from bonafide.engine.kernel import inner


@inner
def build_large(mem, plan, fam, row):
    """Make the deques of a ring that has just grown into a fresh block, and at first its tables."""
    for number in range(tables_of(plan, fam)):
        if mem[table_of(plan, fam, row, number) + T_AT] == 0:
            fill(mem, plan, fam, row, number)
    for x in range(plan[fam + F_EXTREMES]):
        mem[row + plan[fam + R_DEQUE] + 2 * x] = 0
        mem[row + plan[fam + R_DEQUE] + 2 * x + 1] = 0
        for counter in range(oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD]):
            deque_enter(mem, plan, fam, row, x, entry_of(mem, row, counter, plan[fam + F_ENTRY]))


@inner
def values_enter(mem, plan, fam, row, place):
    """Account for the entry just put at `place`, in sets, bags and deques."""
    at = entry_of(mem, row, place, plan[fam + F_ENTRY])
    for s in range(plan[fam + F_SETS]):
        set_enters(mem, plan, fam, row, s, place)
    for b in range(plan[fam + F_BAGS]):
        for w in range(plan[fam + F_WINDOWS]):
            if place >= tail_of(mem, plan, fam, row, w):
                bag_moves(mem, plan, fam, row, at, b, w, 1)
    if mem[row + ROW_CAPACITY] > SMALL:
        for x in range(plan[fam + F_EXTREMES]):
            deque_enter(mem, plan, fam, row, x, at)
