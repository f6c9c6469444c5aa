"""How sure the figures are: percentile bootstrap over payers.

A payer's payments stand or fall together, so rows are not drawn one by one: each resample draws as many payers as
there are, with replacement, and a row weighs as often as its payer was drawn (Field and Welsh, "Bootstrapping clustered
data", 2007). Weights instead of copied rows keep a resample at a few passes over arrays that are sorted once, and every
figure, those of each typology included, is read off the same resamples.

A largest distance such as KS tends to come out larger in a resample; where a score hardly separates, its interval lies
high and may miss the figure itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bonafide.lab.curves import Floats
from bonafide.lab.measures import Measure

Interval = tuple[float, float]
Progress = Callable[[float, float], None]
"""Told (done, total)."""

LEVEL: Final = 0.95
DEFINED_FRACTION_MIN: Final = 0.5
"""An interval is given when at least this share of the resamples had a value (a resample may hold no cash-out)."""
WEIGHED_ROWS_MAX: Final = 1_000_000_000
"""Rows times resamples that one evaluation spends; a longer log gets fewer resamples, never fewer than the minimum."""
RESAMPLES_MIN: Final = 20


@dataclass(frozen=True, slots=True)
class Estimates:
    """Figures by name with their intervals; None where one is undefined."""

    values: dict[str, float | None]
    intervals: dict[str, Interval | None]


def estimate(
    measures: Sequence[Measure], entities: int, resamples: int, seed: int, progress: Progress = lambda done, total: None
) -> Estimates:
    """Each figure of `measures`, and its percentile interval at LEVEL; no interval where too few resamples had a value.

    `entities` is how many payers there are; with fewer than two, or without resamples, nothing has an interval. The
    same measures, number of resamples and seed give the same intervals. `progress` is told every resample that is done.
    """
    names = [name for measure in measures for name in measure.names]
    values = _figures(measures, np.ones(entities, np.int64))
    drawn: Floats = np.full((resamples if entities > 1 else 0, len(names)), np.nan)
    rng = np.random.Generator(np.random.PCG64(seed))
    for number, resample in enumerate(drawn, 1):
        weight = np.bincount(rng.integers(0, entities, entities), minlength=entities).astype(np.int64)
        resample[:] = _figures(measures, weight)
        progress(number, len(drawn))
    intervals = (_percentiles(drawn[:, column]) for column in range(len(names)))
    told = (None if math.isnan(value) else value for value in values.tolist())
    return Estimates(dict(zip(names, told, strict=True)), dict(zip(names, intervals, strict=True)))


def affordable_resamples(rows: int, asked: int) -> int:
    """How many resamples a log of `rows` payments gets when `asked` are wished for."""
    return min(asked, max(RESAMPLES_MIN, WEIGHED_ROWS_MAX // max(rows, 1)))


def _figures(measures: Sequence[Measure], weight: np.typing.NDArray[np.int64]) -> Floats:
    return np.concatenate([np.zeros(0), *(measure.of(weight) for measure in measures)])


def _percentiles(values: Floats) -> Interval | None:
    defined = values[~np.isnan(values)]
    if defined.size == 0 or defined.size < DEFINED_FRACTION_MIN * values.size:
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
