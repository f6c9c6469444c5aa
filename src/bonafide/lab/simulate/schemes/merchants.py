"""Schemes that show in a shop: it lives of them, it sends nothing, it is new, it has bought its visitors."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.schemes.rounds import Round, Scheme
from bonafide.lab.simulate.shops import Shop

VANISHES_AFTER_DAYS: Final = (12, 30)
FEW_CUSTOMERS: Final = 0.35
"""Factor on the honest demand of a shop that has just opened for this."""
WAVE_DAYS: Final = 2.0


class CashOutMerchant(Scheme):
    """T6: a shop with honest customers and, besides, many who come for cash."""

    typology = "cash_out_merchant"

    def look(self, user: User) -> Round:
        return Round(self.ring.tempted[:2], self.rng.randint(1, 6), self.hours(0.2, 30), shaped=0.35,
                     at_night=0.1)  # fmt: skip


class NoDelivery(Scheme):
    """T9: goods that are never sent, or one parcel's number for many orders."""

    typology = "no_delivery"

    def look(self, user: User) -> Round:
        kind = self.rng.random()
        return Round(self.some(self.ring.fronts, 2), self.rng.randint(1, 6), self.hours(0.5, 30),
                     use=0.9, delivery="none" if kind < 0.4 else "pretended", virtual=kind > 0.75)  # fmt: skip


class OffHours(Scheme):
    """T13: orders while the shop sleeps."""

    typology = "off_hours"

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.fronts, 2), self.rng.randint(1, 6), self.hours(0.2, 6),
                     use=0.9, at_night=2.0)  # fmt: skip


class BurstThenPayout(Scheme):
    """T11: a shop that has just opened sells a lot on credit, draws its takings at once, and is gone."""

    typology = "burst_then_payout"

    def recruit(self, users: list[User], begin: int) -> None:
        shop = self._front(begin)
        for user in users:
            moment = max(shop.opened + DAY_MS, user.joined + DAY_MS) + int(self.rng.uniform(0.5, 9) * DAY_MS)
            self.world.clock.at(moment, self._buy, user, shop)
        last = shop.opened + self.rng.randint(*VANISHES_AFTER_DAYS) * DAY_MS
        self.world.clock.at(last, self._vanish, shop)

    def _front(self, begin: int) -> Shop:
        """A shop of the ring that opens during the days."""
        fit = [s for s in self.world.shops if s.role is None and begin <= s.opened < self.world.end - 10 * DAY_MS]
        shop = self.rng.choice(fit or [s for s in self.world.shops if s.role is None])
        if not fit:
            shop.opened = begin + int(self.rng.uniform(0.1, 0.5) * (self.world.end - begin))
        shop.role, shop.ring, shop.speed = "sham", self.ring.n, "instant"
        shop.demand *= FEW_CUSTOMERS
        return shop

    def _buy(self, user: User, shop: Shop) -> None:
        look = Round([shop], self.rng.randint(1, 6), self.hours(0.2, 24), use=0.9, seen=0.5)
        self.player.start(user, self.ring, self.typology, look)

    def _vanish(self, shop: Shop) -> None:
        self.rails.pay_out(shop, speed="instant")
        shop.closed = True


class BoughtTraffic(Scheme):
    """T12: visitors are bought, and behind them comes a wave of orders on credit."""

    typology = "bought_traffic"

    def recruit(self, users: list[User], begin: int) -> None:
        waves = max(1, round(len(users) / 6))
        for wave in range(waves):
            start = begin + int(self.rng.uniform(0.05, 0.85) * (self.world.end - begin))
            self.world.clock.at(start, self._buy_visitors)
            for user in users[wave::waves]:
                moment = max(start, user.joined + DAY_MS) + int(self.rng.uniform(0.2, 0.2 + WAVE_DAYS) * DAY_MS)
                self.world.clock.at(moment, self.act, user)

    def _buy_visitors(self) -> None:
        shop = self.ring.fronts[0] if self.ring.fronts else None
        for day in range(3 if shop else 0):
            self.world.clock.at(self.world.clock.now + day * DAY_MS, self.player.promote, shop, 6.0)

    def look(self, user: User) -> Round:
        return Round(self.ring.fronts[:2], self.rng.randint(1, 5), self.hours(0.2, 20), use=0.95)
