"""Runs that the tests of the simulator share, each lived through once in a process."""

from __future__ import annotations

from functools import cache, cached_property

import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.simulate import Simulation, scenario


class Run:
    """One run and what it left."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.log = pl.concat(step.events for step in simulation.run())
        """As it arrived, messages sent twice included."""
        self.truth = simulation.truth()
        self.subjects = simulation.subjects()
        self.loops, self.flows = simulation.loops(), simulation.flows()

    @cached_property
    def events(self) -> pl.DataFrame:
        """The log without what was sent twice, in order of arrival."""
        return self.log.unique("event_id", keep="first", maintain_order=True)

    @property
    def start(self) -> int:
        """The first midnight of trade, ms."""
        return self.simulation.world.start

    @cached_property
    def payments(self) -> pl.DataFrame:
        """Payments beside their truth: `bad`, `typology` (or what they look like), `known_at`, `observed`."""
        truth = self.truth.select(
            "event_id", "typology", bad=pl.col("label") == 1, known_at=pl.col("known_at").dt.epoch("ms"),
            observed="observed_label", observed_source="observed_source",
        )  # fmt: skip
        return self.events.filter(type="payment").join(truth, on="event_id", maintain_order="left")

    def day(self, number: int) -> int:
        """The midnight that so many days of trade come before, ms."""
        return self.start + number * DAY_MS


@cache
def run(
    name: str, users: int | None = None, merchants: int | None = None, days: int | None = None, seed: int = 1
) -> Run:
    """A scenario lived through; sizes that are left out are its own."""
    return Run(Simulation(scenario(name, users, merchants, days), seed))


def small() -> Run:
    """The platform of the demo, at its own size."""
    return run("small")


def middle() -> Run:
    """The same, small enough to be read event by event in plain Python."""
    return run("small", 800, 80, 30, seed=3)
