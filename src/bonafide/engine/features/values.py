"""What windows know about values: how many are distinct, how evenly they spread, which is smallest or largest.

*Sets* (distinct): each value's last entry in the ring carries a flag, and each window counts the flags inside it.
*Bags* (entropy): each window keeps the sum of L(c) = c * log2(c) over its values' counts c, as a 128-bit fixed-point
number, so that it does not drift. *Extremes*: a deque of the entries that no later entry undercuts. Up to SMALL
entries all three are answered by scanning; larger rings keep tables and deques behind their entries.
"""

from __future__ import annotations

from math import log2
from typing import Final

import numpy as np

from bonafide.engine.arena import clear
from bonafide.engine.features.layout import (
    E_FLAGS, E_RAW, E_TIME, EXTREME_STRIDE, F_BAG, F_BAGS, F_ENTRY, F_EXTREME, F_EXTREMES, F_SET, F_SETS, F_WINDOW,
    F_WINDOWS, FOREVER, R_DEQUE, R_DISTINCT, R_ENTROPY, R_TAIL, R_USED, ROW_CAPACITY, ROW_HEAD, ROW_RING,
    SET_SHIFT, SET_STRIDE, SMALL, WINDOW_STRIDE,
)  # fmt: skip
from bonafide.engine.kernel import inner

_FLIP: Final = -(2**63)
_TWO64: Final = 18446744073709551616.0
SPREAD_UNIT: Final = 1125899906842624.0
"""2**50: the fixed point of L."""


@inner
def large_words(plan, fam, capacity):
    """Words of a large ring's tables (two slots an entry, two words a slot) and deques (one slot an entry)."""
    tables = plan[fam + F_SETS] + plan[fam + F_BAGS] * plan[fam + F_WINDOWS]
    return 4 * capacity * tables + 2 * capacity * plan[fam + F_EXTREMES]


@inner
def _entry(mem, row, counter, width):
    return mem[row + ROW_RING] + (counter & (mem[row + ROW_CAPACITY] - 1)) * width


@inner
def _tail(mem, plan, fam, row, window):
    return mem[row + plan[fam + R_TAIL] + window]


@inner
def _oldest(mem, plan, fam, row):
    return _tail(mem, plan, fam, row, plan[fam + F_WINDOWS] - 1)


# ---- value tables ---------------------------------------------------------------------------------------------------


@inner
def _table(mem, plan, fam, row, number):
    """Where a ring's table starts: sets first, then bags by window."""
    capacity = mem[row + ROW_CAPACITY]
    return mem[row + ROW_RING] + capacity * plan[fam + F_ENTRY] + 4 * capacity * number


@inner
def _slot(mem, row, table, value):
    """The slot of a value, or the empty one where it would stand. A value is stored flipped, so that 0 is empty."""
    mask = 2 * mem[row + ROW_CAPACITY] - 1
    x = np.uint64(value ^ _FLIP)
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    i = np.int64((x ^ (x >> np.uint64(33))) & np.uint64(mask))
    while True:
        at = table + 2 * i
        if mem[at] == 0 or mem[at] == value ^ _FLIP:
            return at
        i = (i + 1) & mask


@inner
def _put(mem, plan, fam, row, number, value):
    """The payload word of a value in a table, which is made when it is new."""
    at = _slot(mem, row, _table(mem, plan, fam, row, number), value)
    if mem[at] == 0:
        mem[at] = value ^ _FLIP
        mem[row + plan[fam + R_USED] + number] += 1
    return at + 1


@inner
def _purge(mem, plan, fam, row, number):
    """Rebuild a table that values no longer in the ring have filled."""
    capacity = mem[row + ROW_CAPACITY]
    used = row + plan[fam + R_USED] + number
    if 2 * mem[used] <= 3 * capacity:
        return
    table = _table(mem, plan, fam, row, number)
    clear(mem, table, 4 * capacity)
    mem[used] = 0
    _fill(mem, plan, fam, row, number)


@inner
def _fill(mem, plan, fam, row, number):
    """Fill an empty table from the ring."""
    width, sets = plan[fam + F_ENTRY], plan[fam + F_SETS]
    windows = plan[fam + F_WINDOWS]
    is_set = number < sets
    if is_set:
        record, first = plan[fam + F_SET] + number * SET_STRIDE, _oldest(mem, plan, fam, row)
        flag = SET_SHIFT + number
    else:
        bag, window = (number - sets) // windows, (number - sets) % windows
        record, first = plan[fam + F_BAG] + bag * SET_STRIDE, _tail(mem, plan, fam, row, window)
        flag = plan[record]
    for counter in range(first, mem[row + ROW_HEAD]):
        at = _entry(mem, row, counter, width)
        if (mem[at + E_FLAGS] >> flag) & 1:
            payload = _put(mem, plan, fam, row, number, mem[at + E_RAW + plan[record + 1]])
            mem[payload] = counter if is_set else mem[payload] + 1


@inner
def build_large(mem, plan, fam, row):
    """Make the tables and deques of a ring that has just grown into a fresh, zeroed block."""
    windows = plan[fam + F_WINDOWS]
    for number in range(plan[fam + F_SETS] + plan[fam + F_BAGS] * windows):
        mem[row + plan[fam + R_USED] + number] = 0
        _fill(mem, plan, fam, row, number)
    for x in range(plan[fam + F_EXTREMES]):
        mem[row + plan[fam + R_DEQUE] + 2 * x] = 0
        mem[row + plan[fam + R_DEQUE] + 2 * x + 1] = 0
        for counter in range(_oldest(mem, plan, fam, row), mem[row + ROW_HEAD]):
            _deque_enter(mem, plan, fam, row, x, _entry(mem, row, counter, plan[fam + F_ENTRY]))


# ---- distinct ---------------------------------------------------------------------------------------------------------


@inner
def entry_moved(mem, plan, fam, row, at, counter):
    """The entry now at `at` has got the next counter, because a late event was put before it."""
    if mem[row + ROW_CAPACITY] > SMALL:
        for number in range(plan[fam + F_SETS]):
            if (mem[at + E_FLAGS] >> (SET_SHIFT + number)) & 1:
                value = mem[at + E_RAW + plan[plan[fam + F_SET] + number * SET_STRIDE + 1]]
                mem[_slot(mem, row, _table(mem, plan, fam, row, number), value) + 1] = counter


@inner
def _last_of(mem, plan, fam, row, number, value, raw, place):
    """The entry that so far is the last with a value, or -1."""
    flag = SET_SHIFT + number
    if mem[row + ROW_CAPACITY] > SMALL:
        slot = _slot(mem, row, _table(mem, plan, fam, row, number), value)
        last = mem[slot + 1]
        return last if mem[slot] != 0 and last >= _oldest(mem, plan, fam, row) else np.int64(-1)
    width = plan[fam + F_ENTRY]
    for counter in range(mem[row + ROW_HEAD] - 1, _oldest(mem, plan, fam, row) - 1, -1):
        at = _entry(mem, row, counter, width)
        if counter != place and (mem[at + E_FLAGS] >> flag) & 1 and mem[at + raw] == value:
            return np.int64(counter)
    return np.int64(-1)


@inner
def _set_enters(mem, plan, fam, row, number, place):
    width, windows = plan[fam + F_ENTRY], plan[fam + F_WINDOWS]
    record = plan[fam + F_SET] + number * SET_STRIDE
    at = _entry(mem, row, place, width)
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
        mem[_entry(mem, row, last, width) + E_FLAGS] &= ~flag
    for w in range(windows):
        tail = _tail(mem, plan, fam, row, w)
        if place >= tail and last < tail:
            mem[row + plan[fam + R_DISTINCT] + number * windows + w] += 1
    if mem[row + ROW_CAPACITY] > SMALL:
        mem[_put(mem, plan, fam, row, number, value)] = place
        _purge(mem, plan, fam, row, number)


# ---- entropy ----------------------------------------------------------------------------------------------------------


@inner
def spread(count):
    """L(count) = count * log2(count) in units of 2**-50, as (high, low) words."""
    if count < 2:
        return np.uint64(0), np.uint64(0)
    x = np.float64(count) * log2(np.float64(count)) * SPREAD_UNIT
    high = np.uint64(x / _TWO64)
    return high, np.uint64(x - np.float64(high) * _TWO64)


@inner
def _count_of(mem, plan, fam, row, bag, window, value):
    """How often a value stands in a window, by scanning."""
    record = plan[fam + F_BAG] + bag * SET_STRIDE
    raw = E_RAW + plan[record + 1]
    count = np.int64(0)
    for counter in range(_tail(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = _entry(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1 and mem[at + raw] == value:
            count += 1
    return count


@inner
def _bag_moves(mem, plan, fam, row, at, bag, window, change):
    """Account for an entry that has entered (+1) or left (-1) a window."""
    record = plan[fam + F_BAG] + bag * SET_STRIDE
    if not (mem[at + E_FLAGS] >> plan[record]) & 1:
        return
    windows = plan[fam + F_WINDOWS]
    value = mem[at + E_RAW + plan[record + 1]]
    if mem[row + ROW_CAPACITY] > SMALL:
        number = plan[fam + F_SETS] + bag * windows + window
        payload = _put(mem, plan, fam, row, number, value)
        mem[payload] += change
        count = mem[payload]
        _purge(mem, plan, fam, row, number)
    else:
        count = _count_of(mem, plan, fam, row, bag, window, value)
    new_high, new_low = spread(count)
    old_high, old_low = spread(count - change)
    words = row + plan[fam + R_ENTROPY] + 2 * (bag * windows + window)
    low = np.uint64(mem[words + 1])
    total = low + new_low
    high = np.uint64(mem[words]) + new_high + np.uint64(total < low)
    mem[words] = np.int64(high - old_high - np.uint64(total < old_low))
    mem[words + 1] = np.int64(total - old_low)


@inner
def bag_leaves(mem, plan, fam, row, at, bag, window):
    """The entry at `at` has just been passed by a window's tail."""
    _bag_moves(mem, plan, fam, row, at, bag, window, -1)


# ---- extremes ---------------------------------------------------------------------------------------------------------


@inner
def _deque(mem, plan, fam, row, number):
    capacity = mem[row + ROW_CAPACITY]
    tables = plan[fam + F_SETS] + plan[fam + F_BAGS] * plan[fam + F_WINDOWS]
    return _table(mem, plan, fam, row, tables) + 2 * capacity * number


@inner
def _item(mem, row, deque, front, i):
    return deque + 2 * ((front + i) & (mem[row + ROW_CAPACITY] - 1))


@inner
def _deque_enter(mem, plan, fam, row, number, at):
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
            if mem[_item(mem, row, deque, mem[state], middle)] <= as_of - plan[plan[fam + F_WINDOW] + window * WINDOW_STRIDE]:
                low = middle + 1
            else:
                high = middle
        if low == count:
            return False, np.int64(0)
        return True, sign * mem[_item(mem, row, deque, mem[state], low) + 1]
    raw = E_RAW + plan[record + 1]
    found, best = False, np.int64(0)
    for counter in range(_tail(mem, plan, fam, row, window), mem[row + ROW_HEAD]):
        at = _entry(mem, row, counter, plan[fam + F_ENTRY])
        if (mem[at + E_FLAGS] >> plan[record]) & 1:
            value = sign * mem[at + raw]
            best = value if not found or value < best else best
            found = True
    return found, sign * best


@inner
def values_enter(mem, plan, fam, row, place):
    """Account for the entry just put at `place`, in sets, bags and deques."""
    at = _entry(mem, row, place, plan[fam + F_ENTRY])
    for s in range(plan[fam + F_SETS]):
        _set_enters(mem, plan, fam, row, s, place)
    for b in range(plan[fam + F_BAGS]):
        for w in range(plan[fam + F_WINDOWS]):
            if place >= _tail(mem, plan, fam, row, w):
                _bag_moves(mem, plan, fam, row, at, b, w, 1)
    if mem[row + ROW_CAPACITY] > SMALL:
        for x in range(plan[fam + F_EXTREMES]):
            _deque_enter(mem, plan, fam, row, x, at)
