"""`python -m benches.review [SEEDS...]` measures what looking where review-sample points is worth, beside chance."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from benches.review.run import Result, measure
from benches.review.text import table

SEEDS = (31, 32, 33, 34, 35)
LOOKS = 200


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benches.review", description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=SEEDS, help="development seeds, 1 to 1000")
    parser.add_argument("--n", type=int, default=LOOKS, help="payments that are looked at")
    parser.add_argument("--keep", type=Path, help="keep the simulated platforms here")
    asked = parser.parse_args()
    results: list[Result] = []
    kept = nullcontext(str(asked.keep)) if asked.keep else tempfile.TemporaryDirectory(prefix="bonafide-review-")
    with kept as folder:
        for seed in asked.seeds:
            results += measure(seed, asked.n, Path(folder) / f"s{seed}", lambda text: print(text, file=sys.stderr))
    print(table(results, asked.n))


if __name__ == "__main__":
    main()
