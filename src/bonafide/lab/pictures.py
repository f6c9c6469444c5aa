"""What a report draws beside the figures: curves with bands, scores by class, money by day, delays, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import HOUR_MS
from bonafide.lab.curves import Floats, Ints
from bonafide.lab.intervals import Estimates, Interval
from bonafide.lab.measures import RATES_DRAWN, RECALLS_DRAWN, Shares

SCORE_BANDS: Final = 40
"""Equally wide bands of score in the distribution by class."""
CALIBRATION_EDGES: Final = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bands of score that are compared with what came true: narrow where most scores lie."""
BARS_MAX: Final = 92
"""Bars in the money of each day; a longer log is told in spans of several days."""


class Line(NamedTuple):
    """A curve: `x` and `y`, (points,), and its 95 % band, which may be NaN."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats


class Bar(NamedTuple):
    """Cash-out money of one span of days, in minor units."""

    from_day: int
    """Days since 1970 UTC."""
    caught: int
    missed: int


class Band(NamedTuple):
    """Payments with scores in one band: what the score said, and what came true."""

    n: int
    mean_score: float
    cash_out_fraction: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Pictures:
    """Everything that is drawn. Curves are None where there is nothing to tell apart."""

    roc: Line | None
    """False-positive rate -> recall."""
    precision_recall: Line | None
    """Recall -> precision."""
    bad_by_score: Ints
    """(SCORE_BANDS,) cash-out payments by score, the first band begins at 0."""
    honest_by_score: Ints
    first_day: int | None
    """Of the judged payments, days since 1970 UTC; None where there are none."""
    last_day: int | None
    days_per_bar: int
    money: tuple[Bar, ...]
    """Every span from the first judged day to the last, also those without cash-out."""
    hours_to_detection: Floats
    """(caught payers,) rising."""
    payers_bad: int
    """Payers with a cash-out payment, caught or not."""
    alerted_bad: int
    """Cash-out payments that the policy alerted on."""
    alerted_honest: int
    stopped_honest: int
    """Honest payments held or declined."""
    calibration: tuple[Band, ...]
    """Bands that hold payments, by rising score."""

    @property
    def alerted_bad_fraction(self) -> float | None:
        """Share of cash-out payments alerted on."""
        return _fraction(self.alerted_bad, int(self.bad_by_score.sum()))

    @property
    def alerted_honest_fraction(self) -> float | None:
        """Share of honest payments alerted on."""
        return _fraction(self.alerted_honest, int(self.honest_by_score.sum()))

    @property
    def alert_precision(self) -> float | None:
        """Share of cash-out among the payments alerted on; None without alerts."""
        return _fraction(self.alerted_bad, self.alerted_bad + self.alerted_honest)


def _fraction(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def calibration(rows: pl.DataFrame) -> Shares:
    """The measure `calibration/BAND`: the share of cash-out in each band of score, of `rows` of `Judged`."""
    band = _band(rows["score"].to_numpy())
    names = [f"calibration/{i}" for i in range(len(CALIBRATION_EDGES) - 1)]
    bad = rows["bad"].to_numpy().astype(np.int64)
    return Shares(names, rows["entity"].to_numpy(), band, bad, np.ones(bad.size, np.int64))


def draw(rows: pl.DataFrame, figures: Estimates) -> Pictures:
    """The pictures of `rows` of `Judged`, with the points and bands that `figures` hold."""
    score, bad = rows["score"].to_numpy(), rows["bad"].to_numpy()
    edges = np.linspace(0, 1, SCORE_BANDS + 1)
    days = rows["day"].to_numpy()
    first, last = (int(days.min()), int(days.max())) if days.size else (None, None)
    bars, days_per_bar = _bars(rows.filter("bad"), first, last)
    delays, payers_bad = _hours(rows.filter("bad"))
    return Pictures(
        roc=_line("roc", RATES_DRAWN, figures),
        precision_recall=_line("pr", RECALLS_DRAWN, figures),
        bad_by_score=np.histogram(np.clip(score[bad], 0, 1), edges)[0].astype(np.int64),
        honest_by_score=np.histogram(np.clip(score[~bad], 0, 1), edges)[0].astype(np.int64),
        first_day=first,
        last_day=last,
        days_per_bar=days_per_bar,
        money=bars,
        hours_to_detection=delays,
        payers_bad=payers_bad,
        alerted_bad=rows.filter("bad", "disturbed").height,
        alerted_honest=rows.filter(~pl.col("bad"), "disturbed").height,
        stopped_honest=rows.filter(~pl.col("bad"), "stopped").height,
        calibration=_bands(score, figures),
    )


def _line(name: str, x: Floats, figures: Estimates) -> Line | None:
    y = [figures.values[f"{name}/{i}"] for i in range(x.size)]
    if any(value is None for value in y):
        return None
    ends = [figures.intervals[f"{name}/{i}"] or (np.nan, np.nan) for i in range(x.size)]
    low, high = np.array(ends, np.float64).T
    return Line(x, np.array(y, np.float64), low, high)


def _bars(bad: pl.DataFrame, first: int | None, last: int | None) -> tuple[tuple[Bar, ...], int]:
    if first is None or last is None:
        return (), 1
    days = last - first + 1
    width = 1 if days <= BARS_MAX else 7 * -(-days // (7 * BARS_MAX))
    place = (bad["day"].to_numpy() - first) // width
    number = -(-days // width)
    money, alerted = bad["money"].to_numpy(), bad["disturbed"].to_numpy()
    sums = np.zeros((2, number), np.int64)
    np.add.at(sums, (alerted.astype(np.int64), place), money)
    return tuple(Bar(first + i * width, int(sums[1, i]), int(sums[0, i])) for i in range(number)), width


def _hours(bad: pl.DataFrame) -> tuple[Floats, int]:
    first_alert = pl.col("time_ms").filter("disturbed").min()
    delays = bad.group_by("entity").agg(delay_ms=first_alert - pl.col("time_ms").min())["delay_ms"]
    return np.sort(delays.drop_nulls().to_numpy()) / HOUR_MS, delays.len()


def _band(score: Floats) -> Ints:
    """The band of each score; the last one holds its upper end."""
    inner: Sequence[float] = CALIBRATION_EDGES[1:-1]
    return np.searchsorted(np.array(inner), score, side="right").astype(np.int64)


def _bands(score: Floats, figures: Estimates) -> tuple[Band, ...]:
    number = len(CALIBRATION_EDGES) - 1
    band = _band(score)
    counts, sums = np.bincount(band, minlength=number), np.bincount(band, score, number)
    return tuple(
        Band(int(counts[i]), float(sums[i] / counts[i]), share, figures.intervals[f"calibration/{i}"])
        for i in range(number)
        if (share := figures.values[f"calibration/{i}"]) is not None
    )
