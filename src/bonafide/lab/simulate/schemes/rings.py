"""Rings: a broker with shops, devices and go-betweens, who grows careful when something is blocked."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.people import network
from bonafide.lab.simulate.rails import Account, Rails
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream
from bonafide.lab.simulate.world import World

BAD_SHOP_FRACTION: Final = 0.01
BAD_SHOPS_MIN: Final = 14
"""A small platform still has this many: one ring alone rotates over four to ten."""
SHOPS_PER_BAD_ONE_MIN: Final = 17
BAD_SHOPS_LEAST: Final = 3
"""A tiny platform has fewer: at most one shop in so many, but always a few."""
SIZES: Final = (0.45, 1.0)
"""Of shops that come into question, as a part of an average shop's demand: one that nobody knows would be seen at
once, and a market leader has no need of it."""
SHOPS_PER_RING: Final = 7
IN_USE_FRACTION: Final = 0.6
"""Of a ring's shops, the ones used at a time; a block or IN_USE_DAYS bring others."""
IN_USE_DAYS: Final = 20
TEMPTED_FRACTION: Final = 0.4
"""Of a ring's shops: honest trades that sell cash-out too."""
DEVICES: Final = 3
GO_BETWEENS: Final = 6
SHARED_FRACTION: Final = 0.6
"""Fronts of a ring that share owner, till and account with its first."""
CAUTION_PER_BLOCK: Final = 0.12
RULE_CHANGE: Final = (0.5, 0.15)
"""After which share of the days the platform's rules change, and how much more careful that makes everybody."""
FEES: Final = (0.03, 0.12)


class Ring:
    """One broker's means."""

    def __init__(self, n: int, shops: list[Shop], world: World, rails: Rails, rng: Stream) -> None:
        self.n = n
        self.shops = shops
        """Fronts first, then tempted shops."""
        self.devices = [f"dr{n}.{i}" for i in range(DEVICES)]
        self.ip = network(7_000_000 + n)
        self.address = f"xr{n}"
        self.go_betweens: list[Account] = [rails.open_account(f"ax{n}.{i}", f"px{n}.{i}") for i in range(GO_BETWEENS)]
        self.fee = rng.uniform(*FEES)
        self.blocks = 0
        self._next_device = DEVICES
        self._world = world
        self._rng = rng

    @property
    def fronts(self) -> list[Shop]:
        """Shops that exist for this, still open."""
        return [shop for shop in self.open_shops if shop.role == "sham"] or self.open_shops

    @property
    def tempted(self) -> list[Shop]:
        """Honest trades that sell cash-out too, still open."""
        return [shop for shop in self.open_shops if shop.role == "tempted"] or self.open_shops

    @property
    def open_shops(self) -> list[Shop]:
        """Those in use now, of all that are still open."""
        still = [shop for shop in self.shops if self._is_open(shop)]
        turn = self.blocks + (self._world.clock.now - self._world.start) // (IN_USE_DAYS * DAY_MS)
        in_use = max(3, round(IN_USE_FRACTION * len(still)))
        return [still[(turn * 2 + i) % len(still)] for i in range(min(in_use, len(still)))]

    def _is_open(self, shop: Shop) -> bool:
        return not (shop.closed or shop.busted) and shop.opened + DAY_MS < self._world.clock.now

    @property
    def caution(self) -> float:
        """What is added to the camouflage and the knowledge of the schemes: it grows with blocks and rule changes."""
        after, more = RULE_CHANGE
        return min(0.5, CAUTION_PER_BLOCK * self.blocks + (more if self._world.fraction_gone > after else 0.0))

    def device(self) -> str:
        """One of the broker's devices."""
        return self._rng.choice(self.devices)

    def learn_of_block(self, shop: Shop | None = None) -> None:
        """Somebody or something of the ring was blocked: other devices, and another shop where one was closed."""
        self.blocks += 1
        self._next_device += 1
        self.devices[self._next_device % DEVICES] = f"dr{self.n}.{self._next_device}"
        if shop is not None:
            self.shops = [other for other in self.shops if other is not shop]
            if not self.open_shops:
                self.shops += self._take_over()

    def _take_over(self) -> list[Shop]:
        """Find one honest shop more that is tempted."""
        others = [shop for shop in self._world.shops if shop.role is None and not shop.closed]
        found = self._rng.sample(others, min(1, len(others)))
        for shop in found:
            shop.role, shop.ring = "tempted", self.n
        return found


def build_rings(world: World, rails: Rails) -> list[Ring]:
    """Give some shops their part, and put them together to rings of about SHOPS_PER_RING."""
    rng = world.stream("rings")
    fewest = min(BAD_SHOPS_MIN, max(BAD_SHOPS_LEAST, len(world.shops) // SHOPS_PER_BAD_ONE_MIN))
    count = max(fewest, round(BAD_SHOP_FRACTION * len(world.shops)))
    least, most = (size / len(world.shops) for size in SIZES)
    alone = [shop for shop in world.shops if shop.opened < world.start and shop.owner == f"r{shop.n}"]
    usual = [shop for shop in alone if least <= shop.demand <= most] or alone
    chosen = _spread(usual, count, rng)
    rings = []
    for n in range(max(1, round(len(chosen) / SHOPS_PER_RING))):
        shops = chosen[n :: max(1, round(len(chosen) / SHOPS_PER_RING))]
        for place, shop in enumerate(shops):
            shop.role = "tempted" if place >= (1 - TEMPTED_FRACTION) * len(shops) else "sham"
            shop.ring = n
            if shop.role == "sham":
                shop.speed = "instant" if rng.random() < 0.5 else shop.speed
                shop.visits *= 0.6
                if rng.random() < SHARED_FRACTION:
                    first = shops[0]
                    shop.owner, shop.device, shop.account, shop.bank = (
                        first.owner,
                        first.device,
                        first.account,
                        first.bank,
                    )
        rings.append(Ring(n, shops, world, rails, rng))
    return rings


def _spread(shops: list[Shop], count: int, rng: Stream) -> list[Shop]:
    """So many shops of all categories by what is sold there; in no order."""
    ordered = sorted(shops, key=lambda shop: (shop.category.name, shop.n))
    upto = list(accumulate(shop.demand for shop in ordered))
    step, start = upto[-1] / count, rng.random()
    places = {bisect(upto, (i + start) * step) for i in range(count)}
    chosen = [ordered[place] for place in sorted(places)]
    rng.shuffle(chosen)
    return chosen
