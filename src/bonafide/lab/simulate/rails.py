"""The rails: how money and goods move on the platform, and what it tells of that.

Every movement goes through the books before the feed tells of it. A payment holds its amount when it is made; it is the
shop's when its status says completed, and comes back when it says cancelled or reversed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, SECOND_MS
from bonafide.lab.simulate.books import OUTSIDE, PENDING, PLATFORM
from bonafide.lab.simulate.categories import CHANNELS
from bonafide.lab.simulate.feed import CURRENCY
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.truth import HONEST, Tag
from bonafide.lab.simulate.world import World

PAYMENT_MIN: Final = YUAN
FEE_PER_MILLE: Final = 6
"""What the platform keeps of what it settles."""
NO_DEVICE_FRACTION: Final = 0.09
NO_IP_FRACTION: Final = 0.05
CANCELLED_FRACTION: Final = 0.02
INSTALMENTS: Final = (3, 6, 12)
INSTALMENT_MIN: Final = 400 * YUAN
INSTALMENT_FRACTION: Final = 0.35
SOURCES: Final = ("search", "recommendation", "advert", "shared_link", "favourites")
SOURCE_KNOWN_FRACTION: Final = 0.6
CARRIERS: Final = ("swift", "steady", "sunrise")


class Payment:
    """A payment on its way; it is forgotten when nothing waits for it."""

    __slots__ = ("amount", "by_post", "id", "number", "on_credit", "order", "payout", "shop", "source", "tag", "time",
                 "user")  # fmt: skip

    def __init__(self, user: User, shop: Shop, amount: int, time: int, on_credit: bool, tag: Tag) -> None:
        self.user = user
        self.shop = shop
        self.amount = amount
        self.time = time
        self.on_credit = on_credit
        self.tag = tag
        self.source = user.line if on_credit else user.bank
        """The account it came from, and goes back to."""
        self.by_post = False
        self.id = self.order = ""
        self.number = 0
        self.payout: str | None = None
        """Id of the payout that carried its money, of a payment that is followed; None until then."""


Account = tuple[int, str]
"""A number in the books, and what the log calls it."""
Settled = Callable[[Payment], None]
Watch = Callable[[Payment, bool], None]


class Rails:
    """Payments, refunds, parcels, payouts, transfers and repayments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._rng = world.stream("rails")
        self._balance = world.books.balance
        self._parcels = 0
        self._followed: dict[int, list[Payment]] = {}
        """Shop -> settled payments whose money it has not been paid out, of those that are followed."""
        self._unknown: dict[str, str] = {}
        """Account -> the person whose it is, as long as it has not come up."""
        self.watch: Watch | None = None
        """Told of every payment as it is made, and whether it looks like cash-out."""

    # What there is

    def left(self, user: User) -> int:
        """What is left of a line."""
        return 0 if user.closed else max(0, user.limit + self._balance[user.line])

    def owed(self, user: User) -> int:
        """What is used of a line."""
        return -self._balance[user.line]

    def holds(self, account: int) -> int:
        """What an account holds."""
        return self._balance[account]

    # Payments

    def pay(
        self,
        user: User,
        shop: Shop,
        amount: int,
        settled: Settled,
        *,
        tag: Tag = HONEST,
        wants_credit: bool = True,
        device: str | None = None,
        ip: str | None = None,
        address: str | None = None,
        channel: str | None = None,
        goods: str | None = None,
    ) -> Payment | None:
        """Pay now, with the line where it is wanted and suffices, else with own money; None where nothing does.

        What is left out is the user's own and the shop's usual. `settled` is called when the payment completes.
        """
        world, now = self.world, self.world.clock.now
        if shop.closed or now < shop.opened or now < user.joined or amount < PAYMENT_MIN:
            return None
        on_credit = wants_credit and amount <= self.left(user)
        if not on_credit and amount > self._balance[user.bank]:
            return None
        payment = Payment(user, shop, amount, now, on_credit, tag)
        used = self.owed(user)
        world.books.move(payment.source, PENDING, amount, "paid on credit" if on_credit else "paid with own money")
        payment.number = world.truth.add(user, shop, tag, now)
        payment.order = f"o{payment.number}"
        channel = channel or _channel(shop.category.channels, self._rng.random())
        goods = goods or shop.category.goods
        payment.by_post = goods == "physical" and channel not in {"qr", "pos"}
        payment.id = self._tell_payment(
            payment, used, goods, channel, device or user.device, ip or user.ip, address or user.address
        )
        if tag.bad:
            user.first_bad = user.first_bad or now
            shop.first_bad = shop.first_bad or now
        if self.watch is not None:
            self.watch(payment, tag.kind is not None)
        self._conclude(payment, settled)
        return payment

    def _tell_payment(
        self, payment: Payment, used: int, goods: str, channel: str, device: str, ip: str, address: str
    ) -> str:
        """Tell of a payment, of which a device or a network is sometimes not known; its id."""
        rng, user, on_credit, amount = self._rng, payment.user, payment.on_credit, payment.amount
        chance = rng.random()
        takes_time = on_credit and amount >= INSTALMENT_MIN and chance < INSTALMENT_FRACTION
        return self.world.feed.tell(
            "payment", payment.time, user.id, payment.shop.id, payment.order, amount, CURRENCY,
            user.limit if on_credit else None,
            used if on_credit else None,
            None if rng.random() < NO_DEVICE_FRACTION else device,
            None if rng.random() < NO_IP_FRACTION else ip,
            address if payment.by_post else None,
            "credit" if on_credit else "card" if chance < user.cards else "balance",
            payment.shop.category.name, goods, channel,
            rng.choice(INSTALMENTS) if takes_time else None,
            SOURCES[int(chance / SOURCE_KNOWN_FRACTION * len(SOURCES))] if chance < SOURCE_KNOWN_FRACTION else None,
        )  # fmt: skip

    def _conclude(self, payment: Payment, settled: Settled) -> None:
        """Have the payment's status come: completed within seconds, or, sometimes, cancelled within hours."""
        rng, clock = self._rng, self.world.clock
        if not payment.tag.bad and rng.random() < CANCELLED_FRACTION:
            hesitation = int(rng.expovariate(1 / (2 * HOUR_MS)))
            clock.at(clock.now + SECOND_MS + hesitation, self._cancel, payment)
        else:
            wait = int(rng.lognormvariate(1.4, 0.8) * SECOND_MS)
            clock.at(clock.now + SECOND_MS + wait, self._settle, payment, settled)

    def _settle(self, payment: Payment, settled: Settled) -> None:
        fee = payment.amount * FEE_PER_MILLE // 1000
        self.world.books.move(PENDING, payment.shop.takings, payment.amount - fee, "settled")
        self.world.books.move(PENDING, PLATFORM, fee, "fees")
        if payment.tag.bad:
            payment.shop.bad_today += 1
        else:
            payment.shop.sold_today += 1
        self._tell_status(payment, "completed")
        settled(payment)

    def _cancel(self, payment: Payment) -> None:
        self._give_back(payment, PENDING, payment.amount, "cancelled")
        self._tell_status(payment, "cancelled")

    def follow(self, payment: Payment) -> None:
        """Remember a payment that has just settled until its money is paid out, to know which payout carried it."""
        self._followed.setdefault(payment.shop.n, []).append(payment)

    def reverse(self, payment: Payment) -> bool:
        """Undo a settled payment, as when its amount was wrong; False where the shop no longer has the money."""
        if self._balance[payment.shop.takings] < payment.amount:
            return False
        self._give_back(payment, payment.shop.takings, payment.amount, "reversed")
        self._tell_status(payment, "reversed")
        return True

    def _give_back(self, payment: Payment, source: int, amount: int, purpose: str) -> None:
        """To where it came from; what was repaid meanwhile is the user's own money and goes to the bank."""
        user, owed = payment.user, self.owed(payment.user)
        to_line = min(amount, owed) if payment.on_credit else 0
        self.world.books.move(source, user.line, to_line, purpose)
        self.world.books.move(source, user.bank, amount - to_line, purpose)

    def _tell_status(self, payment: Payment, status: str) -> None:
        self.world.feed.tell(
            "payment_status", self.world.clock.now, payment.id, payment.order, payment.user.id, payment.shop.id, status
        )

    # Refunds and parcels

    def refund(self, payment: Payment, amount: int, to: str) -> str | None:
        """Give money back, to where it came from (`original`) or elsewhere (`balance`, `bank`, `cash`).

        The refund's id; None where the shop has no money.
        """
        user, shop, books = payment.user, payment.shop, self.world.books
        source = shop.takings if self._balance[shop.takings] >= amount else shop.bank
        if self._balance[source] < amount:
            return None
        if to == "original":
            self._give_back(payment, source, amount, "refunded to original")
        else:
            books.move(source, OUTSIDE if to == "cash" else user.bank, amount, f"refunded to {to}")
        return self.world.feed.tell(
            "refund", self.world.clock.now, payment.order, user.id, shop.id, amount, CURRENCY, to,
            user.account if to == "bank" else None,
        )  # fmt: skip

    def send(
        self, payment: Payment, *, address: str | None = None, tracking: str | None = None, hours: float = 48
    ) -> None:
        """Have a parcel sent: created, mostly scanned on its way, delivered about `hours` after it was picked up."""
        rng, clock = self._rng, self.world.clock
        if tracking is None:
            self._parcels += 1
            tracking = f"track{self._parcels}"
        about = (
            payment, tracking, rng.choice(CARRIERS), payment.user.address,
            max(1, int(rng.lognormvariate(6.5, 0.9))),
        )  # fmt: skip
        created = clock.now + int(rng.lognormvariate(2.3, 0.7) * HOUR_MS)
        picked_up = created + int(rng.uniform(1, 14) * HOUR_MS)
        delivered = picked_up + int(rng.lognormvariate(0, 0.5) * hours * HOUR_MS)
        clock.at(created, self._tell_parcel, "created", *about)
        if rng.random() < 0.3:
            clock.at(picked_up, self._tell_parcel, "picked_up", *about)
        clock.at(delivered, self._tell_parcel, "delivered", *about)

    def send_back(self, payment: Payment) -> None:
        """Tell that a parcel came back."""
        self._parcels += 1
        self._tell_parcel("returned", payment, f"track{self._parcels}", CARRIERS[0], payment.user.address, 700)

    def _tell_parcel(
        self, status: str, payment: Payment, tracking: str, carrier: str, address: str, weight: int
    ) -> None:
        self.world.feed.tell(
            "shipment", self.world.clock.now, payment.order, payment.shop.id, payment.user.id, status, tracking,
            carrier, address, weight,
        )  # fmt: skip

    # Money that leaves shops and people

    def pay_out(self, shop: Shop, *, at_least: int = 1, speed: str | None = None) -> int:
        """Pay a shop what the platform holds for it, where that is at least so much; how much it was."""
        amount = self._balance[shop.takings]
        if amount < max(1, at_least):
            return 0
        self.world.books.move(shop.takings, shop.bank, amount, "paid out")
        payout = self.world.feed.tell(
            "payout", self.world.clock.now, shop.id, shop.account, amount, CURRENCY, speed or shop.speed
        )
        for payment in self._followed.pop(shop.n, ()):
            payment.payout = payout
        return amount

    def open_account(self, account: str, person: str) -> Account:
        """An account of a person who has none of the platform's lines; the log links it when it first comes up."""
        self._unknown[account] = person
        return self.world.books.open(), account

    def transfer(self, source: Account, target: Account, amount: int) -> str | None:
        """Move money between two accounts on the platform; the transfer's id, None where the source has too little."""
        if amount < 1 or self._balance[source[0]] < amount:
            return None
        feed, now = self.world.feed, self.world.clock.now
        for _, account in (source, target):
            if account in self._unknown:
                feed.tell("account_link", now, account, "person", self._unknown.pop(account))
        self.world.books.move(source[0], target[0], amount, "transferred")
        return feed.tell("transfer", now, source[1], target[1], amount, CURRENCY)

    def send_unseen(self, source: Account, target: Account, amount: int) -> bool:
        """Move money through banks outside, which the platform does not see; False where the source has too little."""
        if amount < 1 or self._balance[source[0]] < amount:
            return False
        self.world.books.move(source[0], OUTSIDE, amount, "sent through other banks")
        self.world.books.move(OUTSIDE, target[0], amount, "received through other banks")
        return True

    def repay(self, user: User, amount: int, status: str, due: int | None, days_past_due: int) -> int:
        """Pay back up to `amount` of what is owed from the user's own money; how much it was."""
        amount = min(amount, self.owed(user), self._balance[user.bank])
        if amount < PAYMENT_MIN:
            return 0
        self.world.books.move(user.bank, user.line, amount, "repaid")
        self._tell_repayment(user, amount, status, due, days_past_due)
        return amount

    def miss(self, user: User, amount: int, due: int, now: int) -> None:
        """Tell that a bill was not paid."""
        self._tell_repayment(user, max(amount, 1), "missed", due, (now - due) // DAY_MS)

    def _tell_repayment(self, user: User, amount: int, status: str, due: int | None, days: int) -> None:
        self.world.feed.tell(
            "repayment", self.world.clock.now, user.id, amount, CURRENCY, status, due, days if due else None,
            user.account,
        )  # fmt: skip

    def set_limit(self, user: User, limit: int, reason: str) -> None:
        """Change a line of credit; a closed one takes no more payments, and what is owed stays owed."""
        user.limit = limit
        user.closed = reason == "close"
        self.world.feed.tell("credit_line", self.world.clock.now, user.id, limit, CURRENCY, reason)


def _channel(weights: tuple[float, ...], chance: float) -> str:
    left = chance * sum(weights)
    for name, weight in zip(CHANNELS, weights, strict=True):
        left -= weight
        if left < 0:
            return name
    return CHANNELS[0]


def own_account(user: User) -> Account:
    """A user's bank account."""
    return user.bank, user.account


def till(shop: Shop) -> Account:
    """A shop's bank account."""
    return shop.bank, shop.account
