"""`bonafide demo`: a simulated platform, decided on and judged."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.demo_console import SPEED, living_demo
from bonafide.apps.cli.engines import new_folder, open_bundle, open_engine
from bonafide.apps.cli.options import BundleName, Days, Force, Json, Merchants, ScenarioName, Seed, Users
from bonafide.apps.cli.replay import bundle_folder, keep_bundle, replay_files
from bonafide.apps.cli.screen import errors_told, progress_bar, say, show_json

if TYPE_CHECKING:
    from bonafide.lab.simulate import Simulation

RESAMPLES = 50
"""Of the bootstrap: enough for a first look."""


def demo(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Keep events, truth and results here.")] = None,
    bundle: BundleName = "paylater",
    users: Users = None,
    merchants: Merchants = None,
    days: Days = None,
    seed: Seed = 1,
    scenario: ScenarioName = "small",
    force: Force = False,
    as_json: Json = False,
    console: Annotated[
        bool, typer.Option("--console", help="Serve it instead, with events that flow and the console; Ctrl-C ends it.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option("--speed", min=1, max=100_000, help="With --console: seconds that pass there in one here."),
    ] = SPEED,
) -> None:
    """Simulate a platform, decide on every event, and say in money what was caught and whom it disturbed.

    [dim]bonafide demo[/dim]
    """
    with errors_told():
        from bonafide.lab.simulate import Simulation
        from bonafide.lab.simulate import scenario as find_scenario

        asked = find_scenario(scenario, users, merchants, days)
        say(
            f"A platform of {asked.users:,} users and {asked.merchants:,} merchants over {asked.days} days, seed {seed}"
        )
        simulation = Simulation(asked, seed)
        if console:
            living_demo(simulation, speed)
            return
        kept = None if out is None else new_folder(out, force=force)
        with nullcontext(str(kept)) if kept else tempfile.TemporaryDirectory(prefix="bonafide-demo-") as folder:
            result, caught = _run(Path(folder), bundle, simulation)
    if as_json:
        show_json(result)
    else:
        typer.echo(f"{result['text']}\n\n{next_steps(kept, caught)}")
    if kept:
        say(f"Everything is in {kept}")


def _run(folder: Path, bundle: str, simulation: Simulation) -> tuple[dict[str, Any], str | None]:
    """What `--json` shows, and the id of the largest payment that was caught."""
    import msgspec

    from bonafide.apps.cli.evaluate import read_table
    from bonafide.lab.base_rates import EVENTS, TRUTH
    from bonafide.lab.demo_text import demo_text, largest_caught
    from bonafide.lab.metrics import evaluate
    from bonafide.lab.simulated import write_run

    engine = open_engine(open_bundle(bundle))
    with progress_bar("Simulating") as bar:
        write_run(simulation, folder, bar)
    keep_bundle(bundle_folder(bundle), folder, engine.bundle.hash, [])
    summary = replay_files(engine, [folder / EVENTS], folder)
    decisions, truth = read_table(folder / "decisions.parquet"), read_table(folder / TRUTH)
    judged = evaluate(decisions, truth, resamples=RESAMPLES)
    text = demo_text(summary, judged, decisions, truth, engine.bundle)
    caught = largest_caught(decisions, truth)
    told = {"summary": summary._asdict(), "evaluation": msgspec.to_builtins(judged), "text": text}
    return told, None if caught is None else caught["event_id"]


def _console() -> tuple[str, str]:
    """How the console is opened from here: as it is, or with the step that installs it."""
    if find_spec("nicegui") is None:
        return "make console", "the same, living, in your browser: a tour of two minutes (in a clone)"
    return "bonafide demo --console", "the same, living, in your browser: a tour of two minutes"


def next_steps(kept: Path | None, caught: str | None) -> str:
    """Commands that lead on from here, each with what it does."""
    folder = kept or Path("demo")
    steps = [] if kept else [(f"bonafide demo --out {folder}", "keep all of it in a folder")]
    if caught is not None:
        steps.append((f"bonafide explain {caught} --in {folder}", "why this one, in words and numbers"))
    steps += [
        (f"bonafide evaluate -d {folder}/decisions.parquet -t {folder}/truth.parquet", "every figure"),
        ("bonafide simulate --list", "other platforms: festival, new-scheme, city"),
        _console(),
        ("bonafide map init FILE.csv", "begin with your own data"),
    ]
    wide = max(len(command) for command, _ in steps) + 2
    return "\n".join(["Where to go next:", *(f"  {command:<{wide}}{does}" for command, does in steps)])
