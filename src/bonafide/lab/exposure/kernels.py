"""The loops over payers' debts and over draws, compiled once on a machine.

They make no arrays, and stand in one file with all they call, because numba's cache looks at this file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from numba import types

from bonafide.engine.kernel import inner
from bonafide.engine.kernels import compile_alone

_INTS: Final = types.int64[::1]
_FLOATS: Final = types.float64[::1]

OPEN: Final = 0
UNDO: Final = 1
REFUND: Final = 2
REPAY: Final = 3
MISS: Final = 4


class Kernels(NamedTuple):
    """The compiled loops."""

    walk: Callable[..., None]
    share_out: Callable[..., None]


@cache
def load_kernels() -> Kernels:
    """Compile what is not in the cache (a second or two, once on a machine) and load the rest."""
    return Kernels(*compile_alone((
        (types.void(*[_INTS] * 12), walk),
        (types.void(_INTS, *[_FLOATS] * 4, _INTS, _FLOATS), share_out),
    )))  # fmt: skip


@inner
def _note(at: Any, debt: Any, action: Any, open_by: Any, missed_by: Any, out: Any) -> Any:
    """Write one entry where there is room for it; the place of the next."""
    debts, actions, opens, misses = out
    if debts.size:
        debts[at], actions[at], opens[at], misses[at] = debt, action, open_by, missed_by
    return at + 1


@inner
def _take(at: Any, debt: Any, action: Any, amount: Any, left: Any, missed: Any, out: Any) -> Any:
    """Lessen one debt, what is missed of it first; the place of the next entry."""
    off = min(missed[debt], amount)
    left[debt] -= amount
    missed[debt] -= off
    return _note(at, debt, action, -amount, -off, out)


def walk(
    payer: Any, kind: Any, debt: Any, amount: Any, begins: Any, left: Any, missed: Any, count: Any,
    out_debt: Any, out_action: Any, out_open: Any, out_missed: Any,
) -> None:  # fmt: skip
    """Walk every payer's actions in their order and write what each does to which debt.

    `payer`, `kind`, `debt` (-1: none) and `amount` are (actions,), payer by payer; a payer's debts stand from
    `begins[payer]` on in the order in which they open. `left` and `missed` are (debts,) of zeros. `count[0]` gets the
    number of entries; nothing is written where the `out` arrays are empty.
    """
    out = (out_debt, out_action, out_open, out_missed)
    at, current, head, last = 0, -1, 0, 0
    for i in range(payer.size):
        if payer[i] != current:
            current = payer[i]
            head = last = begins[current]
        rest = amount[i]
        if kind[i] == OPEN:
            left[debt[i]] += rest
            last = debt[i] + 1
            at = _note(at, debt[i], i, rest, 0, out)
            continue
        while head < last and left[head] == 0:
            head += 1
        if kind[i] == MISS:
            place = head
            while rest > 0 and place < last:
                more = min(left[place], rest) - missed[place]
                if more > 0:
                    missed[place] += more
                    at = _note(at, place, i, 0, more, out)
                rest -= left[place]
                place += 1
            continue
        if debt[i] >= 0:
            own = min(left[debt[i]], rest)
            if own > 0:
                at = _take(at, debt[i], i, own, left, missed, out)
            rest -= own
        place = head
        while rest > 0 and place < last:
            part = min(left[place], rest)
            if part > 0:
                at = _take(at, place, i, part, left, missed, out)
            rest -= part
            place += 1
    count[0] = at


def share_out(
    group: Any, amount: Any, age: Any, youngest: Any, lost: Any, begins: Any, out: Any
) -> None:  # fmt: skip
    """Add each payer's loss up by group: debts are lost in a row, of which the youngest has a given age.

    `group` (-1: none), `amount` and `age` are (debts,), a payer's oldest first; `youngest` (age) and `lost` (amount)
    are (payers,); `begins` (payers + 1,) says where a payer's debts stand; `out` is (groups,) and is added to. Where
    the debts of that age and older are less than is lost, it is the oldest that are.
    """
    for who in range(lost.size):
        if lost[who] <= 0.0:
            continue
        older = 0.0
        for i in range(begins[who], begins[who + 1]):
            if age[i] >= youngest[who]:
                older += amount[i]
        low = max(0.0, older - lost[who])
        high = low + lost[who]
        before = 0.0
        for i in range(begins[who], begins[who + 1]):
            after = before + amount[i]
            part = min(high, after) - max(low, before)
            if part > 0.0 and group[i] >= 0:
                out[group[i]] += part
            before = after
            if before >= high:
                break
