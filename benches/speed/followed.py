"""What following money, links and groups adds to an event, on a log of the simulator.

Run it with `python -m benches.speed.followed FOLDER [SINGLE]`, a folder that `bonafide simulate --out` wrote. The
shipped bundle and the part of it that reads windows alone take in all but the last SINGLE events of the log in batches;
those come one at a time, a few hundred by one engine and then the same by the other. Times are the processor's.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from time import perf_counter, thread_time_ns
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benches.ablation.layers import up_to
from benches.speed.single import structs
from bonafide.core.events import Fact
from bonafide.engine.arena import H_FUNDS
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.funds.layout import N_CAPACITY, N_COUNT, N_KIND, N_TAGS, PAYER, PLACE_SLOT, TAG_WORDS
from bonafide.engine.index import I_DEPTH, I_DIRECTORY, S_SLOTS, SLOTS
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.log_files import scan_log

SINGLE: Final = 100_000
TURN: Final = 500
"""Events by one engine before the other takes the same."""
BATCH: Final = 16_384


def main() -> None:
    """Measure and print."""
    folder, single = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SINGLE
    whole = shipped_bundle("paylater")
    engines = {"windows alone": Engine(up_to(whole, "windows")), "all": Engine(whole)}
    log = scan_log(folder / EVENTS)
    length = log.select(pl.len()).collect().item()
    for name, engine in engines.items():
        began = perf_counter()
        for start in range(0, length - single, BATCH):
            part = log.slice(start, min(BATCH, length - single - start)).collect()
            engine.decide_columns(kinds_of(part), columns_of(part), np.full(part.height, READ, dtype=np.int64))
        print(
            f"{name}: {length - single:,} events in {perf_counter() - began:.0f} s, {engine.state.used_bytes >> 20} MiB"
        )
    events = structs(log.slice(length - single, single).collect())
    times = time_by_turns(list(engines.values()), events)
    for i, name in enumerate(engines):
        told = "  ".join(f"p{p:g} {np.percentile(times[i], p) / 1000:.1f}" for p in (50, 90, 99, 99.9))
        print(f"{name}, us an event: {told}")
    added = (times[1] - times[0]) / 1000
    print(
        "added to the same event, us: " + "  ".join(f"p{p:g} {np.percentile(added, p):.1f}" for p in (50, 90, 99, 99.9))
    )
    tell_places(engines["all"])


def time_by_turns(engines: list[Engine], events: list[Fact]) -> NDArray[np.int64]:
    """Nanoseconds on the processor of each event by each engine."""
    times = np.zeros((len(engines), len(events)), dtype=np.int64)
    gc.collect()
    gc.freeze()
    gc.disable()
    for first in range(0, len(events), TURN):
        for i, engine in enumerate(engines):
            decide = engine.decide_one
            for n in range(first, min(first + TURN, len(events))):
                began = thread_time_ns()
                decide(events[n])
                times[i, n] = thread_time_ns() - began
    gc.enable()
    return times


def tell_places(engine: Engine) -> None:
    """How many places of money there are, and what they take."""
    mem = engine.state.memory
    directory, size = int(mem[H_FUNDS + I_DIRECTORY]), 1 << int(mem[H_FUNDS + I_DEPTH])
    segments = np.unique(mem[directory : directory + size])
    blocks = [int(mem[s + S_SLOTS + i * PLACE_SLOT + 1]) for s in segments.tolist() for i in range(SLOTS)
              if mem[s + S_SLOTS + i * PLACE_SLOT] != 0]  # fmt: skip
    places = [b for b in blocks if mem[b + N_KIND] != PAYER]
    taken = np.array([8 * (N_TAGS + int(mem[b + N_CAPACITY]) * TAG_WORDS) for b in places])
    tags = np.array([int(mem[b + N_COUNT]) for b in places])
    print(
        f"{len(places):,} merchants and accounts with {tags.sum():,} tags: {taken.mean():.0f} bytes on average, median "
        f"{np.median(taken):.0f}, most {taken.max():,}; {taken.sum() >> 20} MiB in all; {len(blocks) - len(places):,} "
        f"payers"
    )


if __name__ == "__main__":
    main()
