"""What a ranking of payments catches, and whom it disturbs for that, with intervals over payers."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.lab.curves import Flags, Floats, Ints, Ranking, auc, average_precision, ks
from bonafide.lab.intervals import Estimates, affordable_resamples, estimate
from bonafide.lab.measures import Measure

FRICTION: Final = 0.01
"""Of honest users: those that may be disturbed."""
RESAMPLES: Final = 200
RANKED: Final = ("auc", "ap", "ks")
MONEY: Final = "money_caught_fraction"


class Judged(NamedTuple):
    """Payments that judge a ranking, a value each."""

    bad: Flags
    entity: Ints
    """0..entities-1: the payer; a payment without one is an entity of its own."""
    money: Ints
    entities: int


def judged(rows: pl.DataFrame, bad: Flags, currency: str | None) -> Judged:
    """Payments of a matrix with what they were; money in other currencies than `currency` counts as 0."""
    payer = pl.coalesce(pl.col("user_id"), pl.format("\x00{}", "seq"))
    entity = rows.select(payer.rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    money = rows.select(pl.when(pl.col("currency") == currency).then("amount").otherwise(0).fill_null(0))
    entities = int(entity.max()) + 1 if len(entity) else 0
    return Judged(bad, entity, money.to_series().to_numpy().astype(np.int64), entities)


class Ranks:
    """AUC, average precision and KS of a ranking; a `Measure`."""

    def __init__(self, score: Floats, told: Judged, names: tuple[str, ...] = RANKED) -> None:
        self._ranking = Ranking(score, told.bad)
        self._entity = told.entity[self._ranking.order]
        self.names: tuple[str, ...] = names

    def of(self, weight: Ints) -> Floats:
        """The figures under a weighting of the payers; see `Measure`."""
        curve = self._ranking.curve(weight[self._entity])
        figures = (auc(curve), average_precision(curve), ks(curve))
        return np.array([np.nan if figure is None else figure for figure in figures])


class MoneyCaught:
    """Share of cash-out money above the score that disturbs at most FRICTION of honest users; a `Measure`.

    A user who has no cash-out payment here is honest, and disturbed where any payment lies above the score.
    """

    def __init__(self, score: Floats, told: Judged, name: str = MONEY) -> None:
        self.names: tuple[str, ...] = (name,)
        highest = np.full(told.entities, -np.inf)
        np.maximum.at(highest, told.entity, score)
        honest = np.ones(told.entities, dtype=np.bool_)
        honest[told.entity[told.bad]] = False
        of_honest = np.flatnonzero(honest)
        self._users = of_honest[np.argsort(-highest[of_honest], kind="stable")]
        self._highest = highest[self._users]
        bad = np.flatnonzero(told.bad)
        bad = bad[np.argsort(-score[bad], kind="stable")]
        self._score, self._payer, self._money = score[bad], told.entity[bad], told.money[bad]

    def line(self, weight: Ints | None = None) -> float:
        """The score that payments must exceed to be caught; -inf where all may be."""
        drawn = np.ones(len(self._users)) if weight is None else weight[self._users]
        up_to = np.cumsum(drawn)
        if not len(up_to):
            return -np.inf
        allowed = int(np.searchsorted(up_to, FRICTION * up_to[-1], side="right"))
        return float(self._highest[allowed]) if allowed < len(up_to) else -np.inf

    def of(self, weight: Ints) -> Floats:
        """The share under a weighting of the payers; see `Measure`."""
        money = self._money * weight[self._payer]
        whole = money.sum()
        caught = money[self._score > self.line(weight)].sum()
        return np.array([caught / whole if whole else np.nan])


class Differences:
    """How much more money each of some rankings catches than the first of them, on the same draws; a `Measure`."""

    def __init__(self, of_each: dict[str, MoneyCaught]) -> None:
        self.names: tuple[str, ...] = tuple(of_each)
        self._of_each = list(of_each.values())

    def of(self, weight: Ints) -> Floats:
        """The differences under a weighting of the payers; see `Measure`."""
        caught = np.array([one.of(weight)[0] for one in self._of_each])
        return np.asarray(caught - caught[0], dtype=np.float64)


class Figures(NamedTuple):
    """How well a score ranks."""

    n: int
    positives: int
    users: int
    money: int
    """Of all cash-out here, in minor units."""
    values: dict[str, float | None]
    """auc, ap, ks, money_caught_fraction; None where undefined."""
    intervals: dict[str, tuple[float, float] | None]
    """95 %, over payers."""


def figures_of(score: Floats, told: Judged, seed: int, resamples: int = RESAMPLES) -> Figures:
    """The figures of one score."""
    measures: list[Measure] = [Ranks(score, told), MoneyCaught(score, told)]
    found: Estimates = estimate(measures, told.entities, affordable_resamples(len(score), resamples), seed)
    money = int(told.money[told.bad].sum())
    return Figures(len(score), int(told.bad.sum()), told.entities, money, found.values, found.intervals)


def gains(scores: dict[str, Floats], told: Judged, seed: int, resamples: int = RESAMPLES) -> Estimates:
    """What each score catches beyond the first, as a share of cash-out money, with intervals on the same draws."""
    measure = Differences({name: MoneyCaught(score, told) for name, score in scores.items()})
    return estimate([measure], told.entities, affordable_resamples(len(told.bad), resamples), seed)


def main_currency(rows: pl.DataFrame) -> str | None:
    """The currency of most payments, the alphabetically first of equals."""
    counted = rows["currency"].drop_nulls().value_counts().sort("count", "currency", descending=[True, False])
    return None if counted.is_empty() else str(counted["currency"][0])


def alerted(score: Floats, line: float) -> NDArray[np.bool_]:
    """Whether each payment lies above a line."""
    return np.asarray(score > line)
