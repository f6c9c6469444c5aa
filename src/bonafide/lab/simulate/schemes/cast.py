"""The cast: which users take part in which scheme, with which ring; and what happens when one of them is blocked."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.rails import Rails
from bonafide.lab.simulate.schemes.lines import BustOut, DrainTheLine, IntensiveBurst, RepayAndDrain, ShapedAmounts
from bonafide.lab.simulate.schemes.loops import PerfectBill, RefundElsewhere, UserMerchantLoop
from bonafide.lab.simulate.schemes.merchants import (
    BoughtTraffic,
    BurstThenPayout,
    CashOutMerchant,
    NoDelivery,
    OffHours,
)  # fmt: skip
from bonafide.lab.simulate.schemes.people import AccountFarm, BrokerRing, SelfPurchase
from bonafide.lab.simulate.schemes.rings import Ring, build_rings
from bonafide.lab.simulate.schemes.rounds import Player, Promote, Scheme, every
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.streams import Stream
from bonafide.lab.simulate.world import World

SCHEMES: Final[dict[str, type[Scheme]]] = {
    scheme.typology: scheme
    for scheme in (
        UserMerchantLoop, DrainTheLine, IntensiveBurst, RepayAndDrain, ShapedAmounts, CashOutMerchant, BrokerRing,
        SelfPurchase, NoDelivery, RefundElsewhere, BurstThenPayout, BoughtTraffic, OffHours, BustOut, PerfectBill,
        AccountFarm,
    )
}  # fmt: skip
LEFT_MIN: Final = 0.37
"""Of their line, that is worth the trouble."""
RATE_MIN: Final = 0.05
"""Shopping trips a day that everybody keeps up."""


class Cast:
    """Everybody who cashes out, and their rings; empty where the scenario has no schemes."""

    def __init__(self, world: World, rails: Rails, promote: Promote) -> None:
        self.world = world
        self.rings: list[Ring] = []
        self._ring_of: dict[int, Ring] = {}
        mix = world.scenario.mix
        if not mix:
            return
        self.rings = build_rings(world, rails)
        player, rng = Player(world, rails, world.scenario.knobs, promote), world.stream("cast")
        count = max(len(mix), round(world.scenario.knobs.users * len(world.people)))
        usual = [u for u in world.people if u.joined < world.start and rails.left(u) > LEFT_MIN * u.limit]
        users = _of_all_limits(usual, count, rng)
        for typology, group in _shares(users, mix):
            begin = world.start + int(world.scenario.appears_late.get(typology, 0.0) * (world.end - world.start))
            player.hiding |= {
                user.n for place, user in enumerate(group) if every(place, world.scenario.knobs.camouflage)
            }
            for place, ring in enumerate(self.rings):
                part = group[place :: len(self.rings)]
                for user in part:
                    user.role = typology
                    user.rate = max(user.rate, RATE_MIN)
                    self._ring_of[user.n] = ring
                if part:
                    SCHEMES[typology](player, ring, rng).recruit(part, max(begin, world.start + DAY_MS // 2))

    def blocked(self, user: User | None = None, shop: Shop | None = None) -> None:
        """Tell the ring behind a user or a shop that it was blocked."""
        ring = self._ring_of.get(user.n) if user else None
        if shop and shop.ring >= 0:
            ring = self.rings[shop.ring]
        if ring:
            ring.learn_of_block(shop)


def _of_all_limits(people: list[User], count: int, rng: Stream) -> list[User]:
    """So many people with small and large lines as everybody has them; in no order."""
    ordered = sorted(people, key=lambda user: (user.limit, user.n))
    step, start = len(ordered) / min(count, len(ordered)), rng.random()
    chosen = [ordered[int((i + start) * step)] for i in range(min(count, len(ordered)))]
    rng.shuffle(chosen)
    return chosen


def _shares(users: list[User], mix: dict[str, float]) -> list[tuple[str, list[User]]]:
    """The users of each typology, as near to its share as whole people allow."""
    groups, taken, share = [], 0, 0.0
    for typology, part in mix.items():
        share += part / sum(mix.values())
        upto = round(share * len(users))
        groups.append((typology, users[taken:upto]))
        taken = upto
    return groups
