"""What one bundle does on one simulated log: how well it decides, in ranks and in money, and how long that takes."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.kernels import Kernels
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.judged import DISTURBING
from bonafide.lab.metrics import evaluate
from bonafide.lab.replay import WALK_ROWS, Replay, run_replay

from ..speed.single import structs, time_each

TIMED: Final = 20_000
"""Events at the end of the log that are decided one by one and timed; of a short log at most its last half."""


class Column(NamedTuple):
    """A figure of the table."""

    heading: str
    digits: int
    factor: float = 1.0
    """What the figure is shown in: 100 for percent."""


COLUMNS: Final = {
    "ap": Column("AP", 3),
    "auc": Column("AUC", 3),
    "ks": Column("KS", 3),
    "recall_at_budget": Column("recall, %", 1, 100),
    "precision_at_budget": Column("precision, %", 1, 100),
    "money_caught_fraction": Column("money caught, %", 1, 100),
    "line_saved_fraction": Column("line saved, %", 1, 100),
    "honest_stopped_per_10000": Column("honest stopped", 1),
    "honest_disturbed_per_10000": Column("disturbed", 1),
    "visible_loops_alerted": Column("loops, %", 1, 100),
    "honest_flows_alerted": Column("honest flows, %", 1, 100),
    "p50_us": Column("p50, us", 1),
    "p99_us": Column("p99, us", 1),
    "p99_own_us": Column("own p99, us", 1),
}
"""By name; those that `bonafide evaluate` has bear its names."""
BESIDE: Final = ("p50_own_us",)
"""Told in JSON only. `own` is an event's own time on the processor, in which it does not wait for its turn."""
Figures = dict[str, float | None]


class Log(NamedTuple):
    """A simulated log and the truth about it."""

    events: Path
    truth: pl.DataFrame
    loops: pl.DataFrame
    flows: pl.DataFrame


def figures_of(bundle: Bundle, log: Log, folder: Path, kernels: Kernels) -> Figures:
    """The figures of COLUMNS and BESIDE; None where one is undefined. Files go to `folder`."""
    decided = _decide(bundle, log.events, folder, kernels)
    told = evaluate(decided, log.truth, resamples=0)
    judged: Figures = {name: getattr(told, name) for name in COLUMNS if hasattr(told, name)}
    loops = log.loops.filter(pl.col("visible") & (pl.col("via") == "loop"))
    ways = {"visible_loops_alerted": loops, "honest_flows_alerted": log.flows}
    return {
        **judged,
        **{name: alerted_fraction(decided, frame) for name, frame in ways.items()},
        **_times(bundle, log.events, kernels),
    }


def alerted_fraction(decisions: pl.DataFrame, ways: pl.DataFrame) -> float | None:
    """Of rows of loops.parquet or flows.parquet, the share with any event alerted: the payment, or a move of money by
    which something of it came back; None of no rows."""
    if ways.is_empty():
        return None
    alerted = decisions.filter(pl.col("outcome").is_in(DISTURBING))["event_id"]
    caught = ways.select(pl.col("events").list.eval(pl.element().is_in(alerted.implode())).list.any())
    return float(caught.to_series().sum()) / ways.height


def _decide(bundle: Bundle, events: Path, folder: Path, kernels: Kernels) -> pl.DataFrame:
    with RejectWriter() as rejects:
        replay = Replay(Engine(bundle, kernels=kernels), folder, [events], rejects)
        run_replay(read_chunks([events], rejects=rejects), replay, lambda _chunk: None, time.monotonic)
        assert rejects.total == 0, f"{rejects.total} records of the log were refused"
    return pl.read_parquet(folder / "decisions.parquet")


def _times(bundle: Bundle, events: Path, kernels: Kernels) -> Figures:
    """Microseconds of each decided event among the last ones, after all others have been taken in."""
    log = pl.concat([chunk.frame for chunk in read_chunks([events])], how="diagonal")
    engine = Engine(bundle, kernels=kernels)
    warm = log.height - min(TIMED, log.height // 2)
    for start in range(0, warm, WALK_ROWS):
        part = log[start : min(start + WALK_ROWS, warm)]
        engine.decide_columns(kinds_of(part), columns_of(part), np.full(part.height, READ, dtype=np.int64))
    rest = structs(log[warm:].drop("file", "line"))
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        taken = time_each(engine, rest)
    finally:
        gc.enable()
        gc.unfreeze()
    names = ("p50_us", "p50_own_us", "p99_us", "p99_own_us")
    decided = taken[[event.decided for event in rest], :2] / 1e3
    found = np.percentile(decided, (50, 99), axis=0).ravel().tolist() if len(decided) else [None] * len(names)
    return dict(zip(names, found, strict=True))
