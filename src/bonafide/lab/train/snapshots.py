"""Payers at moments: which payments stand for a payer, and who of them went bad afterwards.

A scorecard is about payers, so a payer who pays ten times a day must not count ten times as much: each one has at most
a few moments, evenly spread over the payments. What happened after a moment is what had become known by the end of its
horizon; a moment whose horizon is not over yet tells nothing and is left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS

Floats = NDArray[np.float64]


class Target(Struct, frozen=True):
    """What going bad means, and how many moments a payer stands for."""

    horizon_ms: int = 30 * DAY_MS
    """How long after a moment it is looked for."""
    weak: float = 0.05
    """How much of a confirmed case a missed repayment is: most who miss one simply have no money."""
    per_user: int = 6


TARGET: Final = Target()


def choose_snapshots(
    payments: pl.DataFrame, first_ms: int, known_until_ms: int, target: Target = TARGET
) -> pl.DataFrame:
    """At most `per_user` payments of each payer, evenly spread over those from `first_ms` on whose horizon is over by
    `known_until_ms`.

    `payments` has event_id, user_id and time (ms), in log order; the rows keep it and all columns, and payments
    without a payer do not count. Give `first_ms` some weeks after the log begins: before, features know little.
    """
    _check(target)
    last_ms, most = known_until_ms - target.horizon_ms, target.per_user
    told = payments.filter(pl.col("user_id").is_not_null() & pl.col("time").is_between(first_ms, last_ms))
    place, number = pl.int_range(pl.len()).over("user_id"), pl.len().over("user_id")
    # The first payment of each of equal parts; of fewer payments than parts, all.
    first = ((place * most) // number != ((place - 1) * most) // number) | (number <= most)
    return told.filter(first)


def last_snapshots(payments: pl.DataFrame, first_ms: int, last_ms: int) -> pl.DataFrame:
    """The last payment of each payer within [first_ms, last_ms], in log order: a view of each payer at one moment."""
    told = payments.filter(pl.col("user_id").is_not_null() & pl.col("time").is_between(first_ms, last_ms))
    return told.unique("user_id", keep="last", maintain_order=True)


def confirmed_moments(events: pl.DataFrame, as_of_ms: int) -> pl.DataFrame:
    """When payers became known for cash-out: user_id and time (ms) of every verdict that had come by `as_of_ms` and had
    not been taken back by then, on them or on an event of theirs.

    `events` has type, time (ms), user_id, subject_type, subject_id and label.
    """
    who = pl.coalesce("user_id", pl.when(pl.col("subject_type") == "user").then("subject_id"))
    told = events.filter((pl.col("type") == "verdict") & (pl.col("time") <= as_of_ms)).with_columns(user_id=who)
    told = told.filter(pl.col("user_id").is_not_null() & (pl.col("subject_type") != "merchant"))
    latest = told.unique(("subject_type", "subject_id"), keep="last", maintain_order=True)
    return latest.filter(pl.col("label") == "cash_out").select("user_id", "time")


def missed_moments(events: pl.DataFrame, as_of_ms: int) -> pl.DataFrame:
    """When payers missed a repayment by `as_of_ms`: user_id and time (ms). `events` has type, time, user_id, status."""
    told = (pl.col("type") == "repayment") & (pl.col("status") == "missed") & (pl.col("time") <= as_of_ms)
    return events.filter(told).select("user_id", "time")


def went_bad(snapshots: pl.DataFrame, moments: pl.DataFrame, target: Target = TARGET) -> NDArray[np.bool_]:
    """Whether each snapshot's payer has a moment after it and within the horizon."""
    return went_bad_of(snapshots, moments, "user_id", target.horizon_ms)


def went_bad_of(snapshots: pl.DataFrame, moments: pl.DataFrame, who: str, horizon_ms: int) -> NDArray[np.bool_]:
    """The same of any subject, whose ids stand in the column `who` of both."""
    after = pl.col("time") + 1
    asked = snapshots.select(who, "time", row=pl.int_range(pl.len())).with_columns(time=after).sort("time")
    told = moments.select(who, "time", then="time").sort("time")
    found = asked.join_asof(told, on="time", by=who, strategy="forward", check_sortedness=False).sort("row")
    within = found["then"] - found["time"] < horizon_ms
    return within.fill_null(value=False).to_numpy()


def how_bad(confirmed: NDArray[np.bool_], missed: NDArray[np.bool_], target: Target = TARGET) -> Floats:
    """How much of a bad row each snapshot is: 1 where confirmed, `weak` where only a repayment was missed, else 0."""
    _check(target)
    return np.where(confirmed, 1.0, np.where(missed, target.weak, 0.0))


def _check(target: Target) -> None:
    if target.per_user < 1 or target.horizon_ms < 1 or not 0 <= target.weak <= 1:
        told = "per_user and horizon_ms are whole numbers from 1, weak is a number from 0 to 1"
        raise UsageError(f"{target} is no target; {told}")
