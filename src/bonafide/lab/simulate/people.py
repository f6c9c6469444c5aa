"""People: what they earn, owe and like, and where they live; households share a device and an address."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.books import EMPLOYERS, OUTSIDE, Books
from bonafide.lab.simulate.streams import Stream

YUAN: Final = 100
"""Fen, the minor units of all amounts."""
HISTORY_DAYS: Final = 360
"""Users and shops of before the first day joined within this many days before it; their sign-ups open the log."""
NEW_FRACTION: Final = 0.06
"""Users who join while the log runs."""
LIMIT_MEDIAN_YUAN: Final = 4_500
REVOLVER_FRACTION: Final = 0.17
"""Users who live on the line and pay a part of each bill."""
HOUSEHOLD_FRACTION: Final = 0.16
DORMITORY_FRACTION: Final = 0.05
OWNER_FRACTION: Final = 0.02
"""Users who keep a small shop elsewhere and buy its stock on their line."""
PAYDAYS: Final = (5, 10, 15, 25)
RATE_MEAN: Final = 0.095
"""Shopping trips a day; each has one or more orders."""


class User:
    """One person. Money is in fen, moments in ms; `bank` and `line` are accounts in the books."""

    __slots__ = (
        "account",
        "address",
        "bank",
        "bill_day",
        "cards",
        "closed",
        "credit_taste",
        "device",
        "dormitory",
        "first_bad",
        "household",
        "id",
        "income",
        "ip",
        "is_owner",
        "joined",
        "limit",
        "line",
        "living",
        "missed",
        "n",
        "payday",
        "pays",
        "phone",
        "rate",
        "role",
        "spending",
    )  # fmt: skip

    def __init__(self, n: int) -> None:
        self.n = n
        self.id = f"u{n}"
        self.account = f"au{n}"
        self.device = f"d{n}"
        self.address = f"x{n}"
        self.phone = f"t{n}"
        self.ip = ""
        self.bank = self.line = 0
        self.limit = 0
        self.joined = 0
        self.payday = self.bill_day = 1
        self.income = 0
        self.living = 0.0
        """Share of the income that never comes near the platform."""
        self.pays = 1.0
        """Share of each bill."""
        self.rate = 0.0
        self.spending = 1.0
        self.credit_taste = 0.0
        """Log odds of paying later, before the shop has its say."""
        self.cards = 0.4
        """Share of the rest that is paid by card."""
        self.household = -1
        self.dormitory = False
        self.is_owner = False
        self.closed = False
        """Whether the line is closed."""
        self.missed = 0
        """Bills missed in a row."""
        self.role: str | None = None
        """The typology that they take part in."""
        self.first_bad: int | None = None


def build_people(count: int, start: int, days: int, books: Books, rng: Stream) -> list[User]:
    """Draw so many people who join before `start` or within the days after it, with their savings and their debts."""
    people = [User(n) for n in range(count)]
    networks = max(1, count // 3)
    for user in people:
        _draw(user, start, days, networks, books, rng)
    _draw_households(people, rng)
    _draw_dormitories(people, networks, rng)
    return people


def _draw(user: User, start: int, days: int, networks: int, books: Books, rng: Stream) -> None:
    joins_later = rng.random() < NEW_FRACTION
    user.joined = start + int(rng.random() * days * 0.9 * DAY_MS) if joins_later else (
        start - int((1 + rng.random() * (HISTORY_DAYS - 1)) * DAY_MS)
    )  # fmt: skip
    yuan = min(50_000.0, max(500.0, rng.lognormvariate(0, 0.8) * LIMIT_MEDIAN_YUAN))
    user.limit = int(yuan) // 500 * 500 * YUAN
    user.income = int(rng.lognormvariate(0, 0.45) * 6_000) * YUAN
    user.living = rng.uniform(0.5, 0.8)
    user.payday = rng.choice(PAYDAYS)
    user.bill_day = rng.randint(1, 28)
    user.rate = rng.gammavariate(3.0, RATE_MEAN / 3.0)
    user.spending = rng.lognormvariate(0, 0.25) * (yuan / LIMIT_MEDIAN_YUAN) ** 0.75
    user.credit_taste = rng.gauss(0.0, 0.8)
    user.is_owner = rng.random() < OWNER_FRACTION
    revolves = rng.random() < REVOLVER_FRACTION
    user.pays = rng.uniform(0.1, 0.45) if revolves else 1.0
    if revolves:
        user.credit_taste += 0.7
    user.ip = network(rng.randrange(networks))
    user.bank, user.line = books.open(), books.open()
    books.move(EMPLOYERS, user.bank, int(user.income * rng.uniform(0.1, 1.2)), "savings")
    if not joins_later:
        used = user.limit * (rng.betavariate(3.2, 2.2) if revolves else rng.betavariate(1.1, 5))
        books.move(user.line, OUTSIDE, int(used), "spent before")


def network(number: int) -> str:
    """An address of the space that providers share among many behind NAT (RFC 6598)."""
    return f"100.{64 + number // 65_536 % 64}.{number // 256 % 256}.{number % 256}"


def _draw_households(people: list[User], rng: Stream) -> None:
    """Families of two to four on one device and one address."""
    members = rng.sample(people, round(HOUSEHOLD_FRACTION * len(people)))
    number = 0
    while members:
        family = [members.pop() for _ in range(min(len(members), rng.choice((2, 3, 3, 4))))]
        for user in family:
            user.household = number
            user.device, user.address, user.ip = family[0].device, family[0].address, family[0].ip
        number += 1


def _draw_dormitories(people: list[User], networks: int, rng: Stream) -> None:
    """Students of one building share an address and a network, each with a device of their own."""
    students = rng.sample(people, round(DORMITORY_FRACTION * len(people)))
    for place, user in enumerate(students):
        if user.household < 0:
            building = place // 25
            user.dormitory = True
            user.address, user.ip = f"xd{building}", network(networks + building)
