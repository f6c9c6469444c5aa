"""`python -m bonafide.testing.webhooks [FAULT]...`: plays the faults and prints a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bonafide.testing.webhooks.faults import FAULTS
from bonafide.testing.webhooks.killed import NAME, play_killed
from bonafide.testing.webhooks.play import play
from bonafide.testing.webhooks.result import Row, table

MESSAGES: Final = 200
SUBJECTS: Final = 20
KILLS: Final = 20
KILLED_MESSAGES: Final = 2_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what was asked for; 0 when everything held, 1 when something did not."""
    parser = argparse.ArgumentParser(prog="python -m bonafide.testing.webhooks", description=__doc__)
    known = [*FAULTS, NAME]
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"which: {', '.join(known)} (default: all)")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="for each fault (default: %(default)s)")
    parser.add_argument("--subjects", type=int, default=SUBJECTS, help="that they are about (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=KILLS, help="of the worker's process (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout; the table goes to stderr")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.faults if name not in known]
    if unknown:
        parser.error(f"there is no fault {', '.join(unknown)}; accepted are {', '.join(known)}")
    with TemporaryDirectory(prefix="bonafide-webhooks-") as folder:
        rows = [_play(name, Path(folder) / name.replace(" ", "-"), asked) for name in asked.faults or known]
    print(table(rows), file=sys.stderr if asked.json else sys.stdout)
    if asked.json:
        told = {"rows": [msgspec.structs.asdict(row) | {"lost": row.lost, "held": row.passed} for row in rows]}
        print(msgspec.json.encode({**told, "held": all(row.passed for row in rows)}).decode())
    return 0 if all(row.passed for row in rows) else 1


def _play(name: str, folder: Path, asked: argparse.Namespace) -> Row:
    print(f"{name} ...", file=sys.stderr, flush=True)
    if name == NAME:
        scale = asked.messages * KILLED_MESSAGES // MESSAGES
        return play_killed(folder, scale, asked.subjects, asked.kills)
    return play(FAULTS[name], folder, asked.messages, asked.subjects)


if __name__ == "__main__":
    sys.exit(main())
