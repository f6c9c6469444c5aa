"""What becomes known, when: the whole truth apart, and the verdicts that analysts reach late and not always rightly."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.simulate.names import MERCHANT, PAYMENT, RING, USER, called
from bonafide.lab.simulate.world import World

FOUND_FRACTION: Final = 0.45
"""Campaigns that an analyst ever looks into."""
DELAY_DAYS: Final = (3.0, 30.0)
WRONG_FRACTION: Final = 0.05
"""Of the verdicts of cash-out: honest payments judged wrongly."""
CLEARED_PER_FOUND: Final = 1.0
"""Honest payments looked into and found genuine, for each payment found to be cash-out."""
MERCHANT_DELAY_DAYS: Final = (14.0, 60.0)


def truth_of(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """truth.parquet of every payment; known_at is null where nobody ever finds out."""
    rng = world.stream("found")
    campaigns = sales.filter("bad").select(pl.col("campaign").unique()).sort("campaign")
    found = rng.random(campaigns.height) < FOUND_FRACTION
    delay = rng.uniform(*DELAY_DAYS, campaigns.height) * DAY_MS
    campaigns = campaigns.with_columns(delay=pl.Series(delay).cast(pl.Int64), found=pl.Series(found)).filter("found")
    desk_time = pl.Series(rng.integers(0, HOUR_MS, sales.height))
    known_ms = pl.when("bad").then(pl.col("time") + pl.col("delay") + desk_time)
    return sales.join(campaigns, on="campaign", how="left", maintain_order="left").select(
        called(PAYMENT, "number").alias("event_id"),
        pl.col("bad").cast(pl.Int8).alias("label"),
        "typology",
        pl.when(pl.col("ring") >= 0).then(called(RING, "ring")).alias("ring_id"),
        pl.from_epoch(known_ms, "ms").dt.replace_time_zone("UTC").dt.cast_time_unit("ms").alias("known_at"),
        called(USER, "user").alias("user_id"),
        called(MERCHANT, "merchant").alias("merchant_id"),
    )


def verdicts(world: World, sales: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """time, subject_type, subject_id, label, source, grade, user_id and merchant_id of every verdict."""
    rng = world.stream("verdicts")
    known = truth.filter(pl.col("known_at").is_not_null())
    found = known.select(
        "user_id", "merchant_id", subject_id="event_id", time=pl.col("known_at").dt.epoch("ms"),
        label=pl.lit("cash_out"), grade=pl.lit("confirmed"),
    )  # fmt: skip
    looked_into = (truth["label"] == 0) & truth["typology"].is_not_null()
    suspects = np.flatnonzero(looked_into.to_numpy())
    wanted = min(suspects.size, round((CLEARED_PER_FOUND + WRONG_FRACTION) * found.height))
    chosen = rng.choice(suspects, wanted, replace=False)
    is_wrong = rng.random(wanted) < WRONG_FRACTION / (CLEARED_PER_FOUND + WRONG_FRACTION)
    delay = (rng.uniform(*DELAY_DAYS, wanted) * DAY_MS).astype(np.int64)
    others = truth[chosen].select(
        "user_id", "merchant_id", subject_id="event_id", time=sales[chosen]["time"] + pl.Series(delay),
        label=pl.Series(np.where(is_wrong, "cash_out", "genuine")), grade=pl.lit("suspected"),
    )  # fmt: skip
    of_events = pl.concat([found, others]).with_columns(subject_type=pl.lit("event"))
    both = pl.concat([of_events, _of_merchants(world, sales)], how="diagonal")
    return both.with_columns(source=pl.lit("analyst"))


def _of_merchants(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """Half of the fronts are closed down weeks after their first cash-out sale."""
    rng = world.stream("merchant_verdicts")
    first = sales.filter("bad").group_by("merchant").agg(pl.col("time").min()).sort("merchant")
    delay = (rng.uniform(*MERCHANT_DELAY_DAYS, first.height) * DAY_MS).astype(np.int64)
    is_found = pl.Series(rng.random(first.height) < 0.5)
    return first.with_columns(time=pl.col("time") + pl.Series(delay)).filter(is_found).select(
        "time",
        subject_type=pl.lit("merchant"),
        subject_id=called(MERCHANT, "merchant"),
        label=pl.lit("cash_out"),
        grade=pl.lit("corroborated"),
    )  # fmt: skip
