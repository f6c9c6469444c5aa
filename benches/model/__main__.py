"""`python -m benches.model`: what the model leaves to be desired, beside trees on raw fields and plain windows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from benches.model.compare import SHIFTS, Compared, compare
from benches.model.text import compared_text, summary_text, unseen_text
from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.core.errors import UsageError
from bonafide.engine.bundle import load_bundle
from bonafide.engine.shipped import find_bundle
from bonafide.lab.simulate import scenario

SEEDS: Final = "61,62,63"
"""Development seeds; the tables of docs/model.md are of scoring seeds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print tables or one JSON array."""
    parser = argparse.ArgumentParser(prog="python -m benches.model", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--scenarios", default="small", help="with commas between (default: %(default)s)")
    parser.add_argument("--shifts", default=",".join(SHIFTS), help="with commas between (default: all)")
    parser.add_argument("--users", type=int, help="size of the platforms (default: the scenario's)")
    parser.add_argument("--merchants", type=int)
    parser.add_argument("--days", type=int)
    parser.add_argument("--bundle", default="paylater", help="a shipped bundle or a folder (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of tables")
    asked = parser.parse_args(arguments)
    with errors_told():
        rows = _run(asked)
    told = msgspec.json.encode([one._asdict() for one in rows]).decode()
    print(told if asked.json else "\n\n".join([compared_text(rows), summary_text(rows), unseen_text(rows)]))
    return 0


def _run(asked: argparse.Namespace) -> list[Compared]:
    shifts = asked.shifts.split(",")
    for shift in shifts:
        if shift not in SHIFTS:
            raise UsageError(f"--shifts {shift}: accepted are {', '.join(SHIFTS)}")
    ready_kernels()
    bundle = load_bundle(find_bundle(asked.bundle))
    rows: list[Compared] = []
    for name in asked.scenarios.split(","):
        about = scenario(name, asked.users, asked.merchants, asked.days)
        for seed in read_seeds(asked.seeds):
            for shift in shifts:
                rows.append(compare(about, seed, shift, bundle))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
