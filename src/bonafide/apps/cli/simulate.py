"""`bonafide simulate`: a made-up platform as files: its log, and the truth about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bonafide.apps.cli.engines import new_folder
from bonafide.apps.cli.gates import show_gates
from bonafide.apps.cli.options import Days, Force, Json, Merchants, ScenarioName, Seed, Users
from bonafide.apps.cli.screen import errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError


def simulate(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the files; made if need be.")] = None,
    users: Users = None,
    merchants: Merchants = None,
    days: Days = None,
    seed: Seed = 1,
    scenario: ScenarioName = "small",
    listed: Annotated[bool, typer.Option("--list", help="Show the scenarios and what each is.")] = False,
    gates: Annotated[
        bool, typer.Option("--gates", help="Judge the run in --out by the realism gates; simulates nothing.")
    ] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Simulate a platform: honest trade, cash-out and the truth about both, the same for the same seed.

    [dim]bonafide simulate --out platform --scenario small --seed 1[/dim]
    """
    if listed:
        _list(as_json)
        return
    with errors_told():
        if out is None:
            raise UsageError("--out is missing: name a folder for the files (--list shows the scenarios)")
    if gates:
        show_gates(out, as_json)
        return
    with errors_told():
        _simulate(out, users, merchants, days, seed, scenario, force, as_json)


def _simulate(
    out: Path, users: int | None, merchants: int | None, days: int | None, seed: int, name: str, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    import msgspec

    from bonafide.lab.simulate import Simulation, scenario
    from bonafide.lab.simulated import write_run
    from bonafide.lab.simulated_text import shown

    asked = scenario(name, users, merchants, days)
    say(f"{asked.name}: {asked.says} (seed {seed})")
    with progress_bar("Simulating") as bar:
        simulation = Simulation(asked, seed)
        written = write_run(simulation, new_folder(out, force=force), bar)
    if as_json:
        show_json(msgspec.to_builtins(written))
    else:
        typer.echo(shown(written))
    say(f"bonafide replay {out / 'events.parquet'} --out DIR decides on it")


def _list(as_json: bool) -> None:
    from bonafide.lab.simulate import SCENARIOS

    if as_json:
        sizes = ("name", "says", "users", "merchants", "days")
        show_json({"scenarios": [{size: getattr(s, size) for size in sizes} for s in SCENARIOS.values()]})
        return
    wide = max(map(len, SCENARIOS)) + 2
    typer.echo(f"{'scenario':<{wide}}{'users':>8}{'merchants':>11}{'days':>6}")
    for s in SCENARIOS.values():
        typer.echo(f"{s.name:<{wide}}{s.users:>8,}{s.merchants:>11,}{s.days:>6,}  {s.says}")
