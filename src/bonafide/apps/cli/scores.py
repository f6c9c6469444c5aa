"""`bonafide scores`: credit scores of merchants week by week, and the way back up of one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bonafide.apps.cli.engines import new_folder, open_engine
from bonafide.apps.cli.options import BundleName, Events, Force, Json, MappingFile, Now, OutFolder
from bonafide.apps.cli.replay import bundle_folder, find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.engine.graded import Graded

FILE = "merchant_scores.parquet"


def scores(
    events: Events,
    out: OutFolder,
    merchant: Annotated[
        str | None, typer.Option("--merchant", help="Tell this merchant's history, and the way back up.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="In which language.")] = "en",
    bundle: BundleName = "paylater",
    mapping: MappingFile = None,
    now: Now = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Credit scores of merchants week by week, beside merchants of their category and age; for internal use only.

    [dim]bonafide scores events.parquet --out scores --merchant m17[/dim]
    """
    from bonafide.engine.bundle import load_bundle
    from bonafide.lab.explain.merchant import merchant_text
    from bonafide.lab.explain.score import merchant_json
    from bonafide.lab.inputs import RejectWriter
    from bonafide.lab.merchant_scores import history_of, last_told, summary_of, weekly_scores
    from bonafide.lab.train.merchants_log import read_merchants

    with errors_told():
        found, now_ms = find_mapping(mapping), read_now(now)
        look_at_files(events, found)
        loaded = load_bundle(bundle_folder(bundle))
        graded = _card_of(loaded.compiled.scheme.merchant_card, bundle)
        folder = new_folder(out, force=force)
        with RejectWriter() as rejects, progress_bar("Reading the log") as bar:
            log, _ = read_merchants(
                loaded, events, found, now_ms, rejects, open_engine, tell_unreadable,
                lambda chunk: bar(chunk.bytes_done, chunk.bytes_total),
            )  # fmt: skip
            refused = rejects.total
        weekly = weekly_scores(log, graded)
        told: dict[str, Any] = summary_of(weekly)
        about = None if merchant is None else last_told(log, graded, loaded.inputs.merchant_scorecard, merchant)
        weekly.write_parquet(folder / FILE)
    history = [] if merchant is None else history_of(weekly, merchant)
    if as_json:
        show_json(told | ({} if about is None else {"merchant": merchant_json(about), "history": history}))
    elif about is None:
        typer.echo(_summary(told, folder))
    else:
        typer.echo(merchant_text(merchant or "", about, history, lang))
    if refused:
        say(f"refused records: {refused:,}; bonafide replay writes each with its reason")
        raise typer.Exit(Exit.REFUSED)


def _card_of(graded: Graded | None, name: str) -> Graded:
    if graded is None:
        raise UsageError(f"{name} has no model/merchant_scorecard.yaml; bonafide train --only merchants fits one")
    return graded


def _summary(told: dict[str, Any], folder: Path) -> str:
    levels = ", ".join(f"{name} {number:,}" for name, number in told["levels"].items())
    spread = ", ".join(f"{place} %: {value:.0f}" for place, value in told["scores"].items() if value is not None)
    return (
        f"{told['merchants']:,} merchants, {told['readings']:,} readings; {levels}\n"
        f"scores by percentile: {spread}\n{folder / FILE}"
    )
