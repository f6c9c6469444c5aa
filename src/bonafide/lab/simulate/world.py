"""The world of the demo: people with lines of credit, shops with their trade, and the rings among them.

Everything is an array over users or merchants, drawn once. Amounts are fen (CNY minor units), moments are integer
milliseconds since 1970 UTC, local time is UTC+8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from bonafide.core.moment import DAY_MS, HOUR_MS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

START_MS: Final = 1_767_542_400_000
"""2026-01-05 00:00 local time, a Monday."""
LOCAL_OFFSET_MS: Final = 8 * HOUR_MS
HISTORY_DAYS: Final = 360
"""Users and shops of before the first day joined within this many days before it; their sign-ups open the log."""
NEW_USER_FRACTION: Final = 0.05
"""Users who join while the log runs."""
YUAN: Final = 100
"""Fen."""

CASH_OUT_USER_FRACTION: Final = 0.01
BAD_MERCHANT_FRACTION: Final = 0.01
HOUSEHOLD_FRACTION: Final = 0.15
"""Users who share a device and an address with family."""
SHOP_OWNER_FRACTION: Final = 0.02
PAYDAYS: Final = (5, 10, 15, 25)

Goods = Literal["physical", "virtual", "service"]


@dataclass(frozen=True, slots=True)
class Category:
    """What a kind of shop sells: the law of its amounts, its hours and its ways to sell."""

    name: str
    goods: Goods
    median_yuan: float
    sigma: float
    """Of the log of amounts."""
    shops: float
    """Share of shops, before normalising."""
    demand: float
    """How often people buy there, before normalising."""
    hours: tuple[tuple[float, float], ...]
    """Peaks of the day: local hour and spread in hours."""
    channels: tuple[float, float, float, float, float]
    """Weights of app, live, web, qr, pos."""
    price_points_yuan: tuple[int, ...] = ()
    """Fixed prices; empty means prices by the law of amounts."""


CHANNELS: Final = ("app", "live", "web", "qr", "pos")
_DAY: Final = ((11.0, 2.5), (16.0, 3.0), (20.5, 2.0))
_MEALS: Final = ((8.0, 0.8), (12.2, 0.9), (18.6, 1.1))
_LATE: Final = ((14.0, 3.0), (23.0, 2.5))
_EVENING: Final = ((13.0, 3.0), (21.5, 2.2))
CATEGORIES: Final = (
    Category("groceries", "physical", 62, 0.7, 14, 22, ((9.0, 1.5), (17.8, 1.8)), (1, 0, 0, 6, 4)),
    Category("meals", "service", 34, 0.5, 16, 24, _MEALS, (4, 0, 0, 6, 1)),
    Category("clothing", "physical", 160, 0.7, 14, 10, _DAY, (6, 3, 1, 0.5, 0.5)),
    Category("beauty", "physical", 128, 0.7, 9, 7, _EVENING, (5, 5, 1, 0, 0)),
    Category("home", "physical", 150, 0.9, 9, 7, _DAY, (6, 2, 1, 0, 0)),
    Category("electronics", "physical", 780, 1.1, 7, 4, _EVENING, (6, 2, 2, 0, 0.5)),
    Category("appliances", "physical", 2100, 0.7, 4, 1.2, _DAY, (5, 2, 2, 0, 1)),
    Category("jewellery", "physical", 1700, 0.9, 3, 0.7, _DAY, (3, 4, 0, 1, 2)),
    Category("wholesale", "physical", 950, 0.8, 3, 0.5, ((9.0, 2.0), (14.5, 2.5)), (3, 0, 3, 2, 1)),
    Category("travel", "service", 430, 0.9, 4, 3, _EVENING, (6, 1, 3, 0, 0)),
    Category("entertainment", "service", 85, 0.7, 6, 8, ((19.5, 2.5), (22.5, 1.8)), (5, 1, 0, 3, 1)),
    Category("top_up", "virtual", 50, 0.5, 4, 7, _EVENING, (7, 0, 3, 0, 0), (10, 30, 50, 100, 200, 300)),
    Category("games", "virtual", 68, 0.9, 4, 5, _LATE, (8, 0, 2, 0, 0), (6, 30, 68, 128, 328, 648)),
    Category("gift_cards", "virtual", 200, 0.8, 3, 1.2, _EVENING, (6, 1, 3, 0, 0), (50, 100, 200, 500, 1000, 2000)),
)  # fmt: skip
_CATEGORY_CODE: Final = {category.name: code for code, category in enumerate(CATEGORIES)}

MerchantRole = Literal["honest", "sham", "tempted", "new"]
ROLES: Final[tuple[MerchantRole, ...]] = ("honest", "sham", "tempted", "new")
"""Honest; a front for cash-out; an honest trade that sells cash-out too; a front that opens while the log runs."""
_ROLE_CATEGORIES: Final[dict[MerchantRole, tuple[str, ...]]] = {
    "sham": ("electronics", "jewellery", "clothing", "home"),
    "tempted": ("gift_cards",),
    "new": ("beauty", "clothing", "electronics"),
}


@dataclass(frozen=True, slots=True)
class Users:
    """Arrays over users."""

    joined_ms: Ints
    limit: Ints
    used_at_start: Ints
    """Of the line, at the first event."""
    purchases_per_day: Floats
    spending: Floats
    """Factor on amounts, around 1."""
    credit_fraction: Floats
    """How often the line is the first choice."""
    payday: Ints
    """Day of the month."""
    bill_day: Ints
    """Day of the log's month-long bill cycle, 0..29."""
    device: Ints
    address: Ints
    network: Ints
    """A provider's shared address (NAT); dormitories share one among many."""
    household: Ints
    """-1: lives alone."""
    is_shop_owner: Flags
    is_cash_out: Flags

    @property
    def size(self) -> int:
        """How many there are."""
        return self.limit.size


@dataclass(frozen=True, slots=True)
class Merchants:
    """Arrays over merchants."""

    opened_ms: Ints
    category: Ints
    role: Ints
    """Place in ROLES."""
    popularity: Floats
    """Share of honest demand within the log, summing to 1; bad merchants get their honest trade apart."""
    pays_out_instantly: Flags
    ring: Ints
    """Whose buyers and money it handles: -1 no ring's."""
    device: Ints

    @property
    def size(self) -> int:
        """How many there are."""
        return self.category.size

    def of_role(self, role: MerchantRole) -> Ints:
        """Merchants of a role, as row numbers."""
        return np.flatnonzero(self.role == ROLES.index(role))

    def of_category(self, name: str) -> Ints:
        """Honest shops of a category; any honest shop where there is none."""
        honest = self.role == 0
        found = np.flatnonzero(honest & (self.category == _CATEGORY_CODE[name]))
        return found if found.size else np.flatnonzero(honest)


@dataclass(frozen=True, slots=True)
class World:
    """Users, merchants and the span of the log."""

    users: Users
    merchants: Merchants
    days: int
    seed: int

    @property
    def end_ms(self) -> int:
        """The moment after the log's last day."""
        return START_MS + self.days * DAY_MS

    @property
    def rings(self) -> int:
        """How many rings there are."""
        return int(self.merchants.ring.max()) + 1

    def stream(self, name: str) -> Rng:
        """The stream of chance called `name`."""
        return stream(self.seed, name)


def stream(seed: int, name: str) -> Rng:
    """The stream of chance called `name`; a stream that is drawn from more or less moves no other."""
    return np.random.Generator(np.random.PCG64([seed, *name.encode()]))


def build_world(users: int, merchants: int, days: int, seed: int) -> World:
    """Draw the people and the shops."""
    shops = _draw_merchants(merchants, days, stream(seed, "merchants"))
    return World(_draw_users(users, days, stream(seed, "users")), shops, days, seed)


def _draw_users(size: int, days: int, rng: Rng) -> Users:
    limit = np.clip(np.exp(rng.normal(np.log(6_000), 0.7, size)), 500, 50_000)
    limit = (limit // 500).astype(np.int64) * 500 * YUAN
    joined = START_MS - rng.integers(1, HISTORY_DAYS * DAY_MS, size)
    is_new = rng.random(size) < NEW_USER_FRACTION
    joined[is_new] = START_MS + rng.integers(0, days * DAY_MS * 9 // 10, int(is_new.sum()))
    used = (limit * rng.beta(1.2, 2.5, size)).astype(np.int64)
    used[is_new] = 0
    household, device, address = _draw_households(size, rng)
    network = rng.integers(0, max(1, size // 3), size)
    in_dormitory = rng.random(size) < 0.05
    network[in_dormitory] = network.max() + 1 + rng.integers(0, max(1, size // 500), int(in_dormitory.sum()))
    is_cash_out = np.zeros(size, np.bool_)
    old = np.flatnonzero(~is_new)
    bad = rng.choice(old, min(old.size, max(5, round(CASH_OUT_USER_FRACTION * size))), replace=False)
    is_cash_out[bad] = True
    return Users(
        joined_ms=joined,
        limit=limit,
        used_at_start=used,
        purchases_per_day=rng.gamma(2.0, 0.36, size),
        spending=np.exp(rng.normal(0, 0.4, size)) * (limit / (6_000 * YUAN)) ** 0.4,
        credit_fraction=rng.beta(2.2, 2.2, size),
        payday=rng.choice(PAYDAYS, size),
        bill_day=rng.integers(0, 30, size),
        device=device,
        address=address,
        network=network,
        household=household,
        is_shop_owner=rng.random(size) < SHOP_OWNER_FRACTION,
        is_cash_out=is_cash_out,
    )


def _draw_households(size: int, rng: Rng) -> tuple[Ints, Ints, Ints]:
    """Household of each user (-1 alone), and the devices and addresses that households share."""
    household = np.full(size, -1, np.int64)
    members = rng.permutation(size)[: round(HOUSEHOLD_FRACTION * size)]
    household[members] = np.arange(members.size) // 3
    device, address = np.arange(size), np.arange(size)
    device[members] = members[household[members] * 3]
    address[members] = device[members]
    return household, device, address


def _draw_merchants(size: int, days: int, rng: Rng) -> Merchants:
    shops = np.array([category.shops for category in CATEGORIES])
    category = rng.choice(len(CATEGORIES), size, p=shops / shops.sum())
    role = np.zeros(size, np.int64)
    bad = rng.choice(size, min(size // 2, max(3, round(BAD_MERCHANT_FRACTION * size))), replace=False)
    role[bad] = 1 + np.arange(bad.size) % 3
    opened = START_MS - rng.integers(1, HISTORY_DAYS * DAY_MS, size)
    ring = np.full(size, -1, np.int64)
    ring[bad] = np.arange(bad.size) // 3
    for name, names in _ROLE_CATEGORIES.items():
        of_role = np.flatnonzero(role == ROLES.index(name))
        category[of_role] = rng.choice([_CATEGORY_CODE[n] for n in names], of_role.size)
    opens_during = (role == ROLES.index("new")) | ((role == 0) & (rng.random(size) < 0.02))
    opened[opens_during] = START_MS + rng.integers(0, days * DAY_MS // 2, int(opens_during.sum()))
    device = np.arange(size)
    # The fronts of one ring are run from one device; a tempted shop keeps its own.
    fronts = bad[role[bad] != ROLES.index("tempted")]
    device[fronts] = bad[ring[fronts] * 3]
    return Merchants(
        opened_ms=opened,
        category=category,
        role=role,
        popularity=_popularity(category, role, rng),
        pays_out_instantly=(role != 0) | (rng.random(size) < 0.15),
        ring=ring,
        device=device,
    )


def _popularity(category: Ints, role: Ints, rng: Rng) -> Floats:
    """Demand of each category, shared among its honest shops by a law of few large and many small."""
    pull = rng.pareto(1.4, category.size)
    pull[role != 0] = 0
    of_category = np.bincount(category, pull, len(CATEGORIES))[category]
    demand = np.array([c.demand for c in CATEGORIES])[category]
    pull = demand * pull / np.maximum(of_category, np.finfo(np.float64).tiny)
    return np.asarray(pull / pull.sum(), dtype=np.float64)
