"""`bonafide demo`: a small platform with honest trade and three schemes, decided on and judged."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from bonafide.apps.cli.engines import new_folder, open_bundle, open_engine
from bonafide.apps.cli.options import BundleName, Force, Json
from bonafide.apps.cli.replay import bundle_folder, keep_bundle, replay_files
from bonafide.apps.cli.screen import errors_told, say, show_json


def demo(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Keep events, truth and results here.")] = None,
    bundle: BundleName = "paylater",
    users: Annotated[int, typer.Option("--users", help="Users on the platform.")] = 2_000,
    merchants: Annotated[int, typer.Option("--merchants", help="Merchants on the platform.")] = 200,
    days: Annotated[int, typer.Option("--days", help="Days of trade.")] = 30,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same platform.")] = 1,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Simulate a platform, decide on every event, and say in money what was caught and whom it disturbed.

    [dim]bonafide demo[/dim]
    """
    with errors_told():
        say(f"A platform of {users:,} users and {merchants:,} merchants over {days} days, seed {seed}")
        kept = None if out is None else new_folder(out, force=force)
        with nullcontext(str(kept)) if kept else tempfile.TemporaryDirectory(prefix="bonafide-demo-") as folder:
            result = _run(Path(folder), bundle, users, merchants, days, seed)
    if as_json:
        show_json(result)
    else:
        typer.echo(result["text"])
    if kept:
        say(f"Everything is in {kept}")


def _run(folder: Path, bundle: str, users: int, merchants: int, days: int, seed: int) -> dict[str, Any]:
    import msgspec

    from bonafide.apps.cli.evaluate import read_table
    from bonafide.lab.demo_text import demo_text
    from bonafide.lab.metrics import evaluate
    from bonafide.lab.simulate import simulate_demo

    engine = open_engine(open_bundle(bundle))
    events, truth = simulate_demo(users, merchants, days, seed)
    events.write_parquet(folder / "events.parquet")
    truth.write_parquet(folder / "truth.parquet")
    keep_bundle(bundle_folder(bundle), folder, engine.bundle.hash, [])
    summary = replay_files(engine, [folder / "events.parquet"], folder)
    decisions = read_table(folder / "decisions.parquet")
    judged = evaluate(decisions, truth, resamples=50)
    text = demo_text(summary, judged, decisions, truth, engine.bundle)
    return {"summary": summary._asdict(), "evaluation": msgspec.to_builtins(judged), "text": text}
