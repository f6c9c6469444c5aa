"""A small simulated pay-later platform for `bonafide demo`: honest shoppers, cash-out schemes, the truth about both.

Everyday life first, then honest trade that looks like cash-out, then the schemes; one ledger keeps every line's balance
over all of them, and the log is written from what really happened. It knows nothing of how cash-out is detected, and
makes no claim to be as hard as a real platform: campaigns follow seven plain laws, and the amount of a credit payment
alone ranks cash-out with an AUC of 0.8 to 0.9.
Base rates follow published figures: one user in a hundred cashes out, about one merchant in a hundred helps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import HOUR_MS, SECOND_MS
from bonafide.lab.simulate.ledger import bills, keep_ledger
from bonafide.lab.simulate.log import describe, write_log
from bonafide.lab.simulate.schemes import run_schemes
from bonafide.lab.simulate.trade import honest_trade
from bonafide.lab.simulate.verdicts import truth_of
from bonafide.lab.simulate.world import START_MS, World, build_world

USERS_MIN: Final = 50
MERCHANTS_MIN: Final = 20
DAYS_MIN: Final = 7
USER_DAYS_MAX: Final = 600_000
"""Users times days: ten times the usual demo, about two million events and 4 GB of memory."""
MERCHANTS_MAX: Final = 5_000

_SET_UP_MS: Final = 12 * HOUR_MS
"""From the opening of a shop to its first sale."""


def simulate_demo(users: int, merchants: int, days: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and truth of a platform with so many users and merchants over so many days from 2026-01-05 on.

    Events are flat records: `type`, then the schema's fields that occur, moments as integer milliseconds; in order of
    arrival, which is the order of `time` but for about one event in a hundred. They open with the sign-ups of the year
    before. Truth has one row per payment, with the columns of truth.parquet; honest payments that look like cash-out
    are named in `typology`. The same arguments give the same frames.

    Raises UsageError for numbers out of bounds.
    """
    _check_size(users, merchants, days)
    if seed < 0:
        raise UsageError(f"seed is {seed}; accepted are whole numbers from 0")
    world = build_world(users, merchants, days, seed)
    honest = honest_trade(world)
    schemes = run_schemes(world, first_campaign=honest.height)
    planned = _possible(world, pl.concat([honest, schemes.purchases, schemes.cover]))
    due = bills(world)
    extra = schemes.repayments.with_columns(status=pl.lit("paid"), due_time=None, days_past_due=None)
    sales, repaid = keep_ledger(world, planned, pl.concat([due, extra], how="diagonal_relaxed"))
    sales = describe(world, sales)
    truth = truth_of(world, sales)
    return write_log(world, sales, repaid, truth), truth


def _check_size(users: int, merchants: int, days: int) -> None:
    for name, value, least in (
        ("users", users, USERS_MIN),
        ("merchants", merchants, MERCHANTS_MIN),
        ("days", days, DAYS_MIN),
    ):
        if value < least:
            raise UsageError(f"{name} is {value}; accepted are whole numbers from {least}")
    if users * days > USER_DAYS_MAX:
        raise UsageError(
            f"{users:,} users over {days:,} days are too many; accepted are up to {USER_DAYS_MAX:,} user-days"
        )
    if merchants > MERCHANTS_MAX:
        raise UsageError(f"merchants is {merchants:,}; accepted are up to {MERCHANTS_MAX:,}")


def _possible(world: World, planned: pl.DataFrame) -> pl.DataFrame:
    """Purchases by people who have joined, at shops that have opened, within the log; and when each is settled."""
    rng = world.stream("settling")
    joined = pl.Series(world.users.joined_ms[planned["user"].to_numpy()])
    opened = pl.Series(world.merchants.opened_ms[planned["merchant"].to_numpy()])
    wait = pl.Series((rng.lognormal(np.log(4), 0.8, planned.height) * SECOND_MS).astype(np.int64))
    hesitation = pl.Series((rng.exponential(2, planned.height) * HOUR_MS).astype(np.int64))
    status_time = pl.col("time") + SECOND_MS + pl.when("cancelled").then(hesitation).otherwise(wait)
    return planned.with_columns(status_time=status_time).filter(
        (pl.col("time") >= START_MS)
        & (pl.col("time") < world.end_ms)
        & (pl.col("time") > joined + HOUR_MS)
        & (pl.col("time") > opened + _SET_UP_MS)
    )
