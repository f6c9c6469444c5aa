"""Merchants at moments: what the merchants' card is fitted to, and who of them was found out afterwards.

A merchant stands for itself at a few moments, evenly spread over its payouts, so that who is paid out twice a day does
not count more than who is paid out once a week. An application is a moment, too: that of somebody without a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Floats
from bonafide.lab.train.snapshots import went_bad_of

MERCHANT_TYPES: Final = ("payout", "merchant_application")
MERCHANT_ROW: Final = {
    "event_id": pl.String, "type": pl.String, "merchant_id": pl.String, "time": pl.Int64, "category": pl.String,
}  # fmt: skip


class MerchantTarget(Struct, frozen=True):
    """What going bad means, and how many moments a merchant stands for."""

    horizon_ms: int = 30 * DAY_MS
    """How long after a moment it is looked for."""
    judged_sales: int = 2
    """So many payments to it that are confirmed as cash-out; one may be a mistake, or a payer's own doing."""
    per_merchant: int = 12


MERCHANT_TARGET: Final = MerchantTarget()


class MerchantLog(NamedTuple):
    """What a log says of merchants, in its order."""

    moments: pl.DataFrame
    """MERCHANT_ROW and each input as the engine answered it before the event, NaN where missing."""
    sales: pl.DataFrame
    """event_id, merchant_id and time (ms) of payments, and their category where it was asked for."""
    facts: pl.DataFrame
    """Verdicts: type, time (ms), user_id, subject_type, subject_id, label, status."""


NO_MERCHANTS: Final = MerchantLog(pl.DataFrame(schema=MERCHANT_ROW), pl.DataFrame(), pl.DataFrame())


def merchant_rows(frame: pl.DataFrame, inputs: Floats, names: Sequence[str]) -> pl.DataFrame:
    """Events about merchants, as MERCHANT_ROW, and their inputs."""
    absent = [pl.lit(None, kind).alias(name) for name, kind in MERCHANT_ROW.items() if name not in frame.columns]
    told = frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in MERCHANT_ROW.items())
    return told.with_columns(pl.Series(name, np.ascontiguousarray(inputs[:, i])) for i, name in enumerate(names))


def found_out(log: MerchantLog, as_of_ms: int, target: MerchantTarget = MERCHANT_TARGET) -> pl.DataFrame:
    """When merchants were found out, by what had been said by `as_of_ms` and not been taken back: merchant_id and time
    (ms) of each verdict of cash-out on them, and of each that made `judged_sales` payments in a horizon."""
    told = log.facts.filter((pl.col("type") == "verdict") & (pl.col("time") <= as_of_ms))
    latest = told.unique(("subject_type", "subject_id"), keep="last", maintain_order=True)
    judged = latest.filter(pl.col("label") == "cash_out")
    own = judged.filter(pl.col("subject_type") == "merchant").select(merchant_id="subject_id", time="time")
    of_sales = (
        judged.filter(pl.col("subject_type") == "event")
        .join(log.sales.select("event_id", "merchant_id"), left_on="subject_id", right_on="event_id")
        .select("merchant_id", "time")
        .sort("time")
    )
    before = pl.col("time").shift(target.judged_sales - 1).over("merchant_id")
    enough = of_sales.filter(pl.col("time") - before < target.horizon_ms)
    return pl.concat([own, enough]).sort("time")


def choose_moments(log: MerchantLog, first_ms: int, last_ms: int, target: MerchantTarget) -> pl.DataFrame:
    """At most `per_merchant` moments of each merchant, evenly spread over those within [first_ms, last_ms]."""
    told = log.moments.filter(pl.col("time").is_between(first_ms, last_ms))
    most = target.per_merchant
    place, number = pl.int_range(pl.len()).over("merchant_id"), pl.len().over("merchant_id")
    first = ((place * most) // number != ((place - 1) * most) // number) | (number <= most)
    return told.filter(first)


def goes_bad(moments: pl.DataFrame, bad: pl.DataFrame, horizon_ms: int) -> Floats:
    """Whether each moment's merchant has one of the `bad` moments (merchant_id, time) after it, within the horizon."""
    return went_bad_of(moments, bad, "merchant_id", horizon_ms).astype(np.float64)
