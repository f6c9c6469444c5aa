"""From what was known at a moment to an exposure report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.lab.exposure.calibration import TOTAL, Span, spans, stretches
from bonafide.lab.exposure.flow import Flow, flow_of
from bonafide.lab.exposure.forecast import DRAWS, STEP_DAYS, Loss, forecast, told_horizons
from bonafide.lab.exposure.groups import (
    Grouping,
    by_first_sale,
    by_merchant,
    by_month,
    largest_name,
    of_largest,
    sums,
)
from bonafide.lab.exposure.ledger import Ints, Ledger, Standing
from bonafide.lab.exposure.log import Known
from bonafide.lab.exposure.report import FIRST_SALE, LARGEST, MERCHANT, MONTH, RING, Report, Said
from bonafide.lab.exposure.told import Exposure, Warned

HORIZONS_DAYS: Final = (30, 60)
"""What is told where nobody asks: further ahead the whole comes out too high (docs/exposure.md)."""
WARNED_DAYS: Final = 7
"""Warnings of so many days stand in the report."""


class Asked(NamedTuple):
    """What a report is to say."""

    horizons_days: tuple[int, ...] = HORIZONS_DAYS
    seed: int = 7
    draws: int = DRAWS
    bundle: str | None = None


class Made(NamedTuple):
    """A report, and what it rests on."""

    told: Exposure
    flow: Flow
    merchants: pl.DataFrame
    """A row for each merchant with something open; see docs/exposure.md."""
    warnings: pl.DataFrame | None


def check_horizons(days: tuple[int, ...]) -> None:
    """UsageError for horizons that are not whole steps, rising."""
    if not days or any(day < STEP_DAYS or day % STEP_DAYS for day in days) or list(days) != sorted({*days}):
        raise UsageError(f"horizons are {days}; give rising multiples of {STEP_DAYS} days, such as 30, 60, 90")


def measure(
    known: Known, ledger: Ledger, rings: Grouping, asked: Asked, *, risky_from: Ints | None = None,
    warnings: pl.DataFrame | None = None, stage: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Made:  # fmt: skip
    """The whole report. `risky_from` says when each payer first looked like cash-out (see `risky_since`), `warnings`
    is what `all_warnings` found."""
    check_horizons(asked.horizons_days)
    asked = asked._replace(horizons_days=told_horizons(ledger, asked.horizons_days) or asked.horizons_days[:1])
    standing = ledger.at(known.as_of_ms)
    groupings = {
        MERCHANT: by_merchant(ledger), RING: rings, MONTH: by_month(ledger), FIRST_SALE: by_first_sale(ledger),
        **{largest_name(n): of_largest(ledger, standing, n) for n in LARGEST if n <= len(ledger.merchants)},
    }  # fmt: skip
    of = {name: one.of for name, one in groupings.items()}
    told: dict[str, list[Span]] = {}
    stretch: dict[str, float] = {}
    missing = None
    try:
        stage("past forecasts", 0, 3)
        stretch = stretches(ledger, of, asked.seed, risky_from=risky_from, draws=asked.draws)
        stage("forecast", 1, 3)
        loss = forecast(ledger, of, asked.horizons_days, asked.seed, risky_from=risky_from, draws=asked.draws)
        told = {name: spans(loss, name, stretch[name]) for name in (TOTAL, *of)}
        _bound(told, of, standing, loss)
    except UsageError as error:
        missing = str(error)
    stage("flow of funds", 2, 3)
    flow = flow_of(known)
    said = Said(asked.horizons_days, asked.bundle, stretch, missing, _newest(warnings, known))
    report = Report(known, ledger, standing, groupings, told, flow, said)
    return Made(report.exposure(), flow, report.merchants(), warnings)


def risky_since(ledger: Ledger, decisions: pl.DataFrame) -> Ints:
    """When each payer first had an alert on a payment by the ledger's moment, ms; far in the future for the others.

    `decisions` has the columns of decisions.parquet.
    """
    never = np.iinfo(np.int64).max
    at = pl.col("time").dt.epoch("ms") if decisions.schema["time"] != pl.Int64 else pl.col("time")
    alerted = decisions.filter((pl.col("type") == "payment") & pl.col("alert")).with_columns(time=at)
    first = alerted.filter(pl.col("time") <= ledger.as_of_ms).group_by("user_id").agg(pl.col("time").min())
    payers = pl.DataFrame({"user_id": ledger.payers}, schema={"user_id": pl.String})
    return np.array(payers.join(first, on="user_id", how="left", maintain_order="left")["time"].fill_null(never))


def _newest(warnings: pl.DataFrame | None, known: Known) -> tuple[Warned, ...] | None:
    """The warnings of the last days, the newest first."""
    if warnings is None:
        return None
    since = pl.col("time").dt.epoch("ms") > known.as_of_ms - WARNED_DAYS * DAY_MS
    rows = warnings.filter(since).reverse().select(
        "subject_type", "subject_id", pl.col("time").dt.epoch("ms"), "chance", "reasons_en", "reasons_zh"
    )  # fmt: skip
    return tuple(
        Warned(kind, subject, show_moment(time), chance, tuple(en), tuple(zh))
        for kind, subject, time, chance, en, zh in rows.iter_rows()
    )


def _bound(told: dict[str, list[Span]], of: dict[str, Ints], standing: Standing, loss: Loss) -> None:
    """Nobody loses more than is open."""
    for name, some in told.items():
        most = (
            np.array([standing.open.sum()]) if name == TOTAL
            else sums(standing.open, of[name], loss.by[name].shape[2])
        )  # fmt: skip
        told[name] = [Span(*(np.minimum(part, most) for part in one)) for one in some]
