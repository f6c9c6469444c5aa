"""`python -m benches.service [--quick]`: durable decisions over HTTP, beside an empty server of the same kind.

The same as `bonafide bench service`, and with `--soak MINUTES` one long load whose memory is watched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benches.service.soak import soak, soak_text
from benches.speed.machine import this_machine
from benches.speed.report import show_stage
from benches.speed.runner import measure
from benches.speed.service import STAGE
from benches.speed.stage import Level
from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.screen import errors_told, progress_bar


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print a table, and write JSON where it was wanted."""
    parser = argparse.ArgumentParser(prog="python -m benches.service", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few events, one round: under a minute")
    parser.add_argument("--full", action="store_true", help="millions of events")
    parser.add_argument("--rounds", type=int, help="turns of each side (default: 3, with --quick 1)")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="one load for so long instead")
    parser.add_argument("--rate", type=float, help="of the soak: events a second (default: as many as it takes)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    asked = parser.parse_args(arguments)
    told: object
    with errors_told():
        ready_kernels()
        print(f"machine: {this_machine().line()}", file=sys.stderr)
        if asked.soak is not None:
            soaked = soak(asked.soak * 60, asked.rate)
            print(soak_text(soaked))
            told = soaked
        else:
            level: Level = "quick" if asked.quick else "full" if asked.full else "normal"
            with progress_bar("Measuring the service") as bar:
                report = measure(STAGE, level, asked.rounds, bar)
            print(show_stage(report))
            told = report
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
