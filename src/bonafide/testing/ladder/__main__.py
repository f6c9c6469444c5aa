"""`python -m bonafide.testing.ladder --histories 100000`: plays random histories and says what was proposed, and what
was broken of the promises."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bonafide.testing.ladder.play import Played, play

SHOWN_MAX: Final = 10
"""Of what was broken."""
PROGRESS_EVERY: Final = 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what was asked for; 0 when nothing was broken."""
    parser = argparse.ArgumentParser(prog="python -m bonafide.testing.ladder", description=__doc__)
    parser.add_argument("--histories", type=int, default=1_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of every choice of chance (default: %(default)s)")
    parser.add_argument(
        "--twin-every", type=int, default=20, metavar="N", help="the twin answers each N-th, too (default: %(default)s)"
    )
    asked = parser.parse_args(arguments)
    played = play(range(asked.histories), asked.seed, asked.twin_every, _tell)
    print(text_of(played))
    return 1 if played.broken or played.different else 0


def text_of(played: Played) -> str:
    """What came of it, as people read it."""
    lines = [f"{'subject':<10}{'measure':<22}{'said':<16}{'times':>10}"]
    lines += [
        f"{kind:<10}{measure:<22}{status:<16}{n:>10,}" for (kind, measure, status), n in sorted(played.said.items())
    ]
    lines += [
        "", f"{played.histories:,} histories, {played.events:,} records",
        f"answers compared with the twin's: {played.compared:,}, different: {len(played.different)}",
        f"violations of the promises: {len(played.broken)}",
        *played.different[:SHOWN_MAX], *played.broken[:SHOWN_MAX],
    ]  # fmt: skip
    return "\n".join(lines)


def _tell(number: int) -> None:
    if (number + 1) % PROGRESS_EVERY == 0:
        print(f"{number + 1:,} histories", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
