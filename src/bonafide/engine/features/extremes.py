"""min and max: small rings are scanned; large ones keep a deque of the entries that no later entry undercuts.

One deque serves all windows, since each window is the newest part of the ring: its first item inside a window is the
window's extreme. What is largest is kept as the smallest of the negated values.
"""

from __future__ import annotations

import numpy as np

from bonafide.engine.arena import allocate, release
from bonafide.engine.features.layout import (
    D_CAPACITY, D_CAPACITY_MIN, D_COUNT, D_FRONT, D_ITEM, EXTREME_STRIDE, E_FLAGS, E_RAW, E_TIME, FOREVER, F_ENTRY,
    F_EXTREME, F_EXTREMES, F_WINDOW, F_WINDOWS, ROW_HEAD, ROW_LARGE, R_DEQUE,
    WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.features.segments import entry_of, oldest_of, tail_of
from bonafide.engine.kernel import inner


@inner
def deque_of(plan, fam, row, number):
    """Where a large ring's row tells of a deque: the block that it stands in."""
    return row + plan[fam + R_DEQUE] + number


@inner
def _open(mem, deque_at, capacity):
    """Make a deque empty, in a block of its own."""
    deque = allocate(mem, D_ITEM + 2 * capacity)
    mem[deque + D_CAPACITY] = capacity
    mem[deque_at] = deque
    return deque


@inner
def _release(mem, deque):
    release(mem, deque, D_ITEM + 2 * mem[deque + D_CAPACITY])


@inner
def _item(mem, deque, i):
    return deque + D_ITEM + 2 * ((mem[deque + D_FRONT] + i) & (mem[deque + D_CAPACITY] - 1))


@inner
def _copy_item(mem, source, target):
    mem[target] = mem[source]
    mem[target + 1] = mem[source + 1]


@inner
def fill_deque(mem, plan, fam, row, number):
    """Make a deque from the ring."""
    _open(mem, deque_of(plan, fam, row, number), D_CAPACITY_MIN)
    for counter in range(oldest_of(mem, plan, fam, row), mem[row + ROW_HEAD]):
        deque_enter(mem, plan, fam, row, number, entry_of(mem, row, counter, plan[fam + F_ENTRY]))


@inner
def close_deques(mem, plan, fam, row):
    """Give back the blocks of all deques."""
    for number in range(plan[fam + F_EXTREMES]):
        _release(mem, mem[deque_of(plan, fam, row, number)])


@inner
def _double(mem, deque_at):
    """Move a full deque to a block of twice the capacity."""
    old = mem[deque_at]
    count = mem[old + D_COUNT]
    new = _open(mem, deque_at, 2 * mem[old + D_CAPACITY])
    for i in range(count):
        _copy_item(mem, _item(mem, old, i), _item(mem, new, i))
    mem[new + D_COUNT] = count
    _release(mem, old)
    return new


@inner
def deque_enter(mem, plan, fam, row, number, at):
    """Values grow from front to back; an entry drops the earlier ones it undercuts, unless a later one undercuts it."""
    record = plan[fam + F_EXTREME] + number * EXTREME_STRIDE
    deque = mem[deque_of(plan, fam, row, number)]
    if not (mem[at + E_FLAGS] >> plan[record]) & 1:
        return
    time = mem[at + E_TIME]
    value = plan[record + 2] * mem[at + E_RAW + plan[record + 1]]
    count = mem[deque + D_COUNT]
    after = count
    while after > 0 and mem[_item(mem, deque, after - 1)] > time:
        after -= 1
    if after < count and mem[_item(mem, deque, after) + 1] <= value:
        return
    place = after
    while place > 0 and mem[_item(mem, deque, place - 1) + 1] >= value:
        place -= 1
    move = 1 - (after - place)
    if count + move > mem[deque + D_CAPACITY]:
        deque = _double(mem, deque_of(plan, fam, row, number))
    if move == 1:
        for i in range(count - 1, after - 1, -1):
            _copy_item(mem, _item(mem, deque, i), _item(mem, deque, i + 1))
    elif move < 0:
        for i in range(after, count):
            _copy_item(mem, _item(mem, deque, i), _item(mem, deque, i + move))
    item = _item(mem, deque, place)
    mem[item] = time
    mem[item + 1] = value
    mem[deque + D_COUNT] = count + move


@inner
def expire_deques(mem, plan, fam, row, as_of):
    """Drop from every deque what has left the longest window."""
    length = plan[plan[fam + F_WINDOW] + (plan[fam + F_WINDOWS] - 1) * WINDOW_STRIDE]
    if length == FOREVER:
        return
    for number in range(plan[fam + F_EXTREMES]):
        deque = mem[deque_of(plan, fam, row, number)]
        while mem[deque + D_COUNT] > 0 and mem[_item(mem, deque, 0)] <= as_of - length:
            mem[deque + D_FRONT] += 1
            mem[deque + D_COUNT] -= 1


@inner
def _first_inside(mem, deque, since):
    """The number of a deque's first item that is later than `since`."""
    low, high = np.int64(0), mem[deque + D_COUNT]
    while low < high:
        middle = (low + high) >> 1
        if mem[_item(mem, deque, middle)] <= since:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def extreme(mem, plan, fam, row, number, window, as_of):
    """(whether a window has one, the smallest or largest value in it)."""
    record = plan[fam + F_EXTREME] + number * EXTREME_STRIDE
    sign = plan[record + 2]
    if mem[row + ROW_LARGE]:
        deque = mem[deque_of(plan, fam, row, number)]
        first = _first_inside(mem, deque, as_of - plan[plan[fam + F_WINDOW] + window * WINDOW_STRIDE])
        if first == mem[deque + D_COUNT]:
            return False, np.int64(0)
        return True, sign * mem[_item(mem, deque, first) + 1]
    raw = E_RAW + plan[record + 1]
    found, best = False, np.int64(0)
    for counter in range(tail_of(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = entry_of(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1:
            value = sign * mem[at + raw]
            best = value if not found or value < best else best
            found = True
    return found, sign * best
