"""What moved between two periods, the worst first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.drift import Word, word_for
from bonafide.core.moment import show_moment
from bonafide.lab.curves import Floats
from bonafide.lab.drift.periods import Period
from bonafide.lab.stability import by_chance, distance, stability
from bonafide.lab.wilson import wilson

SCORE_EDGES: Final = (0.0, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Where bands of score begin; most payments have hardly any chance of cash-out."""

Progress = Callable[[float, float], None]


class Moved(Struct, frozen=True):
    """How one number moved."""

    name: str
    index: float | None
    """Population stability index; None where a period has no row of it."""
    verdict: Word | None
    by_chance: float | None
    """What the sizes of the periods alone make of the index."""
    ks: float | None
    missing_before: float | None
    """Share, 0..1."""
    missing_after: float | None
    median_before: float | None
    median_after: float | None


class Band(Struct, frozen=True):
    """Payments of one band of score in one period, as far as labels about them had arrived by its end."""

    payments: int
    labelled: int
    mean_score: float | None
    """Of the labelled ones."""
    cash_out: int
    """Labelled cash-out."""
    fraction: float | None
    """cash_out over labelled."""
    interval: tuple[float, float] | None
    """95 % (Wilson), as if payments were drawn one by one."""


class BandPair(Struct, frozen=True):
    """One band of score in both periods."""

    from_score: float
    to_score: float
    before: Band
    after: Band


class RulePair(Struct, frozen=True):
    """How often a rule hit."""

    rule: str
    before_per_day: float
    after_per_day: float
    ratio: float | None
    """after over before; None where it never hit before."""


class Span(Struct, frozen=True):
    """A period in numbers."""

    folder: str
    from_time: str
    to_time: str
    days: float
    payments: int
    decided: int
    alerts: int
    alerts_per_day: float
    labelled: int | None
    """Payments with a label that had arrived; None where none could be known."""


class Drift(Struct, frozen=True):
    """Two periods compared."""

    before: Span
    after: Span
    verdict: Word
    """Of the worst of all."""
    worst: str
    score: Moved
    credit_score: Moved | None
    features: list[Moved]
    """The worst first."""
    only_in_one: list[str]
    """Features that only one of the periods has."""
    calibration: list[BandPair]
    """Empty where no labels are known."""
    rules: list[RulePair]
    """By how far they moved, the farthest first."""

    @property
    def all_moved(self) -> list[Moved]:
        """Scores and features, the worst first."""
        scores = [self.score] if self.credit_score is None else [self.score, self.credit_score]
        return sorted([*scores, *self.features], key=_worst_first)

    def above(self, limit: float) -> list[Moved]:
        """What has an index above a limit."""
        return [one for one in self.all_moved if one.index is not None and one.index > limit]


def compare(before: Period, after: Period, progress: Progress = lambda done, total: None) -> Drift:
    """Compare two periods; bins come from the first."""
    common = [name for name in before.features if name in after.features]
    features = []
    for number, name in enumerate(common):
        features.append(moved(name, before.feature(name), after.feature(name)))
        progress(number + 1, len(common))
    score, credit = (moved(name, before.column(name), after.column(name)) for name in ("score", "credit_score"))
    scored = any(not np.isnan(period.column("credit_score")).all() for period in (before, after))
    judged = [one for one in (score, *([credit] if scored else []), *features) if one.index is not None]
    worst = min(judged, key=_worst_first)
    return Drift(
        _span(before), _span(after), word_for(worst.index or 0.0), worst.name, score, credit if scored else None,
        sorted(features, key=_worst_first), sorted({*before.features} ^ {*after.features}),
        _calibration(before, after), _rules(before, after),
    )  # fmt: skip


def moved(name: str, before: Floats, after: Floats) -> Moved:
    """How one number moved; NaN is missing."""
    index = stability(before, after)
    told = None if math.isnan(index) else index
    missing = [float(np.isnan(values).mean()) if len(values) else None for values in (before, after)]
    medians = [_median(values) for values in (before, after)]
    chance = by_chance(before, after)
    return Moved(
        name, told, None if told is None else word_for(told), None if math.isnan(chance) else chance,
        distance(before, after), *missing, *medians,
    )  # fmt: skip


def _median(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _worst_first(one: Moved) -> tuple[float, str]:
    return (math.inf if one.index is None else -one.index, one.name)


def _span(period: Period) -> Span:
    alerts = int(period.decided["alert"].sum())
    labelled = None if period.labels is None else _labelled(period).height
    return Span(
        str(period.folder), show_moment(period.from_ms), show_moment(period.to_ms), period.days,
        period.payments.height, period.decided.height, alerts, alerts / period.days, labelled,
    )  # fmt: skip


def _labelled(period: Period) -> pl.DataFrame:
    assert period.labels is not None
    return period.payments.join(period.labels, on="event_id", how="inner")


def _calibration(before: Period, after: Period) -> list[BandPair]:
    if before.labels is None or after.labels is None:
        return []
    pairs = zip(_bands(before), _bands(after), strict=True)
    ends = [*SCORE_EDGES[1:], 1.0]
    told = [BandPair(low, high, *pair) for low, high, pair in zip(SCORE_EDGES, ends, pairs, strict=True)]
    return [pair for pair in told if pair.before.payments or pair.after.payments]


def _bands(period: Period) -> list[Band]:
    payments = _band_of(period.payments["score"].to_numpy())
    known = _labelled(period)
    score, bad = known["score"].to_numpy(), known["bad"].to_numpy()
    of_known = _band_of(score)
    found = []
    for band in range(len(SCORE_EDGES)):
        here = of_known == band
        n, cash_out = int(here.sum()), int(bad[here].sum())
        mean = float(score[here].mean()) if n else None
        share = cash_out / n if n else None
        found.append(Band(int((payments == band).sum()), n, mean, cash_out, share, wilson(cash_out, n)))
    return found


def _band_of(score: Floats) -> np.typing.NDArray[np.int64]:
    return (np.searchsorted(SCORE_EDGES, score, side="right") - 1).astype(np.int64)


def _rules(before: Period, after: Period) -> list[RulePair]:
    counts = [_hits(period) for period in (before, after)]
    pairs = [
        _rule(name, counts[0].get(name, 0) / before.days, counts[1].get(name, 0) / after.days)
        for name in {**counts[0], **counts[1]}
    ]
    return sorted(pairs, key=lambda pair: (-abs(pair.after_per_day - pair.before_per_day), pair.rule))


def _hits(period: Period) -> dict[str, int]:
    """How often each rule hit."""
    return dict(period.decided["hits"].explode().drop_nulls().value_counts().iter_rows())


def _rule(name: str, before: float, after: float) -> RulePair:
    return RulePair(name, before, after, after / before if before else None)
