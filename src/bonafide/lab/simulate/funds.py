"""Where the money goes after a sale: payouts to shops, transfers between people, and cash-out coming home.

A merchant is never paid out more than its completed sales, less fees and refunds, until then.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.names import MERCHANT_ACCOUNT, OTHER_ACCOUNT, USER_ACCOUNT, called
from bonafide.lab.simulate.world import START_MS, YUAN, Ints, Rng, World

PLATFORM_FEE_PER_MILLE: Final = 6
SETTLED_AT_MS: Final = 10 * HOUR_MS
"""Local time of scheduled payouts, the day after the sale."""
INSTANT_HOURS: Final = 6
"""How often an honest shop with instant payouts takes them; cash-out merchants do within the hour."""
RETURN_SEEN_FRACTION: Final = 0.7
"""Cash-out money that comes home inside the platform; the rest comes in notes or by other banks."""
RETURN_FEE: Final = (0.03, 0.12)
RETURN_DELAY_HOURS: Final = (2.0, 1.93)
"""Median, and sigma of the log: 95 % within 48 hours."""
MIDDLEMEN_MAX: Final = 3
MULE_ACCOUNTS: Final = 5
"""Accounts of third persons that a ring sends money through."""
MONEY_IN_PER_DAY: Final = 0.03
"""Transfers between people, per user."""
OWNER_DRAWS_FRACTION: Final = 0.4
"""Honest shops whose owner is a user too and takes profit out every week."""


def payouts(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """time, merchant, amount and speed of every payout."""
    merchants = world.merchants
    takings = pl.concat(
        [
            sales.filter(~pl.col("cancelled")).select("merchant", time="status_time", amount=_net_of_fee("amount")),
            sales.filter(pl.col("refund_time").is_not_null()).select(
                "merchant", time="refund_time", amount=-pl.col("refund_amount")
            ),
        ]
    )
    merchant = takings["merchant"].to_numpy()
    bad, instant = merchants.role != 0, merchants.pays_out_instantly
    period = np.where(bad, HOUR_MS, np.where(instant, INSTANT_HOURS * HOUR_MS, DAY_MS))[merchant]
    slot = START_MS + ((takings["time"].to_numpy() - START_MS) // period + 1) * period
    slot += np.where(instant[merchant], 0, SETTLED_AT_MS)
    settled = takings.with_columns(slot=pl.Series(slot)).group_by("merchant", "slot").agg(pl.col("amount").sum())
    settled = settled.sort("merchant", "slot")
    # A refund may exceed a slot's sales; later sales make up for it, so what is paid in all is the running maximum.
    in_all = pl.col("amount").cum_sum().over("merchant").clip(lower_bound=0)
    paid = in_all.cum_max().over("merchant")
    settled = settled.with_columns(amount=paid - paid.shift(1, fill_value=0).over("merchant"))
    rng = world.stream("payouts")
    after = rng.integers(MINUTE_MS, 30 * MINUTE_MS, settled.height)
    is_instant = instant[settled["merchant"].to_numpy()]
    return settled.select(
        "merchant",
        "amount",
        time=pl.col("slot") + pl.Series(after),
        speed=pl.Series(np.where(is_instant, "instant", "scheduled")),
    ).filter(pl.col("amount") > 0)


def _net_of_fee(column: str) -> pl.Expr:
    return pl.col(column) - pl.col(column) * PLATFORM_FEE_PER_MILLE // 1000


def transfers(world: World, sales: pl.DataFrame, paid_out: pl.DataFrame) -> pl.DataFrame:
    """time, from_account_id, to_account_id and amount of every transfer."""
    return pl.concat([_homecoming(world, sales), _between_people(world), _owners_draws(world, paid_out)])


def mule_accounts(world: World) -> pl.DataFrame:
    """account_id and owner_id of the third persons' accounts, five for each ring."""
    numbers = pl.DataFrame({"number": np.arange(world.rings * MULE_ACCOUNTS)})
    return numbers.select(account_id=called(OTHER_ACCOUNT, "number"), owner_id=called("person", "number"))


def _homecoming(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """What campaigns brought in, less a fee, from the merchant's account through middlemen to the user's."""
    rng = world.stream("homecoming")
    campaigns = (
        sales.filter(pl.col("bad") & ~pl.col("cancelled") & pl.col("refund_to").is_null())
        .group_by("campaign", "merchant", "user", "ring")
        .agg(pl.col("amount").sum(), pl.col("status_time").max())
        .sort("campaign", "merchant")
    )
    rows: list[tuple[int, str, str, int]] = []
    for _, merchant, user, ring, amount, sold in campaigns.iter_rows():
        seen = rng.random() < RETURN_SEEN_FRACTION
        steps = _steps(f"{MERCHANT_ACCOUNT}{merchant}", f"{USER_ACCOUNT}{user}", ring, rng)
        left = int(amount * (1 - rng.uniform(*RETURN_FEE)))
        median, sigma = RETURN_DELAY_HOURS
        time = sold + 2 * HOUR_MS + int(rng.lognormal(np.log(median), sigma) * HOUR_MS)
        for source, target in steps if seen else ():
            rows.append((time, source, target, left))
            time += int(rng.exponential(40 * MINUTE_MS)) + MINUTE_MS
            left -= left // 200
    return _transfer_frame(rows)


def _steps(start: str, end: str, ring: int, rng: Rng) -> list[tuple[str, str]]:
    middlemen = rng.choice(MULE_ACCOUNTS, int(rng.integers(0, MIDDLEMEN_MAX + 1)), replace=False)
    stops = [start, *(f"{OTHER_ACCOUNT}{ring * MULE_ACCOUNTS + int(number)}" for number in middlemen), end]
    return list(pairwise(stops))


def _between_people(world: World) -> pl.DataFrame:
    """Rent shared, dinners split, money to parents."""
    rng = world.stream("between_people")
    size = int(rng.poisson(MONEY_IN_PER_DAY * world.users.size * world.days))
    sender: Ints = rng.integers(0, world.users.size, size)
    receiver = (sender + rng.integers(1, world.users.size, size)) % world.users.size
    amount = np.exp(rng.normal(np.log(180), 1.1, size))
    amount = np.where(rng.random(size) < 0.5, np.ceil(amount / 50) * 50, np.round(amount, 2))
    time = START_MS + rng.integers(0, world.days * DAY_MS, size)
    joined = np.maximum(world.users.joined_ms[sender], world.users.joined_ms[receiver])
    frame = pl.DataFrame({"time": time, "sender": sender, "receiver": receiver, "amount": np.round(amount * YUAN)})
    return frame.filter(pl.col("time") > pl.Series(joined)).select(
        "time",
        called(USER_ACCOUNT, "sender").alias("from_account_id"),
        called(USER_ACCOUNT, "receiver").alias("to_account_id"),
        pl.col("amount").cast(pl.Int64),
    )


def _owners_draws(world: World, paid_out: pl.DataFrame) -> pl.DataFrame:
    """Owners of honest shops pay themselves from the week's payouts."""
    rng = world.stream("owners")
    owner = rng.integers(0, world.users.size, world.merchants.size)
    draws = (world.merchants.role == 0) & (rng.random(world.merchants.size) < OWNER_DRAWS_FRACTION)
    merchant = paid_out["merchant"].to_numpy()
    weeks = (
        paid_out.with_columns(week=(pl.col("time") - START_MS) // (7 * DAY_MS), owner=pl.Series(owner[merchant]))
        .filter(pl.Series(draws[merchant]))
        .group_by("merchant", "week", "owner")
        .agg(pl.col("amount").sum(), pl.col("time").max())
        .sort("merchant", "week")
    )
    part = pl.Series(rng.uniform(0.4, 0.9, weeks.height))
    return weeks.select(
        time=pl.col("time") + pl.Series(rng.integers(HOUR_MS, 12 * HOUR_MS, weeks.height)),
        from_account_id=called(MERCHANT_ACCOUNT, "merchant"),
        to_account_id=called(USER_ACCOUNT, "owner"),
        amount=(pl.col("amount") * part).cast(pl.Int64),
    ).filter(pl.col("amount") > 0)


def _transfer_frame(rows: list[tuple[int, str, str, int]]) -> pl.DataFrame:
    schema = {"time": pl.Int64, "from_account_id": pl.String, "to_account_id": pl.String, "amount": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("amount") > 0)
