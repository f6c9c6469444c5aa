"""Schemes that show in how a line is used: drained, in a burst, after a repayment, in shaped amounts, at last."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.books import EMPLOYERS
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Payment, own_account
from bonafide.lab.simulate.schemes.rounds import Round, Scheme
from bonafide.lab.simulate.shops import Shop

EARLY_ORDERS: Final = (2, 4)
"""Small orders that a bust-out pays for early, to be trusted with more."""


class DrainTheLine(Scheme):
    """T2: nearly all that is left, in a few orders within hours."""

    typology = "drain_the_line"

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.fronts, 2), self.rng.randint(1, 5), self.hours(0.2, 8),
                     use=1.2, shaped=0.5)  # fmt: skip


class IntensiveBurst(Scheme):
    """T3: five to twenty orders within three days."""

    typology = "intensive_burst"

    def look(self, user: User) -> Round:
        orders = min(20, max(5, int(self.rng.gauss(11, 4))))
        return Round(self.some(self.ring.open_shops, 2), orders, int(self.rng.uniform(0.3, 2.8) * DAY_MS), use=1.1)


class RepayAndDrain(Scheme):
    """T4: a repayment, often with borrowed money, and the freed line is used again at once."""

    typology = "repay_and_drain"
    rounds_per_month = 2.0

    def act(self, user: User) -> None:
        """Pay back most of what is owed, with a loan where own money is short, and use it again soon after."""
        wanted = int(self.rails.owed(user) * self.rng.uniform(0.6, 1.0))
        short = wanted - self.rails.holds(user.bank)
        lender = self.rng.choice(self.ring.go_betweens)
        if short > 0:
            self._fill(lender[0], short)
            send = self.rails.transfer if self.rng.random() < 0.6 else self.rails.send_unseen
            send(lender, own_account(user), short)
        self.rails.repay(user, wanted, "paid", None, 0)
        wait = int(self.rng.lognormvariate(0, 1.0) * 70 * MINUTE_MS)
        self.world.clock.at(self.world.clock.now + wait, super().act, user)

    def _fill(self, account: int, amount: int) -> None:
        """A go-between's own money, from outside."""
        lacking = max(0, amount - self.rails.holds(account))
        self.world.books.move(EMPLOYERS, account, lacking, "brought by go-betweens")

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.fronts, 2), self.rng.randint(2, 7), self.hours(0.5, 20))


class ShapedAmounts(Scheme):
    """T5: amounts that are round or just below, over and over."""

    typology = "shaped_amounts"

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.open_shops, 2), self.rng.randint(3, 10), self.hours(1, 40),
                     use=0.8, shaped=1.6)  # fmt: skip


class BustOut(Scheme):
    """T14: small orders that are paid early for weeks, then all of the line at once, then nothing is paid any more."""

    typology = "bust_out"

    def recruit(self, users: list[User], begin: int) -> None:
        for user in users:
            days = (self.world.end - max(begin, user.joined)) / DAY_MS
            last = max(begin, user.joined) + int(min(90, self.rng.uniform(0.5, 0.9) * days) * DAY_MS)
            for step in range(self.rng.randint(*EARLY_ORDERS)):
                moment = last - int(self.rng.uniform(0.15, 0.95) * (last - max(begin, user.joined))) + step * HOUR_MS
                self.world.clock.at(moment, self._build_up, user)
            self.world.clock.at(last, self.act, user)

    def _build_up(self, user: User) -> None:
        shop: Shop = self.rng.choice(self.world.shops)
        amount = min(int(self.rails.left(user) * self.rng.uniform(0.05, 0.2)), 600 * YUAN)
        self.rails.pay(user, shop, amount, self._pay_early)

    def _pay_early(self, payment: Payment) -> None:
        wait = int(self.rng.uniform(2, 9) * DAY_MS)
        self.world.clock.at(
            self.world.clock.now + wait, self.rails.repay, payment.user, payment.amount, "paid", None, 0
        )

    def act(self, user: User) -> None:
        super().act(user)
        self.world.clock.at(self.world.clock.now + 4 * DAY_MS, self.player.give_up_paying, user)

    def look(self, user: User) -> Round:
        return Round(self.some(self.ring.open_shops, 2), self.rng.randint(2, 8), self.hours(4, 60),
                     use=1.3, home="hand")  # fmt: skip
