"""A recorded scenario played again: simulated, decided by the shipped bundle, and judged by the truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import polars as pl

from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.metrics import Evaluation, evaluate
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.simulate import SCENARIOS, Simulation, scenario
from bonafide.lab.simulated import write_run

FOLDER: Final = Path(__file__).parent
BUNDLE: Final = "paylater"
SEED: Final = 7
"""A development seed: baselines are looked at while detectors are built."""
NAMES: Final = tuple(f"{name}-seed-{SEED}" for name in SCENARIOS if name != "city")
"""All scenarios but the one that takes minutes."""


def command(name: str) -> str:
    """How anybody gets the same figures."""
    return f"python -m benches.decisions {name}"


def play(name: str, folder: Path) -> Evaluation:
    """The figures of a scenario under a seed, named such as small-seed-7; files go to `folder`, which is there.

    Raises UsageError for a scenario that there is not.
    """
    about, seed = name.rsplit("-seed-", 1)
    decide_run(Simulation(scenario(about), int(seed)), Engine(shipped_bundle(BUNDLE)), folder)
    decided, truth = pl.read_parquet(folder / "decisions.parquet"), pl.read_parquet(folder / TRUTH)
    return evaluate(decided, truth, resamples=0)


def decide_run(simulation: Simulation, engine: Engine, folder: Path) -> None:
    """Write a simulated run into `folder`, which is there, and what a fresh engine decides on it beside that."""
    write_run(simulation, folder, lambda done, total: None)
    decide_again(engine, folder)


def decide_again(engine: Engine, folder: Path) -> None:
    """Write what a fresh engine decides on the log of a folder beside it."""
    events = folder / EVENTS
    with RejectWriter() as rejects:
        replay = Replay(engine, folder, [events], rejects)
        run_replay(read_chunks([events], rejects=rejects), replay, lambda chunk: None, time.monotonic)
