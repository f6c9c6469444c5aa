"""How far a distribution moved between two periods, from counts by band: the stability index of docs/drift.md.

`bonafide drift` takes its bins from the values themselves; here values are known by band alone, so a tenth ends where a
band does. Everything else is the same: bins are tenths of the period before, an empty bin counts as SHARE_MIN.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from bonafide.core.drift import BINS, MOVING_FROM, SHARE_MIN, word_for

Verdict = Literal["unknown", "stable", "moving", "shifted"]
VERDICTS: Final[tuple[Verdict, ...]] = ("unknown", "stable", "moving", "shifted")
"""From what says nothing to what moved most."""
Counts = Mapping[int, int]
"""Band -> how many; a band below zero is that of missing values."""


class Moved(msgspec.Struct, frozen=True):
    """How far one number moved."""

    index: float | None
    by_chance: float | None
    """What two samples of these sizes have on average where nothing moved."""
    verdict: Verdict


NOTHING_KNOWN: Final = Moved(None, None, "unknown")


def moved(before: Counts, after: Counts, *, ordered: bool = True) -> Moved:
    """How far a distribution moved. Bins are tenths of `before` where bands have an order, else the bands themselves.

    Too few of either to tell a move from chance, or none, is `unknown`.

    >>> moved({0: 900, 1: 100}, {0: 900, 1: 100}, ordered=False).verdict
    'stable'
    >>> moved({0: 900, 1: 100}, {0: 500, 1: 500}, ordered=False).verdict
    'shifted'
    >>> moved({0: 9}, {0: 9}, ordered=False).verdict, moved({0: 9}, {}).index
    ('unknown', None)
    """
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return NOTHING_KNOWN
    ends = tenths(before) if ordered else sorted({*before, *after})
    first, then = (_binned(counts, ends) for counts in (before, after))
    total, used = 0.0, 0
    for old, new in zip(first, then, strict=True):
        used += bool(old + new)
        p, q = max(old / n, SHARE_MIN), max(new / m, SHARE_MIN)
        total += (q - p) * math.log(q / p)
    chance = (max(used, 2) - 1) * (1 / n + 1 / m)
    return Moved(round(total, 4), round(chance, 4), "unknown" if chance >= MOVING_FROM else word_for(total))


def tenths(counts: Counts) -> list[int]:
    """The bands with which tenths of the known values end, fewer where many values share a band.

    >>> tenths({1: 50, 2: 50}), tenths({-1: 5})
    ([1, 2], [])
    """
    known = sorted((band, number) for band, number in counts.items() if band >= 0)
    total = sum(number for _, number in known)
    ends: list[int] = []
    at = seen = 0
    for tenth in range(1, BINS):
        if not total:
            break
        place = (total - 1) * tenth // BINS
        while seen + known[at][1] <= place:
            seen += known[at][1]
            at += 1
        if not ends or ends[-1] != known[at][0]:
            ends.append(known[at][0])
    return ends


def worst(told: Sequence[Moved]) -> Verdict:
    """The verdict of the number that moved most."""
    return max((one.verdict for one in told), key=VERDICTS.index, default="unknown")


def _binned(counts: Counts, ends: Sequence[int]) -> list[int]:
    """How many lie in each bin, the last of known values open above; missing ones last."""
    bins = [0] * (len(ends) + 2)
    for band, number in counts.items():
        bins[bisect_left(ends, band) if band >= 0 else -1] += number
    return bins
