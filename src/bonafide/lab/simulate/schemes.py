"""Cash-out as it shows in data: campaigns of purchases that turn a line of credit into cash.

A scheme is a row of figures from the typologies that the project detects; nothing here knows how they are detected.
Each cash-out user keeps an ordinary life beside the campaigns, and each bad merchant has honest sales too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.trade import honest_trade_at, plan
from bonafide.lab.simulate.world import START_MS, YUAN, Floats, Ints, MerchantRole, Rng, World


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way of cashing out: who is used, in how many orders, over how long, for which amounts."""

    typology: str
    users: float
    """Share of the cash-out users."""
    merchants: MerchantRole
    orders: tuple[int, int]
    hours: tuple[float, float]
    """From the first order to the last; drawn evenly on a log scale."""
    shaped: float
    """Share of orders at round amounts or just below."""
    repays_first: float = 0.0
    """How often a first campaign follows right after a repayment; later campaigns always do."""
    refunds: bool = False
    """The goods come back and the money goes to a bank account."""


SCHEMES: Final = (
    Scheme("drain_the_line", 0.20, "sham", (1, 5), (0.2, 8), 0.6),
    Scheme("intensive_burst", 0.20, "sham", (5, 20), (2, 44), 0.5),
    Scheme("shaped_amounts", 0.12, "sham", (4, 12), (1, 44), 1.0),
    Scheme("cash_out_merchant", 0.23, "tempted", (2, 9), (0.2, 12), 0.4),
    Scheme("repay_and_drain", 0.10, "sham", (3, 9), (0.5, 20), 0.5, repays_first=1.0),
    Scheme("refund_elsewhere", 0.07, "sham", (1, 4), (0.1, 4), 0.4, refunds=True),
    Scheme("burst_then_payout", 0.08, "new", (2, 8), (0.2, 10), 0.5),
)

ONCE_FRACTION: Final = 0.3
"""Cash-out users who do it one time only."""
TIMES_AGAIN: Final = 2
"""How often the others do it, each time but the first after paying back."""
NIGHT_FRACTION: Final = 0.3
"""Orders placed between midnight and five."""
JUST_BELOW_FRACTION: Final = 0.5
"""Of the shaped amounts: one to five yuan below the round one, the others on it."""
RING_DEVICE_FRACTION: Final = 0.4
"""Campaigns run from the ring's device instead of the user's own."""
BUDGET_FRACTIONS: Final = (0.8, 1.0)
"""Of what is left of the line."""
HONEST_SALES_FRACTIONS: Final = (0.25, 0.8)
"""Of a bad merchant's sales."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One run of one scheme by one user."""

    scheme: Scheme
    user: int
    start_ms: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Schemes:
    """What the schemes add to the plan: purchases, repayments that make room, and honest cover trade."""

    purchases: pl.DataFrame
    repayments: pl.DataFrame
    """time, user, fraction of the line in use."""
    cover: pl.DataFrame


def run_schemes(world: World, first_campaign: int) -> Schemes:
    """Plan every campaign; campaigns are numbered from `first_campaign`."""
    rng = world.stream("schemes")
    bad = np.flatnonzero(world.users.is_cash_out)
    shares = np.cumsum([scheme.users for scheme in SCHEMES])
    places = (rng.permutation(bad.size) + 0.5) / bad.size * shares[-1]
    campaigns = [
        campaign
        for user, place in zip(bad.tolist(), places, strict=True)
        for campaign in _campaigns_of(world, user, SCHEMES[int(np.searchsorted(shares, place))], rng)
    ]
    orders, repayments = [], []
    for number, campaign in enumerate(campaigns, first_campaign):
        orders.append(_orders(world, campaign, number, rng))
        if not campaign.is_first or rng.random() < campaign.scheme.repays_first:
            before = int(rng.integers(10 * MINUTE_MS, 6 * HOUR_MS))
            repayments.append((campaign.start_ms - before, campaign.user, float(rng.uniform(0.6, 1.0))))
    purchases = pl.concat(orders)
    repaid = pl.DataFrame(repayments, schema={"time": pl.Int64, "user": pl.Int64, "fraction": pl.Float64}, orient="row")
    return Schemes(purchases, repaid, _cover_trade(world, purchases))


def _campaigns_of(world: World, user: int, scheme: Scheme, rng: Rng) -> list[Campaign]:
    times = 1 if rng.random() < ONCE_FRACTION else TIMES_AGAIN
    if scheme.merchants == "new":
        # A front that has just opened is used within days and then left.
        opened = int(world.merchants.opened_ms[world.merchants.of_role("new")].min())
        return [Campaign(scheme, user, opened + int(rng.integers(DAY_MS, 6 * DAY_MS)), is_first=True)]
    days = np.sort(rng.choice(np.arange(1, world.days), min(times, world.days - 1), replace=False))
    starts = START_MS + days * DAY_MS + rng.integers(0, DAY_MS, days.size)
    return [Campaign(scheme, user, int(start), is_first=place == 0) for place, start in enumerate(starts)]


def _orders(world: World, campaign: Campaign, number: int, rng: Rng) -> pl.DataFrame:
    scheme = campaign.scheme
    size = int(rng.integers(scheme.orders[0], scheme.orders[1] + 1))
    merchants = _merchants_for(world, campaign, rng)
    merchant = merchants[rng.integers(0, merchants.size, size)]
    ring = int(world.merchants.ring[merchants[0]])
    parts = rng.gamma(4.0, 1.0, size)
    from_ring_device = rng.random() < RING_DEVICE_FRACTION
    return plan(
        time=_order_times(campaign, size, rng),
        user=np.full(size, campaign.user),
        merchant=merchant,
        campaign=np.full(size, number),
        budget=np.full(size, rng.uniform(*BUDGET_FRACTIONS)),
        share=parts / parts.sum(),
        shave=_shapes(scheme, size, rng),
        device=np.full(size, world.users.size + ring if from_ring_device else -1),
        bad=np.full(size, fill_value=True),
        typology=np.full(size, scheme.typology),
        ring=np.full(size, ring),
        refund_to=["bank" if scheme.refunds else None] * size,
        refund_after=(rng.lognormal(np.log(10), 0.9, size) * HOUR_MS).astype(np.int64),
        refund_fraction=rng.uniform(0.88, 0.97, size),
    )


def _merchants_for(world: World, campaign: Campaign, rng: Rng) -> Ints:
    """One or two merchants that this campaign's orders take turns at; they are open when it starts."""
    of_role = world.merchants.of_role(campaign.scheme.merchants)
    open_then = of_role[world.merchants.opened_ms[of_role] <= campaign.start_ms]
    return rng.choice(open_then, min(open_then.size, int(rng.integers(1, 3))), replace=False)


def _order_times(campaign: Campaign, size: int, rng: Rng) -> Ints:
    shortest, longest = np.log(campaign.scheme.hours)
    span_ms = float(np.exp(rng.uniform(shortest, longest))) * HOUR_MS
    time = campaign.start_ms + (rng.random(size) * span_ms).astype(np.int64)
    at_night = rng.random(size) < NIGHT_FRACTION
    next_midnight = time + DAY_MS - (time - START_MS) % DAY_MS
    night = next_midnight + rng.integers(0, 5 * HOUR_MS, size)
    return np.where(at_night, night, time)


def _shapes(scheme: Scheme, size: int, rng: Rng) -> Ints:
    below = np.where(rng.random(size) < JUST_BELOW_FRACTION, rng.integers(1, 6, size) * YUAN, 0)
    return np.where(rng.random(size) < scheme.shaped, below, -1)


def _cover_trade(world: World, purchases: pl.DataFrame) -> pl.DataFrame:
    """Honest sales of the bad merchants, a share of all their sales that differs by merchant."""
    rng = world.stream("cover")
    merchants = np.flatnonzero(world.merchants.role != 0)
    sold = np.bincount(purchases["merchant"].to_numpy(), minlength=world.merchants.size)[merchants]
    fraction: Floats = rng.uniform(*HONEST_SALES_FRACTIONS, merchants.size)
    honest = np.ceil(np.maximum(sold, 5) * fraction / (1 - fraction)).astype(np.int64)
    return honest_trade_at(world, np.repeat(merchants, honest), rng)
