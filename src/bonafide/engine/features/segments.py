"""Where a ring's entries stand: the first few in the key's row, a short segment, and more of them in full ones.

A segment has room for SEGMENT entries. It is taken when the head reaches it and given back once the oldest entry kept
has left it, so that a ring takes what its entries need, and however large it is, no entry is copied for it to grow. A
directory tells where the segments are: in the row, where the first entries stood, and beyond that in a block that
doubles.

Counters never wrap: where an entry with a counter stands is decided by a mask, so a window's tail is one number that
only advances.
"""

from __future__ import annotations

from typing import Final

from bonafide.engine.arena import allocate, clear, release
from bonafide.engine.features.layout import (
    F_ENTRY, F_INLINE, F_SLOTS, F_WINDOWS, R_INLINE, R_TAIL, ROW_CAPACITY, ROW_DIRECTORY, ROW_HEAD,
    ROW_INLINE,
)  # fmt: skip
from bonafide.engine.kernel import inner

SHIFT: Final = 3
SEGMENT: Final = 1 << SHIFT
"""Entries in a segment: more than a row has room for, and whole cache lines whatever an entry's width."""


@inner
def entry_of(mem, row, counter, width):
    """Where the entry with a counter stands."""
    place = counter & (mem[row + ROW_CAPACITY] - 1)
    return mem[mem[row + ROW_DIRECTORY] + (place >> SHIFT)] + (place & (SEGMENT - 1)) * width


@inner
def tail_of(mem, plan, fam, row, window):
    """The counter of the first entry in a window."""
    return mem[row + plan[fam + R_TAIL] + window]


@inner
def oldest_of(mem, plan, fam, row):
    """The counter of the oldest entry kept."""
    return tail_of(mem, plan, fam, row, plan[fam + F_WINDOWS] - 1)


@inner
def make_room(mem, plan, fam, row, oldest, head):
    """See to it that there is a place for an entry at the head."""
    if mem[row + ROW_CAPACITY] == 0:
        mem[row + ROW_DIRECTORY] = row + ROW_INLINE
        mem[row + ROW_INLINE] = row + plan[fam + R_INLINE]
        mem[row + ROW_CAPACITY] = plan[fam + F_INLINE]
    if mem[row + ROW_CAPACITY] < SEGMENT:
        if head - oldest < mem[row + ROW_CAPACITY]:
            return
        _leave_row(mem, plan, fam, row, oldest, head)
    elif (head >> SHIFT) - (oldest >> SHIFT) == mem[row + ROW_CAPACITY] >> SHIFT:
        _double_directory(mem, plan, fam, row, oldest, head)
    slot = _slot(mem, row, head >> SHIFT)
    if mem[slot] == 0:
        mem[slot] = allocate(mem, SEGMENT * plan[fam + F_ENTRY])


@inner
def _slot(mem, row, segment):
    """Where the directory tells of the segment with a number."""
    return mem[row + ROW_DIRECTORY] + (segment & ((mem[row + ROW_CAPACITY] >> SHIFT) - 1))


@inner
def _leave_row(mem, plan, fam, row, oldest, head):
    """Move the entries of a full row to one segment, or to two where their counters fall into two."""
    width = plan[fam + F_ENTRY]
    first = allocate(mem, SEGMENT * width)
    last = first if oldest >> SHIFT == (head - 1) >> SHIFT else allocate(mem, SEGMENT * width)
    for counter in range(oldest, head):
        source = entry_of(mem, row, counter, width)
        target = first if counter >> SHIFT == oldest >> SHIFT else last
        target += (counter & (SEGMENT - 1)) * width
        for i in range(width):
            mem[target + i] = mem[source + i]
    clear(mem, mem[row + ROW_INLINE], plan[fam + F_SLOTS])
    mem[row + ROW_DIRECTORY] = mem[row + ROW_INLINE]
    mem[row + ROW_CAPACITY] = plan[fam + F_SLOTS] << SHIFT
    mem[_slot(mem, row, oldest >> SHIFT)] = first
    mem[_slot(mem, row, (head - 1) >> SHIFT)] = last


@inner
def _double_directory(mem, plan, fam, row, oldest, head):
    """Give a directory whose every slot tells of a segment twice the slots."""
    old, slots = mem[row + ROW_DIRECTORY], mem[row + ROW_CAPACITY] >> SHIFT
    new = allocate(mem, 2 * slots)
    for segment in range(oldest >> SHIFT, head >> SHIFT):
        mem[new + (segment & (2 * slots - 1))] = mem[old + (segment & (slots - 1))]
    if old != mem[row + ROW_INLINE]:
        release(mem, old, slots)
    mem[row + ROW_DIRECTORY] = new
    mem[row + ROW_CAPACITY] = 2 * slots << SHIFT


@inner
def leave_segments(mem, plan, fam, row, first, end):
    """Give back the segments with numbers from `first` to before `end`."""
    if mem[row + ROW_CAPACITY] >= SEGMENT:
        for segment in range(first, end):
            slot = _slot(mem, row, segment)
            release(mem, mem[slot], SEGMENT * plan[fam + F_ENTRY])
            mem[slot] = 0


@inner
def close_segments(mem, plan, fam, row):
    """Give back all of a ring's segments and its directory; its next entry stands in the row again."""
    oldest, end = oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD] + SEGMENT - 1
    leave_segments(mem, plan, fam, row, oldest >> SHIFT, end >> SHIFT)
    if mem[row + ROW_CAPACITY] >= SEGMENT and mem[row + ROW_DIRECTORY] != mem[row + ROW_INLINE]:
        release(mem, mem[row + ROW_DIRECTORY], mem[row + ROW_CAPACITY] >> SHIFT)
    mem[row + ROW_CAPACITY] = 0
