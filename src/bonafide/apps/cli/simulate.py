"""`bonafide simulate`: a made-up platform as files: its log, and the truth about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from bonafide.apps.cli.engines import new_folder
from bonafide.apps.cli.gates import read_seeds, show_gates, show_gates_of_seeds
from bonafide.apps.cli.options import Days, Force, Json, Merchants, ScenarioName, Users
from bonafide.apps.cli.screen import errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

SEED: Final = 1
"""Of a single run, where none is named."""


def simulate(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the files; made if need be.")] = None,
    users: Users = None,
    merchants: Merchants = None,
    days: Days = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Same seed, same platform.", show_default=str(SEED))
    ] = None,
    scenario: ScenarioName = "small",
    listed: Annotated[bool, typer.Option("--list", help="Show the scenarios and what each is.")] = False,
    gates: Annotated[
        bool,
        typer.Option(
            "--gates", help="Judge by the realism gates: the run in --out or, without it, runs on scoring seeds."
        ),
    ] = False,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="1,2,3", help="With --gates and without --out: judge these seeds.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Simulate a platform: honest trade, cash-out and the truth about both, the same for the same seed.

    [dim]bonafide simulate --out platform --scenario small --seed 1[/dim]
    """
    if listed:
        _list(as_json)
        return
    if gates:
        _judge(out, users, merchants, days, seed, seeds, scenario, as_json)
        return
    with errors_told():
        if seeds is not None:
            raise UsageError("--seeds goes with --gates; a single run takes --seed")
        if out is None:
            raise UsageError("--out is missing: name a folder for the files (--list shows the scenarios)")
        _simulate(out, users, merchants, days, SEED if seed is None else seed, scenario, force, as_json)


def _judge(
    out: Path | None, users: int | None, merchants: int | None, days: int | None, seed: int | None, seeds: str | None,
    name: str, as_json: bool,
) -> None:  # fmt: skip
    from bonafide.lab.simulate import scenario

    with errors_told():
        if out is not None and seeds is not None:
            raise UsageError("--out --seeds: choose one of them; --gates judges the run in --out as it is")
        if out is None and seed is not None:
            raise UsageError(f"--gates --seed: name the seeds to judge with --seeds {seed}, or a run with --out")
        asked = scenario(name, users, merchants, days)
        named = None if seeds is None else read_seeds(seeds)
    if out is not None:
        show_gates(out, as_json)
    else:
        show_gates_of_seeds(asked, named, as_json)


def _simulate(
    out: Path, users: int | None, merchants: int | None, days: int | None, seed: int, name: str, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    import msgspec

    from bonafide.lab.base_rates import EVENTS
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
    say(f"bonafide replay {out / EVENTS} --out DIR decides on it")


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
