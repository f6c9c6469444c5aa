"""How sure the figures are: percentile bootstrap over payers.

A payer's payments stand or fall together, so rows are not drawn one by one: each resample draws as many payers as
there are, with replacement, and a row weighs as often as its payer was drawn (Field and Welsh, "Bootstrapping clustered
data", 2007). Weights instead of copied rows keep a resample at a few passes over arrays that are sorted once.

A largest distance such as KS tends to come out larger in a resample; where a score hardly separates, its interval lies
high and may miss the figure itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.lab.curves import Curve, DailyBudget, Floats, Ints, Ranking, auc, average_precision, ks
from bonafide.lab.judged import Judged

Interval = tuple[float, float]

LEVEL: Final = 0.95
DEFINED_FRACTION_MIN: Final = 0.5
"""An interval is given when at least this share of the resamples had a value (a resample may hold no cash-out)."""
WEIGHED_ROWS_MAX: Final = 1_000_000_000
"""Rows times resamples that one evaluation spends; a longer log gets fewer resamples, never fewer than the minimum."""
RESAMPLES_MIN: Final = 20

Figures = dict[str, float | None]


class Weighing:
    """The figures that get an interval, for any weighting of the payers."""

    def __init__(self, judged: Judged, budget: int) -> None:
        rows = judged.rows
        score, bad = rows["score"].to_numpy(), rows["bad"].to_numpy()
        entity = rows["entity"].to_numpy()
        self.ranking = Ranking(score, bad)
        self._daily = DailyBudget(rows["day"].to_numpy(), score, rows["seq"].to_numpy(), bad, budget)
        self._entity_by_rank = entity[self.ranking.order]
        self._entity_by_day = entity[self._daily.order]
        self._spent = _money_by_entity(rows.filter("bad"), judged.entities)
        self._caught = _money_by_entity(rows.filter("bad", "disturbed"), judged.entities)
        self.entities = judged.entities

    def curve(self, weight: Ints) -> Curve:
        """The threshold curve under `weight`, (entities,)."""
        return self.ranking.curve(weight[self._entity_by_rank])

    def figures(self, weight: Ints) -> Figures:
        """Each figure under `weight`, (entities,); None where it is undefined."""
        curve = self.curve(weight)
        looked_at, hits = self._daily.taken(weight[self._entity_by_day])
        positives = curve.bad_total
        spent = int(weight @ self._spent)
        return {
            "auc": auc(curve),
            "ap": average_precision(curve),
            "ks": ks(curve),
            "precision_at_budget": hits / looked_at if positives else None,
            "recall_at_budget": hits / positives if positives else None,
            "money_caught_fraction": int(weight @ self._caught) / spent if spent else None,
        }


def _money_by_entity(rows: pl.DataFrame, entities: int) -> Ints:
    """What the rows of each entity add up to, (entities,)."""
    money = np.zeros(entities, np.int64)
    np.add.at(money, rows["entity"].to_numpy(), rows["money"].to_numpy())
    return money


def affordable_resamples(rows: int, asked: int) -> int:
    """How many resamples a log of `rows` payments gets when `asked` are wished for."""
    return min(asked, max(RESAMPLES_MIN, WEIGHED_ROWS_MAX // max(rows, 1)))


def bootstrap(weighing: Weighing, resamples: int, seed: int) -> dict[str, Interval | None]:
    """A percentile interval at LEVEL for each figure of `weighing`; None where too few resamples had a value.

    The same weighing, number of resamples and seed give the same intervals.
    """
    entities = weighing.entities
    rng = np.random.Generator(np.random.PCG64(seed))
    names = list(weighing.figures(np.ones(entities, np.int64)))
    drawn: Floats = np.full((resamples, len(names)), np.nan)
    for resample in range(resamples if entities > 1 else 0):
        weight = np.bincount(rng.integers(0, entities, entities), minlength=entities).astype(np.int64)
        figures = weighing.figures(weight)
        drawn[resample] = [np.nan if (value := figures[name]) is None else value for name in names]
    return {name: _percentiles(drawn[:, column]) for column, name in enumerate(names)}


def _percentiles(values: Floats) -> Interval | None:
    defined = values[~np.isnan(values)]
    if defined.size == 0 or defined.size < DEFINED_FRACTION_MIN * values.size:
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
