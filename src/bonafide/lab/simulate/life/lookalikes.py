"""Honest trade that looks like cash-out: what any detector must leave alone.

Each kind is named in the truth, and together they are many times as frequent as cash-out. Kinds that follow from where
somebody lives or what a shop sells (families, dormitories, gift cards, top-ups, refunds to a balance, sale days) are
named where they happen.
"""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.calendar import local_date
from bonafide.lab.simulate.life.shopping import Shopping
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Rails
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.truth import Tag
from bonafide.lab.simulate.world import World

AT_LIMIT_PER_USER_DAY: Final = 0.0013
"""A phone, a fridge or a course for nearly all that is left of the line."""
AT_LIMIT_MIN: Final = 600 * YUAN
PAYDAY_LIST_FRACTION: Final = 0.025
"""People who on a payday buy a whole list of wishes in an evening."""
FLASH_SALES_PER_SHOP_DAY: Final = 0.02
FLASH_BUYERS: Final = (6, 30)
GROUP_BUYS_PER_SHOP_DAY: Final = 0.008
GROUP_BUYERS: Final = (5, 16)
STOCK_TRIPS_PER_DAY: Final = 0.12
"""Of those who keep a small shop."""
VIRAL_BUYERS: Final = (30, 120)
"""People who buy the one thing that everybody wants from a new shop within three days."""
_POINTS: Final = (39, 59, 79, 99, 129, 159, 199, 259, 299, 399, 599, 899)


class Lookalikes:
    """Plans each day's honest trade that looks like cash-out."""

    def __init__(self, world: World, rails: Rails, shopping: Shopping) -> None:
        self.world = world
        self.rails = rails
        self.shopping = shopping
        self._rng = world.stream("lookalikes")
        self._owners = [user for user in world.people if user.is_owner]
        self._of: dict[str, list[Shop]] = {}
        for shop in world.shops:
            self._of.setdefault(shop.category.name, []).append(shop)
        self._live = [shop for shop in world.shops if shop.category.channels[1] >= 3]
        self._big = self._sell("electronics", "appliances", "jewellery", "courses", "travel")
        self._stock = self._sell("wholesale", "electronics", "groceries")
        self._new = [shop for shop in world.shops if shop.opened >= world.start]

    def _sell(self, *categories: str) -> list[Shop]:
        return [shop for name in categories for shop in self._of.get(name, ())] or self.world.shops

    def day(self, midnight: int) -> None:
        """Plan the local day that begins at `midnight`."""
        rng, at = self._rng, self.world.clock.at
        for _ in range(_times(rng.random(), AT_LIMIT_PER_USER_DAY * len(self.world.people))):
            at(midnight + int(rng.gauss(15, 3.5) * HOUR_MS), self._buy_at_limit)
        self._payday_lists(midnight)
        for shop in self._live:
            if rng.random() < FLASH_SALES_PER_SHOP_DAY:
                self._sell_alike(
                    shop, midnight + int(rng.uniform(19, 22) * HOUR_MS), 5 * MINUTE_MS, FLASH_BUYERS, "flash_sale"
                )
        for shop in self.world.shops:
            if rng.random() < GROUP_BUYS_PER_SHOP_DAY:
                self._sell_alike(shop, midnight + 9 * HOUR_MS, 4 * HOUR_MS, GROUP_BUYERS, "group_buy")
        for user in self._owners:
            if rng.random() < STOCK_TRIPS_PER_DAY:
                self._buy_stock(user, midnight)
        for shop in self._new:
            if midnight <= shop.opened + 3 * DAY_MS < midnight + DAY_MS and shop.role is None:
                self._sell_alike(shop, midnight + 12 * HOUR_MS, DAY_MS, VIRAL_BUYERS, "viral_new_shop")

    def _buy_at_limit(self) -> None:
        rng = self._rng
        user = rng.choice(self.world.people)
        amount = int(self.rails.left(user) * rng.uniform(0.75, 1.0)) // YUAN * YUAN
        if amount >= AT_LIMIT_MIN:
            amount = amount // (100 * YUAN) * 100 * YUAN - rng.choice((0, YUAN)) if rng.random() < 0.6 else amount
            self.shopping.buy(user, rng.choice(self._big), amount, True, Tag(kind="purchase_at_limit"))

    def _payday_lists(self, midnight: int) -> None:
        rng, at = self._rng, self.world.clock.at
        today = local_date(midnight).day
        for user in self.world.people:
            if user.payday == today and rng.random() < PAYDAY_LIST_FRACTION:
                start = midnight + int(rng.uniform(11, 21) * HOUR_MS)
                for _ in range(rng.randint(4, 10)):
                    at(start + int(rng.uniform(0, 3) * HOUR_MS), self._buy_anything, user)

    def _buy_anything(self, user: User) -> None:
        rng = self._rng
        shop = rng.choice(self.world.shops)
        amount = int(shop.category.median_yuan * rng.lognormvariate(0, 0.8) * user.spending) * YUAN
        self.shopping.buy(user, shop, amount, rng.random() < 0.6, Tag(kind="payday_burst"))

    def _sell_alike(self, shop: Shop, start: int, spread: int, buyers: tuple[int, int], kind: str) -> None:
        """One thing at one price to many: in a live show, to a group, or because everybody talks of it."""
        rng = self._rng
        near = [point for point in _POINTS if point <= 2 * shop.category.median_yuan] or _POINTS[:3]
        price, tag = rng.choice(near[-4:]) * YUAN, Tag(kind=kind)
        for user in rng.sample(self.world.people, min(len(self.world.people), rng.randint(*buyers))):
            moment = start + int(rng.expovariate(1 / spread))
            self.world.clock.at(moment, self.shopping.buy, user, shop, price, rng.random() < 0.6, tag)

    def _buy_stock(self, user: User, midnight: int) -> None:
        """Stock for a small shop: large, often round, several orders in a day."""
        rng = self._rng
        for _ in range(rng.randint(1, 4)):
            yuan = rng.lognormvariate(6.5, 0.7)
            amount = int(yuan // 100 + 1) * 100 * YUAN if rng.random() < 0.5 else int(yuan) * YUAN
            moment = midnight + int(rng.gauss(11, 2.5) * HOUR_MS)
            self.world.clock.at(moment, self.shopping.buy, user, rng.choice(self._stock), amount, True,
                                Tag(kind="shop_stock"))  # fmt: skip


def _times(chance: float, mean: float) -> int:
    """`mean`, rounded up or down by chance so that it holds on average."""
    return int(mean + chance)
