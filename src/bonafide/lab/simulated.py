"""A simulated run as files: the log piece by piece as it is made, then the truth in its tables, and a page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from bonafide.lab.base_rates import EVENTS, FLOWS, LOOPS, PAGE, SUBJECTS, TRUTH, BaseRates, Written, measure
from bonafide.lab.log_files import stamp, stamped
from bonafide.lab.simulate import Scenario, Simulation
from bonafide.lab.simulate.books import EMPLOYERS, OUTSIDE, PENDING, PLATFORM
from bonafide.lab.simulated_text import page
from bonafide.lab.tables import TableWriter


def write_run(simulation: Simulation, folder: Path, progress: Callable[[float, float], None]) -> Written:
    """Live a simulation through and write its files into a folder that is there.

    Memory holds what `TableWriter` holds of the log, whatever its length, and 33 bytes for each payment; files of an
    earlier run are removed first. `progress` is told (done, total). The same scenario and seed write the same bytes.
    Raises StateError when the disk refuses a table, OSError when it refuses the page.
    """
    for name in (EVENTS, TRUTH, SUBJECTS, LOOPS, FLOWS, PAGE):
        (folder / name).unlink(missing_ok=True)
    with _table(folder / EVENTS, stamped(simulation.schema)) as events:
        for step in simulation.run():
            events.append(stamp(step.events))
            progress(step.fraction, 1.0)
    truth = {
        TRUTH: simulation.truth(), SUBJECTS: simulation.subjects(), LOOPS: simulation.loops(),
        FLOWS: simulation.flows(),
    }  # fmt: skip
    for name, frame in truth.items():
        with _table(folder / name, frame.schema) as table:
            table.append(frame)
    written = _written(simulation, measure(folder))
    (folder / PAGE).write_text(page(written), encoding="utf-8")
    return written


@contextmanager
def _table(path: Path, schema: pl.Schema) -> Iterator[TableWriter]:
    """A table that is finished at the end of the block, or leaves nothing."""
    table = TableWriter(path, schema)
    try:
        yield table
        table.finish()
    finally:
        table.discard()


def _written(simulation: Simulation, rates: BaseRates) -> Written:
    world = simulation.world
    asked = world.scenario
    return Written(
        scenario=asked.name,
        says=asked.says,
        seed=world.seed,
        users=asked.users,
        merchants=asked.merchants,
        days=asked.days,
        command=command_of(asked, world.seed),
        rates=rates,
        flows=dict(sorted(world.books.flows.items(), key=lambda flow: (-flow[1], flow[0]))),
        balances=balances(simulation),
    )


def command_of(asked: Scenario, seed: int) -> str:
    """The command that makes a run; sizes are told even where they are the scenario's own, which may change."""
    sizes = f"--users {asked.users} --merchants {asked.merchants} --days {asked.days}"
    return f"bonafide simulate --out DIR --scenario {asked.name} {sizes} --seed {seed}"


def balances(simulation: Simulation) -> dict[str, int]:
    """What each kind of holder has in the books, in minor units; lines of credit stand below zero by what is owed."""
    world, balance = simulation.world, simulation.world.books.balance
    places = {
        "employers": {EMPLOYERS},
        "the outside world": {OUTSIDE},
        "payments not yet settled": {PENDING},
        "the platform": {PLATFORM},
        "users' accounts": {user.bank for user in world.people},
        "users' lines of credit": {user.line for user in world.people},
        "takings held for shops": {shop.takings for shop in world.shops},
        "shops' accounts": {shop.bank for shop in world.shops},
        "go-betweens": {number for ring in simulation.cast.rings for number, _ in ring.go_betweens},
        "relatives": set(simulation.favours.relatives),
    }
    held = {who: sum(balance[place] for place in sorted(numbers)) for who, numbers in places.items()}
    known = set().union(*places.values())
    return held | {"others": sum(held for place, held in enumerate(balance) if place not in known)}
