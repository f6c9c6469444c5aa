"""One event at a time, in process, with a million events in state.

Events come as structs, as the door hands them over, and each call takes one in and gives its decision. What exists is
put out of the collector's reach before, and the collector is off, as in a server that has started. Each call's own time
on the processor is told beside its time by the clock, so that a worst event that only waited for its turn is seen.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.decision import Decision
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import FIELDS
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.simulate import Simulation, scenario

from .bundles import SHIPPED, without_model
from .stage import Bound, Measured, Ran, Side, Size, Stage
from .trade import PIECE, Trade

SLOW_NS: Final = 1_000_000
DAYS: Final = 30
PLATFORM: Final = "platform.parquet"


def figures(p50: float, p99: float, which: str) -> dict[str, Measured]:
    """What a side gives, with the most microseconds that half, and 99 of 100, of its decisions are to take; `which`
    stands before their names."""
    half, most = Measured("us", target=Bound("<=", p50)), Measured("us", target=Bound("<=", p99))
    worst = Measured("ms", target=Bound("<=", 20))
    told = {
        "p50": half, "p99": most, "p99.9": Measured("us"), "worst": worst,
        "worst, its own time on the processor": Measured("ms"), "events of over 1 ms": Measured("1"),
        "a payout, p50": half, "a payout, p99": most, "a payout, worst": worst,
        "an event that only teaches, p50": Measured("us"),
    }  # fmt: skip
    return {f"{which}, {name}": one for name, one in told.items()}


ON_PLATFORM: Final = figures(18, 50, "a platform's log")
WITH_MODEL: Final = figures(18, 50, "trade alone")
WITHOUT_MODEL: Final = figures(12, 40, "trade alone, no model")


class Log(Protocol):
    """Events by their places."""

    def frame(self, first: int, last: int) -> pl.DataFrame:
        """A stretch of them."""

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """A stretch cut into places from and to."""


class Platform(NamedTuple):
    """A simulated platform's log."""

    events: pl.DataFrame

    def frame(self, first: int, last: int) -> pl.DataFrame:
        """A stretch of it."""
        return self.events[first:last]

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """A stretch of it, cut into places from and to."""
        return ((start, min(start + PIECE, last)) for start in range(first, last, PIECE))


def make_inputs(folder: Path, size: Size) -> None:
    """The platform's log; trade is made as it goes."""
    steps = Simulation(scenario("small", size["users"], days=DAYS), 1).run()
    pl.concat(step.events for step in steps).write_parquet(folder / PLATFORM)


def fill(engine: Engine, log: Log, first: int, last: int) -> None:
    """Carry events of a log through an engine, in batches."""
    for start, end in log.pieces(first, last):
        part = log.frame(start, end)
        engine.decide_columns(kinds_of(part), columns_of(part), np.full(part.height, READ, dtype=np.int64))


def structs(frame: pl.DataFrame) -> list[Fact]:
    """Events as the door hands them over."""
    made = []
    for record in frame.iter_rows(named=True):
        given = {name: _value(name, value) for name, value in record.items() if value is not None}
        made.append(msgspec.convert(given, EVENT_CLASS[given.pop("type")]))
    return made


def _value(name: str, value: Any) -> Any:
    return msgspec.json.decode(value) if name in FIELDS and FIELDS[name].kind == "list" else value


def time_each(engine: Engine, events: list[Fact]) -> NDArray[np.int64]:
    """Nanoseconds of each event's decision by the clock, and of this thread on the processor; and whether it proposed a
    measure."""
    taken = np.zeros((len(events), 3), dtype=np.int64)
    decide = engine.decide_one
    for i, event in enumerate(events):
        busy = thread_time_ns()
        begin = perf_counter_ns()
        answer = decide(event)
        taken[i, 0] = perf_counter_ns() - begin
        taken[i, 1] = thread_time_ns() - busy
        taken[i, 2] = isinstance(answer, Decision) and bool(answer.measures)
    return taken


def run_platform(folder: Path, size: Size) -> Ran:
    """The shipped bundle, the newest events of a platform."""
    log = Platform(pl.read_parquet(folder / PLATFORM))
    count = min(size["events"], log.events.height // 4)
    return _run(shipped_bundle(SHIPPED), log, log.events.height - count, count, ON_PLATFORM)


def run_trade(folder: Path, size: Size) -> Ran:
    """The shipped bundle, trade alone."""
    before, count = size["events in state"], size["events"]
    return _run(shipped_bundle(SHIPPED), Trade(before + count), before, count, WITH_MODEL)


def run_without_model(folder: Path, size: Size) -> Ran:
    """The same, scored by its rules alone."""
    before, count = size["events in state"], size["events"]
    return _run(without_model(shipped_bundle(SHIPPED)), Trade(before + count), before, count, WITHOUT_MODEL)


def _run(bundle: Bundle, log: Log, before: int, count: int, told: Mapping[str, Measured]) -> Ran:
    """Fill the state, then time every further event."""
    engine = Engine(bundle)
    fill(engine, log, 0, before)
    taken, decided, payouts = [], [], []
    gc.disable()
    try:
        for start, end in log.pieces(before, before + count):
            events = structs(log.frame(start, end))
            gc.collect()
            gc.freeze()
            taken.append(time_each(engine, events))
            gc.unfreeze()
            decided.append(np.array([event.decided for event in events]))
            payouts.append(np.array([event.type == "payout" for event in events]))
    finally:  # whoever runs in this process later would keep every engine that is part of a cycle
        gc.enable()
    nanoseconds, is_decided = np.concatenate(taken), np.concatenate(decided)
    clock, busy, proposing = *nanoseconds[is_decided, :2].T, nanoseconds[:, 2].sum()
    of_payouts = nanoseconds[np.concatenate(payouts), 0]
    p50, p99, p999 = np.percentile(clock, (50, 99, 99.9)) / 1e3
    of_one = (*np.percentile(of_payouts, (50, 99)) / 1e3, of_payouts.max() / 1e6)
    found = (p50, p99, p999, clock.max() / 1e6, busy.max() / 1e6, int((clock > SLOW_NS).sum()), *of_one,
             float(np.median(nanoseconds[~is_decided, 0])) / 1e3)  # fmt: skip
    which = next(iter(told)).rpartition(", ")[0]
    note = (
        f"{which}: {before:,} events in state; {len(clock):,} of {len(is_decided):,} were decided on, "
        f"{len(of_payouts):,} of them payouts; {proposing / len(clock):.1%} proposed a measure"
    )
    return Ran({name: float(value) for name, value in zip(told, found, strict=True)}, (note,))


STAGE: Final = Stage(
    "single",
    f"one event in process, the shipped bundle {SHIPPED}",
    make_inputs,
    {
        "platform": Side(run_platform, ON_PLATFORM),
        "trade": Side(run_trade, WITH_MODEL),
        "trade, no model": Side(run_without_model, WITHOUT_MODEL),
    },
    {
        "quick": {"users": 1_000, "events in state": 50_000, "events": 20_000},
        "normal": {"users": 50_000, "events in state": 1_000_000, "events": 1_000_000},
    },
    rounds=1,
)
