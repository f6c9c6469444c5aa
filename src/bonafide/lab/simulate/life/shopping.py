"""Everyday shopping: who buys what, where and when, and what becomes of it.

A day's trips are drawn for everybody at once; each order then takes place at its own moment, when it shows whether the
line or the balance suffices.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.calendar import demand, is_campaign, local_date
from bonafide.lab.simulate.categories import CATEGORIES, CODE
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Payment, Rails, Settled
from bonafide.lab.simulate.returns import Arrival
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import bulk
from bonafide.lab.simulate.truth import HONEST, Tag
from bonafide.lab.simulate.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FAVOURITES: Final = 6
_FAVOURITE_WEIGHTS: Final = (0.3, 0.22, 0.16, 0.12, 0.1, 0.1)
CLIENTELE: Final = 2.6
"""How much shops differ in how many of their customers live on the line, as a spread of the log."""
FAVOURITE_FRACTION: Final = 0.6
"""Orders that go to a shop the user knows."""
ANOTHER_ORDER_FRACTION: Final = 0.42
"""How often a trip has one order more, in the same shop or another."""
SAME_SHOP_FRACTION: Final = 0.35
ORDERS_MAX: Final = 12
PAYDAY_DEMAND: Final = 1.8
"""On a payday and the two days after it."""
BIG_SALE_ORDERS: Final = 1.3
"""How much more often a trip goes on, on the day of a great sale."""
NIGHT_OWL_FRACTION: Final = 0.07
"""Trips that begin between ten at night and four, whatever is bought."""
LOGIN_FRACTION: Final = 0.2

SENT_FRACTION: Final = 0.97
REFUND_FRACTION: Final = 0.045
REFUND_ELSEWHERE_FRACTION: Final = 0.1
"""Refunds that go to a balance or a bank account, since the card has changed or the shop prefers it."""
PARTLY_FRACTION: Final = 0.3
CORRECTED_FRACTION: Final = 0.002
"""Payments that were charged wrongly, reversed, and charged again."""
REFUND: Final = "refund_to_balance"
"""What the truth calls them."""
COMPLAINT_FRACTION: Final = 0.004
COMPLAINTS: Final = ("not_delivered", "not_as_described", "service")


class Shopping:
    """Everybody's shopping."""

    def __init__(self, world: World, rails: Rails) -> None:
        self.world = world
        self.rails = rails
        self._rng = world.stream("aftermath")
        self._bulk = bulk(world.seed, "shopping")
        people, shops = world.people, world.shops
        self._rate = np.array([user.rate for user in people])
        self._payday = np.array([user.payday for user in people])
        self._spending = np.array([user.spending for user in people])
        self._taste = np.array([user.credit_taste for user in people])
        self._category = np.array([CODE[shop.category.name] for shop in shops])
        credit = np.array([c.credit for c in CATEGORIES])[self._category]
        self._pull = np.log(credit / (1 - credit)) + np.array([shop.credit_pull for shop in shops])
        self._level = np.exp(self._bulk.normal(0, 0.35, len(shops)))
        self._demand: Floats = np.cumsum([shop.demand for shop in shops])
        self._known = self._favourites()
        self.bought: Settled | None = None
        """Told of every order that has settled."""

    def day(self, midnight: int) -> None:
        """Plan everybody's orders of the local day that begins at `midnight`."""
        user, start, same, is_sale = self._trips(midnight)
        shop = self._shops(user, same)
        amount = self.amounts(user, shop)
        on_credit = self.wants_credit(user, shop)
        time = self._times(midnight, shop, start)
        people, shops, at = self.world.people, self.world.shops, self.world.clock.at
        tag = Tag(kind="sale_day") if is_sale else HONEST
        for u, s, a, c, t in zip(
            user.tolist(), shop.tolist(), amount.tolist(), on_credit.tolist(), time.tolist(), strict=True
        ):
            at(t, self.buy, people[u], shops[s], a, c, tag)

    def buy(self, user: User, shop: Shop, amount: int, wants_credit: bool, tag: Tag) -> None:
        """One order of a person at a shop, with what commonly becomes of it."""
        if tag is HONEST:
            tag = _tag_of(user, shop)
        if self._rng.random() < LOGIN_FRACTION and user.joined < self.world.clock.now:
            self.world.feed.tell("login", self.world.clock.now, "user", user.id, user.device, user.ip, True)
        self.rails.pay(user, shop, amount, self.settled, tag=tag, wants_credit=wants_credit)

    def _trips(self, midnight: int) -> tuple[Ints, Ints, npt.NDArray[np.bool_], bool]:
        """(user of each order, which trip it belongs to, whether it stays in the shop before, whether it is a sale)."""
        date, rng = local_date(midnight), self._bulk
        since_payday = date.day - self._payday
        rate = self._rate * demand(date) * np.where((since_payday >= 0) & (since_payday <= 2), PAYDAY_DEMAND, 1.0)
        shopper = np.repeat(np.arange(rate.size), rng.poisson(rate))
        goes_on = min(0.75, ANOTHER_ORDER_FRACTION * (BIG_SALE_ORDERS if is_campaign(date) else 1.0))
        orders = np.minimum(rng.geometric(1 - goes_on, shopper.size), ORDERS_MAX)
        trip = np.repeat(np.arange(shopper.size), orders)
        same = rng.random(trip.size) < SAME_SHOP_FRACTION
        same[np.cumsum(orders) - orders] = False
        return shopper[trip], trip, same, is_campaign(date)

    def _shops(self, user: Ints, same: npt.NDArray[np.bool_]) -> Ints:
        rng = self._bulk
        favourite = self._known[user, rng.choice(FAVOURITES, user.size, p=_FAVOURITE_WEIGHTS)]
        shop = np.where(rng.random(user.size) < FAVOURITE_FRACTION, favourite, self._choose(user.size))
        chosen = np.maximum.accumulate(np.where(same, 0, np.arange(user.size)))
        return shop[chosen]

    def _favourites(self) -> Ints:
        """Everybody's favourite shops, (people, FAVOURITES); those who live on the line have shops of their own."""
        world, rng = self.world, self._bulk
        known = self._choose(len(world.people) * FAVOURITES).reshape(-1, FAVOURITES)
        on_the_line = np.array([user.pays < 1 for user in world.people])
        pull = np.array([shop.demand for shop in world.shops]) * np.exp(rng.normal(0, CLIENTELE, len(world.shops)))
        theirs = _drawn(np.cumsum(pull), rng.random(int(on_the_line.sum()) * FAVOURITES))
        known[on_the_line] = theirs.reshape(-1, FAVOURITES)
        return known

    def _choose(self, size: int) -> Ints:
        return _drawn(self._demand, self._bulk.random(size))

    def amounts(self, user: Ints, shop: Ints) -> Ints:
        """Fen, by the law of each shop's category, its level and the user's spending; many at prices shops like."""
        rng, code = self._bulk, self._category[shop]
        median = np.array([c.median_yuan for c in CATEGORIES])[code]
        sigma = np.array([c.sigma for c in CATEGORIES])[code]
        yuan = median * np.exp(rng.normal(0, 1, user.size) * sigma) * self._spending[user] * self._level[shop]
        liked = _shop_prices(yuan, rng.random(user.size))
        for fixed, category in enumerate(CATEGORIES):
            if category.price_points_yuan:
                points, rows = np.array(category.price_points_yuan), code == fixed
                liked[rows] = points[np.clip(np.searchsorted(points, yuan[rows]), 0, points.size - 1)]
        return np.maximum(YUAN, np.round(liked * YUAN)).astype(np.int64)

    def wants_credit(self, user: Ints, shop: Ints) -> npt.NDArray[np.bool_]:
        """Whether the line is the first choice."""
        odds = self._taste[user] + self._pull[shop]
        return np.asarray(self._bulk.random(user.size) < 1 / (1 + np.exp(-odds)))

    def _times(self, midnight: int, shop: Ints, trip: Ints) -> Ints:
        """By the hours of the first shop of a trip; its other orders follow within minutes."""
        rng = self._bulk
        hour = np.zeros(shop.size)
        for code, category in enumerate(CATEGORIES):
            rows = np.flatnonzero(self._category[shop] == code)
            peaks = np.array(category.hours)[rng.integers(0, len(category.hours), rows.size)]
            hour[rows] = rng.normal(peaks[:, 0], peaks[:, 1])
        first = np.concatenate(([True], trip[1:] != trip[:-1])) if trip.size else np.zeros(0, np.bool_)
        owls = rng.random(shop.size) < NIGHT_OWL_FRACTION
        hour[owls] = rng.uniform(22, 28, int(owls.sum()))
        start = hour[np.maximum.accumulate(np.where(first, np.arange(trip.size), 0))] % 24
        later = np.where(first, 0, rng.exponential(14 * MINUTE_MS, trip.size))
        return midnight + (start * HOUR_MS + later).astype(np.int64)

    # What becomes of an order

    def settled(self, payment: Payment) -> None:
        """A settled order: a parcel, sometimes a return, a correction or a complaint."""
        rng, clock = self._rng, self.world.clock
        if self.bought is not None:
            self.bought(payment)
        if payment.by_post and rng.random() < SENT_FRACTION:
            self.rails.send(payment)
        chance = rng.random()
        if chance < REFUND_FRACTION:
            after = int(rng.lognormvariate(4.1, 0.8) * HOUR_MS)
            share = rng.uniform(0.2, 0.9) if rng.random() < PARTLY_FRACTION else 1.0
            clock.at(clock.now + after, self._return, payment, max(1, int(payment.amount * share)))
        elif chance < REFUND_FRACTION + CORRECTED_FRACTION:
            clock.at(clock.now + int(rng.uniform(2, 90) * MINUTE_MS), self._correct, payment)
        elif chance > 1 - COMPLAINT_FRACTION:
            clock.at(clock.now + int(rng.uniform(1, 10) * DAY_MS), self._complain, payment)

    def _return(self, payment: Payment, amount: int) -> None:
        rng, clock = self._rng, self.world.clock
        to = "original" if rng.random() > REFUND_ELSEWHERE_FRACTION else rng.choice(("balance", "balance", "bank"))
        told = self.rails.refund(payment, amount, to)
        if told is not None:
            if to != "original" and payment.on_credit:
                self.world.truth.rename(payment.number, REFUND)
                self.world.flows.add(payment, REFUND, Arrival(amount, (told,), to=to), clock.now)
            if payment.by_post and rng.random() < 0.6:
                self.rails.send_back(payment)

    def _correct(self, payment: Payment) -> None:
        if self.rails.reverse(payment):
            amount = max(YUAN, payment.amount * self._rng.choice((90, 95, 105, 110)) // 100)
            self.rails.pay(
                payment.user, payment.shop, amount, self.settled, tag=payment.tag, wants_credit=payment.on_credit
            )

    def _complain(self, payment: Payment) -> None:
        self.world.feed.tell(
            "complaint", self.world.clock.now, payment.user.id, payment.shop.id, payment.order,
            self._rng.choice(COMPLAINTS),
        )  # fmt: skip


def _drawn(upto: Floats, chance: Floats) -> Ints:
    """Places in a distribution, given as running sums."""
    return np.asarray(np.searchsorted(upto, chance * upto[-1], side="right"))


def _tag_of(user: User, shop: Shop) -> Tag:
    """The kind of honest trade that looks like cash-out by where it happens alone."""
    if shop.category.name == "gift_cards":
        return _GIFT_CARDS
    if shop.category.name in {"top_up", "games"}:
        return _TOP_UP
    if user.household >= 0:
        return _FAMILY
    return _DORMITORY if user.dormitory else HONEST


_GIFT_CARDS: Final = Tag(kind="gift_cards")
_TOP_UP: Final = Tag(kind="top_up")
_FAMILY: Final = Tag(kind="family_device")
_DORMITORY: Final = Tag(kind="dormitory")


def _shop_prices(yuan: Floats, kind: Floats) -> Floats:
    """Some prices end in nine, some are round, the rest are as they come (baskets, discounts, freight)."""
    unit = np.where(yuan >= 1_000, 100.0, 10.0)
    floor = np.floor(yuan / unit) * unit
    charm = np.where(kind < 0.14, floor + unit - 1, np.floor(yuan) + 0.9)
    return np.asarray(np.where(kind < 0.27, charm, np.where(kind < 0.47, np.maximum(floor, 5.0), yuan)))
