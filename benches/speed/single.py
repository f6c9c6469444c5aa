"""One event at a time, in process, with a million events in state.

Events come as structs, as the door hands them over, and each call takes one in and gives its decision. What exists is
put out of the collector's reach before, and the collector is off, as in a server that has started. Each call's own time
on the processor is told beside its time by the clock, so that a worst event that only waited for its turn is seen.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of

from .bundles import SHIPPED, without_model
from .stage import Bound, Measured, Ran, Side, Size, Stage, no_inputs
from .trade import Trade

SLOW_NS: Final = 1_000_000


def figures(p50: float, p99: float, which: str = "") -> dict[str, Measured]:
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
    return {which + name: one for name, one in told.items()}


WITH_MODEL: Final = figures(18, 50)
WITHOUT_MODEL: Final = figures(12, 40, "no model: ")


def fill(engine: Engine, trade: Trade, first: int, last: int) -> None:
    """Carry events of a trade through an engine, in batches."""
    for start, end in trade.pieces(first, last):
        part = trade.frame(start, end)
        engine.decide_columns(kinds_of(part), columns_of(part), np.full(part.height, READ, dtype=np.int64))


def structs(trade: Trade, first: int, last: int) -> list[Fact]:
    """Events of a trade as the door hands them over."""
    made = []
    for record in trade.frame(first, last).iter_rows(named=True):
        kind = record.pop("type")
        made.append(EVENT_CLASS[kind](**{name: value for name, value in record.items() if value is not None}))
    return made


def time_each(engine: Engine, events: list[Fact]) -> NDArray[np.int64]:
    """Nanoseconds of each event's decision: by the clock, and of this thread on the processor."""
    taken = np.zeros((len(events), 2), dtype=np.int64)
    decide = engine.decide_one
    for i, event in enumerate(events):
        busy = thread_time_ns()
        begin = perf_counter_ns()
        decide(event)
        taken[i, 0] = perf_counter_ns() - begin
        taken[i, 1] = thread_time_ns() - busy
    return taken


def run_shipped(folder: Path, size: Size) -> Ran:
    """The shipped bundle."""
    return _run(shipped_bundle(SHIPPED), WITH_MODEL, size)


def run_without_model(folder: Path, size: Size) -> Ran:
    """The same, scored by its rules alone."""
    return _run(without_model(shipped_bundle(SHIPPED)), WITHOUT_MODEL, size)


def _run(bundle: Bundle, told: Mapping[str, Measured], size: Size) -> Ran:
    """Fill the state, then time every further event."""
    before, count = size["events in state"], size["events"]
    trade = Trade(before + count)
    engine = Engine(bundle)
    fill(engine, trade, 0, before)
    taken, decided, payouts = [], [], []
    gc.disable()
    try:
        for start, end in trade.pieces(before, before + count):
            events = structs(trade, start, end)
            gc.collect()
            gc.freeze()
            taken.append(time_each(engine, events))
            gc.unfreeze()
            decided.append(np.array([event.decided for event in events]))
            payouts.append(np.array([event.type == "payout" for event in events]))
    finally:  # whoever runs in this process later would keep every engine that is part of a cycle
        gc.enable()
    nanoseconds, is_decided = np.concatenate(taken), np.concatenate(decided)
    clock, busy = nanoseconds[is_decided, 0], nanoseconds[is_decided, 1]
    of_payouts = nanoseconds[np.concatenate(payouts), 0]
    p50, p99, p999 = np.percentile(clock, (50, 99, 99.9)) / 1e3
    of_one = (*np.percentile(of_payouts, (50, 99)) / 1e3, of_payouts.max() / 1e6)
    found = (p50, p99, p999, clock.max() / 1e6, busy.max() / 1e6, int((clock > SLOW_NS).sum()), *of_one,
             float(np.median(nanoseconds[~is_decided, 0])) / 1e3)  # fmt: skip
    note = (
        f"{len(clock):,} of {len(is_decided):,} events were decided on: payments, refunds, {len(of_payouts):,} payouts"
    )
    return Ran({name: float(value) for name, value in zip(told, found, strict=True)}, (note,))


STAGE: Final = Stage(
    "single",
    f"one event in process, the shipped bundle {SHIPPED}",
    no_inputs,
    {"engine": Side(run_shipped, WITH_MODEL), "engine, no model": Side(run_without_model, WITHOUT_MODEL)},
    {
        "quick": {"events in state": 50_000, "events": 20_000},
        "normal": {"events in state": 1_000_000, "events": 1_300_000},
    },
    rounds=1,
)
