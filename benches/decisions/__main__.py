"""`python -m benches.decisions [NAME...] [--record]`: play recorded scenarios again and say what became worse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.baseline import baseline_of, compare, read_baseline
from bonafide.lab.metrics import Evaluation

from .played import BUNDLE, FOLDER, NAMES, command, play


def main() -> int:
    """Exit code 1 where a figure is worse than its baseline tolerates."""
    parser = argparse.ArgumentParser(prog="python -m benches.decisions", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help="such as small-seed-7; default all")
    parser.add_argument("--record", action="store_true", help="record the figures instead of comparing them")
    asked = parser.parse_args()
    worse = False
    for number, name in enumerate(asked.names, start=1):
        print(f"{number} of {len(asked.names)}: {name}", file=sys.stderr, flush=True)
        with TemporaryDirectory(prefix="bonafide-decisions-") as folder:
            played = play(name, Path(folder))
        worse |= _record(name, played) if asked.record else _compare(name, played)
    return int(worse)


def _record(name: str, played: Evaluation) -> bool:
    path = FOLDER / f"{name}.yaml"
    recorded = baseline_of(played, name, [shipped_bundle(BUNDLE).hash], command(name))
    if path.exists():
        recorded = recorded.with_tolerances_of(read_baseline(path))
    path.write_text(recorded.text(), encoding="utf-8")
    return False


def _compare(name: str, played: Evaluation) -> bool:
    compared = compare(played, read_baseline(FOLDER / f"{name}.yaml"))
    for line in compared.lines():
        print(f"{name}: {line}")
    if not compared.worse:
        print(f"{name}: not worse than recorded")
    return bool(compared.worse)


if __name__ == "__main__":
    sys.exit(main())
