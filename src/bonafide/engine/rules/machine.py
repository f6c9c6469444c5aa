"""The machine that runs programs: over one event, or over the columns of many at once.

Both do the same arithmetic in the same order, so they give the same bits. One event leaves a condition as soon as it
cannot hold; many events share the cost of reading each instruction, and their loops run several events at a time.
"""

from __future__ import annotations

from math import isnan, nan
from typing import Any, Final

import numpy as np

from bonafide.engine.kernel import inner, shift
from bonafide.engine.rules.operations import (
    ABS, ABSENT_FIELD, ADD, AND, COALESCE, DIV, EQ, FIELD, GE, GT, LE, LT, MAX, MIN, MUL, NE, NOT, ONE_OF, OR,
    ROUND_TO, ROW_WIDTH, SAME_AS_FIELD, SKIP, SUB,
)  # fmt: skip
from bonafide.engine.siphash import ABSENT

COLUMN: Final = 64
"""Events whose registers stand side by side."""
SCAN: Final = 8
"""Groups of words up to this size are scanned; larger ones are halved."""


@inner
def number_of(row, place, unit):
    """The number of a field, NaN where it is absent."""
    return nan if row[place] == ABSENT else row[place] / unit


@inner
def same(row, a, b):
    """Whether two fields are equal, unknown where one is absent."""
    if row[a] == ABSENT or row[b] == ABSENT:
        return nan
    return 1.0 if row[a] == row[b] else 0.0


@inner
def one_of(row, place, words, at):
    """Whether a field is in a sorted group of words."""
    value = row[place]
    if value == ABSENT:
        return nan
    low, high = at + 1, at + 1 + words[at]
    while high - low > SCAN:
        middle = (low + high) // 2
        if words[middle] <= value:
            low = middle
        else:
            high = middle
    for i in range(low, high):
        if words[i] == value:
            return 1.0
    return 0.0


@inner
def absent(row, place):
    return 1.0 if row[place] == ABSENT else 0.0


@inner
def _lt(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x < y else 0.0


@inner
def _le(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x <= y else 0.0


@inner
def _gt(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x > y else 0.0


@inner
def _ge(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x >= y else 0.0


@inner
def _eq(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x == y else 0.0


@inner
def _ne(x, y):
    return nan if isnan(x) or isnan(y) else 1.0 if x != y else 0.0


@inner
def _and(x, y):
    return 0.0 if x == 0.0 or y == 0.0 else nan if isnan(x) or isnan(y) else 1.0


@inner
def _or(x, y):
    return 1.0 if x == 1.0 or y == 1.0 else nan if isnan(x) or isnan(y) else 0.0


@inner
def _not(x, y):
    return 1.0 - x


@inner
def _add(x, y):
    return x + y


@inner
def _sub(x, y):
    return x - y


@inner
def _mul(x, y):
    return x * y


@inner
def _div(x, y):
    return x / y if y != 0.0 else nan


@inner
def _min(x, y):
    return nan if isnan(x) or isnan(y) else x if x < y else y


@inner
def _max(x, y):
    return nan if isnan(x) or isnan(y) else x if x > y else y


@inner
def _abs(x, y):
    return abs(x)


@inner
def _coalesce(x, y):
    return y if isnan(x) else x


@inner
def _round_to(x, y):
    return np.floor(x / y + 0.5) * y if y > 0.0 else nan


@inner
def _is_missing(x, y):
    return 1.0 if isnan(x) else 0.0


@inner
def run(code, first, last, words, row, registers):
    """Run instructions first..last over an event's row; features, constants and zeroed results are in the registers."""
    i = first
    while i < last:
        op, a, b, d = code[4 * i], code[4 * i + 1], code[4 * i + 2], code[4 * i + 3]
        i += 1
        if op == FIELD:
            registers[d] = number_of(row, a, b)
        elif op == SAME_AS_FIELD:
            registers[d] = same(row, a, b)
        elif op == ONE_OF:
            registers[d] = one_of(row, a, words, b)
        elif op == ABSENT_FIELD:
            registers[d] = absent(row, a)
        elif op == SKIP:
            if registers[a] != 1.0:
                i = b
        else:
            registers[d] = _apply(op, registers[a], registers[b])


@inner
def _apply(op, x, y):
    if op == LT:
        return _lt(x, y)
    if op == LE:
        return _le(x, y)
    if op == GT:
        return _gt(x, y)
    if op == GE:
        return _ge(x, y)
    if op == EQ:
        return _eq(x, y)
    if op == NE:
        return _ne(x, y)
    if op == AND:
        return _and(x, y)
    if op == OR:
        return _or(x, y)
    if op == NOT:
        return _not(x, y)
    if op == ADD:
        return _add(x, y)
    if op == SUB:
        return _sub(x, y)
    if op == MUL:
        return _mul(x, y)
    if op == DIV:
        return _div(x, y)
    if op == MIN:
        return _min(x, y)
    if op == MAX:
        return _max(x, y)
    if op == ABS:
        return _abs(x, y)
    if op == COALESCE:
        return _coalesce(x, y)
    return _round_to(x, y) if op == ROUND_TO else _is_missing(x, y)


def _on_column(apply: Any) -> Any:
    """The same for a whole column, in a loop of its own that the compiler can widen."""

    @inner
    def loop(x, y, out):
        for j in range(COLUMN):
            out[j] = apply(x[j], y[j])

    return loop


_lts, _les, _gts, _ges, _eqs, _nes = map(_on_column, (_lt, _le, _gt, _ge, _eq, _ne))
_ands, _ors, _nots, _misses = map(_on_column, (_and, _or, _not, _is_missing))
_adds, _subs, _muls, _divs = map(_on_column, (_add, _sub, _mul, _div))
_mins, _maxs, _abss, _coalesces, _rounds = map(_on_column, (_min, _max, _abs, _coalesce, _round_to))


@inner
def run_columns(code, first, last, words, rows, n, columns):
    """Run instructions first..last over n <= COLUMN events; register r of event j stands at columns[r * COLUMN + j]."""
    for i in range(first, last):
        op, a, b = code[4 * i], code[4 * i + 1], code[4 * i + 2]
        out = shift(columns, code[4 * i + 3] * COLUMN)
        if op == FIELD:
            for j in range(n):
                out[j] = number_of(shift(rows, j * ROW_WIDTH), a, b)
        elif op == SAME_AS_FIELD:
            for j in range(n):
                out[j] = same(shift(rows, j * ROW_WIDTH), a, b)
        elif op == ONE_OF:
            for j in range(n):
                out[j] = one_of(shift(rows, j * ROW_WIDTH), a, words, b)
        elif op == ABSENT_FIELD:
            for j in range(n):
                out[j] = absent(shift(rows, j * ROW_WIDTH), a)
        elif op != SKIP:
            _apply_columns(op, shift(columns, a * COLUMN), shift(columns, b * COLUMN), out)


@inner
def _apply_columns(op, x, y, out):
    if op == LT:
        _lts(x, y, out)
    elif op == LE:
        _les(x, y, out)
    elif op == GT:
        _gts(x, y, out)
    elif op == GE:
        _ges(x, y, out)
    elif op == EQ:
        _eqs(x, y, out)
    elif op == NE:
        _nes(x, y, out)
    elif op == AND:
        _ands(x, y, out)
    elif op == OR:
        _ors(x, y, out)
    elif op == NOT:
        _nots(x, y, out)
    elif op == ADD:
        _adds(x, y, out)
    elif op == SUB:
        _subs(x, y, out)
    elif op == MUL:
        _muls(x, y, out)
    elif op == DIV:
        _divs(x, y, out)
    elif op == MIN:
        _mins(x, y, out)
    elif op == MAX:
        _maxs(x, y, out)
    elif op == ABS:
        _abss(x, y, out)
    elif op == COALESCE:
        _coalesces(x, y, out)
    elif op == ROUND_TO:
        _rounds(x, y, out)
    else:
        _misses(x, y, out)
