"""A plain search for cycles: from every transfer on, step by step, until the money is back where it came from."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .amlsim import Transfer


class Bounds(NamedTuple):
    """What still counts as coming home."""

    hops: int
    """Transfers at most, the first included."""
    days: int
    """From the first to the last."""
    kept_fraction: float
    """Each further transfer moves at least so much of the first, and no more than the first; 0..1."""


def cycles_by_search(transfers: Iterable[Transfer], bounds: Bounds) -> list[tuple[Transfer, ...]]:
    """For each transfer the first way home that is found, if there is one; each step stands later in the log.

    Depth first, no account twice. A step looks at everything that its account sends later and in time: exact, and slow
    where accounts send much.
    """
    log = list(transfers)
    sent: dict[int, list[Transfer]] = defaultdict(list)
    for one in log:
        sent[one.source].append(one)
    found = (_way_home([first], sent, bounds) for first in log)
    return [way for way in found if way]


def _way_home(way: list[Transfer], sent: dict[int, list[Transfer]], bounds: Bounds) -> tuple[Transfer, ...]:
    first, last = way[0], way[-1]
    if last.target == first.source:
        return tuple(way)
    if len(way) == bounds.hops:
        return ()
    visited = {one.target for one in way}
    after = sent.get(last.target, [])
    for step in after[bisect_right(after, last.number, key=lambda one: one.number) :]:
        if step.day - first.day > bounds.days:
            break
        fits = bounds.kept_fraction * first.amount <= step.amount <= first.amount
        if fits and step.target not in visited:
            way.append(step)
            home = _way_home(way, sent, bounds)
            way.pop()
            if home:
                return home
    return ()
