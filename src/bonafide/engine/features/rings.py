"""Rings: what a key keeps of its events, oldest first; evicting and taking in, late events included.

A window is one tail, the counter of its first entry, and a late event costs no more than the entries later than it.
"""

from __future__ import annotations

from math import isnan

import numpy as np

from bonafide.engine.features.distinct import entry_moved
from bonafide.engine.features.entropy import bag_moves
from bonafide.engine.features.extremes import expire_deques
from bonafide.engine.features.layout import (
    BIT_STRIDE, CURSOR_STRIDE, E_FLAGS, E_RAW, E_TIME, F_BAGS, F_BIT, F_BITS, F_CURSOR, F_CURSORS, F_ENTRY, F_RAW,
    F_RAWS, F_SETS, F_TYPES, F_WINDOW, F_WINDOWS, FOREVER, M_COUNT, M_SUM, MEASURE_STRIDE, R_CURSOR, R_DISTINCT, R_SUM,
    R_TAIL, ROW_HEAD, ROW_LARGE, SET_SHIFT, SMALL, WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.features.segments import SHIFT, close_segments, entry_of, leave_segments, make_room, oldest_of
from bonafide.engine.features.values import build_large, close_large, values_enter
from bonafide.engine.kernel import inner
from bonafide.engine.numeric import multiply_wide
from bonafide.engine.siphash import ABSENT


@inner
def matching(plan, fam, event, kind, registers, results):
    """Which of a family's (events, where, of) combinations an event of type code `kind` matches, as flags."""
    flags = np.int64(0)
    if not (plan[fam + F_TYPES] >> kind) & 1:
        return flags
    bit = plan[fam + F_BIT]
    for b in range(plan[fam + F_BITS]):
        held = (plan[bit] >> kind) & 1
        if held and plan[bit + 1] >= 0:
            truth = registers[plan[results + plan[bit + 1]]]
            held = not isnan(truth) and truth != 0.0
        if held and plan[bit + 2] >= 0:
            held = event[plan[bit + 2]] != ABSENT
        if held:
            flags |= np.int64(1) << b
        bit += BIT_STRIDE
    return flags


@inner
def add_measure(mem, at, kind, value):
    """Add a value's contribution to the measure at `at`."""
    if kind == M_COUNT:
        mem[at] += 1
    elif kind == M_SUM:
        mem[at] += value
    else:
        high, low = multiply_wide(value, value)
        total = np.uint64(mem[at + 1]) + low
        mem[at] = np.int64(np.uint64(mem[at]) + high + np.uint64(total < low))
        mem[at + 1] = np.int64(total)


@inner
def _subtract_measure(mem, at, kind, value):
    """Undo `add_measure`."""
    if kind == M_COUNT:
        mem[at] -= 1
    elif kind == M_SUM:
        mem[at] -= value
    else:
        high, low = multiply_wide(value, value)
        before = np.uint64(mem[at + 1])
        mem[at] = np.int64(np.uint64(mem[at]) - high - np.uint64(before < low))
        mem[at + 1] = np.int64(before - low)


@inner
def _enters(mem, plan, fam, row, window, at):
    """Add the entry at `at` to a window's sums."""
    flags, sums = mem[at + E_FLAGS], row + plan[fam + R_SUM]
    record = plan[window + 2]
    for _ in range(plan[window + 1]):
        if (flags >> plan[record]) & 1:
            add_measure(mem, sums + plan[record + 3], plan[record + 1], mem[at + E_RAW + plan[record + 2]])
        record += MEASURE_STRIDE


@inner
def _leaves(mem, plan, fam, row, window, at):
    """Subtract the entry at `at` from a window's sums."""
    flags, sums = mem[at + E_FLAGS], row + plan[fam + R_SUM]
    record = plan[window + 2]
    for _ in range(plan[window + 1]):
        if (flags >> plan[record]) & 1:
            _subtract_measure(mem, sums + plan[record + 3], plan[record + 1], mem[at + E_RAW + plan[record + 2]])
        record += MEASURE_STRIDE


@inner
def evict(mem, plan, fam, row, as_of):
    """Let every window's tail pass what lies at or before as_of - length."""
    windows = plan[fam + F_WINDOWS]
    width, sets, bags = plan[fam + F_ENTRY], plan[fam + F_SETS], plan[fam + F_BAGS]
    head, oldest = mem[row + ROW_HEAD], oldest_of(mem, plan, fam, row)
    for w in range(windows):
        window = plan[fam + F_WINDOW] + w * WINDOW_STRIDE
        length = plan[window]
        tail_at = row + plan[fam + R_TAIL] + w
        tail = mem[tail_at]
        while tail < head and length != FOREVER:
            at = entry_of(mem, row, tail, width)
            if mem[at + E_TIME] > as_of - length:
                break
            tail += 1
            mem[tail_at] = tail
            _leaves(mem, plan, fam, row, window, at)
            for s in range(sets):
                if (mem[at + E_FLAGS] >> (SET_SHIFT + s)) & 1:
                    mem[row + plan[fam + R_DISTINCT] + s * windows + w] -= 1
            for b in range(bags):
                bag_moves(mem, plan, fam, row, at, b, w, -1)
    if mem[row + ROW_LARGE]:
        expire_deques(mem, plan, fam, row, as_of)
    left = oldest_of(mem, plan, fam, row)
    if left >> SHIFT != oldest >> SHIFT:
        leave_segments(mem, plan, fam, row, oldest >> SHIFT, left >> SHIFT)
    if left == head and mem[row + ROW_LARGE]:
        close_ring(mem, plan, fam, row)


@inner
def close_ring(mem, plan, fam, row):
    """Give back all that a ring has outside its row."""
    close_segments(mem, plan, fam, row)
    close_large(mem, plan, fam, row)


@inner
def _open_place(mem, plan, fam, row, time):
    """Make room for an entry with this time and return its counter; equal times rank by place in the log."""
    width, first, place = plan[fam + F_ENTRY], oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD]
    make_room(mem, plan, fam, row, first, place)
    if place - first == SMALL and not mem[row + ROW_LARGE]:
        build_large(mem, plan, fam, row)
    while place > first:
        at = entry_of(mem, row, place - 1, width)
        if mem[at + E_TIME] <= time:
            break
        to = entry_of(mem, row, place, width)
        for i in range(width):
            mem[to + i] = mem[at + i]
        entry_moved(mem, plan, fam, row, to, place)
        place -= 1
    mem[row + ROW_HEAD] += 1
    return place


@inner
def _write(mem, plan, fam, row, event, flags, time, place):
    """Fill the entry at `place` and return where it stands."""
    at = entry_of(mem, row, place, plan[fam + F_ENTRY])
    mem[at + E_TIME] = time
    mem[at + E_FLAGS] = flags
    for i in range(plan[fam + F_RAWS]):
        mem[at + E_RAW + i] = event[plan[plan[fam + F_RAW] + i]]
    return at


@inner
def _move_cursors(mem, plan, fam, row, flags, place):
    """Keep each cursor at the first entry of its window that may match, now that one was put at `place`."""
    record = plan[fam + F_CURSOR]
    for c in range(plan[fam + F_CURSORS]):
        cursor = row + plan[fam + R_CURSOR] + c
        if place < mem[cursor]:
            matches = (flags >> plan[record]) & 1
            mem[cursor] = place if matches else mem[cursor] + 1
        record += CURSOR_STRIDE


@inner
def take_in(mem, plan, fam, row, event, flags, time, as_of):
    """Put an event into a key's ring, unless it is older than the longest window."""
    windows = plan[fam + F_WINDOWS]
    longest = plan[plan[fam + F_WINDOW] + (windows - 1) * WINDOW_STRIDE]
    if longest != FOREVER and time <= as_of - longest:
        return
    place = _open_place(mem, plan, fam, row, time)
    at = _write(mem, plan, fam, row, event, flags, time, place)
    for w in range(windows):
        window = plan[fam + F_WINDOW] + w * WINDOW_STRIDE
        if plan[window] != FOREVER and time <= as_of - plan[window]:
            mem[row + plan[fam + R_TAIL] + w] += 1  # a late event that this window has already left
        else:
            _enters(mem, plan, fam, row, window, at)
    _move_cursors(mem, plan, fam, row, flags, place)
    values_enter(mem, plan, fam, row, place)
