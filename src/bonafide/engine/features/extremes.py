"""min and max: small rings are scanned; large ones keep a deque of the entries that no later entry undercuts.

One deque serves all windows, since each window is the newest part of the ring: its first item inside a window is the
window's extreme. What is largest is kept as the smallest of the negated values.
"""

from __future__ import annotations

import numpy as np

from bonafide.engine.features.layout import (
    EXTREME_STRIDE, E_FLAGS, E_RAW, E_TIME, FOREVER, F_ENTRY, F_EXTREME, F_EXTREMES, F_WINDOW,
    F_WINDOWS, ROW_CAPACITY, ROW_HEAD, ROW_RING, R_DEQUE, SMALL, WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.features.value_tables import entry_of, tail_of
from bonafide.engine.kernel import inner


@inner
def _deque(mem, plan, fam, row, number):
    """Where a deque stands, behind the ring's entries: a slot of two words for each."""
    capacity = mem[row + ROW_CAPACITY]
    return mem[row + ROW_RING] + capacity * (plan[fam + F_ENTRY] + 2 * number)


@inner
def _item(mem, row, deque, front, i):
    return deque + 2 * ((front + i) & (mem[row + ROW_CAPACITY] - 1))


@inner
def deque_enter(mem, plan, fam, row, number, at):
    """Values grow from front to back; an entry drops the earlier ones it undercuts, unless a later one undercuts it."""
    record = plan[fam + F_EXTREME] + number * EXTREME_STRIDE
    if not (mem[at + E_FLAGS] >> plan[record]) & 1:
        return
    time = mem[at + E_TIME]
    value = plan[record + 2] * mem[at + E_RAW + plan[record + 1]]
    deque = _deque(mem, plan, fam, row, number)
    state = row + plan[fam + R_DEQUE] + 2 * number
    front, count = mem[state], mem[state + 1]
    after = count
    while after > 0 and mem[_item(mem, row, deque, front, after - 1)] > time:
        after -= 1
    if after < count and mem[_item(mem, row, deque, front, after) + 1] <= value:
        return
    place = after
    while place > 0 and mem[_item(mem, row, deque, front, place - 1) + 1] >= value:
        place -= 1
    move = 1 - (after - place)
    if move == 1:
        for i in range(count - 1, after - 1, -1):
            _copy_item(mem, row, deque, front, i, i + 1)
    elif move < 0:
        for i in range(after, count):
            _copy_item(mem, row, deque, front, i, i + move)
    item = _item(mem, row, deque, front, place)
    mem[item] = time
    mem[item + 1] = value
    mem[state + 1] = count + move


@inner
def _copy_item(mem, row, deque, front, i, j):
    source, target = _item(mem, row, deque, front, i), _item(mem, row, deque, front, j)
    mem[target] = mem[source]
    mem[target + 1] = mem[source + 1]


@inner
def expire_deques(mem, plan, fam, row, as_of):
    """Drop from every deque what has left the longest window."""
    length = plan[plan[fam + F_WINDOW] + (plan[fam + F_WINDOWS] - 1) * WINDOW_STRIDE]
    if length == FOREVER:
        return
    for x in range(plan[fam + F_EXTREMES]):
        deque = _deque(mem, plan, fam, row, x)
        state = row + plan[fam + R_DEQUE] + 2 * x
        while mem[state + 1] > 0 and mem[_item(mem, row, deque, mem[state], 0)] <= as_of - length:
            mem[state] += 1
            mem[state + 1] -= 1


@inner
def extreme(mem, plan, fam, row, number, window, as_of):
    """(whether a window has one, the smallest or largest value in it)."""
    record = plan[fam + F_EXTREME] + number * EXTREME_STRIDE
    sign = plan[record + 2]
    if mem[row + ROW_CAPACITY] > SMALL:
        deque = _deque(mem, plan, fam, row, number)
        state = row + plan[fam + R_DEQUE] + 2 * number
        low, high = np.int64(0), mem[state + 1]
        count = high
        while low < high:
            middle = (low + high) >> 1
            if (
                mem[_item(mem, row, deque, mem[state], middle)]
                <= as_of - plan[plan[fam + F_WINDOW] + window * WINDOW_STRIDE]
            ):
                low = middle + 1
            else:
                high = middle
        if low == count:
            return False, np.int64(0)
        return True, sign * mem[_item(mem, row, deque, mem[state], low) + 1]
    raw = E_RAW + plan[record + 1]
    found, best = False, np.int64(0)
    for counter in range(tail_of(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = entry_of(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1:
            value = sign * mem[at + raw]
            best = value if not found or value < best else best
            found = True
    return found, sign * best
