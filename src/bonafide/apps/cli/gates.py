"""`bonafide simulate --gates`: whether made-up trade is about as hard to judge as real trade is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.simulate import Scenario

SEEDS_JUDGED: Final = 3
"""Scoring seeds judged where none are named: together some 200 bad cards of `small`."""


def show_gates(folder: Path, as_json: bool) -> None:
    """Measure the realism gates of a folder that the simulator wrote and print them.

    The table, or with `as_json` one object (`Gates`), goes to stdout and progress to stderr. Ends the command with 1
    where a gate does not hold; returns where all hold.
    """
    with errors_told():
        from bonafide.testing.realism import measure_gates
        from bonafide.testing.realism.gates_text import show

        kernels = ready_kernels()
        with progress_bar("Replaying for the features") as bar:
            gates = measure_gates(folder, kernels=kernels, progress=bar)
    _end(gates, show(gates), gates.holds, as_json)


def show_gates_of_seeds(asked: Scenario, seeds: Sequence[int] | None, as_json: bool) -> None:
    """Simulate a scenario on each of `seeds` (None: the first scoring seeds), and judge the mean of their gates.

    Shows one table (`Several` with `as_json`) and ends the command as `show_gates` does; no run is kept.
    """
    with errors_told():
        from bonafide.testing.realism import measure_seeds
        from bonafide.testing.realism.gates_text import show_several
        from bonafide.testing.realism.seeds import SCORING_SEEDS

        judged = seeds or SCORING_SEEDS[:SEEDS_JUDGED]
        kernels = ready_kernels()
        title = f"Simulating {asked.name} on {len(judged)} seeds, one after the other, and measuring it"
        with progress_bar(title) as bar:
            several = measure_seeds(asked, judged, kernels=kernels, progress=bar)
    _end(several, show_several(several), several.holds, as_json)


def read_seeds(text: str) -> list[int]:
    """The seeds that `--seeds` names: whole numbers from 0 with commas between, none of them twice."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise UsageError(f"--seeds {text}: give whole numbers from 0 with commas between, as in --seeds 1,2,3")
    seeds = [int(word) for word in words]
    twice = next((seed for number, seed in enumerate(seeds) if seed in seeds[:number]), None)
    if twice is not None:
        raise UsageError(f"--seeds {text}: {twice} stands there twice; the same run again would tell nothing")
    return seeds


def _end(result: Any, text: str, holds: bool, as_json: bool) -> None:
    import msgspec

    if as_json:
        show_json(msgspec.to_builtins(result))
    else:
        typer.echo(text)
    if not holds:
        raise typer.Exit(Exit.NO)
