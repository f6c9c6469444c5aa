"""`python -m benches.loops busy|bounds|recall`: what following money finds, what its bounds cost, whom it disturbs.

`busy` follows money in made worlds of one busy shop, `bounds` on simulated platforms with each bound changed in turn,
`recall` decides simulated platforms with a bundle, as shipped and with knobs of the simulator turned.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import msgspec

from benches.decisions.played import BUNDLE
from benches.loops.bounds import Bounded, Busy, bounded_runs, busy_worlds, changes
from benches.loops.recall import SHIFTS, Fared, runs
from benches.loops.text import bounded_text, busy_text, honest_text, kinds_text, loops_text
from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.core.errors import UsageError
from bonafide.engine.bundle import load_bundle
from bonafide.engine.shipped import find_bundle
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

SEEDS: Final = "61,62,63"
_Row = TypeVar("_Row")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print tables or one JSON array."""
    parser = argparse.ArgumentParser(prog="python -m benches.loops", description=__doc__)
    parser.add_argument("name", choices=ASKED)
    parser.add_argument(
        "--seeds", default=SEEDS, help="with commas between; busy takes the first (default: %(default)s)"
    )
    parser.add_argument("--scenarios", help="with commas between (default: small, for recall user_merchant_loop too)")
    parser.add_argument("--shifts", default=",".join(SHIFTS), help="of recall, with commas between (default: all)")
    parser.add_argument(
        "--bundle", default=BUNDLE, help="of recall: a shipped bundle or a folder (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of tables")
    asked = parser.parse_args(arguments)
    with errors_told():
        rows, text = ASKED[asked.name](asked)
    print(msgspec.json.encode(rows).decode() if asked.json else text)
    return 0


def _busy(asked: argparse.Namespace) -> tuple[Sequence[Busy], str]:
    ready_kernels()
    rows = _told(busy_worlds(read_seeds(asked.seeds)[0]))
    return rows, busy_text(rows)


def _bounds(asked: argparse.Namespace) -> tuple[Sequence[Bounded], str]:
    rows: list[Bounded] = []
    for name in (asked.scenarios or "small").split(","):
        for seed in read_seeds(asked.seeds):
            with TemporaryDirectory(prefix="bonafide-loops-") as folder:
                write_run(Simulation(scenario(name), seed), Path(folder), lambda done, total: None)
                rows += _told(bounded_runs(Path(folder), changes()))
    return rows, bounded_text(rows)


def _recall(asked: argparse.Namespace) -> tuple[Sequence[Fared], str]:
    shifts = asked.shifts.split(",")
    for shift in shifts:
        if shift not in SHIFTS:
            raise UsageError(f"--shifts {shift}: accepted are {', '.join(SHIFTS)}")
    scenarios = [scenario(name) for name in (asked.scenarios or "user_merchant_loop,small").split(",")]
    bundle = load_bundle(find_bundle(asked.bundle))
    rows = _told(runs(scenarios, read_seeds(asked.seeds), shifts, bundle, ready_kernels()))
    return rows, "\n\n".join([loops_text(rows), honest_text(rows), kinds_text(rows)])


def _told(rows: Iterable[_Row]) -> list[_Row]:
    """All rows, with a dot on stderr for each as it comes."""
    told: list[_Row] = []
    for row in rows:
        told.append(row)
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return told


ASKED: Final[dict[str, Callable[[argparse.Namespace], tuple[Sequence[object], str]]]] = {
    "busy": _busy, "bounds": _bounds, "recall": _recall,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
