"""`bonafide evaluate`: how good decisions were, against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json

if TYPE_CHECKING:
    import polars as pl


def evaluate(
    decisions: Annotated[Path, typer.Option("--decisions", "-d", help="decisions.parquet of a replay.")],
    truth: Annotated[Path, typer.Option("--truth", "-t", help="truth.parquet: event_id, label and more.")],
    budget: Annotated[
        int | None, typer.Option("--budget", help="Alerts a day that people can look at; default 0.5 % of payments.")
    ] = None,
    resamples: Annotated[
        int, typer.Option("--resamples", help="Bootstrap resamples for the intervals; 0 for none.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """Judge decisions against the truth, with 95 % intervals, in money and in people disturbed.

    [dim]bonafide evaluate --decisions results/decisions.parquet --truth truth.parquet[/dim]
    """
    with errors_told():
        say(f"Judging {decisions} by {truth}")
        import msgspec

        from bonafide.lab.metrics import evaluate as judge
        from bonafide.lab.report_text import show

        judged = judge(
            read_table(decisions), read_table(truth), budget_per_day=budget, resamples=resamples, seed=seed
        )  # fmt: skip
    if as_json:
        show_json(msgspec.to_builtins(judged))
    else:
        typer.echo(show(judged))


def read_table(path: Path) -> pl.DataFrame:
    """A Parquet file in memory, or one sentence about why not."""
    import polars as pl

    from bonafide.core.errors import InputError, UsageError

    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError("malformed", f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from None
