"""The log: every event of the simulated platform as flat records, in the order in which they arrive."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, HOUR_MS, SECOND_MS
from bonafide.lab.simulate.funds import payouts, transfers
from bonafide.lab.simulate.names import (
    ADDRESS,
    CURRENCY,
    DEVICE,
    MERCHANT,
    MERCHANT_ACCOUNT,
    ORDER,
    PAYMENT,
    USER,
    USER_ACCOUNT,
    called,
    network_address,
)
from bonafide.lab.simulate.signups import (
    account_links,
    applications,
    device_used,
    grants,
    logins,
    registrations,
    sometimes_missing,
)
from bonafide.lab.simulate.verdicts import verdicts
from bonafide.lab.simulate.world import CATEGORIES, CHANNELS, START_MS, YUAN, World

FEEDS: Final = ("login", "payment_status", "shipment", "traffic", "complaint")
"""Types that come from other systems, and so sometimes late; what is decided on comes in live."""
LATE_FRACTION: Final = 0.014
"""Of the feeds' events: about one event in a hundred of the log."""
LATE_MIN_MS: Final = HOUR_MS
SHIPPED_FRACTION: Final = 0.97
SHAM_SHIPPED_FRACTION: Final = 0.2
"""Cash-out orders for which a parcel is reported; its tracking number has been seen before."""
INSTALMENTS: Final = (3, 6, 12)
INSTALMENT_MIN: Final = 400 * YUAN
CARRIERS: Final = ["swift", "steady", "sunrise"]
SOURCES: Final = ("search", "recommendation", "advert", "shared_link", "favourites")

_HONEST_VISITS: Final = (8.0, 40.0)
"""Visits to a shop for each honest sale."""


def write_log(world: World, sales: pl.DataFrame, repaid: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """All events up to the end of the log; `sales` and `repaid` are the ledger's, `truth` the truth about payments."""
    paid_out = payouts(world, sales)
    parts = {
        "registration": registrations(world),
        "account_link": account_links(world),
        "credit_line": grants(world),
        "merchant_application": applications(world),
        "login": logins(world, sales),
        "payment": _payments(world, sales),
        "payment_status": _statuses(sales),
        "shipment": _shipments(world, sales),
        "refund": _refunds(sales),
        "complaint": _complaints(world, sales),
        "repayment": _repayments(repaid),
        "payout": _payout_events(paid_out),
        "transfer": transfers(world, sales, paid_out).with_columns(currency=pl.lit(CURRENCY)),
        "traffic": _traffic(world, sales),
        "verdict": verdicts(world, sales, truth),
    }
    return _in_order_of_arrival(world, [_finish(name, part) for name, part in parts.items()])


def _finish(name: str, part: pl.DataFrame) -> pl.DataFrame:
    """Name the events of one type, unless they have names already, and put their fields in the schema's order."""
    if "event_id" not in part.columns:
        part = part.with_row_index("number").with_columns(called(f"{name}-", "number").alias("event_id"))
    fields = [field for field in FIELDS if field in part.columns]
    return part.select(pl.lit(name).alias("type"), *fields)


def _in_order_of_arrival(world: World, parts: list[pl.DataFrame]) -> pl.DataFrame:
    log = pl.concat(parts, how="diagonal").filter(pl.col("time") < world.end_ms)
    rng = world.stream("arrival")
    is_late = log["type"].is_in(FEEDS) & pl.Series(rng.random(log.height) < LATE_FRACTION)
    delay = LATE_MIN_MS + (rng.lognormal(np.log(3), 1.0, log.height) * HOUR_MS).astype(np.int64)
    arrival = pl.col("time") + pl.when(is_late).then(pl.Series(delay)).otherwise(0)
    # A stable sort keeps events of one moment in the order of the parts: sign-ups before what they allow.
    log = log.with_columns(arrival=arrival).sort("arrival", maintain_order=True).drop("arrival")
    return log.select("type", *(field for field in FIELDS if field in log.columns))


def _payments(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    rng = world.stream("payments")
    user = sales["user"].to_numpy()
    details = sales.with_columns(
        device=sometimes_missing(device_used(world, sales), rng),
        network=pl.Series(world.users.network[user]),
        address=pl.Series(world.users.address[user]),
        limit=pl.Series(world.users.limit[user]),
        by_card=pl.Series(rng.random(sales.height) < 0.4),
        takes_time=pl.Series(rng.random(sales.height) < 0.35),
        instalments=pl.Series(rng.choice(INSTALMENTS, sales.height)),
        source=pl.Series(rng.choice(SOURCES, sales.height)),
        source_known=pl.Series(rng.random(sales.height) < 0.6),
    )
    ships = pl.col("goods") == "physical"
    on_credit = pl.col("on_credit")
    return details.select(
        "time",
        "amount",
        "category",
        "goods",
        "channel",
        event_id=called(PAYMENT, "number"),
        user_id=called(USER, "user"),
        merchant_id=called(MERCHANT, "merchant"),
        order_id=called(ORDER, "number"),
        currency=pl.lit(CURRENCY),
        credit_limit=pl.when(on_credit).then("limit"),
        credit_used=pl.when(on_credit).then("credit_used"),
        device_id=called(DEVICE, "device"),
        ip=network_address("network"),
        address_id=pl.when(ships).then(called(ADDRESS, "address")),
        pay_with=pl.when(on_credit)
        .then(pl.lit("credit"))
        .when("by_card")
        .then(pl.lit("card"))
        .otherwise(pl.lit("balance")),
        instalments=pl.when(on_credit & pl.col("takes_time") & (pl.col("amount") >= INSTALMENT_MIN)).then(
            "instalments"
        ),
        traffic_source=pl.when("source_known").then("source"),
    )


def describe(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """Add each sale's number, category, goods and channel, by its shop's category."""
    rng = world.stream("channels")
    code = world.merchants.category[sales["merchant"].to_numpy()]
    weights = np.array([category.channels for category in CATEGORIES], dtype=np.float64)
    chances = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[code]
    channel = (rng.random(sales.height)[:, None] > chances).sum(axis=1).clip(max=len(CHANNELS) - 1)
    return sales.with_row_index("number").with_columns(
        category=_words([category.name for category in CATEGORIES], code),
        goods=_words([category.goods for category in CATEGORIES], code),
        channel=_words(list(CHANNELS), channel),
    )


def _words(words: list[str], code: npt.NDArray[np.integer]) -> pl.Series:
    return pl.Series(np.array(words)[code])


def _statuses(sales: pl.DataFrame) -> pl.DataFrame:
    return _of_sales(
        sales,
        "status_time",
        payment_id=called(PAYMENT, "number"),
        status=pl.when("cancelled").then(pl.lit("cancelled")).otherwise(pl.lit("completed")),
    )


def _of_sales(sales: pl.DataFrame, time: str, **fields: pl.Expr) -> pl.DataFrame:
    """Events about sales: their order, user and merchant, and `fields`."""
    return sales.select(
        pl.col(time).alias("time"),
        called(ORDER, "number").alias("order_id"),
        called(USER, "user").alias("user_id"),
        called(MERCHANT, "merchant").alias("merchant_id"),
        **fields,
    )


def _shipments(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    rng = world.stream("shipments")
    by_post = (pl.col("goods") == "physical") & ~pl.col("channel").is_in(["qr", "pos"]) & ~pl.col("cancelled")
    draw = pl.Series(rng.random(sales.height))
    is_sent = draw < pl.when("bad").then(SHAM_SHIPPED_FRACTION).otherwise(SHIPPED_FRACTION)
    sent = sales.filter(by_post & is_sent)
    size = sent.height
    created = sent["status_time"].to_numpy() + (rng.lognormal(np.log(10), 0.7, size) * HOUR_MS).astype(np.int64)
    picked_up = created + (rng.uniform(1, 14, size) * HOUR_MS).astype(np.int64)
    delivered = picked_up + (rng.lognormal(np.log(48), 0.5, size) * HOUR_MS).astype(np.int64)
    address = world.users.address[sent["user"].to_numpy()]
    weight = np.round(rng.lognormal(np.log(700), 0.9, size)).astype(np.int64)
    sent = sent.with_columns(
        created=pl.Series(created), picked_up=pl.Series(picked_up), delivered=pl.Series(delivered),
        address=pl.Series(address), weight_g=pl.Series(weight), carrier=_words(CARRIERS, rng.integers(0, 3, size)),
    )  # fmt: skip
    tracking = pl.when("bad").then(called("track-m", "merchant")).otherwise(called("track", "number"))
    steps = [
        _of_sales(
            sent,
            step,
            status=pl.lit(step),
            tracking_no=tracking,
            carrier=pl.col("carrier"),
            address_id=called(ADDRESS, "address"),
            weight_g=pl.col("weight_g"),
        )
        for step in ("created", "picked_up", "delivered")
    ]
    return pl.concat(steps)


def _refunds(sales: pl.DataFrame) -> pl.DataFrame:
    return _of_sales(
        sales.filter(pl.col("refund_time").is_not_null()),
        "refund_time",
        amount=pl.col("refund_amount"),
        currency=pl.lit(CURRENCY),
        to=pl.col("refund_to"),
        account_id=pl.when(pl.col("refund_to") == "bank").then(called(USER_ACCOUNT, "user")),
    )


def _complaints(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    rng = world.stream("complaints")
    unhappy = pl.Series(rng.random(sales.height) < 0.003) & ~sales["bad"] & ~sales["cancelled"]
    about = sales.filter(unhappy)
    after = (rng.uniform(1, 10, about.height) * DAY_MS).astype(np.int64)
    about = about.with_columns(told=pl.col("status_time") + pl.Series(after))
    kind = _words(["not_delivered", "not_as_described", "service"], rng.integers(0, 3, about.height))
    return _of_sales(about.with_columns(kind=kind), "told", kind=pl.col("kind"))


def _repayments(repaid: pl.DataFrame) -> pl.DataFrame:
    return repaid.select(
        "time", "amount", "status", "due_time", "days_past_due",
        user_id=called(USER, "user"), currency=pl.lit(CURRENCY), account_id=called(USER_ACCOUNT, "user"),
    )  # fmt: skip


def _payout_events(paid_out: pl.DataFrame) -> pl.DataFrame:
    return paid_out.select(
        "time",
        "amount",
        "speed",
        merchant_id=called(MERCHANT, "merchant"),
        account_id=called(MERCHANT_ACCOUNT, "merchant"),
        currency=pl.lit(CURRENCY),
    )


def _traffic(world: World, sales: pl.DataFrame) -> pl.DataFrame:
    """Visits of each shop and day: many for each honest sale, hardly any more for cash-out."""
    rng = world.stream("traffic")
    shape = (world.merchants.size, world.days)
    cell = sales["merchant"].to_numpy() * world.days + (sales["time"].to_numpy() - START_MS) // DAY_MS
    bad = sales["bad"].to_numpy()
    honest_sales = np.bincount(cell[~bad], minlength=shape[0] * shape[1])
    bad_sales = np.bincount(cell[bad], minlength=shape[0] * shape[1])
    visits = (honest_sales * rng.uniform(*_HONEST_VISITS, honest_sales.size)).astype(np.int64)
    visits += rng.poisson(12, visits.size) + 2 * bad_sales
    views = (visits * rng.uniform(3, 10, visits.size)).astype(np.int64)
    merchant, day = np.divmod(np.arange(visits.size), world.days)
    start = START_MS + day * DAY_MS
    frame = pl.DataFrame(
        {"time": start + DAY_MS - SECOND_MS, "from_time": start, "to_time": start + DAY_MS - SECOND_MS,
         "merchant": merchant, "views": views, "visits": visits}
    )  # fmt: skip
    frame = frame.filter(pl.Series(start >= world.merchants.opened_ms[merchant]))
    return frame.select("time", "from_time", "to_time", "views", "visits", merchant_id=called(MERCHANT, "merchant"))
