"""distinct: each value's last entry in the ring carries a flag, and each window counts the flags inside it.

A small ring is scanned for a value's last entry; a large one has a table of them. A slot is one word: 31 mixed bits of
the value below the sign, and the low half of the entry's counter. The value itself is read from the entry: only one
that is in the ring, carries the flag and has the value is its last, so what a slot says need not be trusted.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.engine.arena import release
from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, F_ENTRY, F_SET, F_SETS, F_WINDOWS, ROW_HEAD, ROW_LARGE, R_DISTINCT, SET_SHIFT, SET_STRIDE,
    SLOT_WORDS_SET, T_AT, T_SLOTS, T_USED,
)  # fmt: skip
from bonafide.engine.features.segments import entry_of, oldest_of, tail_of
from bonafide.engine.features.value_tables import is_due, mixed, open_table, slots_for, table_of
from bonafide.engine.kernel import inner

_HALF: Final = 2**32 - 1


@inner
def _tag(value):
    """The upper half of a slot for a value, as a number below zero, so that an empty slot is 0."""
    return np.int64(mixed(value) >> np.uint64(33)) - 2**31


@inner
def _raw_of(plan, fam, number):
    """Which word of an entry has a set's value."""
    return E_RAW + plan[plan[fam + F_SET] + number * SET_STRIDE + 1]


@inner
def _told(tag, counter):
    return (tag << 32) | (counter & _HALF)


@inner
def _counter(word, oldest):
    """The counter that a slot tells of, were it in the ring."""
    return oldest + ((word - oldest) & _HALF)


@inner
def _is_last(mem, at, number, raw, value):
    """Whether an entry is the last with a value."""
    return (mem[at + E_FLAGS] >> (SET_SHIFT + number)) & 1 and mem[at + raw] == value


@inner
def _slot_of(mem, plan, fam, row, number, raw, value):
    """The slot of a value in a set's table, or the empty one where it would stand."""
    table = table_of(plan, fam, row, number)
    first, mask, tag = mem[table + T_AT], mem[table + T_SLOTS] - 1, _tag(value)
    oldest = oldest_of(mem, plan, fam, row)
    i = tag & mask
    while mem[first + i] != 0:
        if mem[first + i] >> 32 == tag:
            counter = _counter(mem[first + i], oldest)
            if counter < mem[row + ROW_HEAD] and _is_last(
                mem, entry_of(mem, row, counter, plan[fam + F_ENTRY]), number, raw, value
            ):
                break
        i = (i + 1) & mask
    return first + i


@inner
def _add(mem, table, word):
    """Put a word in the first empty slot from its own on."""
    first, mask = mem[table + T_AT], mem[table + T_SLOTS] - 1
    i = (word >> 32) & mask
    while mem[first + i] != 0:
        i = (i + 1) & mask
    mem[first + i] = word
    mem[table + T_USED] += 1


@inner
def _purge(mem, plan, fam, row, table):
    """Move what a table tells of the ring's own entries to a fresh one."""
    oldest, size = oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD] - oldest_of(mem, plan, fam, row)
    slots, old = mem[table + T_SLOTS], mem[table + T_AT]
    live = 0
    for i in range(slots):
        if mem[old + i] != 0 and _counter(mem[old + i], oldest) - oldest < size:
            live += 1
    open_table(mem, table, slots_for(live), SLOT_WORDS_SET)
    for i in range(slots):
        if mem[old + i] != 0 and _counter(mem[old + i], oldest) - oldest < size:
            _add(mem, table, mem[old + i])
    release(mem, old, SLOT_WORDS_SET * slots)


@inner
def fill_set(mem, plan, fam, row, number):
    """Make a set's table from the ring's flagged entries, which are the last of different values."""
    width, table = plan[fam + F_ENTRY], table_of(plan, fam, row, number)
    raw = _raw_of(plan, fam, number)
    oldest, head = oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD]
    open_table(mem, table, slots_for(head - oldest), SLOT_WORDS_SET)
    for counter in range(oldest, head):
        at = entry_of(mem, row, counter, width)
        if (mem[at + E_FLAGS] >> (SET_SHIFT + number)) & 1:
            _add(mem, table, _told(_tag(mem[at + raw]), counter))


@inner
def entry_moved(mem, plan, fam, row, at, counter):
    """The entry now at `at` has got the next counter, because a late event was put before it."""
    for number in range(plan[fam + F_SETS] if mem[row + ROW_LARGE] else 0):
        if (mem[at + E_FLAGS] >> (SET_SHIFT + number)) & 1:
            raw = _raw_of(plan, fam, number)
            value = mem[at + raw]
            mem[_slot_of(mem, plan, fam, row, number, raw, value)] = _told(_tag(value), counter)


@inner
def _scan(mem, plan, fam, row, number, raw, value, place):
    """The entry that so far is the last with a value, or -1."""
    width = plan[fam + F_ENTRY]
    for counter in range(mem[row + ROW_HEAD] - 1, oldest_of(mem, plan, fam, row) - 1, -1):
        if counter != place and _is_last(mem, entry_of(mem, row, counter, width), number, raw, value):
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
    raw, table = _raw_of(plan, fam, number), table_of(plan, fam, row, number)
    value, slot = mem[at + raw], np.int64(0)
    if not mem[row + ROW_LARGE]:
        last = _scan(mem, plan, fam, row, number, raw, value, place)
    else:
        slot = _slot_of(mem, plan, fam, row, number, raw, value)
        last = _counter(mem[slot], oldest_of(mem, plan, fam, row)) if mem[slot] != 0 else np.int64(-1)
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
    if slot != 0:
        mem[table + T_USED] += mem[slot] == 0
        mem[slot] = _told(_tag(value), place)
        if is_due(mem, table):
            _purge(mem, plan, fam, row, table)
