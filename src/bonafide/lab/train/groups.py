"""How groups of payments fare: kinds of cash-out and of honest trade, and segments of payers, shops and channels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES, SCORE_UNIT
from bonafide.core.moment import DAY_MS
from bonafide.core.money import minor_digits
from bonafide.engine.policy import ALERT_FROM, Policy
from bonafide.lab.curves import Flags, Floats
from bonafide.lab.intervals import Interval, estimate
from bonafide.lab.measures import Shares
from bonafide.lab.train.figures import Judged

GROUPS_MAX: Final = 12
"""Values of a segment that are told apart, the most frequent first; the rest is one group."""
RESAMPLES: Final = 200
TENURE_DAYS: Final = (7, 30, 90)
LIMIT_BANDS: Final = (2_000, 5_000, 10_000, 20_000, 50_000)
"""Edges of credit limits in major units."""
UNKNOWN: Final = "not told"
OTHERS: Final = "all others"


class Group(NamedTuple):
    """What happened to some payments."""

    name: str
    n: int
    alerted_fraction: float
    """Whose outcome is verify or stricter."""
    alerted_interval: Interval | None
    honest: int
    false_alarm_fraction: float | None
    """Of honest payments, those that are alerted."""
    false_alarm_interval: Interval | None
    bad: int
    recall_fraction: float | None
    """Of cash-out payments, those that are alerted."""
    recall_interval: Interval | None


def is_alert(score: Floats, at_least: NDArray[np.int64], policy: Policy) -> Flags:
    """Whether each payment's outcome is verify or stricter, by its score and by what the rules that hit demand."""
    line = min(
        (band.from_ for band in policy.outcomes if OUTCOMES.index(band.outcome) >= ALERT_FROM), default=float("inf")
    )
    over: Flags = np.round(score * SCORE_UNIT) >= np.round(line * SCORE_UNIT)
    return over | (at_least >= ALERT_FROM)


def groups_of(words: pl.Series, alerted: Flags, told: Judged, seed: int) -> list[Group]:
    """The groups of payments by a word each, the most frequent first; `alerted` and `told` are of the same payments."""
    words = words.cast(pl.String).fill_null(UNKNOWN)
    counted = words.value_counts().sort("count", words.name, descending=[True, False])
    names = counted[words.name].head(GROUPS_MAX).to_list()
    if counted.height > GROUPS_MAX:
        words = words.to_frame().select(pl.when(pl.first().is_in(names)).then(pl.first()).otherwise(pl.lit(OTHERS)))[
            :, 0
        ]
        names.append(OTHERS)
    number = words.replace_strict(names, list(range(len(names))), return_dtype=pl.Int64).to_numpy()
    one, hit = np.ones(len(number), np.int64), alerted.astype(np.int64)
    parts = {"all": one.astype(bool), "honest": ~told.bad, "bad": told.bad}
    shares = [
        Shares(
            [f"{kind}/{i}" for i in range(len(names))], told.entity[rows], number[rows], hit[rows], one[rows]
        )
        for kind, rows in parts.items()
    ]  # fmt: skip
    found = estimate(shares, told.entities, RESAMPLES, seed)
    counts = {kind: np.bincount(number[rows], minlength=len(names)) for kind, rows in parts.items()}

    def sure(name: str) -> Interval | None:
        ends = found.intervals[name]
        return None if ends is None or ends[0] == ends[1] else ends

    return [
        Group(
            name, int(counts["all"][i]), found.values[f"all/{i}"] or 0.0, sure(f"all/{i}"),
            int(counts["honest"][i]), found.values[f"honest/{i}"], sure(f"honest/{i}"),
            int(counts["bad"][i]), found.values[f"bad/{i}"], sure(f"bad/{i}"),
        )
        for i, name in enumerate(names)
    ]  # fmt: skip


def tenure(rows: pl.DataFrame) -> pl.Series:
    """How long each payment's payer had been seen in the log, as a word."""
    days = (pl.col("time_ms") - pl.col("first_seen_ms")) / DAY_MS
    return rows.select(_banded(days, [float(day) for day in TENURE_DAYS], " days").alias("tenure"))["tenure"]


def limit_band(rows: pl.DataFrame, currency: str | None) -> pl.Series:
    """The band of each payment's credit limit, as a word."""
    major = pl.when(pl.col("currency") == currency).then(pl.col("credit_limit")) / 10 ** minor_digits(currency or "")
    edges = [float(edge) for edge in LIMIT_BANDS]
    return rows.select(_banded(major, edges, f" {currency or ''}").alias("limit"))["limit"]


def _banded(value: pl.Expr, edges: Sequence[float], unit: str) -> pl.Expr:
    """Words such as "under 7", "7 to 30", "90 and over"; null where there is no value."""
    words = [f"under {edges[0]:,.0f}{unit}"]
    words += [f"{low:,.0f} to {high:,.0f}{unit}" for low, high in pairwise(edges)]
    words.append(f"{edges[-1]:,.0f}{unit} and over")
    known = value.is_not_null()
    banded = [pl.when(known & (value < edge)).then(pl.lit(word)) for edge, word in zip(edges, words, strict=False)]
    return pl.coalesce(*banded, pl.when(known).then(pl.lit(words[-1])))
