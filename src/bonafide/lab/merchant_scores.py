"""Credit scores of merchants week by week, beside those of their peers: merchants of their category and age.

A score is read at payouts and applications, before they are taken in. Of each week the last reading counts. Nothing of
this is made to leave the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.text import shorten
from bonafide.engine.bundles.inputs import MerchantInput
from bonafide.engine.explain_score import MerchantCreditTold, tell_merchant
from bonafide.engine.graded import MERCHANT_FAMILIES, Graded, graded_level
from bonafide.lab.train.graded import graded_columns, graded_scores
from bonafide.lab.train.merchants import MerchantLog

WEEK_MS: Final = 7 * DAY_MS
MONDAY_MS: Final = 4 * DAY_MS
"""1970 began on a Thursday."""
AGES: Final = ((30, "under 30 days"), (90, "30 to 90 days"), (365, "90 days to a year"), (10**9, "a year and more"))
"""Since a merchant was first seen: in days below, what it is called."""
PEERS_MIN: Final = 5
"""With fewer others of its category and age, a merchant is compared with all of its age."""
UNKNOWN: Final = "unknown"


def weekly_scores(log: MerchantLog, graded: Graded) -> pl.DataFrame:
    """A row for each merchant and week with a payout or an application, in order of week and merchant: merchant_id,
    week (its Monday, ms), time (ms), score, level, the points of each family, category, age, peers, compared_by and
    below (the share of peers with a lower score, equal ones counting half; null without a peer)."""
    told = log.moments.with_columns(week=(pl.col("time") - MONDAY_MS) // WEEK_MS * WEEK_MS + MONDAY_MS)
    told = told.join(_first_seen(log), on="merchant_id", how="left", maintain_order="left")
    told = told.join(_categories(log), on="merchant_id", how="left", maintain_order="left")
    # Late events do not turn the order of the log: the last reading of a week is the last one taken in.
    told = told.unique(("merchant_id", "week"), keep="last", maintain_order=True)
    rows = told.select(one.name for one in graded.declared).to_numpy()
    scores, points = graded_scores(graded, rows), graded_columns(graded, rows)
    families = {one.name: one.family for one in graded.declared}
    own = [families[one.name] for one in graded.card.inputs]
    told = told.select("merchant_id", "week", "time", _age(), category="category_of").with_columns(
        pl.Series("score", scores),
        pl.Series("level", [graded_level(graded, score) for score in scores.tolist()]),
        *(pl.Series(name, points[:, [f == name for f in own]].sum(axis=1)) for name in MERCHANT_FAMILIES),
    )
    return _beside_peers(told).sort("week", "merchant_id")


def _first_seen(log: MerchantLog) -> pl.DataFrame:
    seen = pl.concat([log.moments.select("merchant_id", "time"), log.sales.select("merchant_id", "time")])
    return seen.group_by("merchant_id").agg(first=pl.col("time").min())


def _categories(log: MerchantLog) -> pl.DataFrame:
    """What each merchant applied for last, else what most of its sales are of."""
    applied = log.moments.drop_nulls("category").group_by("merchant_id").agg(pl.col("category").last())
    everybody = log.moments.select("merchant_id").unique()
    told = everybody.join(applied, on="merchant_id", how="left")
    if "category" in log.sales.columns:
        counted = log.sales.drop_nulls("category").group_by("merchant_id", "category").len()
        most = counted.sort("len", "category").unique("merchant_id", keep="last", maintain_order=True)
        told = told.join(most.select("merchant_id", sold="category"), on="merchant_id", how="left")
    else:
        told = told.with_columns(sold=pl.lit(None, pl.String))
    return told.select("merchant_id", category_of=pl.coalesce("category", "sold", pl.lit(UNKNOWN)))


def _age() -> pl.Expr:
    age: pl.Expr = pl.lit(AGES[-1][1])
    for days, name in reversed(AGES[:-1]):
        age = pl.when(pl.col("time") - pl.col("first") < days * DAY_MS).then(pl.lit(name)).otherwise(age)
    return age.alias("age")


def _beside_peers(told: pl.DataFrame) -> pl.DataFrame:
    parts = []
    for keys in (("week", "category", "age"), ("week", "age")):
        others = pl.len().over(keys) - 1
        lower = (pl.col("score").rank("min").over(keys) - 1) + (pl.len().over(*keys, "score") - 1) / 2
        parts.append((others, lower))
    (near, near_lower), (wide, wide_lower) = parts
    enough = near >= PEERS_MIN
    return told.with_columns(
        peers=pl.when(enough).then(near).otherwise(wide),
        compared_by=pl.when(enough).then(pl.lit("category and age")).otherwise(pl.lit("age")),
        below=pl.when(enough).then(near_lower / near).when(wide > 0).then(wide_lower / wide).otherwise(None),
    )


def last_told(log: MerchantLog, graded: Graded, declared: Sequence[MerchantInput], merchant: str) -> MerchantCreditTold:
    """Why a merchant has the score that was read last. Raises UsageError where none was."""
    own = log.moments.filter(pl.col("merchant_id") == merchant)
    if own.is_empty():
        raise UsageError(f"the log has no payout and no application of {shorten(merchant)}, so it has no score there")
    row = own.select(one.name for one in declared).row(-1)
    return tell_merchant(graded, declared, [float(value) for value in row])


def history_of(weekly: pl.DataFrame, merchant: str) -> list[dict[str, Any]]:
    """A merchant's scores, week by week, as JSON has them."""
    own = weekly.filter(pl.col("merchant_id") == merchant)
    return [
        {**row, "week": show_moment(row["week"]), "time": show_moment(row["time"])} for row in own.iter_rows(named=True)
    ]


def summary_of(weekly: pl.DataFrame) -> dict[str, Any]:
    """How many merchants stand where, by the last reading of each."""
    last = weekly.unique("merchant_id", keep="last", maintain_order=True)
    levels = {level: last.filter(pl.col("level") == level).height for level in ("critical", "high", "medium", "low")}
    scores = last["score"].to_numpy()
    places = (0, 5, 25, 50, 75, 95, 100)
    quantiles = np.percentile(scores, places).tolist() if scores.size else [None] * len(places)
    return {
        "merchants": last.height, "readings": weekly.height, "levels": levels,
        "scores": {str(place): value for place, value in zip(places, quantiles, strict=True)},
    }  # fmt: skip
