"""Who is asked for the accounts in cycles. A finder is one function: a bank and bounds in, account numbers out.

What follows money in a log of events becomes one by reading `events_of(bank)`, which stands ready for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from .amlsim import Bank
from .search import Bounds, cycles_by_search

Finder = Callable[[Bank, Bounds], set[int]]


def by_search(bank: Bank, bounds: Bounds) -> set[int]:
    """Accounts on a cycle that the plain search finds."""
    return {one.source for way in cycles_by_search(bank.transfers, bounds) for one in way}


FINDERS: Final[dict[str, Finder]] = {"plain search": by_search}
"""Name, as the table calls it -> finder."""


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
