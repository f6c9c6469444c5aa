"""The world: one clock, one set of books, everybody who is there, and the one log of what the platform sees of it."""

from __future__ import annotations

from functools import cache

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate import calendar
from bonafide.lab.simulate.books import Books
from bonafide.lab.simulate.clock import Clock
from bonafide.lab.simulate.feed import Feed
from bonafide.lab.simulate.people import HISTORY_DAYS, User, build_people
from bonafide.lab.simulate.returns import Returns
from bonafide.lab.simulate.scenarios import Scenario
from bonafide.lab.simulate.shops import Shop, build_shops
from bonafide.lab.simulate.streams import Stream, stream
from bonafide.lab.simulate.truth import Truth


class World:
    """What everything that acts is given; it holds no habits of its own."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.start = calendar.midnight(scenario.first_day)
        """The first local midnight of trade, ms."""
        self.end = self.start + scenario.days * DAY_MS
        self.clock = Clock(self.start - (HISTORY_DAYS + 1) * DAY_MS)
        self.books = Books()
        self.feed = Feed(self.clock, stream(seed, "feed"))
        self.truth = Truth()
        self.loops, self.flows = Returns(), Returns()
        """What came back of cash-out payments, and of honest ones that look like them."""
        self.people: list[User] = build_people(
            scenario.users, self.start, scenario.days, self.books, stream(seed, "people")
        )
        self.shops: list[Shop] = build_shops(
            scenario.merchants, self.start, scenario.days, self.books, stream(seed, "shops")
        )
        self.stream = cache(self._stream)

    def _stream(self, name: str) -> Stream:
        return stream(self.seed, name)

    @property
    def fraction_gone(self) -> float:
        """How much of the days of trade has passed, 0..1."""
        return min(1.0, max(0.0, (self.clock.now - self.start) / (self.end - self.start)))
