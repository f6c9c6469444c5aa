"""Honest trade: everyday purchases, and the honest trade that looks like cash-out.

A purchase is planned here; the ledger later decides what it is paid with. Plans are rows of PLAN.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.world import (
    CATEGORIES,
    LOCAL_OFFSET_MS,
    START_MS,
    YUAN,
    Flags,
    Floats,
    Ints,
    Rng,
    World,
)

PLAN: Final[dict[str, tuple[pl.DataType, object]]] = {
    "time": (pl.Int64(), None),
    "user": (pl.Int64(), None),
    "merchant": (pl.Int64(), None),
    "amount": (pl.Int64(), 0),  # 0: the ledger sets it, from what is left of the line
    "campaign": (pl.Int64(), -1),  # purchases that share one budget taken from what is left of the line
    "budget": (pl.Float64(), 0.0),  # of what is left of the line when the campaign begins
    "share": (pl.Float64(), 0.0),  # of the campaign's budget
    "shave": (pl.Int64(), -1),  # fen below the next lower round amount; -1: the amount is not rounded
    "prefers_credit": (pl.Boolean(), True),
    "device": (pl.Int64(), -1),  # -1: the user's own
    "bad": (pl.Boolean(), False),
    "typology": (pl.String(), None),
    "ring": (pl.Int64(), -1),
    "cancelled": (pl.Boolean(), False),
    "refund_to": (pl.String(), None),
    "refund_after": (pl.Int64(), 0),
    "refund_fraction": (pl.Float64(), 1.0),
}
"""Column -> kind and what it is where nothing is said."""

FAVOURITES: Final = 5
_FAVOURITE_WEIGHTS: Final = (0.4, 0.25, 0.15, 0.1, 0.1)
FAVOURITE_FRACTION: Final = 0.6
"""Purchases that go to a shop the user knows."""
CANCELLED_FRACTION: Final = 0.02
REFUND_FRACTION: Final = 0.03
REFUND_TO_BALANCE_FRACTION: Final = 0.004
WEEKEND_DEMAND: Final = 1.25
PAYDAY_DEMAND: Final = 1.8
"""On a payday and the two days after it."""


def plan(**columns: object) -> pl.DataFrame:
    """Planned purchases; a column left out takes what PLAN says."""
    given = pl.DataFrame(columns)
    return given.select(
        (pl.col(name) if name in columns else pl.lit(default)).cast(kind).alias(name)
        for name, (kind, default) in PLAN.items()
    )


def honest_trade(world: World) -> pl.DataFrame:
    """Everyday purchases and the honest ones that look like cash-out, in no order."""
    rng = world.stream("everyday")
    user, day = _shopping_days(world, rng)
    merchant = _choose_shops(world, user, rng)
    everyday = plan(
        time=START_MS + day * DAY_MS + hours_of_trade(world, merchant, rng),
        user=user,
        merchant=merchant,
        amount=draw_amounts(world, user, merchant, rng),
        prefers_credit=rng.random(user.size) < world.users.credit_fraction[user],
    )
    lookalikes = (_at_the_limit, _flash_sales, _shop_stock, _payday_bursts, _viral_shops)
    trade = pl.concat([everyday, *(make(world, world.stream(make.__name__)) for make in lookalikes)])
    return _name_lookalikes(world, _aftermath(trade, world.stream("aftermath")))


def honest_trade_at(world: World, merchants: Ints, rng: Rng) -> pl.DataFrame:
    """One honest purchase at each of `merchants`, by anyone, while the shop is open for trade."""
    opened_day = np.maximum(0, -((START_MS - world.merchants.opened_ms[merchants]) // DAY_MS))
    day = np.minimum(
        opened_day + rng.integers(0, world.days, merchants.size) % (world.days - opened_day), world.days - 1
    )
    user = rng.integers(0, world.users.size, merchants.size)
    trade = plan(
        time=START_MS + day * DAY_MS + hours_of_trade(world, merchants, rng),
        user=user,
        merchant=merchants,
        amount=draw_amounts(world, user, merchants, rng),
        prefers_credit=rng.random(user.size) < world.users.credit_fraction[user],
    )
    return _aftermath(trade, rng)


def hours_of_trade(world: World, merchant: Ints, rng: Rng) -> Ints:
    """Milliseconds into the local day at which each purchase falls, by its shop's hours."""
    hours = np.zeros(merchant.size)
    for rows, code in _by_category(world, merchant):
        peaks = np.array(CATEGORIES[code].hours)[rng.integers(0, len(CATEGORIES[code].hours), rows.size)]
        hours[rows] = rng.normal(peaks[:, 0], peaks[:, 1])
    return np.asarray((hours % 24) * HOUR_MS, dtype=np.int64)


def draw_amounts(world: World, user: Ints, merchant: Ints, rng: Rng) -> Ints:
    """Fen, by the law of the shop's category and the user's spending; many at prices that shops like."""
    yuan = np.zeros(merchant.size)
    fixed = np.zeros(merchant.size, np.bool_)
    for rows, code in _by_category(world, merchant):
        category = CATEGORIES[code]
        drawn = np.exp(rng.normal(np.log(category.median_yuan), category.sigma, rows.size))
        drawn *= world.users.spending[user[rows]]
        if category.price_points_yuan:
            points = np.array(category.price_points_yuan)
            drawn = points[np.clip(np.searchsorted(points, drawn), 0, points.size - 1)]
            fixed[rows] = True
        yuan[rows] = drawn
    liked = np.where(fixed, yuan, _shop_prices(yuan, rng))
    return np.maximum(1 * YUAN, np.round(liked * YUAN).astype(np.int64))


def _shop_prices(yuan: Floats, rng: Rng) -> Floats:
    """Some prices end in nine, some are round, the rest are as drawn (baskets, discounts, freight)."""
    unit = np.where(yuan >= 1_000, 100.0, 10.0)
    floor = np.floor(yuan / unit) * unit
    kind = rng.random(yuan.size)
    charm = np.where(kind < 0.12, floor + unit - 1, np.floor(yuan) + 0.9)
    prices = np.where(kind < 0.25, charm, np.where(kind < 0.4, np.maximum(floor, 5.0), yuan))
    return np.asarray(prices, dtype=np.float64)


def _by_category(world: World, merchant: Ints) -> list[tuple[Ints, int]]:
    code = world.merchants.category[merchant]
    return [(np.flatnonzero(code == c), c) for c in range(len(CATEGORIES))]


def _shopping_days(world: World, rng: Rng) -> tuple[Ints, Ints]:
    """User and day of every everyday purchase."""
    first = np.datetime64((START_MS + LOCAL_OFFSET_MS) // DAY_MS, "D")
    dates = first + np.arange(world.days)
    day_of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    demand = np.where(np.arange(world.days) % 7 >= 5, WEEKEND_DEMAND, 1.0)
    since_payday = day_of_month[None, :] - world.users.payday[:, None]
    rate = world.users.purchases_per_day[:, None] * demand[None, :]
    rate = rate * np.where((since_payday >= 0) & (since_payday <= 2), PAYDAY_DEMAND, 1.0)
    count = rng.poisson(rate).ravel()
    place = np.repeat(np.arange(count.size), count)
    return place // world.days, place % world.days


def _choose_shops(world: World, user: Ints, rng: Rng) -> Ints:
    popularity = world.merchants.popularity
    known = rng.choice(popularity.size, (world.users.size, FAVOURITES), p=popularity)
    goes_back = rng.random(user.size) < FAVOURITE_FRACTION
    favourite = known[user, rng.choice(FAVOURITES, user.size, p=_FAVOURITE_WEIGHTS)]
    return np.where(goes_back, favourite, rng.choice(popularity.size, user.size, p=popularity))


def _aftermath(trade: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Which purchases are called off, and which are refunded where and when."""
    size = trade.height
    cancelled = rng.random(size) < CANCELLED_FRACTION
    kind = rng.random(size)
    refunded = (kind < REFUND_FRACTION) & ~cancelled
    to = np.where(kind < REFUND_TO_BALANCE_FRACTION, "balance", "original")
    partly = rng.random(size) < 0.3
    return trade.with_columns(
        cancelled=pl.Series(cancelled),
        refund_to=pl.Series(np.where(refunded, to, "")).replace("", None),
        refund_after=pl.Series((rng.lognormal(np.log(60), 0.8, size) * HOUR_MS).astype(np.int64)),
        refund_fraction=pl.Series(np.where(partly, rng.uniform(0.2, 0.9, size), 1.0)),
    )


def _name_lookalikes(world: World, trade: pl.DataFrame) -> pl.DataFrame:
    """Say which further honest purchases look like cash-out: family devices, gift cards, refunds to a balance."""
    households = np.bincount(world.users.household[world.users.household >= 0], minlength=1)
    in_family = (world.users.household >= 0) & (households[np.maximum(world.users.household, 0)] > 1)
    gift_cards = [code for code, category in enumerate(CATEGORIES) if category.name == "gift_cards"]
    sells_gift_cards = np.isin(world.merchants.category, gift_cards)
    return trade.with_columns(
        pl.when(pl.col("typology").is_not_null())
        .then("typology")
        .when(pl.col("refund_to") == "balance")
        .then(pl.lit("refund_to_balance"))
        .when(pl.Series(sells_gift_cards[trade["merchant"].to_numpy()]))
        .then(pl.lit("gift_cards"))
        .when(pl.Series(in_family[trade["user"].to_numpy()]))
        .then(pl.lit("family_device"))
        .alias("typology")
    )


def _at_the_limit(world: World, rng: Rng) -> pl.DataFrame:
    """A fridge or a phone for nearly all that is left of the line."""
    size = max(1, world.users.size * world.days // 200)
    shops = np.union1d(world.merchants.of_category("appliances"), world.merchants.of_category("electronics"))
    merchant = rng.choice(shops, size)
    return plan(
        time=START_MS + rng.integers(0, world.days, size) * DAY_MS + hours_of_trade(world, merchant, rng),
        user=rng.integers(0, world.users.size, size),
        merchant=merchant,
        campaign=np.arange(size),
        budget=rng.uniform(0.8, 1.0, size),
        share=np.ones(size),
        shave=np.where(rng.random(size) < 0.5, YUAN, -1),
        typology=_named("appliance_at_limit", size),
    )


def _flash_sales(world: World, rng: Rng) -> pl.DataFrame:
    """A live show sells one thing at one price to many within minutes."""
    shops = np.union1d(world.merchants.of_category("beauty"), world.merchants.of_category("clothing"))
    sales = max(1, world.days // 4)
    buyers = max(3, world.users.size // 40)
    sale = np.repeat(np.arange(sales), buyers)
    start = START_MS + rng.integers(0, world.days, sales) * DAY_MS + rng.integers(19 * HOUR_MS, 22 * HOUR_MS, sales)
    price = rng.choice([59, 79, 99, 129, 199, 299, 399], sales) * YUAN
    return plan(
        time=start[sale] + rng.exponential(4 * MINUTE_MS, sale.size).astype(np.int64),
        user=rng.integers(0, world.users.size, sale.size),
        merchant=rng.choice(shops, sales)[sale],
        amount=price[sale],
        prefers_credit=rng.random(sale.size) < 0.6,
        typology=_named("flash_sale", sale.size),
    )


def _shop_stock(world: World, rng: Rng) -> pl.DataFrame:
    """Owners of small shops buy stock on their line: large, often round, several orders in a day."""
    owners = np.flatnonzero(world.users.is_shop_owner)
    trip = np.repeat(owners, rng.poisson(world.days / 10, owners.size))
    day = rng.integers(0, world.days, trip.size)
    order = np.repeat(np.arange(trip.size), rng.integers(1, 5, trip.size))
    yuan = np.exp(rng.normal(np.log(900), 0.6, order.size))
    amount = np.where(rng.random(order.size) < 0.5, np.ceil(yuan / 100) * 100 * YUAN, np.ceil(yuan) * YUAN)
    merchant = rng.choice(world.merchants.of_category("wholesale"), order.size)
    return plan(
        time=START_MS + day[order] * DAY_MS + hours_of_trade(world, merchant, rng),
        user=trip[order],
        merchant=merchant,
        amount=amount.astype(np.int64),
        typology=_named("shop_stock", order.size),
    )


def _payday_bursts(world: World, rng: Rng) -> pl.DataFrame:
    """Wages arrive and a list of wishes is bought in one evening."""
    size = max(1, world.users.size * world.days // 600)
    shopper = rng.integers(0, world.users.size, size)
    first_day = (START_MS + LOCAL_OFFSET_MS) // DAY_MS
    date = np.datetime64(first_day, "D") + rng.integers(0, world.days, size)
    month = date.astype("datetime64[M]").astype("datetime64[D]")
    day = (month + world.users.payday[shopper] - 1).astype(np.int64) - first_day
    order = np.repeat(np.arange(size), rng.integers(5, 13, size))
    merchant = rng.choice(world.merchants.size, order.size, p=world.merchants.popularity)
    start = rng.uniform(11, 21, size)
    return plan(
        time=START_MS
        + day[order] * DAY_MS
        + ((start[order] + rng.uniform(0, 3, order.size)) * HOUR_MS).astype(np.int64),
        user=shopper[order],
        merchant=merchant,
        amount=draw_amounts(world, shopper[order], merchant, rng),
        typology=_named("payday_burst", order.size),
    )


def _viral_shops(world: World, rng: Rng) -> pl.DataFrame:
    """A new honest shop has one thing that everybody wants for three days."""
    is_new: Flags = (world.merchants.role == 0) & (world.merchants.opened_ms >= START_MS)
    shops = np.flatnonzero(is_new)
    shop = np.repeat(shops, max(5, world.users.size // 25))
    price = rng.choice([39, 69, 99, 159, 239], shops.size) * YUAN
    after = rng.integers(2 * DAY_MS, 5 * DAY_MS, shop.size)
    return plan(
        time=world.merchants.opened_ms[shop] + after,
        user=rng.integers(0, world.users.size, shop.size),
        merchant=shop,
        amount=np.repeat(price, max(5, world.users.size // 25)),
        prefers_credit=rng.random(shop.size) < 0.55,
        typology=_named("viral_new_shop", shop.size),
    )


def _named(name: str, size: int) -> npt.NDArray[np.str_]:
    return np.full(size, name)
