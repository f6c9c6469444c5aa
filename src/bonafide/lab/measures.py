"""Figures under any weighting of the payers: ranks, daily budgets, shares, delays.

A measure gives its figures for a weight per payer, so that the log itself (weights of one) and every resample (how
often each payer was drawn) pass through the same code. What does not depend on the weights is sorted and summed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import polars as pl

from bonafide.core.moment import HOUR_MS
from bonafide.lab import curves
from bonafide.lab.curves import Curve, Floats, Ints, Ranking
from bonafide.lab.daily import DailyBudget, DailyGroups

FALSE_POSITIVE_RATES: Final = ("0.001", "0.005", "0.01", "0.05")
RATES_DRAWN: Final[Floats] = np.union1d(np.linspace(0, 1, 101), np.geomspace(1e-4, 1, 97))
"""False-positive rates at which the receiver operating characteristic is drawn: even, and even in their logarithm."""
RECALLS_DRAWN: Final[Floats] = np.linspace(0.005, 1, 200)
"""Recalls at which precision is drawn."""


class Measure(Protocol):
    """Some figures of one evaluation, for any weighting of its payers."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each figure is called."""
        ...

    def of(self, weight: Ints) -> Floats:
        """The figures under `weight`, (entities,): (names,), NaN where one is undefined."""
        ...


class Ranked:
    """How well the score ranks: from `rows` of `Judged`. With `drawn` also the points of the curves."""

    def __init__(self, rows: pl.DataFrame, *, drawn: bool = False) -> None:
        self._ranking = Ranking(rows["score"].to_numpy(), rows["bad"].to_numpy())
        self._entity = rows["entity"].to_numpy()[self._ranking.order]
        self._drawn = drawn
        lines = [f"roc/{i}" for i in range(RATES_DRAWN.size)] + [f"pr/{i}" for i in range(RECALLS_DRAWN.size)]
        self.names: tuple[str, ...] = (
            "auc", "ap", "ks", "recall_at_precision_90", "recall_at_precision_10", "tc_score",
            *(f"tpr_at_fpr_{rate}" for rate in FALSE_POSITIVE_RATES), *(lines if drawn else ()),
        )  # fmt: skip

    def of(self, weight: Ints) -> Floats:
        """The figures of the weighted curve, then its points where they are drawn; see `Measure`."""
        curve = self._ranking.curve(weight[self._entity])
        figures = [
            curves.auc(curve), curves.average_precision(curve), curves.ks(curve),
            curves.recall_at_precision(curve, 0.9), curves.recall_at_precision(curve, 0.1), curves.tc_score(curve),
            *(curves.tpr_at_fpr(curve, float(rate)) for rate in FALSE_POSITIVE_RATES),
        ]  # fmt: skip
        told = np.array([np.nan if figure is None else figure for figure in figures])
        return np.concatenate((told, *self._lines(curve))) if self._drawn else told

    @staticmethod
    def _lines(curve: Curve) -> tuple[Floats, Floats]:
        return curves.recall_on(curve, RATES_DRAWN), curves.precision_on(curve, RECALLS_DRAWN)


class Budgeted:
    """What a team finds that looks at the `budget` highest of each day: payments, users, merchants.

    A user or merchant ranks by its highest payment score of the day and is found where one of its payments of that day
    is cash-out ("card precision at k": Le Borgne et al., Reproducible Machine Learning for Credit Card Fraud Detection,
    2022, chapter 4.4, without striking out those found before). A payer drawn twice is two users; a merchant is there
    once when any of its payers was drawn.
    """

    names = ("precision_at_budget", "recall_at_budget", "user_precision_at_budget", "merchant_precision_at_budget")

    def __init__(self, rows: pl.DataFrame, budget: int) -> None:
        self._payments, self._payer = _budget(rows, budget)
        self._users, self._user = _budget(_highest(rows.filter("has_payer"), "entity"), budget)
        shops = rows.filter(pl.col("merchant_id").is_not_null())
        first = shops.select(pl.col("seq").first().over("day", "merchant_id")).to_series().to_numpy()
        group = np.unique(first, return_inverse=True)[1].astype(np.int64)
        day, score, seq, bad = (shops[name].to_numpy() for name in ("day", "score", "seq", "bad"))
        self._merchants = DailyGroups(day, group, score, seq, bad, budget)
        self._buyer = shops["entity"].to_numpy()[self._merchants.order]
        positive = rows.filter("bad")["entity"].to_numpy()
        self._positive, self._positives = np.unique(positive, return_counts=True)

    def of(self, weight: Ints) -> Floats:
        """What is found under `weight`, all undefined without cash-out; see `Measure`."""
        positives = int(weight[self._positive] @ self._positives)
        if not positives:
            return np.full(len(self.names), np.nan)
        looked_at, hits = self._payments.taken(weight[self._payer])
        users, bad_users = self._users.taken(weight[self._user])
        merchants, bad_merchants = self._merchants.taken(weight[self._buyer] > 0)
        return np.array(
            [_share(hits, looked_at), hits / positives, _share(bad_users, users), _share(bad_merchants, merchants)]
        )


class Shares:
    """One sum over another for each group of payments, times `per`.

    `entity`, `group` (0..names-1), `part` and `whole` are (rows,) whole numbers; rows of one payer in one group are
    summed once, so that a weighting costs a pass over those sums.
    """

    def __init__(
        self, names: Sequence[str], entity: Ints, group: Ints, part: Ints, whole: Ints, *, per: float = 1
    ) -> None:
        self.names: tuple[str, ...] = tuple(names)
        self._per = per
        pairs = pl.DataFrame({"group": group, "entity": entity, "part": part, "whole": whole}).cast(pl.Int64)
        pairs = pairs.group_by("group", "entity").agg(pl.col("part").sum(), pl.col("whole").sum())
        pairs = pairs.sort("group", "entity")
        self._present, self._starts = np.unique(pairs["group"].to_numpy(), return_index=True)
        self._entity, self._part, self._whole = (pairs[name].to_numpy() for name in ("entity", "part", "whole"))

    def of(self, weight: Ints) -> Floats:
        shares = np.full(len(self.names), np.nan)
        if self._present.size:
            drawn = weight[self._entity]
            part, whole = (np.add.reduceat(drawn * value, self._starts) for value in (self._part, self._whole))
            shares[self._present] = self._per * part / np.where(whole, whole, np.nan)
        return shares


class Delay:
    """Median hours over caught payers from their first cash-out payment to the first of these that was alerted.

    `entity` and `delay_ms` are (caught payers,).
    """

    names = ("hours_to_detection_p50",)

    def __init__(self, entity: Ints, delay_ms: Ints) -> None:
        order = np.argsort(delay_ms, kind="stable")
        self._entity, self._delay_ms = entity[order], delay_ms[order]

    def of(self, weight: Ints) -> Floats:
        up_to = np.cumsum(weight[self._entity])
        total = int(up_to[-1]) if up_to.size else 0
        if not total:
            return np.full(1, np.nan)
        middle = np.searchsorted(up_to, [(total - 1) // 2, total // 2], side="right")
        return np.array([self._delay_ms[middle].mean() / HOUR_MS])


def _budget(rows: pl.DataFrame, budget: int) -> tuple[DailyBudget, Ints]:
    """The budget over some rows, and the entity of each in its order."""
    day, score, seq, bad = (rows[name].to_numpy() for name in ("day", "score", "seq", "bad"))
    daily = DailyBudget(day, score, seq, bad, budget)
    return daily, rows["entity"].to_numpy()[daily.order]


def _highest(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """A row for each `key` and day: its highest score, the first payment that has it, and whether any is cash-out."""
    top = pl.col("score").max()
    return rows.group_by("day", key).agg(
        top, seq=pl.col("seq").filter(pl.col("score") == top).min(), bad=pl.col("bad").any()
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
