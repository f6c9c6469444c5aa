"""The rows that warnings are given on: events of merchants and of payers with the features of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.warning.terms import TERMS, needed

NEWCOMER_DAYS: Final = 30
"""A merchant is a newcomer for so long after its first event."""
SETTLED_DAYS: Final = 7
"""Who has an event within so many days of the log's beginning may have traded before it, and is no newcomer."""
DECIDED: Final = ("event_id", "seq", "type", "time", "user_id", "merchant_id", "amount", "score", "alert")
"""Columns of decisions.parquet that warnings read."""


def feature_columns(there: Sequence[str]) -> list[str]:
    """Columns of features.parquet that warnings read, of those that are there."""
    names = ["event_id", *(name for kind in TERMS for name in needed(kind))]
    return [name for name in dict.fromkeys(names) if name in there]


def rows_of(kind: str, decisions: pl.DataFrame, features: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """The events of a kind of subject in log order.

    `decisions` and `features` are what `bonafide replay --features` writes, `payments` has event_id, pay_with,
    credit_limit and credit_used of the log's payments (`Known["payment"]`). Columns besides the features: `event_id`,
    `seq`, `moment` (datetime), `time` (ms), `subject_id`, `amount`, `score`, `alert`, `newcomer`; of payers `used` (of
    the line, after this payment) and `limit`. UsageError where the replay's bundle lacks a feature that the terms read.
    """
    lacking = [name for name in needed(kind) if name not in features.columns]
    if lacking:
        raise UsageError(f"no early warning: the bundle has no feature {lacking[0]}")
    moment = pl.col("time").cast(pl.Datetime("ms", "UTC"))
    told = decisions.select(
        "event_id", "seq", "type", "user_id", "merchant_id", "amount", "score", "alert", moment=moment,
    ).with_columns(time=pl.col("moment").dt.epoch("ms"))  # fmt: skip
    if kind == "merchant":
        told = told.filter(pl.col("type").is_in(["payment", "payout"]) & pl.col("merchant_id").is_not_null())
        told = told.with_columns(subject_id="merchant_id")
    else:
        line = payments.filter(pl.col("pay_with").fill_null("credit") == "credit").select(
            "event_id", limit="credit_limit", used=pl.col("credit_used") + pl.col("amount")
        )
        told = told.filter(pl.col("user_id").is_not_null()).join(line, on="event_id").filter(pl.col("limit") > 0)
        told = told.with_columns(subject_id="user_id")
    rows = told.join(features.select("event_id", *needed(kind)), on="event_id").sort("seq")
    first, begun = pl.col("time").min().over("subject_id"), pl.col("time").min()
    is_new = (pl.col("time") - first < NEWCOMER_DAYS * DAY_MS) & (first - begun >= SETTLED_DAYS * DAY_MS)
    return rows.with_columns(newcomer=is_new if kind == "merchant" else pl.lit(value=False))
