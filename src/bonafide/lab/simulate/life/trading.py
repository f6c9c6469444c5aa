"""Behind the counter: takings are paid out, suppliers are paid, visitors are counted, campaigns are bought."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from bonafide.lab.simulate.books import OUTSIDE
from bonafide.lab.simulate.feed import CURRENCY
from bonafide.lab.simulate.people import YUAN
from bonafide.lab.simulate.rails import Rails
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import poisson
from bonafide.lab.simulate.world import World

PAYOUT_MIN: Final = 300 * YUAN
PROMOTIONS_PER_DAY: Final = 0.01
"""Campaigns that a shop buys."""
IDLE_VISITS: Final = 6
"""Visits a day that lead to nothing, besides those that go with sales."""
LOGINS_PER_DAY: Final = 0.1


class Trading:
    """Every shop's day."""

    def __init__(self, world: World, rails: Rails) -> None:
        self.world = world
        self.rails = rails
        self._rng = world.stream("trading")
        self.more_visits: dict[int, float] = {}
        """Shop -> factor on today's visits, from a campaign."""

    def day(self, midnight: int) -> None:
        """Plan the trading of the local day that begins at `midnight`."""
        rng, at = self._rng, self.world.clock.at
        for shop in self.world.shops:
            if midnight < shop.opened or shop.closed:
                continue
            if shop.speed == "scheduled":
                at(midnight + 9 * HOUR_MS + int(rng.random() * 2 * HOUR_MS), self.rails_pay_out, shop)
            else:
                for _ in range(rng.randint(0, 2)):
                    at(midnight + int(rng.uniform(8, 23) * HOUR_MS), self.rails_pay_out, shop)
            if rng.random() < 1 / 7:
                at(midnight + int(rng.uniform(10, 18) * HOUR_MS), self._pay_suppliers, shop)
            if rng.random() < PROMOTIONS_PER_DAY:
                at(midnight + 8 * HOUR_MS, self.promote, shop, rng.uniform(1.3, 3))
            if rng.random() < LOGINS_PER_DAY:
                at(midnight + int(rng.uniform(8, 22) * HOUR_MS), self._log_in, shop)
            at(midnight + DAY_MS - MINUTE_MS, self._count_visits, shop, midnight)

    def rails_pay_out(self, shop: Shop) -> None:
        """The usual payout."""
        self.rails.pay_out(shop, at_least=PAYOUT_MIN)

    def _pay_suppliers(self, shop: Shop) -> None:
        held = self.rails.holds(shop.bank)
        self.world.books.move(shop.bank, OUTSIDE, int(held * self._rng.uniform(0.5, 0.9)), "suppliers")

    def promote(self, shop: Shop, factor: float) -> None:
        """Buy visitors for today; from takings, as far as there are some."""
        cost = min(self.rails.holds(shop.bank), int(self._rng.lognormvariate(5.5, 0.8)) * YUAN)
        if cost >= YUAN:
            self.world.books.move(shop.bank, OUTSIDE, cost, "advertising")
            self.world.feed.tell("promotion", self.world.clock.now, shop.id, cost, CURRENCY, "impressions")
            self.more_visits[shop.n] = self.more_visits.get(shop.n, 1.0) * factor

    def _log_in(self, shop: Shop) -> None:
        success = self._rng.random() > 0.02
        self.world.feed.tell("login", self.world.clock.now, "merchant", shop.id, shop.device, shop.ip, success)

    def _count_visits(self, shop: Shop, midnight: int) -> None:
        rng = self._rng
        visits = poisson(rng, IDLE_VISITS) + int(shop.sold_today * shop.visits * rng.uniform(0.6, 1.6))
        visits = int(visits * self.more_visits.pop(shop.n, 1.0)) + 2 * shop.bad_today
        shop.sold_today = shop.bad_today = 0
        views = int(visits * rng.uniform(3, 10))
        self.world.feed.tell(
            "traffic", self.world.clock.now, shop.id, views, visits, midnight, midnight + DAY_MS - MINUTE_MS - SECOND_MS
        )
