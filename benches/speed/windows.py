"""The 14-feature workload, side by side: `python -m benches.speed.windows [--events N] [--rounds N] [--json FILE]`.

Each side runs in a process of its own, on one thread, and the sides take turns, so that a machine that drifts drifts
for all of them. Of each figure the median over the rounds is told. Answers must be equal, every one of them, exactly;
the exit status is 1 where they are not. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benches.speed.machine import Machine, installed, this_machine
from benches.speed.sides import ENGINE, SIDES
from benches.speed.workload import EVENTS, LATE_FRACTION, LATE_MS, WINDOWS, make_events
from bonafide.core.moment import show_span

ROUNDS: Final = 3
LATE: Final = f"{LATE_FRACTION:.0%} late by up to {show_span(LATE_MS)}"
_ONE_THREAD: Final = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    events_per_s: int
    us_per_event: float
    engine_ratio: float | None
    """How many times the engine's own figure for events in this form; None for the engine."""
    equal: bool | None
    """Whether every answer is the engine's; None for the engine."""
    seconds: list[float]
    """One for each round."""


class Report(NamedTuple):
    """What `--json` writes."""

    machine: Machine
    events: int
    features: int
    rounds: int
    figures: list[Figure]
    skipped: list[str]


def measure(count: int, rounds: int) -> Report:
    """Run every side that is installed `rounds` times over `count` events, and once more in turn with late ones."""
    machine = this_machine()
    present = [name for name, side in SIDES.items() if installed(side.library) is not None]
    seconds: dict[str, list[float]] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_events(count).write_parquet(folder / "events.parquet")
        make_events(count, late=True).write_parquet(folder / "late.parquet")
        for _ in range(rounds):
            for side in present:
                for figure, taken in _run(side, folder / "events.parquet", folder / f"{side}.npy").items():
                    seconds.setdefault(figure, []).append(taken)
            for figure, taken in _run(ENGINE, folder / "late.parquet", folder / "late.npy").items():
                seconds.setdefault(f"{figure}, {LATE}", []).append(taken)
        own = np.load(folder / f"{ENGINE}.npy")
        differences = {side: different(own, np.load(folder / f"{side}.npy")) for side in present}
    figures = list(_figures(count, seconds, differences))
    return Report(machine, count, len(WINDOWS), rounds, figures, [side for side in SIDES if side not in present])


def _run(side: str, events: Path, answers: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benches.speed.sides", side, str(events), str(answers)]
    done = subprocess.run(command, env=os.environ | _ONE_THREAD, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=dict[str, float])


def different(own: NDArray[np.float64], other: NDArray[np.float64]) -> list[tuple[int, str, float, float]]:
    """(event, window, one answer, the other) of every answer that differs; missing equals missing."""
    unequal = (own != other) & ~(np.isnan(own) & np.isnan(other))
    return [(int(i), WINDOWS[c].name, float(own[i, c]), float(other[i, c])) for i, c in np.argwhere(unequal)]


def _figures(
    count: int, seconds: dict[str, list[float]], differences: dict[str, list[tuple[int, str, float, float]]]
) -> Iterator[Figure]:
    beside = {figure: (side, own) for side in differences for figure, own in SIDES[side].figures.items()}
    for figure, taken in seconds.items():
        middle = median(taken)
        side, own = beside.get(figure, (ENGINE, figure))
        peer = side != ENGINE
        yield Figure(
            figure,
            round(count / middle),
            middle / count * 1e6,
            middle / median(seconds[own]) if peer else None,
            not differences[side] if peer else None,
            taken,
        )
        for event, window, answer, other in differences[side][:3] if peer else ():
            print(f"unequal: event {event}, {window}: the engine says {answer}, {figure} {other}", file=sys.stderr)


def table(report: Report) -> str:
    """The report for a reader."""
    lines = [
        f"machine: {report.machine.line()}",
        f"{report.events:,} events, {report.features} features, one thread, medians of {report.rounds} rounds",
        "",
        f"{'':50}{'events/s':>12}{'us/event':>10}{'engine is':>12}  equal",
    ]
    for f in report.figures:
        ratio = "" if f.engine_ratio is None else f"{f.engine_ratio:.1f} x"
        equal = "" if f.equal is None else "yes" if f.equal else "NO"
        lines.append(f"{f.name:50}{f.events_per_s:>12,}{f.us_per_event:>10.2f}{ratio:>12}  {equal}".rstrip())
    lines += [f"left out, since it is not installed: {side}" for side in report.skipped]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and write the JSON where it is asked for; 1 when answers differ."""
    parser = argparse.ArgumentParser(prog="python -m benches.speed.windows", description="The 14-feature workload.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many events (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each side (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    options = parser.parse_args(arguments)
    report = measure(options.events, options.rounds)
    print(table(report))
    if options.json is not None:
        told: dict[str, Any] = report._asdict() | {
            "machine": report.machine._asdict(), "figures": [f._asdict() for f in report.figures],
        }  # fmt: skip
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return 0 if all(f.equal is not False for f in report.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
