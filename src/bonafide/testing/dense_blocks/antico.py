"""ANTICO: cards that spend a large part of their limit in few days of a month, and the merchants they share.

Ji, Zhang, Tang, Shen, Zhang, Yang, "Detecting Cash-out Users via Dense Subgraphs", KDD 2022. Four signs, as there:
time (a month's spend falls on few days: the Gini index of daily spend), capital (the month's spend over the limit),
cyclicity (their product, averaged over the months), topotaxy (a dense block of cards and merchants).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bonafide.testing.dense_blocks.bank_view import BankView, Floats, Ints
from bonafide.testing.dense_blocks.blocks import BLOCKS, Blocks, find_blocks
from bonafide.testing.dense_blocks.graph import Graph, graph_of

MONTH_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Months:
    """The log's days cut into equal months of about 30 days, since a bank view need not tell when bills are drawn."""

    first_day: int
    begins: Ints
    """(months + 1,) days since the first day; the last is the end of the log."""

    @classmethod
    def of(cls, day: Ints) -> Months:
        """Months over the local days from the first payment to the last; at least one."""
        days = int(np.ptp(day)) + 1 if day.size else 1
        count = max(1, round(days / MONTH_DAYS))
        return cls(int(day.min()) if day.size else 0, np.arange(count + 1) * days // count)

    def month_of(self, day: Ints) -> Ints:
        """(n,) number of the month that each day falls in."""
        return np.searchsorted(self.begins, day - self.first_day, side="right") - 1


@dataclass(frozen=True, slots=True)
class DailySpend:
    """What each card spent on each day on which it spent."""

    card: Ints
    """(card-days,)"""
    day: Ints
    """(card-days,)"""
    spend: Floats
    """(card-days,) minor units."""
    of_payment: Ints
    """(payments,) the card-day of each payment."""

    @classmethod
    def of(cls, view: BankView) -> DailySpend:
        """Sums of a view's payments by card and local day."""
        first = int(view.day.min()) if view.day.size else 0
        days = int(np.ptp(view.day)) + 1 if view.day.size else 1
        keys, of_payment = np.unique(view.card * days + (view.day - first), return_inverse=True)
        card, day = np.divmod(keys, days)
        return cls(card, day + first, _sums(of_payment, view.amount_minor, keys.size), of_payment)


def suspicion(view: BankView, daily: DailySpend, months: Months) -> Floats:
    """(cards,) from 0: intensity x utilisation of each month, averaged over all months of the log.

    Intensity is the Gini index of a month's daily spend, days without any included: 0 when every day is alike, near 1
    when one day has it all. Utilisation is the month's spend over the largest limit known in it. A month without spend
    counts 0, and so does one whose limit is not known.
    """
    count = months.begins.size - 1
    cell = daily.card * count + months.month_of(daily.day)
    cells = len(view.cards) * count
    spend = _sums(cell, daily.spend, cells)
    limit = np.zeros(cells)
    np.maximum.at(limit, view.card * count + months.month_of(view.day), view.limit_minor)
    utilisation = np.divide(spend, limit, out=np.zeros(cells), where=limit > 0)
    days = np.tile(np.diff(months.begins), len(view.cards))
    return np.asarray((utilisation * _gini(cell, daily.spend, spend, days)).reshape(-1, count).mean(axis=1))


def _gini(cell: Ints, part: Floats, total: Floats, days: Ints) -> Floats:
    """(cells,) Gini index of the parts of each cell among its days; 0 for a cell without parts.

    2 x sum(rank x part) / (days x total) - (days + 1) / days, ranks rising from the smallest; days without a part come
    first and add nothing.
    """
    rising = np.lexsort((part, cell))
    after = np.cumsum(np.bincount(cell, minlength=total.size))[cell[rising]] - np.arange(cell.size) - 1
    rank = days[cell[rising]] - after
    ranked = _sums(cell[rising], rank * part[rising], total.size)
    spent = total > 0
    index = np.zeros(total.size)
    index[spent] = (2 * ranked[spent] / total[spent] - (days[spent] + 1)) / days[spent]
    return index


def _sums(group: Ints, part: Floats | Ints, groups: int) -> Floats:
    return np.bincount(group, part, groups).astype(np.float64)


def antico_graph(view: BankView) -> Graph:
    """Edges whose weights share out each card's suspicion.

    A day takes its share of the card's suspicion by its spend, every payment of the day carries all of that, and a pair
    weighs the mean of its payments: a merchant met only on the days of a burst weighs most.
    """
    daily, months = DailySpend.of(view), Months.of(view.day)
    total = _sums(daily.card, daily.spend, len(view.cards))
    of_day = suspicion(view, daily, months)[daily.card] * daily.spend / total[daily.card]
    pairs, pair = np.unique(view.card * len(view.merchants) + view.merchant, return_inverse=True)
    weight = _sums(pair, of_day[daily.of_payment], pairs.size) / np.bincount(pair, minlength=pairs.size)
    card, merchant = np.divmod(pairs, max(len(view.merchants), 1))
    return graph_of(card, merchant, weight, len(view.cards), len(view.merchants))


def antico(view: BankView, at_most: int = BLOCKS) -> Blocks:
    """The blocks that ANTICO finds."""
    return find_blocks(antico_graph(view), at_most)


def card_scores(view: BankView, at_most: int = BLOCKS) -> Floats:
    """(cards,) suspiciousness of each card, from 0: see `Blocks.card_score`."""
    return antico(view, at_most).card_score
