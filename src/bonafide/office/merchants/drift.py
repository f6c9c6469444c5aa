"""Whether a merchant trades as it did: amounts, hours and categories of the last weeks against those before.

The statistic is the population stability index (PSI) over fixed bins. Where both summaries come from one trade, PSI *
n1 * n2 / (n1 + n2) is about chi-squared with bins - 1 degrees of freedom. It is drift where PSI is at least PSI_MIN and
that product at least its 99.9 % quantile, with ORDERS_MIN orders on each side: a few odd orders are none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.office.merchants.checklist import fold_word

PSI_MIN: Final = 0.25
"""The usual line from which on two populations are called different."""
ORDERS_MIN: Final = 50
UNDECLARED_MIN: Final = 0.5
"""From more than this part of the orders on, what is sold is something else than was declared."""
TICKET_BINS: Final = 24
"""By the number of bits of the amount in minor units."""
HOUR_BINS: Final = 8
"""Of three hours each, by the bundle's own clock."""
CATEGORIES_MAX: Final = 12
"""Categories that are told apart; the rest is one."""
_REST: Final = ""
_SMOOTH: Final = 0.5
"""Orders that are added to each bin, so that an empty one has a logarithm."""
_NORMAL_999: Final = 3.0902


class Trade(msgspec.Struct):
    """A merchant's orders of some days, counted."""

    orders: int = 0
    tickets: dict[int, int] = {}
    hours: dict[int, int] = {}
    categories: dict[str, int] = {}

    def add(self, amount: int, hour: int, category: str | None) -> None:
        """Count an order; `hour` is 0..23 of its local time."""
        self.orders += 1
        ticket = min(amount.bit_length(), TICKET_BINS - 1)
        self.tickets[ticket] = self.tickets.get(ticket, 0) + 1
        self.hours[hour * HOUR_BINS // 24] = self.hours.get(hour * HOUR_BINS // 24, 0) + 1
        if category is not None:
            known = category in self.categories or len(self.categories) < CATEGORIES_MAX
            name = category if known else _REST
            self.categories[name] = self.categories.get(name, 0) + 1

    @classmethod
    def sum_of(cls, parts: Sequence[Trade]) -> Trade:
        """Several days as one."""
        total = cls()
        for name in ("tickets", "hours", "categories"):
            counts: Counter[int | str] = Counter()
            for part in parts:
                counts.update(getattr(part, name))
            setattr(total, name, dict(counts))
        total.orders = sum(part.orders for part in parts)
        return total


class Drift(NamedTuple):
    """One thing that is not as it was."""

    code: str
    measure: float
    """The stability index; of `category_undeclared` the part of the orders that is of another category."""
    before: int
    after: int
    """Orders that were compared."""


def drifts(before: Trade, after: Trade) -> list[Drift]:
    """What has drifted between two summaries of one merchant's trade.

    >>> drifts(Trade(100, {10: 100}), Trade(100, {14: 100}))[0].code
    'ticket_drift'
    >>> drifts(Trade(3, {10: 3}), Trade(3, {14: 3}))
    []
    """
    found = []
    pairs: tuple[tuple[str, Mapping[Any, int], Mapping[Any, int]], ...] = (
        ("ticket_drift", before.tickets, after.tickets), ("hours_drift", before.hours, after.hours),
        ("category_drift", before.categories, after.categories),
    )  # fmt: skip
    for code, old, new in pairs:
        n_old, n_new = sum(old.values()), sum(new.values())
        if min(n_old, n_new) < ORDERS_MIN:
            continue
        value, bins = psi(old, new)
        if bins > 1 and value >= max(PSI_MIN, chi2_999(bins - 1) * (n_old + n_new) / (n_old * n_new)):
            found.append(Drift(code, round(value, 4), n_old, n_new))
    return found


def undeclared(after: Trade, declared: str) -> list[Drift]:
    """Whether most orders are of another category than the merchant declared; of few orders nothing is said.

    >>> undeclared(Trade(100, {}, {}, {"gift_cards": 80, "toys": 20}), "Toys")[0].measure
    0.8
    >>> undeclared(Trade(100, {}, {}, {"gift_cards": 40, "toys": 60}), "toys")
    []
    """
    orders = sum(after.categories.values())
    others = sum(count for name, count in after.categories.items() if fold_word(name) != fold_word(declared))
    if orders < ORDERS_MIN or others <= UNDECLARED_MIN * orders:
        return []
    return [Drift("category_undeclared", round(others / orders, 4), 0, orders)]


def psi(old: Mapping[Any, int], new: Mapping[Any, int]) -> tuple[float, int]:
    """The population stability index of two counts, and over how many bins.

    >>> psi({"a": 50, "b": 50}, {"a": 50, "b": 50})
    (0.0, 2)
    """
    bins = sorted({*old, *new}, key=str)
    n_old, n_new = (sum(one.values()) + _SMOOTH * len(bins) for one in (old, new))
    total = 0.0
    for one in bins:
        p, q = (old.get(one, 0) + _SMOOTH) / n_old, (new.get(one, 0) + _SMOOTH) / n_new
        total += (q - p) * math.log(q / p)
    return total, len(bins)


def chi2_999(degrees: int) -> float:
    """The 99.9 % quantile of chi-squared, by Wilson and Hilferty's approximation, which is a little above it.

    >>> round(chi2_999(7), 1)
    24.5
    """
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + _NORMAL_999 * math.sqrt(spread)) ** 3)
