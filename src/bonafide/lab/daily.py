"""What a team that looks at the first few of each day gets to see: payments, users, merchants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bonafide.lab.curves import Flags, Floats, Ints


class DailyBudget:
    """What a team that looks at the `budget` highest scores of each day gets to see.

    `day`, `score`, `seq` and `bad` are (rows,); within a day equal scores rank by `seq`. `order` is that ranking as row
    numbers.
    """

    def __init__(self, day: Ints, score: Floats, seq: Ints, bad: Flags, budget: int) -> None:
        self.order: npt.NDArray[np.intp] = np.lexsort((seq, -score, day))
        days = day[self.order]
        first = np.ones(day.size, dtype=np.bool_)
        first[1:] = days[1:] != days[:-1]
        self._day_starts = np.flatnonzero(first)
        self._bad_at = np.flatnonzero(bad[self.order])
        self._bad_day = (np.cumsum(first) - 1)[self._bad_at]
        self._budget = budget

    def taken(self, weight: Ints) -> tuple[int, int]:
        """Weight looked at and the cash-out weight in it, under `weight`, one per row *in this order*.

        A row of weight three stands for three rows with the same place in the ranking; the budget may end among them.
        """
        if not weight.size:
            return 0, 0
        up_to = np.cumsum(weight)
        before_day = up_to[self._day_starts] - weight[self._day_starts]
        per_day = np.diff(np.append(before_day, up_to[-1]))
        bad_weight = weight[self._bad_at]
        before_bad = up_to[self._bad_at] - bad_weight - before_day[self._bad_day]
        hits = np.clip(self._budget - before_bad, 0, bad_weight)
        return int(np.minimum(per_day, self._budget).sum()), int(hits.sum())


class DailyGroups:
    """What a team that looks at the `budget` groups with the highest score of each day gets to see.

    A group is a merchant on one day: its score is the highest of its rows, and it is cash-out if any of them is. `day`,
    `group` (a number from 0, of one day each), `score`, `seq` and `bad` are (rows,); groups with equal scores rank by
    the `seq` of the first row that has it. `order` is the ranking of rows as row numbers.
    """

    def __init__(self, day: Ints, group: Ints, score: Floats, seq: Ints, bad: Flags, budget: int) -> None:
        self.order: npt.NDArray[np.intp] = np.lexsort((seq, -score, day))
        self._group = group[self.order]
        self._bad = bad[self.order]
        self._day = day[self.order]
        self._groups = int(group.max()) + 1 if group.size else 0
        self._budget = budget

    def taken(self, present: Flags) -> tuple[int, int]:
        """Groups looked at and those of them that are cash-out, when only the rows that are `present`, (rows,) *in this
        order*, had happened."""
        at = np.flatnonzero(present)
        first = np.full(self._groups, -1, np.int64)
        first[self._group[at[::-1]]] = at[::-1]  # of several rows of a group the assignment that comes last stays
        bad = np.zeros(self._groups, np.bool_)
        bad[self._group[at[self._bad[at]]]] = True
        leads = np.zeros(present.size, np.bool_)
        leads[first[first >= 0]] = True
        leading = np.flatnonzero(leads)
        day = self._day[leading]
        begins = np.flatnonzero(np.diff(day, prepend=day[:1] - 1))
        place = np.arange(day.size) - np.repeat(begins, np.diff(np.append(begins, day.size)))
        looked_at = self._group[leading[place < self._budget]]
        return int(looked_at.size), int(bad[looked_at].sum())
