"""A run: the world is made, its days are planned one by one, and its log leaves in pieces as it is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate.labels import Labels
from bonafide.lab.simulate.life.flows import Flows
from bonafide.lab.simulate.life.joining import plan_joining
from bonafide.lab.simulate.life.lookalikes import Lookalikes
from bonafide.lab.simulate.life.money import Household
from bonafide.lab.simulate.life.shopping import Shopping
from bonafide.lab.simulate.life.trading import Trading
from bonafide.lab.simulate.rails import Rails
from bonafide.lab.simulate.returns import FLOWS, LOOPS
from bonafide.lab.simulate.scenarios import Scenario
from bonafide.lab.simulate.schemes.cast import Cast
from bonafide.lab.simulate.truth import subjects_frame
from bonafide.lab.simulate.world import World


class Step(NamedTuple):
    """One piece of the log."""

    events: pl.DataFrame
    fraction: float
    """How much of the days has passed, 0..1."""


class Simulation:
    """One simulated platform. The same scenario and seed give the same log and truth, to the byte."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Raises UsageError for a negative seed."""
        if seed < 0:
            raise UsageError(f"seed is {seed}; accepted are whole numbers from 0")
        self.world = world = World(scenario, seed)
        self.rails = rails = Rails(world)
        self.household = Household(world, rails)
        self.trading = Trading(world, rails)
        self.cast = Cast(world, rails, self.trading.promote)
        self.shopping = shopping = Shopping(world, rails)
        self._lookalikes = Lookalikes(world, rails, shopping)
        self.favours = Flows(world, rails, self.household, shopping)
        self.labels = Labels(world, rails, self.cast)
        plan_joining(world)

    @property
    def schema(self) -> pl.Schema:
        """Columns of the log."""
        return self.world.feed.schema

    def run(self) -> Iterator[Step]:
        """Live through the days; give the log piece by piece, in order of arrival."""
        world = self.world
        world.clock.run(world.start)
        for midnight in range(world.start, world.end, DAY_MS):
            for habit in (self.household, self.trading, self.shopping, self._lookalikes, self.favours):
                habit.day(midnight)
            world.clock.run(midnight + DAY_MS)
            for events in world.feed.leave():
                yield Step(events, world.fraction_gone)
        for events in world.feed.leave(all_of_it=True):
            yield Step(events, 1.0)

    def truth(self) -> pl.DataFrame:
        """The truth about every payment so far, as truth.parquet has it."""
        return self.world.truth.frame(self.world.clock.now)

    def loops(self) -> pl.DataFrame:
        """Cash-out payments whose cash has come home so far, as loops.parquet has them."""
        return self.world.loops.frame(LOOPS)

    def flows(self) -> pl.DataFrame:
        """Honest payments of which money has come back so far, as flows.parquet has them."""
        return self.world.flows.frame(FLOWS)

    def subjects(self) -> pl.DataFrame:
        """Who takes part, as subjects.parquet has it."""
        return subjects_frame(self.world.people, self.world.shops)
