"""Who is there: sign-ups of people and shops, their accounts and lines of credit, and their logins."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.funds import mule_accounts
from bonafide.lab.simulate.names import (
    ADDRESS,
    CURRENCY,
    DEVICE,
    MERCHANT,
    MERCHANT_ACCOUNT,
    PHONE,
    USER,
    USER_ACCOUNT,
    called,
    network_address,
)
from bonafide.lab.simulate.world import CATEGORIES, START_MS, Ints, Rng, World

NO_DEVICE_FRACTION: Final = 0.1
LOGIN_BEFORE_PURCHASE_FRACTION: Final = 0.4
IDLE_LOGINS_PER_DAY: Final = 0.15
FAILED_LOGIN_FRACTION: Final = 0.02


def sometimes_missing(device: Ints, rng: Rng) -> pl.Series:
    """Devices, (rows,), of which some are not told: null."""
    return pl.select(
        pl.when(pl.Series(rng.random(device.size) >= NO_DEVICE_FRACTION)).then(pl.Series(device))
    ).to_series()


def registrations(world: World) -> pl.DataFrame:
    """Everybody's sign-up."""
    users = world.users
    device = sometimes_missing(users.device, world.stream("registrations"))
    people = pl.DataFrame(
        {"time": users.joined_ms, "user": np.arange(users.size), "device": device, "address": users.address,
         "network": users.network}
    ).sort("time", "user")  # fmt: skip
    return people.select(
        "time",
        user_id=called(USER, "user"),
        phone_id=called(PHONE, "user"),
        device_id=called(DEVICE, "device"),
        ip=network_address("network"),
        address_id=called(ADDRESS, "address"),
    )


def account_links(world: World) -> pl.DataFrame:
    """Whose each account is: a user's, a shop's, or a third person's."""
    users = pl.DataFrame({"time": world.users.joined_ms + 2 * MINUTE_MS, "n": np.arange(world.users.size)})
    shops = pl.DataFrame({"time": world.merchants.opened_ms + HOUR_MS, "n": np.arange(world.merchants.size)})
    kinds = [
        users.select(
            "time", account_id=called(USER_ACCOUNT, "n"), owner_type=pl.lit("user"), owner_id=called(USER, "n")
        ),
        shops.select(
            "time",
            account_id=called(MERCHANT_ACCOUNT, "n"),
            owner_type=pl.lit("merchant"),
            owner_id=called(MERCHANT, "n"),
        ),
        mule_accounts(world).select(
            pl.lit(START_MS - DAY_MS).alias("time"), "account_id", pl.lit("person").alias("owner_type"), "owner_id"
        ),
    ]
    return pl.concat(kinds)


def grants(world: World) -> pl.DataFrame:
    """The line of credit that each user gets minutes after joining."""
    grants = pl.DataFrame(
        {"time": world.users.joined_ms + 5 * MINUTE_MS, "user": np.arange(world.users.size), "limit": world.users.limit}
    )
    return grants.select(
        "time", "limit", user_id=called(USER, "user"), currency=pl.lit(CURRENCY), reason=pl.lit("grant")
    )


def applications(world: World) -> pl.DataFrame:
    """Every shop's application, on the day it opens."""
    rng = world.stream("applications")
    merchants = world.merchants
    names = pl.Series([category.name for category in CATEGORIES])
    shops = pl.DataFrame(
        {
            "time": merchants.opened_ms,
            "n": np.arange(merchants.size),
            "category": names[merchants.category.tolist()],
            # Fronts of one ring are opened in one person's name.
            "person": np.where(merchants.ring >= 0, merchants.size + merchants.ring, np.arange(merchants.size)),
            "opened_on": (merchants.opened_ms // DAY_MS - rng.integers(2, 1_500, merchants.size)) * DAY_MS,
        }
    )
    return shops.select(
        "time",
        "category",
        "opened_on",
        merchant_id=called(MERCHANT, "n"),
        legal_name=pl.format("{} shop {}", pl.col("category").str.replace("_", " "), "n"),
        registration_no=called("reg", "n"),
        representative_id=called("rep", "person"),
        account_id=called(MERCHANT_ACCOUNT, "n"),
    )


def logins(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """Users before some purchases and now and then; shops every morning."""
    rng = world.stream("logins")
    users, merchants = world.users, world.merchants
    goes_with = rng.random(sales.height) < LOGIN_BEFORE_PURCHASE_FRACTION
    shopping = sales.filter(pl.Series(goes_with))
    before = rng.integers(MINUTE_MS, 20 * MINUTE_MS, shopping.height)
    idle = rng.integers(0, users.size, int(rng.poisson(IDLE_LOGINS_PER_DAY * users.size * world.days)))
    user = np.concatenate([shopping["user"].to_numpy(), idle])
    time = np.concatenate([shopping["time"].to_numpy() - before, _waking_times(world, idle.size, rng)])
    device = np.concatenate([device_used(world, shopping), users.device[idle]])
    of_users = _login_frame("user", USER, user, time, device, users.network[user], rng)
    of_users = of_users.filter(pl.Series((time > users.joined_ms[user]) & (time >= START_MS)))
    shop = np.repeat(np.arange(merchants.size), world.days)
    time = START_MS + np.tile(np.arange(world.days), merchants.size) * DAY_MS + rng.integers(7, 11, shop.size) * HOUR_MS
    time += rng.integers(0, HOUR_MS, shop.size)
    network = users.network.max() + 1 + merchants.device[shop]
    of_shops = _login_frame(
        "merchant", MERCHANT, shop, time, users.size + world.rings + merchants.device[shop], network, rng
    )
    return pl.concat([of_users, of_shops.filter(pl.Series(time > merchants.opened_ms[shop]))])


def _waking_times(world: World, size: int, rng: Rng) -> Ints:
    day = rng.integers(0, world.days, size)
    hour = rng.normal(15, 4.5, size) % 24
    return np.asarray(START_MS + day * DAY_MS + hour * HOUR_MS, dtype=np.int64)


def _login_frame(
    subject_type: str, prefix: str, subject: Ints, time: Ints, device: Ints, network: Ints, rng: Rng
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"time": time, "subject": subject, "device": sometimes_missing(device, rng), "network": network}
    )
    return frame.select(
        "time",
        subject_type=pl.lit(subject_type),
        subject_id=called(prefix, "subject"),
        device_id=called(DEVICE, "device"),
        ip=network_address("network"),
        success=pl.Series(rng.random(time.size) >= FAILED_LOGIN_FRACTION),
    )


def device_used(world: World, sales: pl.DataFrame) -> Ints:
    """The device of each sale: the ring's where one is used, else the user's own."""
    device, own = sales["device"].to_numpy(), world.users.device[sales["user"].to_numpy()]
    return np.where(device >= 0, device, own)
