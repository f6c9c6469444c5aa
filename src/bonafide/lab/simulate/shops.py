"""Shops: what they sell, when they are open, how they are paid out, and who stands behind them."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.books import Books
from bonafide.lab.simulate.categories import CATEGORIES, Category
from bonafide.lab.simulate.people import HISTORY_DAYS, network
from bonafide.lab.simulate.streams import Stream

NEW_FRACTION: Final = 0.04
"""Shops that open while the log runs."""
CHAIN_FRACTION: Final = 0.08
"""Honest shops that share owner, device and account with another."""
INSTANT_FRACTION: Final = 0.2
"""Shops that draw their takings whenever they can."""
POPULARITY_SIGMA: Final = 0.9


class Shop:
    """One shop. `takings` is what the platform holds for it, `bank` its own account; both are accounts in the books."""

    __slots__ = (
        "account",
        "address",
        "bad_today",
        "bank",
        "busted",
        "category",
        "closed",
        "credit_pull",
        "demand",
        "device",
        "first_bad",
        "id",
        "ip",
        "n",
        "opened",
        "owner",
        "phone",
        "ring",
        "role",
        "sold_today",
        "speed",
        "takings",
        "visits",
    )  # fmt: skip

    def __init__(self, n: int, category: Category) -> None:
        self.n = n
        self.id = f"m{n}"
        self.category = category
        self.account = f"am{n}"
        self.owner = f"r{n}"
        self.device = f"dm{n}"
        self.phone = f"tm{n}"
        self.address = f"xm{n}"
        self.ip = ""
        self.takings = self.bank = 0
        self.opened = 0
        self.demand = 0.0
        """Share of all honest demand."""
        self.credit_pull = 0.0
        """Log odds of paying later here, beside the category's."""
        self.visits = 0.0
        """Visits for each sale."""
        self.speed = "scheduled"
        self.role: str | None = None
        """`sham` or `tempted`; None is honest."""
        self.ring = -1
        self.closed = False
        self.busted = False
        """Found out: a front is closed, a tempted shop sells no more cash."""
        self.first_bad: int | None = None
        self.sold_today = self.bad_today = 0


def build_shops(count: int, start: int, days: int, books: Books, rng: Stream) -> list[Shop]:
    """Draw so many honest shops that opened before `start` or open within the days after it."""
    kinds = rng.choices(CATEGORIES, [category.shops for category in CATEGORIES], k=count)
    shops = [Shop(n, category) for n, category in enumerate(kinds)]
    for shop in shops:
        opens_later = rng.random() < NEW_FRACTION
        shop.opened = start + int(rng.random() * 0.7 * days * DAY_MS) if opens_later else (
            start - int((1 + rng.random() * (HISTORY_DAYS - 1)) * DAY_MS)
        )  # fmt: skip
        shop.demand = rng.lognormvariate(0, POPULARITY_SIGMA)
        shop.credit_pull = rng.gauss(0, 1.1)
        shop.visits = rng.uniform(8, 40)
        shop.speed = "instant" if rng.random() < INSTANT_FRACTION else "scheduled"
        shop.ip = network(5_000_000 + shop.n)
        shop.takings, shop.bank = books.open(), books.open()
    _share_demand(shops)
    _draw_chains(shops, rng)
    return shops


def _share_demand(shops: list[Shop]) -> None:
    """Each category's demand goes to its shops by their pull."""
    pull: dict[str, float] = defaultdict(float)
    for shop in shops:
        pull[shop.category.name] += shop.demand
    for shop in shops:
        shop.demand *= shop.category.demand / pull[shop.category.name]
    whole = sum(shop.demand for shop in shops)
    for shop in shops:
        shop.demand /= whole


def _draw_chains(shops: list[Shop], rng: Stream) -> None:
    """Small chains: one owner, one device at the till, one account for the takings of two to four shops."""
    branches = rng.sample(shops, round(CHAIN_FRACTION * len(shops)))
    while len(branches) > 1:
        chain = [branches.pop() for _ in range(min(len(branches), rng.choice((2, 2, 3, 4))))]
        for shop in chain:
            shop.owner, shop.device, shop.account = chain[0].owner, chain[0].device, chain[0].account
            shop.bank, shop.phone = chain[0].bank, chain[0].phone
