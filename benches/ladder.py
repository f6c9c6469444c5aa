"""Whom the shipped ladder meets on simulated platforms, and what it costs: `python -m benches.ladder`.

Each scenario is simulated and decided on; nobody answers, confirms or appeals, so that every measure above a question
ends after three days. The figures stand in docs/ladder.md.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from benches.decisions.played import BUNDLE, decide_run
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.ladder.words import HARDNESS
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import WALK_ROWS
from bonafide.lab.simulate import Simulation, scenario

RUNS: Final = "small-7,small-21,small-22,festival-7,calm-7"
ROUNDS: Final = 5


class Met(NamedTuple):
    """Whom a ladder met on one platform."""

    people: dict[tuple[str, int], int]
    """By kind and whether they are guilty: how many there are."""
    met: dict[tuple[str, str, int], int]
    """By kind, hardest measure that was ever proposed and whether they are guilty: how many."""
    proposals: dict[tuple[str, str], int]


def who(folder: Path) -> Met:
    """Whom a ladder met in a folder that was decided."""
    subjects = pl.read_parquet(folder / "subjects.parquet").select("subject_type", "subject_id", "label")
    guilty = {(kind, name) for kind, name, label in subjects.iter_rows() if label}
    people = Counter((kind, int(label)) for kind, _, label in subjects.iter_rows())
    hardest: dict[tuple[str, str], str] = {}
    proposals: Counter[tuple[str, str]] = Counter()
    table = pl.scan_parquet(folder / "decisions.parquet").select("user_id", "merchant_id", "proposals")
    for row in table.filter(pl.col("proposals").list.len() > 0).collect().iter_rows(named=True):
        for told in row["proposals"]:
            one: dict[str, Any] = msgspec.json.decode(told)
            if one["status"] == "proposed":
                key = one["subject_type"], row[f"{one['subject_type']}_id"]
                hardest[key] = max(hardest.get(key, "notice"), one["measure"], key=HARDNESS.__getitem__)
                proposals[one["subject_type"], one["measure"]] += 1
    met = Counter((kind, measure, int((kind, name) in guilty)) for (kind, name), measure in hardest.items())
    return Met(dict(people), dict(met), dict(proposals))


def show(name: str, met: Met) -> None:
    """Print it."""
    print(f"\n{name}")
    print(f"{'hardest proposed to':<32}{'guilty':>8}{'honest':>8}{'proposals':>11}")
    for kind in ("user", "merchant"):
        print(f"{kind + 's, all':<32}{met.people.get((kind, 1), 0):>8,}{met.people.get((kind, 0), 0):>8,}")
        for measure in HARDNESS:
            counts = [met.met.get((kind, measure, label), 0) for label in (1, 0)]
            proposals = met.proposals.get((kind, measure), 0)
            if proposals:
                print(f"  {measure:<30}{counts[0]:>8,}{counts[1]:>8,}{proposals:>11,}")


def cost(folder: Path) -> None:
    """Print what an event costs with the ladder and without, in processor time: the least of several rounds."""
    bundle = shipped_bundle(BUNDLE)
    with RejectWriter() as rejects:
        frame = pl.concat([c.frame for c in read_chunks([folder / EVENTS], rejects=rejects)], how="diagonal_relaxed")
    parts = [frame[first : first + WALK_ROWS] for first in range(0, frame.height, WALK_ROWS)]
    columns = [(kinds_of(part), columns_of(part)) for part in parts]

    def nanoseconds(engine: Engine) -> float:
        begun = time.process_time_ns()
        for kinds, told in columns:
            engine.decide_columns(kinds, told, np.full(len(kinds), READ))
        return (time.process_time_ns() - begun) / frame.height

    least = {name: float("inf") for name in ("with", "without")}
    for _ in range(ROUNDS):
        for name, one in (("with", bundle), ("without", bundle._replace(ladder=None))):
            least[name] = min(least[name], nanoseconds(Engine(one)))
    print(f"\nprocessor time of an event, {frame.height:,} events: {least['with']:,.0f} ns with the ladder, "
          f"{least['without']:,.0f} ns without")  # fmt: skip


def main() -> None:
    """Read the command line and print the figures."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--runs", default=RUNS, help="scenarios with their seeds (default: %(default)s)")
    reader.add_argument("--cost", action="store_true", help="what an event costs, on the first of them")
    asked = reader.parse_args()
    for number, name in enumerate(asked.runs.split(",")):
        about, seed = name.rsplit("-", 1)
        with TemporaryDirectory(prefix="bonafide-ladder-") as folder:
            decide_run(Simulation(scenario(about), int(seed)), Engine(shipped_bundle(BUNDLE)), Path(folder))
            show(name, who(Path(folder)))
            if asked.cost and number == 0:
                cost(Path(folder))


if __name__ == "__main__":
    main()
