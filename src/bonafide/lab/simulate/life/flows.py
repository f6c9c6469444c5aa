"""Honest money that looks like cash coming home: relatives, friends, wages, owners' draws, private sellers.

Each kind follows an honest payment on credit with money to its payer, and is told in flows.parquet. Some of it truly
comes from the shop where the payment was made, and is honest all the same.
"""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.simulate.books import EMPLOYERS
from bonafide.lab.simulate.life.money import Household
from bonafide.lab.simulate.life.shopping import Shopping
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Account, Payment, Rails, own_account, till
from bonafide.lab.simulate.returns import Arrival
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream
from bonafide.lab.simulate.truth import HONEST
from bonafide.lab.simulate.world import World

FAMILY_FRACTION: Final = 0.005
"""Credit purchases for the family that a relative pays back."""
SPLIT_FRACTION: Final = 0.007
"""Credit purchases for two, of which a friend pays a part."""
SHARED_MIN: Final = 60 * YUAN
ROUND_FRACTION: Final = 0.5
"""Relatives who give a round sum, and sellers who pay one."""
CHANGE_FRACTION: Final = 0.5
"""How often what was too much goes back."""
HOUSEMATE_FRACTION: Final = 0.5
"""How often somebody of a family on the platform pays, not a relative who has no line."""
STAFF_TRIPS_PER_DAY: Final = 0.1
"""Purchases of staff where they work."""
WAGE_REACH_DAYS: Final = 14
OWNED_FRACTION: Final = 0.15
"""Honest shops whose owner is a user, too."""
DRAWS_PER_DAY: Final = 0.2
DRAW_REACH_DAYS: Final = 7
SPOUSE_FRACTION: Final = 0.3
"""Draws that go through the account of a spouse."""
PRIVATE_FRACTION: Final = 0.08
"""Honest shops, of the smaller half, in which one person sells what is no longer needed."""
FRIENDS: Final = 5
FRIEND_TRIPS_PER_DAY: Final = 0.15
"""Purchases of a private seller's friends, together."""
PAYS_FRIEND_FRACTION: Final = 0.6
"""How often the seller owes the friend something, too, and pays it within days."""


class Flows:
    """Plans what follows honest payments on credit, and keeps the truth about it."""

    def __init__(self, world: World, rails: Rails, household: Household, shopping: Shopping) -> None:
        self.world = world
        self.rails = rails
        self.shopping = shopping
        self._rng: Stream = world.stream("flows")
        self._staff = household.staff
        self._works_at = {user.n: shop.n for user, shop in self._staff}
        self._relatives: dict[int, Account] = {}
        self._families: dict[int, list[User]] = {}
        for user in world.people:
            if user.household >= 0:
                self._families.setdefault(user.household, []).append(user)
        private, owned = self._draw_shops()
        owners = iter(self._rng.sample(world.people, len(private) + len(owned)))
        self._private = {shop.n: (next(owners), shop) for shop in private}
        self._owned = [(next(owners), shop) for shop in owned]
        self._owns = {user.n: shop.n for user, shop in self._owned}
        self._newest: dict[int, Payment] = {}
        """User -> the newest purchase on credit: of staff where they work, of owners elsewhere."""
        household.wage_paid = self._wage_paid
        shopping.bought = self._bought

    def _draw_shops(self) -> tuple[list[Shop], list[Shop]]:
        """Honest shops of private sellers, and others whose owner is a user."""
        honest = [shop for shop in self.world.shops if shop.role is None]
        small = sorted(honest, key=lambda shop: (shop.demand, shop.n))[: len(honest) // 2]
        private = self._rng.sample(small, round(PRIVATE_FRACTION * len(honest)))
        taken = {shop.n for shop in private}
        others = [shop for shop in honest if shop.n not in taken]
        return private, self._rng.sample(others, round(OWNED_FRACTION * len(others)))

    @property
    def relatives(self) -> list[int]:
        """Accounts, in the books, of relatives who have no line."""
        return [number for number, _ in self._relatives.values()]

    def day(self, midnight: int) -> None:
        """Plan the local day that begins at `midnight`."""
        rng, at = self._rng, self.world.clock.at
        for user, shop in self._staff:
            if rng.random() < STAFF_TRIPS_PER_DAY:
                at(midnight + int(rng.uniform(9, 21) * HOUR_MS), self._buy, user, shop)
        for user, shop in self._owned:
            if rng.random() < DRAWS_PER_DAY:
                at(midnight + int(rng.uniform(10, 22) * HOUR_MS), self._draw, user, shop)
        for user, shop in self._private.values():
            if rng.random() < FRIEND_TRIPS_PER_DAY:
                at(midnight + int(rng.uniform(9, 22) * HOUR_MS), self._buy, self._friend(user), shop)

    def _is_here(self, user: User) -> bool:
        """Whether somebody has joined, so that the platform knows whose the account is."""
        return self.world.clock.now > user.joined + HOUR_MS

    def _friend(self, user: User) -> User:
        people = self.world.people
        return people[(user.n + self._rng.randint(1, FRIENDS)) % len(people)]

    def _buy(self, user: User, shop: Shop) -> None:
        amount = int(shop.category.median_yuan * self._rng.lognormvariate(0, 0.7) * user.spending) * YUAN
        self.shopping.buy(user, shop, amount, True, HONEST)

    def _bought(self, payment: Payment) -> None:
        """An honest payment has settled: perhaps somebody pays the payer back, or money of a shop follows."""
        if not payment.on_credit:
            return
        rng, at, now, user = self._rng, self.world.clock.at, self.world.clock.now, payment.user
        chance, wait = rng.random(), int(rng.lognormvariate(1.8, 1.2) * HOUR_MS)
        if payment.amount >= SHARED_MIN and chance < FAMILY_FRACTION:
            at(now + wait, self._relative_pays, payment)
        elif payment.amount >= SHARED_MIN and chance < FAMILY_FRACTION + SPLIT_FRACTION:
            at(now + wait, self._friend_pays, payment)
        if self._works_at.get(user.n) == payment.shop.n:
            self.rails.follow(payment)
            self._newest[user.n] = payment
        elif self._owns.get(user.n, payment.shop.n) != payment.shop.n:
            self._newest[user.n] = payment
        seller = self._private.get(payment.shop.n, (user, payment.shop))[0]
        if 0 < (user.n - seller.n) % len(self.world.people) <= FRIENDS:
            self.rails.follow(payment)
            at(now + int(rng.lognormvariate(2.5, 0.8) * HOUR_MS), self._seller_draws, seller, payment)

    # People among themselves

    def _relative_pays(self, payment: Payment) -> None:
        """A relative gives what was spent for the family, or a round sum; what is too much goes back at times."""
        rng, user, amount = self._rng, payment.user, payment.amount
        if rng.random() < ROUND_FRACTION:
            unit = (100 if amount >= 300 * YUAN else 10) * YUAN
            amount = -(-amount // unit) * unit
        relative = self._relative(user, amount)
        told = self.rails.transfer(relative, own_account(user), amount)
        if told is None:
            return
        self._keep("family_purchase", payment, amount, told)
        if amount > payment.amount and rng.random() < CHANGE_FRACTION:
            moment = self.world.clock.now + int(rng.uniform(0.1, 48) * HOUR_MS)
            self.world.clock.at(moment, self.rails.transfer, own_account(user), relative, amount - payment.amount)

    def _relative(self, user: User, amount: int) -> Account:
        """Who pays for the family; a relative who has no line brings the money from outside."""
        family = [one for one in self._families.get(user.household, ()) if one is not user and self._is_here(one)]
        if family and self._rng.random() < HOUSEMATE_FRACTION:
            return own_account(self._rng.choice(family))
        if user.n not in self._relatives:
            self._relatives[user.n] = self.rails.open_account(f"ay{user.n}", f"py{user.n}")
        relative = self._relatives[user.n]
        self.world.books.move(
            EMPLOYERS, relative[0], max(0, amount - self.rails.holds(relative[0])), "brought by relatives"
        )
        return relative

    def _friend_pays(self, payment: Payment) -> None:
        share = 0.5 if self._rng.random() < 0.7 else self._rng.uniform(0.25, 0.75)
        amount = int(payment.amount * share)
        friend = self._friend(payment.user)
        told = (
            self.rails.transfer(own_account(friend), own_account(payment.user), amount)
            if self._is_here(friend)
            else None
        )
        if told is not None:
            self._keep("split_bill", payment, amount, told)

    # People and shops

    def _wage_paid(self, user: User, wage: int, told: str) -> None:
        """A shop has paid its staff: perhaps soon after they bought there."""
        payment = self._since(user, WAGE_REACH_DAYS)
        if payment:
            self._keep("staff_wages", payment, wage, *_payout(payment), told)

    def _draw(self, user: User, shop: Shop) -> None:
        """An owner takes money from the shop, at times by the account of a spouse."""
        rng, unit = self._rng, 100 * YUAN
        if not self._is_here(user):
            return
        amount = int(self.rails.holds(shop.bank) * rng.uniform(0.1, 0.5)) // unit * unit
        by_spouse = rng.random() < SPOUSE_FRACTION
        first = self._relative(user, 0) if by_spouse else own_account(user)
        told = self.rails.transfer(till(shop), first, amount)
        payment = self._since(user, DRAW_REACH_DAYS)
        if told is None:
            return
        if by_spouse:
            moment = self.world.clock.now + int(rng.lognormvariate(0.5, 1.0) * HOUR_MS)
            self.world.clock.at(moment, self._spouse_gives, user, first, amount, payment, told)
        elif payment:
            self._keep("owner_draw", payment, amount, told)

    def _spouse_gives(self, user: User, spouse: Account, amount: int, payment: Payment | None, drawn: str) -> None:
        told = self.rails.transfer(spouse, own_account(user), amount)
        if payment and told is not None:
            self._keep("owner_draw", payment, amount, drawn, told, passed=1)

    def _since(self, user: User, days: int) -> Payment | None:
        """The newest purchase that matters, once, where it is not too long ago."""
        payment = self._newest.pop(user.n, None)
        return payment if payment and self.world.clock.now - payment.time < days * DAY_MS else None

    def _seller_draws(self, seller: User, payment: Payment) -> None:
        """A private seller takes the price of a thing home, and pays the friend who bought it for something else."""
        rng, shop = self._rng, payment.shop
        if not self._is_here(seller):
            return
        if payment.payout is None:
            self.rails.pay_out(shop)
        told = self.rails.transfer(till(shop), own_account(seller), min(payment.amount, self.rails.holds(shop.bank)))
        if told is not None and rng.random() < PAYS_FRIEND_FRACTION:
            amount = int(payment.amount * rng.uniform(0.3, 1.1))
            amount = amount // (10 * YUAN) * 10 * YUAN if rng.random() < ROUND_FRACTION else amount
            moment = self.world.clock.now + int(rng.uniform(1, 72) * HOUR_MS)
            self.world.clock.at(moment, self._seller_pays, seller, payment, amount, (*_payout(payment), told))

    def _seller_pays(self, seller: User, payment: Payment, amount: int, drawn: tuple[str, ...]) -> None:
        told = self.rails.transfer(own_account(seller), own_account(payment.user), amount)
        if told is not None:
            self._keep("private_seller", payment, amount, *drawn, told, passed=1)

    def _keep(self, kind: str, payment: Payment, amount: int, *told: str, passed: int = 0) -> None:
        """Remember what has come to a payer."""
        self.world.flows.add(payment, kind, Arrival(amount, told, passed), self.world.clock.now)


def _payout(payment: Payment) -> tuple[str, ...]:
    """The payout that has carried a payment's money, where there was one."""
    return () if payment.payout is None else (payment.payout,)
