"""Rounds: one user turns a part of a line into cash once. What a scheme says of its round, and how any is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.simulate.books import OUTSIDE
from bonafide.lab.simulate.calendar import local_hour
from bonafide.lab.simulate.people import YUAN, User
from bonafide.lab.simulate.rails import Payment, Rails
from bonafide.lab.simulate.scenarios import Knobs
from bonafide.lab.simulate.schemes.homecoming import Errand, Home, Homecoming
from bonafide.lab.simulate.schemes.rings import Ring
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream
from bonafide.lab.simulate.truth import Tag
from bonafide.lab.simulate.world import World

ORDER_MIN: Final = 20 * YUAN
ROUND_TO: Final = ((3_000 * YUAN, 500 * YUAN), (1_000 * YUAN, 100 * YUAN), (200 * YUAN, 50 * YUAN), (0, 10 * YUAN))
"""Amounts from the first figure on are rounded down to a multiple of the second."""
JUST_BELOW_FRACTION: Final = 0.5
"""Of the shaped amounts: one to five yuan below the round one, the others on it."""
NIGHT_HOURS: Final = (0.0, 5.5)
HIDDEN_USE: Final = 0.7
OPEN_USE: Final = 1.15
"""Factors on how much of a line a round takes, of users who hide and of those who do not."""
DEFAULT_FRACTION: Final = 0.25
"""Of those who used a line to its end: they pay nothing back."""

Delivery = Literal["sent", "none", "pretended"]
Promote = Callable[[Shop, float], None]


@dataclass(slots=True)
class Round:
    """How one round looks; all else about it is as in ordinary life."""

    shops: list[Shop]
    orders: int
    span_ms: int
    """From the first order to the last."""
    use: float = 0.9
    """Share of what is left of the line, before the knob of intensity."""
    cap: int = 20_000 * YUAN
    """The most that one round takes."""
    shaped: float = 0.5
    """Share of amounts that are round or just below."""
    at_night: float = 0.15
    like_life: bool = False
    """Whether amounts follow the shops' own laws instead of parts of a sum."""
    ring_device: float = 0.3
    """How often an order comes from the broker's device."""
    delivery: Delivery = "pretended"
    virtual: bool = False
    home: Home = "loop"
    seen: float = 0.7
    """Chance that the platform sees the way home, before the knob."""


class Player:
    """Plays rounds: orders, deliveries that are none, and, by `Homecoming`, what comes of them."""

    def __init__(self, world: World, rails: Rails, knobs: Knobs, promote: Promote) -> None:
        self.world = world
        self.promote = promote
        """Buys visitors for a shop today, by a factor."""
        self.rails = rails
        self.knobs = knobs
        self.homecoming = Homecoming(world, rails, knobs)
        self.hiding: set[int] = set()
        """Users who take trouble to look like everybody."""
        self._rng = world.stream("rounds")
        self._pretended: dict[int, tuple[str, int]] = {}

    def start(self, user: User, ring: Ring, typology: str, round_: Round) -> None:
        """Begin a round now: look what is left of the line, and plan its orders."""
        rng, now = self._rng, self.world.clock.now
        hides = user.n in self.hiding or rng.random() < ring.caution
        knows = rng.random() < min(0.95, self.knobs.knowledge + ring.caution)
        intensity = self.knobs.intensity * rng.uniform(0.85, 1.15) * (HIDDEN_USE if hides else OPEN_USE)
        budget = int(min(self.rails.left(user) * min(1.0, round_.use * intensity), round_.cap) * rng.uniform(0.8, 1.0))
        if budget < 2 * ORDER_MIN or not round_.shops or user.closed:
            return
        orders = max(1, round_.orders + (2 if knows and budget > 2_000 * YUAN else 0))
        orders = max(1, min(orders, budget // (3 * ORDER_MIN)))
        span = round_.span_ms * (3 if hides else 1)
        device = ring.device() if rng.random() < round_.ring_device * (0.4 if hides else 1.0) else None
        parts = sorted((rng.gammavariate(1.5, 1.0) for _ in range(orders)), reverse=True)
        combined = rng.random() < self.knobs.combined
        moments = [self._moment(now, span, round_.at_night * (0.4 if hides else 1.0), hides) for _ in parts]
        errand = Errand(user, ring, round_.home, round_.seen, max(moments), combined)
        order = _Order(user, ring, typology, round_, device, hides, 0.3 if knows else 1.0, errand)
        for part, moment in zip(parts, moments if hides else sorted(moments), strict=True):
            self.world.clock.at(moment, self._order, order, int(budget * part / sum(parts)))
        if round_.use * intensity > 0.75 and rng.random() < DEFAULT_FRACTION:
            self.world.clock.at(now + span + 3 * DAY_MS, self.give_up_paying, user)

    def _moment(self, now: int, span: int, night: float, hides: bool) -> int:
        rng = self._rng
        moment = now + int(rng.random() * span)
        hour = local_hour(moment)
        if rng.random() < night:
            return moment + int((24 + rng.uniform(*NIGHT_HOURS) - hour) % 24 * HOUR_MS)
        if hides and hour < 8:
            return moment + int((rng.uniform(9, 22) - hour) * HOUR_MS)
        return moment

    def _order(self, order: _Order, amount: int) -> None:
        rng, round_ = self._rng, order.round
        open_shops = [shop for shop in round_.shops if not (shop.closed or shop.busted)] or order.ring.open_shops
        if not open_shops:
            return
        shop = rng.choice(open_shops)
        if round_.like_life or (order.hides and rng.random() < 0.5):
            law = int(shop.category.median_yuan * rng.lognormvariate(0.3, shop.category.sigma)) * YUAN
            amount = min(max(law, ORDER_MIN), 2 * amount)
        if rng.random() < round_.shaped * order.shows:
            amount = self._shape(amount)
        amount = min(amount, self.rails.left(order.user))
        if amount < ORDER_MIN:
            return
        own = order.device is None
        self.rails.pay(
            order.user, shop, amount, partial(self._settled, order),
            tag=Tag(True, order.typology, order.ring.n), device=order.device, ip=None if own else order.ring.ip,
            address=None if own or order.hides else order.ring.address, goods="virtual" if round_.virtual else None,
            channel=None if shop.category.channels[0] else "app",
        )  # fmt: skip

    def _shape(self, amount: int) -> int:
        unit = next(unit for start, unit in ROUND_TO if amount >= start)
        below = self._rng.randint(1, 5) * YUAN if self._rng.random() < JUST_BELOW_FRACTION else 0
        return max(ORDER_MIN, amount // unit * unit - below)

    # What follows an order

    def _settled(self, order: _Order, payment: Payment) -> None:
        if payment.by_post:
            self._deliver(order, payment)
        if payment.on_credit:
            self.homecoming.settled(order.errand, payment)

    def _deliver(self, order: _Order, payment: Payment) -> None:
        rng = self._rng
        delivery = order.round.delivery
        if delivery == "sent" or (order.hides and rng.random() < 0.7):
            self.rails.send(payment)
        elif delivery == "pretended" and rng.random() < 0.6:
            tracking, used = self._pretended.get(payment.shop.n, ("", 99))
            if used >= rng.randint(2, 8):
                tracking, used = f"trackr{payment.shop.n}.{payment.number}", 0
            self._pretended[payment.shop.n] = tracking, used + 1
            self.rails.send(payment, tracking=tracking, hours=rng.choice((2, 12, 48)))

    def give_up_paying(self, user: User) -> None:
        """From now on there is nothing to pay bills from."""
        user.living = 1.0
        self.world.books.move(user.bank, OUTSIDE, self.rails.holds(user.bank), "taken out")


@dataclass(slots=True)
class _Order:
    """What the orders of one round share."""

    user: User
    ring: Ring
    typology: str
    round: Round
    device: str | None
    hides: bool
    shows: float
    """Factor on how often amounts are shaped."""
    errand: Errand


def every(place: int, share: float) -> bool:
    """Whether a place is one of a share of all places, evenly spread."""
    return int((place + 1) * share + 0.5) > int(place * share + 0.5)


class Scheme:
    """What all schemes share: who takes part, and when their rounds begin."""

    typology = ""
    rounds_per_month = 1.6
    """For those who do it more than once."""

    def __init__(self, player: Player, ring: Ring, rng: Stream) -> None:
        self.player = player
        self.world = player.world
        self.rails = player.rails
        self.ring = ring
        self.rng = rng

    def recruit(self, users: list[User], begin: int) -> None:
        """Take users in: each has a first round after `begin`, most have more."""
        for place, user in enumerate(users):
            for moment in self.moments(user, begin, once=every(place, self.player.knobs.once)):
                self.world.clock.at(moment, self.act, user)

    def moments(self, user: User, begin: int, *, once: bool) -> list[int]:
        """When a user's rounds begin, ms."""
        rng = self.rng
        begin = max(begin, user.joined + DAY_MS)
        days = (self.world.end - begin) / DAY_MS
        if days < 1:
            return []
        first = rng.uniform(0, 0.75 if days > 10 else 0.5) * days
        moments = [first]
        if not once:
            gap = 30 / self.rounds_per_month
            while len(moments) < 12 and moments[-1] + gap / 2 < days:
                moments.append(moments[-1] + max(2.0, rng.gammavariate(4, gap / 4)))
        return [begin + int(day * DAY_MS) + int(rng.uniform(7, 23) * HOUR_MS) for day in moments if day < days - 0.5]

    def act(self, user: User) -> None:
        """Begin one round now."""
        self.player.start(user, self.ring, self.typology, self.look(user))

    def look(self, user: User) -> Round:
        """How the scheme's rounds look."""
        raise AssertionError(f"{type(self).__name__} does not say how its rounds look")

    def hours(self, least: float, most: float) -> int:
        """So many hours, in ms."""
        return int(self.rng.uniform(least, most) * HOUR_MS)

    def some(self, shops: list[Shop], count: int) -> list[Shop]:
        """So many of some shops, or all."""
        return self.rng.sample(shops, min(count, len(shops)))
