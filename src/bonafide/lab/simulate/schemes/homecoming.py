"""Homecoming: how the cash of orders gets from a shop to the buyer, through whose accounts, and what arrives when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from bonafide.core.moment import HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.books import OUTSIDE
from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.rails import Account, Payment, Rails, own_account, till
from bonafide.lab.simulate.returns import Arrival
from bonafide.lab.simulate.scenarios import Knobs
from bonafide.lab.simulate.schemes.rings import Ring
from bonafide.lab.simulate.world import World

RETURN_MEDIAN_HOURS: Final = 2.0
RETURN_SIGMA: Final = 1.9
"""Of the log of hours until cash comes home: 95 % within 48 hours."""
GO_BETWEENS: Final = ((0, 0.35), (1, 0.35), (2, 0.2), (3, 0.1))
"""How many accounts cash passes on its way, and how often."""
HELD_MEDIAN_MINUTES: Final = 40
"""How long a go-between holds it."""
KEPT_FRACTION: Final = 0.01
"""The most that a go-between keeps."""
COMBINED_HOURS: Final = 36
"""So long a broker waits for a round's other orders, to pay for all of them at once."""
FEE_MAX: Final = 0.5
VISIBLE_AS_SHIPPED: Final = Knobs().visible

Home = Literal["loop", "refund", "hand"]


@dataclass(slots=True)
class Errand:
    """The cash of one round, which somebody is to bring home."""

    user: User
    ring: Ring
    home: Home
    seen: float
    """Chance that the platform sees the way, before the knob."""
    until: int
    """When the round's last order is due, ms."""
    combined: bool
    """Whether its orders come home together."""
    basket: list[Part] = field(default_factory=list)
    """What waits for the others."""


@dataclass(slots=True)
class Part:
    """The cash of one order, or a part of it, on its way."""

    payment: Payment
    amount: int
    events: tuple[str, ...] = ()
    advanced: bool = False


class Homecoming:
    """Brings cash home, and keeps the truth about what has arrived."""

    def __init__(self, world: World, rails: Rails, knobs: Knobs) -> None:
        self.world = world
        self.rails = rails
        self.knobs = knobs
        self._rng = world.stream("homecoming")

    def settled(self, errand: Errand, payment: Payment) -> None:
        """An order on credit has settled: from here its cash, less the fee, finds its way."""
        rng, clock = self._rng, self.world.clock
        fee = min(FEE_MAX, errand.ring.fee * self.knobs.fees * rng.uniform(0.8, 1.2))
        part = Part(payment, int(payment.amount * (1 - fee)))
        moment = clock.now + self._delay()
        self.rails.follow(payment)
        if errand.home == "refund":
            clock.at(moment, self._refund, part)
        elif not errand.combined:
            clock.at(moment, self._leave, errand, [part])
        else:
            if not errand.basket:
                others = min(max(0, errand.until - clock.now), COMBINED_HOURS * HOUR_MS)
                clock.at(moment + others, self._leave_together, errand)
            errand.basket.append(part)

    def _delay(self) -> int:
        hours = self._rng.lognormvariate(0, RETURN_SIGMA) * RETURN_MEDIAN_HOURS * self.knobs.delays
        return int(hours * HOUR_MS) + 5 * MINUTE_MS

    def _refund(self, part: Part) -> None:
        to = self._rng.choice(("bank", "balance", "cash"))
        told = self.rails.refund(part.payment, part.amount, to)
        if told is not None:
            self._keep(part, Arrival(part.amount, (told,), via="refund", to=to))

    def _leave_together(self, errand: Errand) -> None:
        parts, errand.basket = errand.basket, []
        self._leave(errand, parts)

    def _leave(self, errand: Errand, parts: list[Part]) -> None:
        """Cash leaves for home; sometimes a part of it now and the rest another time."""
        rng, clock = self._rng, self.world.clock
        if rng.random() < self.knobs.split:
            share = rng.uniform(0.35, 0.75)
            now = [Part(part.payment, int(part.amount * share)) for part in parts]
            later = [Part(part.payment, part.amount - first.amount) for part, first in zip(parts, now, strict=True)]
            clock.at(clock.now + self._delay(), self._send, errand, later)
            parts = now
        self._send(errand, parts)

    def _send(self, errand: Errand, parts: list[Part]) -> None:
        """Each shop gives what it owes; where there are several, a go-between gathers it."""
        rng = self._rng
        seen = errand.home == "loop" and rng.random() < errand.seen * self.knobs.visible / VISIBLE_AS_SHIPPED
        by_till: dict[Account, list[Part]] = {}
        for part in parts:
            by_till.setdefault(till(part.payment.shop), []).append(part)
        if not seen:
            for source, own in by_till.items():
                self._send_unseen(errand, source, own)
            return
        passed = rng.choices([n for n, _ in GO_BETWEENS], [share for _, share in GO_BETWEENS])[0]
        passed = int(max(0.0, passed + self.knobs.go_betweens + rng.random()))
        passed = min(max(passed, int(len(by_till) > 1)), len(errand.ring.go_betweens))
        way = [*rng.sample(errand.ring.go_betweens, passed), own_account(errand.user)]
        gathered = [part for source, own in by_till.items() for part in self._give(source, way[0], own)]
        self._go_on(errand, way, gathered, passed)

    def _draw(self, source: Account, parts: list[Part]) -> list[Part]:
        """What the shops of one account can give for some orders.

        They draw their takings first, unless the account holds enough and they advance it.
        """
        wanted = sum(part.amount for part in parts)
        if self._rng.random() >= self.knobs.advanced or self.rails.holds(source[0]) < wanted:
            for shop in dict.fromkeys(part.payment.shop for part in parts if part.payment.payout is None):
                self.rails.pay_out(shop, speed="instant" if self._rng.random() < 0.7 else None)
        for part in parts:
            payout = part.payment.payout
            part.events = () if payout is None else (payout,)
            part.advanced = payout is None
        return _shared(parts, min(wanted, self.rails.holds(source[0])))

    def _give(self, source: Account, target: Account, parts: list[Part]) -> list[Part]:
        return self._move(source, target, self._draw(source, parts))

    def _move(self, source: Account, target: Account, parts: list[Part]) -> list[Part]:
        """One step that the platform sees; what has made it: nothing where no money is left."""
        parts = _shared(parts, min(sum(part.amount for part in parts), self.rails.holds(source[0])))
        told = self.rails.transfer(source, target, sum(part.amount for part in parts))
        if told is None:
            return []
        for part in parts:
            part.events = (*part.events, told)
        return parts

    def _go_on(self, errand: Errand, way: list[Account], parts: list[Part], passed: int) -> None:
        """Cash has reached the first account of the rest of its way; a go-between keeps a little and passes it on."""
        if not parts:
            return
        if len(way) == 1:
            for part in parts:
                self._keep(part, Arrival(part.amount, part.events, passed, advanced=part.advanced))
            self._spend(errand.user, sum(part.amount for part in parts))
            return
        rng, clock = self._rng, self.world.clock
        wait = int(rng.lognormvariate(0, 1.2) * HELD_MEDIAN_MINUTES * self.knobs.delays * MINUTE_MS)
        total = sum(part.amount for part in parts)
        parts = _shared(parts, total - int(total * rng.uniform(0, KEPT_FRACTION)))
        clock.at(clock.now + wait, self._pass_on, errand, way, parts, passed)

    def _pass_on(self, errand: Errand, way: list[Account], parts: list[Part], passed: int) -> None:
        self._go_on(errand, way[1:], self._move(way[0], way[1], parts), passed)

    def _send_unseen(self, errand: Errand, source: Account, parts: list[Part]) -> None:
        parts = self._draw(source, parts)
        total = sum(part.amount for part in parts)
        if not self.rails.send_unseen(source, own_account(errand.user), total):
            return
        to = "cash" if errand.home == "hand" else "bank"
        for part in parts:
            self._keep(part, Arrival(part.amount, part.events, via=errand.home, to=to, visible=False,
                                     advanced=part.advanced))  # fmt: skip
        self._spend(errand.user, total)

    def _keep(self, part: Part, arrival: Arrival) -> None:
        """Remember what has come home."""
        payment = part.payment
        assert payment.tag.kind is not None
        self.world.loops.add(payment, payment.tag.kind, arrival, self.world.clock.now)

    def _spend(self, user: User, amount: int) -> None:
        """What the cash was wanted for."""
        spent = min(int(amount * self._rng.uniform(0.3, 1.0)), self.rails.holds(user.bank))
        self.world.books.move(user.bank, OUTSIDE, spent, "spent in cash")


def _shared(parts: list[Part], total: int) -> list[Part]:
    """The same parts of a smaller total, each by its share; what cannot be shared is the last one's."""
    whole = sum(part.amount for part in parts)
    if total == whole:
        return parts
    left = total
    for part in parts[:-1]:
        part.amount = part.amount * total // whole
        left -= part.amount
    parts[-1].amount = left
    return [part for part in parts if part.amount]
