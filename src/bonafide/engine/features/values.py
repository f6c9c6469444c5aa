"""What windows know about values: sets (distinct), bags (entropy) and extremes (min, max), kept together."""

from __future__ import annotations

from bonafide.engine.features.distinct import fill_set, set_enters
from bonafide.engine.features.entropy import bag_moves, fill_bag
from bonafide.engine.features.extremes import close_deques, deque_enter, fill_deque
from bonafide.engine.features.layout import F_BAGS, F_ENTRY, F_EXTREMES, F_SETS, F_WINDOWS, ROW_LARGE
from bonafide.engine.features.segments import entry_of, tail_of
from bonafide.engine.features.value_tables import close_tables
from bonafide.engine.kernel import inner


@inner
def build_large(mem, plan, fam, row):
    """Make the tables and deques of a ring that is to be scanned no longer."""
    for s in range(plan[fam + F_SETS]):
        fill_set(mem, plan, fam, row, s)
    for b in range(plan[fam + F_BAGS]):
        for w in range(plan[fam + F_WINDOWS]):
            fill_bag(mem, plan, fam, row, b, w)
    for x in range(plan[fam + F_EXTREMES]):
        fill_deque(mem, plan, fam, row, x)
    mem[row + ROW_LARGE] = 1


@inner
def close_large(mem, plan, fam, row):
    """Give back a ring's tables and deques: it is scanned again."""
    if mem[row + ROW_LARGE]:
        close_tables(mem, plan, fam, row)
        close_deques(mem, plan, fam, row)
        mem[row + ROW_LARGE] = 0


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
    for x in range(plan[fam + F_EXTREMES] if mem[row + ROW_LARGE] else 0):
        deque_enter(mem, plan, fam, row, x, at)
