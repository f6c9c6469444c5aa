"""`python -m benches.ablation` prints the table of docs/ablation.md: what each layer of signals adds to the last.

Simulates a scenario on development seeds, decides every log by the shipped rules of the layers so far, and judges by
the truth. It takes about half a minute for each seed of `small`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import msgspec
import typer

from bonafide.apps.cli.engines import open_bundle, ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told, progress_bar, show_json
from bonafide.core.errors import UsageError
from bonafide.core.moment import parse_span
from bonafide.lab.simulate import scenario

from .run import ablate
from .text import source, table

SEEDS: Final = "71,72,73,74,75,76"
BUNDLE: Final = "paylater"
EVERY: Final = "7d"


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, decide, judge, and print one table over all seeds."""
    parser = argparse.ArgumentParser(prog="python -m benches.ablation", description=__doc__)
    parser.add_argument("--scenario", default="small")
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--users", type=int, help="instead of the scenario's own")
    parser.add_argument("--days", type=int, help="instead of the scenario's own")
    parser.add_argument("--bundle", default=BUNDLE, help="a folder, or a shipped bundle (default: %(default)s)")
    parser.add_argument("--every", default=EVERY, help="how often the batch jobs run (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="everything as one object, each seed's figures too")
    asked = parser.parse_args(arguments)
    with errors_told():
        seeds, every_ms = read_seeds(asked.seeds), _span(asked.every)
        world, bundle = scenario(asked.scenario, asked.users, days=asked.days), open_bundle(asked.bundle)
        kernels = ready_kernels()
        with progress_bar(f"Playing {world.name} on {len(seeds)} seeds, layer by layer") as bar:
            told = ablate(world, seeds, bundle, every_ms, kernels, bar)
    if asked.json:
        show_json(msgspec.to_builtins(told))
    else:
        print(f"{table(told)}\n\n{source(told)}")


def _span(text: str) -> int:
    try:
        return parse_span(text)
    except ValueError as error:
        raise UsageError(f"--every: {error}") from None


if __name__ == "__main__":
    try:
        main()
    except typer.Exit as ended:  # an error that has been told
        sys.exit(ended.exit_code)
