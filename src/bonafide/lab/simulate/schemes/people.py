"""Schemes that show in who belongs together: a broker's rotation, a shop's own people, and farms of accounts."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.books import OUTSIDE
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.schemes.rounds import Round, Scheme

ACCOUNTS_PER_DEVICE: Final = 4
FARM_LIMITS_YUAN: Final = (1_000, 4_000)
SAME_HOME_FRACTION: Final = 0.5
"""Kin who live with the owner of the shop."""


class BrokerRing(Scheme):
    """T7: the same people at one shop of a ring after the other."""

    typology = "broker_ring"

    def look(self, user: User) -> Round:
        return Round(self.ring.open_shops, self.rng.randint(3, 10), self.hours(2, 60), shaped=0.4,
                     ring_device=0.5)  # fmt: skip


class SelfPurchase(Scheme):
    """T8: who buys and who sells are one family: one device, one network, one address."""

    typology = "self_purchase"

    def recruit(self, users: list[User], begin: int) -> None:
        owner, self._shop = users[0], self.ring.shops[-1]
        self._shop.device, self._shop.ip = owner.device, owner.ip
        for user in users[1:]:
            if self.rng.random() < SAME_HOME_FRACTION:
                user.device, user.ip, user.address = owner.device, owner.ip, owner.address
        super().recruit(users, begin)

    def look(self, user: User) -> Round:
        return Round([self._shop], self.rng.randint(1, 5), self.hours(0.2, 40), use=0.85,
                     shaped=0.3, ring_device=0.0, seen=0.8)  # fmt: skip


class AccountFarm(Scheme):
    """T16: many accounts are made on few devices within days, and all are used at the same shops."""

    typology = "account_farm"
    rounds_per_month = 0.7

    def recruit(self, users: list[User], begin: int) -> None:
        """Have the accounts made within days of each other, on shared devices, and used from one to two weeks on."""
        opened = begin + int(self.rng.uniform(0.0, 0.4) * (self.world.end - begin))
        for place, user in enumerate(users):
            farm = place // ACCOUNTS_PER_DEVICE
            user.joined = opened + int(self.rng.uniform(0, 3) * DAY_MS)
            user.device, user.ip = f"df{self.ring.n}.{farm}", self.ring.ip
            user.address = f"xf{self.ring.n}.{place // 8}"
            user.limit = self.rng.randrange(*FARM_LIMITS_YUAN, 500) * YUAN
            user.household, user.dormitory = -1, False
            self.world.books.move(OUTSIDE, user.line, self.rails.owed(user), "nothing spent before")
            used_from = user.joined + int(self.rng.uniform(4, 16) * DAY_MS)
            for again in range(2):
                self.world.clock.at(used_from + again * 20 * DAY_MS, self.act, user)

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.fronts, 2), self.rng.randint(1, 5), self.hours(0.5, 40),
                     ring_device=0.0)  # fmt: skip
