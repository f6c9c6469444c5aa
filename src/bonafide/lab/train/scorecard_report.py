"""How well a scorecard does on payers that it was not fitted to, and how restless it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.moment import DAY_MS
from bonafide.engine.scorecard import FAMILIES, Family, level_of
from bonafide.lab import curves
from bonafide.lab.curves import Ranking
from bonafide.lab.train.binning import Floats, bins_of
from bonafide.lab.train.scorecard import LEVELS, Fitted, points_of_rows

Flags = NDArray[np.bool_]

SOON_MS: Final = DAY_MS
"""Two payments so near each other differ by little more than the first of them."""
PERCENTILES: Final = (0, 1, 5, 25, 50, 75, 95, 99, 100)


class Told(Struct, frozen=True):
    """How well a score tells one kind of payer from all others; None where there is only one kind."""

    n: int
    bad: int
    auc: float | None
    ks: float | None


class LevelFigures(Struct, frozen=True):
    """Payers of one risk level: what the scores state, and what became known."""

    level: str
    n: int
    stated: float | None
    """Mean of the probabilities that the scores state; None without a payer."""
    observed: float | None
    """Mean of how bad they were, weak ones by their weight."""


class BinFigures(Struct, frozen=True):
    """Bins of one input that was fitted, left out or not; the last one is that of missing values."""

    name: str
    family: Family | None
    left_out: str | None
    value: float
    """Information value."""
    coefficient: float
    cuts: tuple[float, ...]
    rows: tuple[int, ...]
    bad: tuple[float, ...]
    shares: tuple[float, ...]
    """Of all rows: what a population stability index compares a later period with."""


class Restlessness(Struct, frozen=True):
    """How far the score moves from one payment of a payer to the next, up or down, in points."""

    pairs: int
    unchanged: float | None
    """Share of pairs with the same score; None without a pair."""
    p50: float | None
    p99: float | None
    most: int | None


def told_apart(credits: NDArray[np.int64], bad: Flags) -> Told:
    """How well low scores (n,) find the `bad` (n,)."""
    curve = Ranking(-credits.astype(np.float64), bad)
    under = curve.curve(np.ones(bad.size, np.int64))
    return Told(bad.size, int(bad.sum()), curves.auc(under), curves.ks(under))


def told_of(credits: NDArray[np.int64], kinds: Mapping[str, Flags]) -> dict[str, Told]:
    """The same for several kinds of bad payers by name."""
    return {name: told_apart(credits, bad) for name, bad in kinds.items()}


def by_level(fitted: Fitted, credits: NDArray[np.int64], bad: Floats) -> list[LevelFigures]:
    """Payers (n,) by risk level, the strictest first."""
    levels = np.array([level_of(fitted.scorecard, score) for score in credits.tolist()], dtype=object)
    stated = np.array([fitted.settings.probability_of(score) for score in credits.tolist()])
    figures = []
    for level in (*(name for _, name in LEVELS), "low"):
        own = levels == level
        some = bool(own.any())
        figures.append(
            LevelFigures(
                level, int(own.sum()), float(stated[own].mean()) if some else None,
                float(bad[own].mean()) if some else None,
            )
        )  # fmt: skip
    return figures


def bin_figures(fitted: Fitted) -> list[BinFigures]:
    """The bins of all declared inputs, in their order."""
    return [
        BinFigures(
            one.declared.name, one.declared.family, one.left_out, one.bins.value, one.coefficient, one.bins.cuts,
            tuple(one.bins.rows.tolist()), tuple(one.bins.bad.tolist()),
            tuple((one.bins.rows / fitted.rows).tolist()),
        )
        for one in fitted.inputs
    ]  # fmt: skip


def shares_of(rows: Floats, fitted: Fitted) -> list[tuple[float, ...]]:
    """The share of `rows` (n x inputs) in each bin of each declared input, to lay beside `BinFigures.shares`."""
    told = []
    for i, one in enumerate(fitted.inputs):
        number = len(one.bins.cuts) + 2
        told.append(tuple((np.bincount(bins_of(rows[:, i], one.bins.cuts), minlength=number) / len(rows)).tolist()))
    return told


def subtotals(fitted: Fitted, rows: Floats) -> dict[Family, NDArray[np.int64]]:
    """The points of each family on each row (n,), as `engine.scorecard.families` tells those of one."""
    points = points_of_rows(fitted.scorecard, rows)
    declared = {one.name: one.family for one in fitted.scorecard.declared}
    own = np.array([declared[one.name] for one in fitted.scorecard.card.inputs], dtype=object)
    return {family: points[:, own == family].sum(axis=1) for family in FAMILIES}


def distribution(credits: NDArray[np.int64]) -> dict[int, float]:
    """Scores by PERCENTILES."""
    return dict(zip(PERCENTILES, np.percentile(credits, PERCENTILES).tolist(), strict=True))


def restlessness(payments: pl.DataFrame, credits: NDArray[np.int64], within_ms: int | None = None) -> Restlessness:
    """How far scores move from payment to payment of a payer; with `within_ms` only where no more time lies between.

    `payments` has user_id and time (ms), in log order; `credits` (n,) are their scores.
    """
    told = payments.select("user_id", "time").with_columns(credit=pl.Series(credits))
    before = told.with_columns(pl.col("time", "credit").diff().over("user_id")).drop_nulls()
    if within_ms is not None:
        before = before.filter(pl.col("time") <= within_ms)
    moved = np.abs(before["credit"].to_numpy())
    if not moved.size:
        return Restlessness(0, None, None, None, None)
    middle, high = np.percentile(moved, (50, 99)).tolist()
    return Restlessness(moved.size, float((moved == 0).mean()), middle, high, int(moved.max()))


def told_text(told: Mapping[str, Told]) -> str:
    """A line for each kind of bad payers."""
    lines = [f"{'bad payers':<14}{'payers':>9}{'bad':>7}{'AUC':>7}{'KS':>7}"]
    lines += [f"{name:<14}{t.n:>9,}{t.bad:>7,}{_share(t.auc):>7}{_share(t.ks):>7}" for name, t in told.items()]
    return "\n".join(lines)


def report_text(
    told: Mapping[str, Told], levels: Sequence[LevelFigures], moved: Restlessness, soon: Restlessness,
    spread: Mapping[int, float],
) -> str:  # fmt: skip
    """The figures as people read them."""
    lines = [told_text(told)]
    lines += ["", f"{'level':<14}{'payers':>9}{'stated':>9}{'observed':>10}"]
    lines += [f"{one.level:<14}{one.n:>9,}{_percent(one.stated):>9}{_percent(one.observed):>10}" for one in levels]
    lines += ["", "scores by percentile: " + ", ".join(f"{place} %: {score:.0f}" for place, score in spread.items())]
    for name, one in (("payment to payment", moved), ("within 24 hours", soon)):
        if one.pairs:
            lines.append(
                f"{name}: {one.pairs:,} pairs, {_percent(one.unchanged)} unchanged, median {one.p50:.0f}, "
                f"99th percentile {one.p99:.0f}, most {one.most} points"
            )
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"
