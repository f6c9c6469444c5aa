"""The merchants' card fitted to a log, and how well a card tells merchants apart, vintage by vintage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_span
from bonafide.engine.bundles.inputs import MerchantInput
from bonafide.lab import curves
from bonafide.lab.curves import Ranking
from bonafide.lab.train.graded import GradedFit, fit_graded
from bonafide.lab.train.merchants import (
    MERCHANT_TARGET,
    MerchantLog,
    MerchantTarget,
    choose_moments,
    found_out,
    goes_bad,
)  # fmt: skip

WARM_MS: Final = 20 * DAY_MS
"""Of the log, before the first moment that a card is fitted to."""


class VintageFigures(Struct, frozen=True):
    """Merchants of one vintage, a row for each of their moments."""

    vintage: int
    """Number of the month (30 days) of the log in which they first sold, from 0."""
    merchants: int
    moments: int
    bad_merchants: int
    bad: int
    """Moments with cash-out at the merchant in the 30 days after."""
    auc: float | None
    """None where there is only one kind."""


def fit_merchants(
    log: MerchantLog, declared: Sequence[MerchantInput], until_ms: int, target: MerchantTarget = MERCHANT_TARGET
) -> GradedFit:
    """A card from what was known of merchants by `until_ms`.

    Raises UsageError where the log is too short or too few merchants were found out.
    """
    if log.moments.is_empty():
        raise UsageError("the log has no payout and no application of a merchant, so there is nothing to learn from")
    first = int(log.moments["time"].to_numpy().min()) + WARM_MS
    moments = choose_moments(log, first, until_ms - target.horizon_ms, target)
    if moments.is_empty():
        need = show_span(WARM_MS + target.horizon_ms)
        raise UsageError(f"no payout has its horizon in the log; a log of {need} is needed")
    bad = goes_bad(moments, found_out(log, until_ms, target), target.horizon_ms)
    return fit_graded(declared, moments.select(one.name for one in declared).to_numpy(), bad)


def by_vintage(
    moments: pl.DataFrame, scores: NDArray[np.int64], bad: NDArray[np.bool_], first_sales: pl.DataFrame
) -> list[VintageFigures]:
    """How well low scores find the bad ones among merchants of each vintage, and among all (vintage -1), which comes
    first. `first_sales` has merchant_id and time (ms)."""
    begin = int(first_sales["time"].to_numpy().min())
    told = moments.select("merchant_id").join(first_sales, on="merchant_id", how="left", maintain_order="left")
    month = ((told["time"].fill_null(begin) - begin) // (30 * DAY_MS)).to_numpy()
    who = moments["merchant_id"].to_numpy()
    kinds = [(-1, np.ones(len(who), dtype=np.bool_)), *((v, month == v) for v in np.unique(month).tolist())]
    return [
        VintageFigures(
            vintage, len(np.unique(who[own])), int(own.sum()), len(np.unique(who[own & bad])), int((own & bad).sum()),
            area(scores[own], bad[own]),
        )
        for vintage, own in kinds
    ]  # fmt: skip


def area(scores: NDArray[np.int64], bad: NDArray[np.bool_]) -> float | None:
    """The area under the curve of low scores finding the bad ones; None where there is one kind only."""
    return curves.auc(Ranking(-scores.astype(np.float64), bad).curve(np.ones(bad.size, np.int64)))
