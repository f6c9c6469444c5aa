"""`bonafide drift`: what moved between two periods of decisions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.evaluate import read_table
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import Json, read_moment
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from bonafide.lab.drift.compare import Drift
    from bonafide.lab.drift.periods import Period
    from bonafide.lab.explain.folder import Results


def drift(
    before: Annotated[Path, typer.Argument(help="Folder that replay --out wrote.", show_default=False)],
    after: Annotated[
        Path | None, typer.Argument(help="A later one; or none, with --split.", show_default=False)
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Compare what BEFORE holds before this moment with the rest of it.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", "-t", help="truth.parquet with known_at; default: the verdicts of the log."),
    ] = None,
    fail_above: Annotated[
        float | None, typer.Option("--fail-above", min=0, help="Exit 1 where a stability index is above this.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write all of it as one HTML file.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw what moved most into this file.")] = None,
    as_json: Json = False,
) -> None:
    """What moved between two periods: features, scores, what scores meant, alerts; the worst first.

    [dim]bonafide drift january february --fail-above 0.25[/dim]
    """
    with errors_told():
        kept = [path for folder in (before, after) if folder and folder.is_dir() for path in folder.iterdir()]
        kept += [] if truth is None else [truth]
        targets = [
            None if path is None else new_file(option, path, kept)
            for option, path in (("--html", html), ("--svg", svg))
        ]
        told = _compared(before, after, read_moment("--split", split), truth)
        _write(told, targets, _command(before, after, split, truth, fail_above))
    over = [] if fail_above is None else told.above(fail_above)
    _show(told, [one.name for one in over], fail_above, as_json=as_json)
    if over:
        names = ", ".join(f"{one.name} ({one.index:.2f})" for one in over[:5])
        more = f" and {len(over) - 5} more" if len(over) > 5 else ""
        say(f"bonafide: above {fail_above:g}: {names}{more}; look at what changed; where it stays, train anew")
        raise typer.Exit(Exit.NO)


def _compared(before: Path, after: Path | None, split_ms: int | None, truth: Path | None) -> Drift:
    from bonafide.lab.drift.compare import compare
    from bonafide.lab.drift.periods import parted, whole
    from bonafide.lab.explain.folder import open_results

    if (after is None) == (split_ms is None):
        raise UsageError("name two folders, or one folder and --split TIME")
    results = [open_results(folder) for folder in (before, after) if folder is not None]
    table = None if truth is None else read_table(truth)
    labels = [_labels(one, table) for one in results]
    first: Period
    if split_ms is None:
        first, then = (whole(one.folder, known) for one, known in zip(results, labels, strict=True))
    else:
        first, then = parted(before, split_ms, labels[0])
    with progress_bar("Comparing features") as bar:
        return compare(first, then, bar)


def _labels(results: Results, truth: pl.DataFrame | None) -> pl.DataFrame | None:
    """What had become known of the decisions in a folder; None, and a message, where nobody can say."""
    from bonafide.lab.arrived import from_truth, known_labels

    if truth is not None:
        return from_truth(truth)
    try:
        with progress_bar(f"Looking for verdicts about {results.folder}") as bar:
            return known_labels(results, lambda chunk: bar(chunk.bytes_done, chunk.bytes_total))
    except UsageError as error:
        say(f"no calibration: {error}")
        return None


def _command(before: Path, after: Path | None, split: str | None, truth: Path | None, limit: float | None) -> str:
    words = ["bonafide", "drift", str(before), *([] if after is None else [str(after)])]
    for option, value in (("--split", split), ("--truth", truth), ("--fail-above", limit)):
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


def _write(told: Drift, targets: Sequence[Path | None], command: str) -> None:
    from bonafide.lab.drift.shown import drift_html, drift_svg

    page, drawing = targets
    if page is not None:
        page.write_text(drift_html(told, command), encoding="utf-8")
        say(f"Report: {page}")
    if drawing is not None:
        drawing.write_text(drift_svg(told), encoding="utf-8")
        say(f"Drawing: {drawing}")


def _show(told: Drift, over: Sequence[str], limit: float | None, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        show_json(msgspec.to_builtins(told) | {"fail_above": limit, "above": list(over)})
    else:
        from bonafide.lab.drift.shown import drift_text

        typer.echo(drift_text(told))
