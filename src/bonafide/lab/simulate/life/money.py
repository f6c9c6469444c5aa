"""Money at home: wages, the cost of living, monthly bills and how they are paid, and transfers between people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.simulate.books import EMPLOYERS, OUTSIDE
from bonafide.lab.simulate.calendar import local_date
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Rails, own_account, till
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream, poisson
from bonafide.lab.simulate.world import World

BILL_DAYS: Final = 10
"""From a bill to its due day."""
BILL_MIN: Final = 20 * YUAN
FORGETFUL_FRACTION: Final = 0.02
"""Bills that are paid late by people who could have paid."""
MISSED_AFTER_DAYS: Final = 30
CLOSED_AFTER: Final = 2
"""Bills missed in a row after which a line is closed."""
EARLY_PAYER_FRACTION: Final = 0.12
"""People who pay back within days of spending, several times a month."""
TRANSFERS_PER_DAY: Final = 0.012
STAFF_FRACTION: Final = 0.02
"""People whom a shop on the platform pays wages, through the platform."""
RAISES: Final = (0.35, 0.06)
"""After which share of the days limits are raised, and for which share of the users."""


class Household:
    """Everybody's money, day by day."""

    def __init__(self, world: World, rails: Rails) -> None:
        self.world = world
        self.rails = rails
        self._rng = world.stream("money")
        self._by_payday: dict[int, list[User]] = {}
        self._by_bill_day: dict[int, list[User]] = {}
        for user in world.people:
            self._by_payday.setdefault(user.payday, []).append(user)
            self._by_bill_day.setdefault(user.bill_day, []).append(user)
        self._early = self._rng.sample(world.people, round(EARLY_PAYER_FRACTION * len(world.people)))
        self.staff = _hire(world, self._rng)
        self.wage_paid: Callable[[User, int, str], None] | None = None
        """Told of each wage that a shop pays: to whom, how much, and the transfer's id."""

    def day(self, midnight: int) -> None:
        """Plan the money of the local day that begins at `midnight`."""
        of_month = local_date(midnight).day
        at = self.world.clock.at
        for user in self._by_payday.get(of_month, ()):
            at(midnight + int(self._rng.uniform(6, 11) * HOUR_MS), self._earn, user)
        for user in self._by_bill_day.get(of_month, ()):
            at(midnight + HOUR_MS, self._bill, user)
        for user in self._rng.choices(self._early, k=len(self._early) // 6) if self._early else ():
            at(midnight + int(self._rng.uniform(8, 23) * HOUR_MS), self._pay_early, user)
        for _ in range(poisson(self._rng, 10) * int(TRANSFERS_PER_DAY * len(self.world.people)) // 10):
            at(midnight + int(self._rng.uniform(7, 24) * HOUR_MS), self._send_money)
        if of_month == 10:
            for user, shop in self.staff:
                at(midnight + int(self._rng.uniform(9, 18) * HOUR_MS), self._pay_wages, user, shop)
        if 0 <= self.world.fraction_gone - RAISES[0] < 1 / self.world.scenario.days:
            self._raise_limits(midnight)

    def _earn(self, user: User) -> None:
        self.world.books.move(EMPLOYERS, user.bank, user.income, "wages")
        self.world.books.move(user.bank, OUTSIDE, int(user.income * user.living), "living")

    def _bill(self, user: User) -> None:
        amount = int(self.rails.owed(user) * user.pays)
        if amount < BILL_MIN:
            return
        now, rng = self.world.clock.now, self._rng
        due = now + BILL_DAYS * DAY_MS
        forgets = rng.random() < FORGETFUL_FRACTION
        pays_at = due + rng.randint(1, 12) * DAY_MS if forgets else due - int(rng.expovariate(0.5) * DAY_MS)
        self.world.clock.at(pays_at, self._pay_bill, user, amount, due)

    def _pay_bill(self, user: User, amount: int, due: int) -> None:
        now = self.world.clock.now
        days = max(0, -((due - now) // DAY_MS))
        paid = self.rails.repay(user, amount, "late" if days else "paid", due, days)
        if paid >= amount // 2 or self.rails.owed(user) < BILL_MIN:
            user.missed = 0
        elif now < due + MISSED_AFTER_DAYS * DAY_MS:
            later = max(due, now) + self._rng.randint(4, 16) * DAY_MS
            self.world.clock.at(later, self._pay_bill, user, amount - paid, due)
        else:
            self.fail(user, amount - paid, due)

    def fail(self, user: User, amount: int, due: int) -> None:
        """A bill is missed for good."""
        user.missed += 1
        self.rails.miss(user, amount, due, self.world.clock.now)
        if user.missed >= CLOSED_AFTER and not user.closed:
            self.rails.set_limit(user, 0, "close")

    def _pay_early(self, user: User) -> None:
        self.rails.repay(user, int(self.rails.owed(user) * self._rng.uniform(0.3, 1.0)), "paid", None, 0)

    def _send_money(self) -> None:
        """Between two people: mostly round sums, to family or friends."""
        rng, people = self._rng, self.world.people
        user = rng.choice(people)
        friend = people[(user.n + rng.choice((1, 2, 3, 5, 8, 13))) % len(people)]
        amount = int(rng.lognormvariate(5.3, 1.1)) * YUAN
        if rng.random() < 0.5:
            amount = amount // (100 * YUAN) * 100 * YUAN
        if max(user.joined, friend.joined) + HOUR_MS < self.world.clock.now:
            self.rails.transfer(own_account(user), own_account(friend), amount)

    def _pay_wages(self, user: User, shop: Shop) -> None:
        wage = int(self._rng.uniform(0.3, 0.7) * user.income)
        if self.world.clock.now < user.joined + HOUR_MS:
            return
        told = self.rails.transfer(till(shop), own_account(user), wage)
        if told is not None and self.wage_paid is not None:
            self.wage_paid(user, wage, told)

    def _raise_limits(self, midnight: int) -> None:
        users = [u for u in self.world.people if not u.closed and u.joined < midnight]
        for user in self._rng.sample(users, round(RAISES[1] * len(users))):
            limit = user.limit * self._rng.choice((12, 15, 20)) // 10
            self.world.clock.at(midnight + int(self._rng.uniform(9, 12) * HOUR_MS), self.rails.set_limit, user, limit,
                                "raise")  # fmt: skip


def _hire(world: World, rng: Stream) -> list[tuple[User, Shop]]:
    staff = rng.sample(world.people, round(STAFF_FRACTION * len(world.people)))
    return [(user, rng.choice(world.shops)) for user in staff]
