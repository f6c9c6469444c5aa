"""`python -m bonafide.testing.reliability [DRILL]... --out RELIABILITY.md`: runs the drills and writes the page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import msgspec

from bonafide.testing.faults.server import Launch
from bonafide.testing.reliability.drills import DRILLS, run_drills
from bonafide.testing.reliability.result import Report, together
from bonafide.testing.reliability.setting import Setting
from bonafide.testing.reliability.site import engine_replays
from bonafide.testing.reliability.text import page

SEED: Final = 7


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 when everything held."""
    parser = argparse.ArgumentParser(prog="python -m bonafide.testing.reliability", description=__doc__)
    parser.add_argument("drills", nargs="*", metavar="DRILL", help=f"which: {', '.join(DRILLS)} (default: all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the page here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--sampled", action="store_true", help="few trials of each, some minutes in all")
    parser.add_argument("--seed", type=int, default=SEED, help="of every choice of chance (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where data directories lie meanwhile (default: a new one)")
    parser.add_argument(
        "--beside", type=Path, action="append", default=[], metavar="FILE",
        help="the figures of an earlier run, whose drills go onto the page too",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.drills if name not in DRILLS]
    if unknown:
        parser.error(f"there is no drill {', '.join(unknown)}; accepted are {', '.join(DRILLS)}")
    folder = asked.folder or Path(mkdtemp(prefix="bonafide-drill-"))
    setting = Setting(folder, asked.sampled, asked.seed, Launch(), engine_replays())
    earlier = [msgspec.json.decode(path.read_bytes(), type=Report) for path in asked.beside]

    def keep(report: Report) -> None:
        if asked.json is not None:
            asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        if asked.out is not None:
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(page(reduce(together, [*earlier, report])), encoding="utf-8")

    report = run_drills(asked.drills or list(DRILLS), setting, keep)
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
