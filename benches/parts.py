"""The parts of a score: `python -m benches.parts` says what keeping them costs, and how long telling them takes.

A simulated platform's events go through the service's own runtime (line, engine, journal, disk), in turn without bases
and with them, and the shipped bundle decides. Then every decision is asked for its parts, as the route does, without
HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.apps.server.answers import Refused
from bonafide.apps.server.parts import Tellers
from bonafide.apps.server.parts_route import parts_of
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.engine.engine import Engine
from bonafide.engine.kernels import load_kernels
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.trees.ready import make_ready
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.explain.score import INPUTS_SHOWN
from bonafide.lab.log_files import scan_log
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.office.journal.bases import pack_inputs
from bonafide.office.journal.journal import Journal

ARRAY: Final = 64
"""Events that are given in together, as a client's array."""
SEED: Final = 1
PACKED: Final = 20_000


class _Key:
    key_id = "bench"


def events_in(folder: Path) -> list[Fact]:
    """The events of a simulated platform."""
    made: list[Fact] = []
    for record in scan_log(folder / EVENTS).collect().iter_rows(named=True):
        kind = record.pop("type")
        made.append(EVENT_CLASS[kind](**{name: value for name, value in record.items() if value is not None}))
    return made


class Kept:
    """A runtime over a folder of its own, through which the events went."""

    def __init__(self, folder: Path, events: Sequence[Fact], days: int) -> None:
        self.journal = Journal.open(folder)
        self._events = events
        bundle = shipped_bundle("paylater")
        self.runtime = Runtime(
            lambda: Engine(bundle), self.journal, folder, Limits(deadline_ms=60_000, basis_days=days),
            wall_ms=lambda: int(time.time() * 1_000),
        )  # fmt: skip
        self.seconds = 0.0

    async def run(self, ask: Any = None) -> None:
        """Decide everything; then let `ask` look, and stop."""
        self.runtime.start()
        self.runtime.run(asyncio.get_running_loop())
        gc.collect()
        begun = time.process_time()  # other work on the machine does not count; waiting for the disk neither
        for first in range(0, len(self._events), ARRAY):
            some = self._events[first : first + ARRAY]
            await self.runtime.decide(some, [b""] * len(some), _Key())
        self.seconds = time.process_time() - begun
        if ask is not None:
            await asyncio.get_running_loop().run_in_executor(None, ask, self)
        await self.runtime.stop()


def _row_bytes(journal: Journal) -> float:
    """What a row takes with all its columns, in a database that holds nothing else."""
    rows = journal.reader.query("SELECT * FROM bases")
    with closing(sqlite3.connect(":memory:")) as alone:
        alone.execute("CREATE TABLE bases (seq INTEGER PRIMARY KEY, received_ms, user, merchant, inputs, seal)")
        alone.executemany("INSERT INTO bases VALUES (?, ?, ?, ?, ?, ?)", rows)
        pages, size = (alone.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return float(pages * size / len(rows))


def tell(kept: Kept) -> None:
    """What is kept, and how long telling it takes."""
    service: Any = SimpleNamespace(runtime=kept.runtime)
    tellers = Tellers()
    rows = kept.journal.reader.query("SELECT seq, length(inputs), user, merchant FROM bases")
    print(f"rows kept: {len(rows):,} of {kept.journal.next_seq:,} events; {_row_bytes(kept.journal):.0f} bytes each")
    sizes: dict[str, list[int]] = {}
    seconds: dict[str, list[float]] = {}
    outcomes: Counter[str] = Counter()
    by_seq = {seq: size for seq, size, *_ in rows}
    for event in kept._events:
        found = kept.runtime.find(event.event_id) if event.decided else None
        if found is None:
            continue
        begun = time.perf_counter()
        try:
            parts_of(service, tellers, event.event_id, INPUTS_SHOWN)
        except Refused:
            outcomes["none kept"] += 1
            continue
        seconds.setdefault(event.type, []).append(time.perf_counter() - begun)
        outcomes["told"] += 1
        if found.seq in by_seq:
            sizes.setdefault(event.type, []).append(by_seq[found.seq])
    for kind, some in sizes.items():
        print(f"inputs of a {kind}: {np.mean(some):.0f} bytes")
    for kind, told in seconds.items():
        ms = 1e3 * np.quantile(told, [0.5, 0.99, 1.0])
        print(f"telling a {kind}: median {ms[0]:.1f} ms, p99 {ms[1]:.1f} ms, most {ms[2]:.1f} ms, of {len(told):,}")
    print(dict(outcomes))


def pack_cost(journal: Journal) -> None:
    """What writing one row takes, beside the transaction that is there anyway, and what forgetting looks through."""
    (first,) = journal.reader.query("SELECT seq FROM bases ORDER BY length(inputs) DESC LIMIT 1")[0]
    inputs = journal.inputs_of(first) or []
    begun = time.perf_counter()
    for _ in range(PACKED):
        pack_inputs(inputs)
    print(f"packing {len(inputs)} inputs: {1e6 * (time.perf_counter() - begun) / PACKED:.1f} us")
    begun = time.perf_counter()
    gone = journal.drop_bases({("user", 1)})
    count = journal.reader.query("SELECT count(*) FROM bases")[0][0]
    took = time.perf_counter() - begun
    print(f"looking {count:,} rows through for who was forgotten: {took:.3f} s ({gone} went)")


def main() -> None:
    """Simulate, decide, ask."""
    read = argparse.ArgumentParser(prog="python -m benches.parts", description=__doc__)
    read.add_argument("--users", type=int, default=3_000)
    read.add_argument("--days", type=int, default=40)
    read.add_argument("--rounds", type=int, default=2)
    asked = read.parse_args()
    load_kernels()
    make_ready()
    with tempfile.TemporaryDirectory(prefix="bonafide-parts-") as name:
        folder = Path(name)
        (folder / "run").mkdir()
        write_run(Simulation(scenario("small", asked.users, None, asked.days), SEED), folder / "run", lambda d, t: None)
        events = events_in(folder / "run")
        print(f"{len(events):,} events")
        for turn in range(asked.rounds):
            for days in (0, 180):
                kept = Kept(folder / f"{turn}-{days}", events, days)
                last = days and turn == asked.rounds - 1
                asyncio.run(kept.run(tell if last else None))
                print(
                    f"{'kept' if days else 'not kept'}: {1e6 * kept.seconds / len(events):.1f} us of processor an event"
                )
        journal = Journal.open(folder / f"{asked.rounds - 1}-180")
        pack_cost(journal)
        journal.close()


if __name__ == "__main__":
    main()
