"""distinct: each value's last entry in the ring carries a flag, and each window counts the flags inside it."""

from __future__ import annotations

import numpy as np

from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_ENTRY, F_SET, F_SETS, F_WINDOWS, ROW_CAPACITY, ROW_HEAD, R_DISTINCT, SET_SHIFT, SET_STRIDE,
    SMALL,
)  # fmt: skip
from bonafide.engine.features.value_tables import entry_of, oldest_of, purge, put, slot_of, table_of, tail_of
from bonafide.engine.kernel import inner


@inner
def entry_moved(mem, plan, fam, row, at, counter):
    """The entry now at `at` has got the next counter, because a late event was put before it."""
    if mem[row + ROW_CAPACITY] > SMALL:
        for number in range(plan[fam + F_SETS]):
            if (mem[at + E_FLAGS] >> (SET_SHIFT + number)) & 1:
                value = mem[at + E_RAW + plan[plan[fam + F_SET] + number * SET_STRIDE + 1]]
                mem[slot_of(mem, table_of(plan, fam, row, number), value) + 1] = counter


@inner
def _last_of(mem, plan, fam, row, number, value, raw, place):
    """The entry that so far is the last with a value, or -1."""
    flag = SET_SHIFT + number
    if mem[row + ROW_CAPACITY] > SMALL:
        slot = slot_of(mem, table_of(plan, fam, row, number), value)
        last = mem[slot + 1]
        return last if mem[slot] != 0 and last >= oldest_of(mem, plan, fam, row) else np.int64(-1)
    width = plan[fam + F_ENTRY]
    for counter in range(mem[row + ROW_HEAD] - 1, oldest_of(mem, plan, fam, row) - 1, -1):
        at = entry_of(mem, row, counter, width)
        if counter != place and (mem[at + E_FLAGS] >> flag) & 1 and mem[at + raw] == value:
            return np.int64(counter)
    return np.int64(-1)


@inner
def set_enters(mem, plan, fam, row, number, place):
    """Account for the entry just put at `place` in a set: it may now be the last with its value."""
    width, windows = plan[fam + F_ENTRY], plan[fam + F_WINDOWS]
    record = plan[fam + F_SET] + number * SET_STRIDE
    at = entry_of(mem, row, place, width)
    if not (mem[at + E_FLAGS] >> plan[record]) & 1:
        return
    raw = E_RAW + plan[record + 1]
    value = mem[at + raw]
    last = _last_of(mem, plan, fam, row, number, value, raw, place)
    if last > place:
        return
    flag = np.int64(1) << (SET_SHIFT + number)
    mem[at + E_FLAGS] |= flag
    if last >= 0:
        mem[entry_of(mem, row, last, width) + E_FLAGS] &= ~flag
    for w in range(windows):
        tail = tail_of(mem, plan, fam, row, w)
        if place >= tail and last < tail:
            mem[row + plan[fam + R_DISTINCT] + number * windows + w] += 1
    if mem[row + ROW_CAPACITY] > SMALL:
        table = table_of(plan, fam, row, number)
        mem[put(mem, table, value)] = place
        purge(mem, table, oldest_of(mem, plan, fam, row))
