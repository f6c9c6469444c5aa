"""`bonafide simulate --gates`: whether made-up trade is about as hard to judge as real trade is."""

from __future__ import annotations

from pathlib import Path

import typer

from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, show_json


def show_gates(folder: Path, as_json: bool) -> None:
    """Measure the realism gates of a folder that the simulator wrote and print them.

    The table, or with `as_json` one object (`Gates`), goes to stdout and progress to stderr. Ends the command with 1
    where a gate does not hold; returns where all hold.
    """
    with errors_told():
        import msgspec

        from bonafide.testing.realism import measure_gates
        from bonafide.testing.realism.gates_text import show

        kernels = ready_kernels()
        with progress_bar("Replaying for the features") as bar:
            gates = measure_gates(folder, kernels=kernels, progress=bar)
    if as_json:
        show_json(msgspec.to_builtins(gates))
    else:
        typer.echo(show(gates))
    if not gates.holds:
        raise typer.Exit(Exit.NO)
