"""Who is asked for the accounts in cycles. A finder is one function: a bank and bounds in, account numbers out.

What follows money in a log of events reads `events_of(bank)`; it names the accounts on the ways of the loops it closes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final, NamedTuple

from benches.loops.closed import SHIPPED_CAPS, Closed, by_kernel, by_twin
from bonafide.core.moment import DAY_MS
from bonafide.testing.funds_twin import AGE_MS, CLOSED_SHARE, HOPS_MAX, Law

from .amlsim import Bank
from .as_events import CURRENCY, events_of
from .search import Bounds, cycles_by_search

Finder = Callable[[Bank, Bounds], set[int]]
SHIPPED: Final = Bounds(HOPS_MAX, AGE_MS // DAY_MS, CLOSED_SHARE[0] / CLOSED_SHARE[1])
"""The bounds of a closed loop, which the kernel has built in."""


def by_search(bank: Bank, bounds: Bounds) -> set[int]:
    """Accounts on a cycle that the plain search finds."""
    return {one.source for way in cycles_by_search(bank.transfers, bounds) for one in way}


def by_funds(bank: Bank, bounds: Bounds) -> set[int]:
    """Accounts on the loops that the engine's kernel closes; it has no other bounds than SHIPPED."""
    if bounds != SHIPPED:
        raise ValueError(f"bounds are {bounds}; the kernel has {SHIPPED}")
    return _accounts(bank, by_kernel(list(events_of(bank)), CURRENCY))


def by_funds_twin(bank: Bank, bounds: Bounds) -> set[int]:
    """The same by the kernel's twin, which takes any bounds and keeps as much in a place as the kernel does."""
    closed = Fraction(bounds.kept_fraction).limit_denominator(100)
    law = Law(hops=bounds.hops, age_ms=bounds.days * DAY_MS, closed=(closed.numerator, closed.denominator))
    return _accounts(bank, by_twin(events_of(bank), SHIPPED_CAPS, law))


def _accounts(bank: Bank, loops: Iterable[Closed]) -> set[int]:
    """Both ends of each payment, payout and transfer on the ways: an event's id ends with its transfer's number."""
    numbers = {int(event.lstrip("pot")) for loop in loops for event in loop.way}
    return {end for n in numbers for end in (bank.transfers[n].source, bank.transfers[n].target)}


class Asked(NamedTuple):
    """A finder, and what it is asked for."""

    finder: Finder
    bounds: tuple[Bounds, ...]


_SEARCHED: Final = (
    SHIPPED, Bounds(4, 14, 1.0), Bounds(4, 150, 0.5), Bounds(4, 150, 1.0),
    Bounds(5, 14, 0.5), Bounds(5, 60, 1.0), Bounds(5, 90, 1.0), Bounds(5, 150, 0.9), Bounds(5, 150, 1.0),
)  # fmt: skip
"""Four hops, 14 days and half of the money are the bounds of a closed loop; the others tell what each costs here."""
FINDERS: Final[dict[str, Asked]] = {
    "plain search": Asked(by_search, _SEARCHED),
    "funds": Asked(by_funds, (SHIPPED,)),
    "funds' twin": Asked(by_funds_twin, (Bounds(5, 14, 0.5), Bounds(5, 150, 0.5))),
}
"""Name, as the table calls it -> finder and bounds."""


class Found(NamedTuple):
    """How a finder did."""

    accounts: int
    precision: float
    """Of the accounts it named, those that are labelled; 0 where it named none."""
    recall: float
    """Of the accounts asked for, those it named; 0 where none are."""
    seconds: float


def judge(finder: Finder, bank: Bank, bounds: Bounds, asked_for: frozenset[int]) -> Found:
    """Ask a finder once, and hold its answer against the labels and against the accounts it should name."""
    began = time.perf_counter()
    named = finder(bank, bounds)
    seconds = time.perf_counter() - began
    right, reached = len(named & bank.labelled), len(named & asked_for)
    return Found(len(named), right / max(1, len(named)), reached / max(1, len(asked_for)), seconds)
