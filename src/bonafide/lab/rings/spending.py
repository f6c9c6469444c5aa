"""How suspicious a user's spending is by itself: months that use the line up in few days.

Ji, Zhang, Tang, Shen, Zhang, Yang, "Detecting Cash-out Users via Dense Subgraphs" (ANTICO), KDD 2022: time (the Gini
index of a month's daily spend), capital (the month's spend over the limit) and cyclicity (their product, averaged over
the months). The slow twin is `testing.dense_blocks.antico`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bonafide.lab.rings.graph import Floats, Ints, Trade

MONTH_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class DailySpend:
    """What each user spent on each day on which they spent, and the months that the days fall in."""

    user: Ints
    """(user-days,)"""
    month: Ints
    """(user-days,) from 0."""
    spend: Floats
    """(user-days,) minor units."""
    of_payment: Ints
    """(payments,) the user-day of each payment."""
    month_days: Ints
    """(months,) days in each: the days of the log cut into equal parts of about 30."""


def daily_spend(trade: Trade) -> DailySpend:
    """The sums of payments by user and day."""
    first = int(trade.day.min()) if trade.day.size else 0
    days = int(np.ptp(trade.day)) + 1 if trade.day.size else 1
    months = max(1, round(days / MONTH_DAYS))
    begins = np.arange(months + 1) * days // months
    keys, of_payment = np.unique(trade.user * days + (trade.day - first), return_inverse=True)
    user, day = np.divmod(keys, days)
    month = _month_of(day, begins)
    return DailySpend(user, month, _sums(of_payment, trade.amount_minor, keys.size), of_payment, np.diff(begins))


def _month_of(day: Ints, begins: Ints) -> Ints:
    return np.searchsorted(begins, day, side="right") - 1


def suspicion(trade: Trade, daily: DailySpend, users: int) -> Floats:
    """(users,) from 0: Gini index of daily spend x utilisation of each month, averaged over all months.

    A month without spend counts 0, and so does one whose limit is not known.
    """
    months = daily.month_days.size
    cell = daily.user * months + daily.month
    spend = _sums(cell, daily.spend, users * months)
    limit = np.zeros(users * months)
    np.maximum.at(limit, cell[daily.of_payment], trade.limit_minor)
    utilisation = np.divide(spend, limit, out=np.zeros(spend.size), where=limit > 0)
    gini = _gini(cell, daily.spend, spend, np.tile(daily.month_days, users))
    return np.asarray((utilisation * gini).reshape(users, months).mean(axis=1))


def _gini(cell: Ints, part: Floats, total: Floats, days: Ints) -> Floats:
    """(cells,) Gini index of the parts of each cell among its days; 0 for a cell without parts.

    2 x sum(rank x part) / (days x total) - (days + 1) / days, ranks rising from the smallest; days without a part come
    first and add nothing.
    """
    rising = np.lexsort((part, cell))
    ends = np.cumsum(np.bincount(cell, minlength=total.size))[cell[rising]]
    rank = days[cell[rising]] - (ends - np.arange(cell.size) - 1)
    ranked = _sums(cell[rising], rank * part[rising], total.size)
    spent = total > 0
    index = np.zeros(total.size)
    index[spent] = 2 * ranked[spent] / (days[spent] * total[spent]) - (days[spent] + 1) / days[spent]
    return index


def payment_weights(trade: Trade, users: int) -> Floats:
    """(payments,) from 0: each user's suspicion, shared out to days by spend.

    Every payment of a day carries all of the day's share, so that a burst of many payments weighs more than one.
    """
    daily = daily_spend(trade)
    total = _sums(daily.user, daily.spend, users)[daily.user]
    share = np.divide(daily.spend, total, out=np.zeros(total.size), where=total > 0)
    return (suspicion(trade, daily, users)[daily.user] * share)[daily.of_payment]


def _sums(group: Ints, part: Floats | Ints, groups: int) -> Floats:
    return np.bincount(group, part, groups).astype(np.float64)
