"""Totals: what is kept without a window, in the row: counts and sums, extremes, last values, first and last times."""

from __future__ import annotations

from bonafide.engine.features.layout import (
    F_TERM_MS, F_TOTAL, F_TOTALS, R_SUM, ROW_LATEST, T_FIRST_TIME, T_LARGEST, T_LAST_TIME, T_SMALLEST,
    TOTAL_STRIDE,
)  # fmt: skip
from bonafide.engine.features.rings import add_measure
from bonafide.engine.kernel import inner


@inner
def totals_enter(mem, plan, fam, row, event, flags, time, order):
    """Add an event to a key's totals; a late one too, by its own time, and equal times by their order in the log."""
    record = plan[fam + F_TOTAL]
    for _ in range(plan[fam + F_TOTALS]):
        if (flags >> plan[record]) & 1:
            kind = plan[record + 1]
            value = event[plan[record + 2]] if plan[record + 2] >= 0 else 0
            if kind < T_SMALLEST:
                add_measure(mem, row + plan[fam + R_SUM] + plan[record + 3], kind, value)
            else:
                _keep(mem, row + plan[fam + R_SUM] + plan[record + 3], kind, value, time, order)
        record += TOTAL_STRIDE


@inner
def _keep(mem, total, kind, value, time, order):
    fresh = mem[total] == 0
    if kind == T_SMALLEST or kind == T_LARGEST:
        better = value < mem[total + 1] if kind == T_SMALLEST else value > mem[total + 1]
        if fresh or better:
            mem[total + 1] = value
    elif kind == T_FIRST_TIME:
        if fresh or time < mem[total + 1]:
            mem[total + 1] = time
    elif kind == T_LAST_TIME:
        if fresh or time > mem[total + 1]:
            mem[total + 1] = time
    elif fresh or time > mem[total + 1] or (time == mem[total + 1] and order > mem[total + 3]):
        mem[total + 1] = time
        mem[total + 2] = value
        mem[total + 3] = order
    mem[total] = 1


@inner
def forget_silent(mem, plan, fam, row, as_of):
    """Drop first and last times when the key fell silent for longer than their term before `as_of`."""
    if as_of - mem[row + ROW_LATEST] <= plan[fam + F_TERM_MS]:
        return
    record = plan[fam + F_TOTAL]
    for _ in range(plan[fam + F_TOTALS]):
        if plan[record + 1] == T_FIRST_TIME or plan[record + 1] == T_LAST_TIME:
            mem[row + plan[fam + R_SUM] + plan[record + 3]] = 0
        record += TOTAL_STRIDE
