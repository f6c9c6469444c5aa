"""`bonafide review-sample`: which decisions people should look at next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.evaluate import read_table
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import Json, Seed
from bonafide.apps.cli.screen import errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from bonafide.lab.explain.folder import Results

SUFFIXES = (".csv", ".parquet")


def review_sample(
    folder: Annotated[Path, typer.Argument(help="Folder that replay --out wrote.", show_default=False)],
    n: Annotated[int, typer.Option("--n", min=1, help="How many payments.")] = 50,
    random: Annotated[
        float, typer.Option("--random", min=0, max=1, help="Part of them that is drawn at random, at least one.")
    ] = 0.2,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write them here: .csv or .parquet.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", "-t", help="truth.parquet with known_at; default: the verdicts of the log."),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Pick payments for people to look at: uncertain ones, unlike ones, and a random part to estimate from.

    [dim]bonafide review-sample results --n 50 --out look.csv[/dim]
    """
    with errors_told():
        target = _target(out, folder, truth)
        sample, candidates, labelled = _sample(folder, n, random, truth, seed)
        if target is not None:
            from bonafide.lab.review.shown import write_sample

            write_sample(sample, target)
            say(f"Sample: {out}")
    if as_json:
        show_json(
            {"n": sample.height, "candidates": candidates, "labelled": labelled, "seed": seed, "rows": _rows(sample)}
        )
    else:
        from bonafide.lab.review.shown import sample_text

        typer.echo(sample_text(sample, candidates, labelled, out))


def _target(out: Path | None, folder: Path, truth: Path | None) -> Path | None:
    if out is None:
        return None
    if out.suffix not in SUFFIXES:
        raise UsageError(f"--out {out}: name a file that ends in {' or '.join(SUFFIXES)}")
    kept = [*(folder.iterdir() if folder.is_dir() else ()), *([] if truth is None else [truth])]
    return new_file("--out", out, kept)


def _sample(folder: Path, n: int, random: float, truth: Path | None, seed: int) -> tuple[pl.DataFrame, int, int]:
    """The sample, how many payments there were to choose from, and how many have a verdict."""
    from bonafide.engine.bundle import load_bundle
    from bonafide.lab.explain.folder import BUNDLE_COPY, open_results
    from bonafide.lab.review.candidates import candidates
    from bonafide.lab.review.pick import disturbing_lines, pick, sample_frame

    results = open_results(folder)
    if not (folder / BUNDLE_COPY).is_dir():
        raise UsageError(
            f"{folder / BUNDLE_COPY}: the copy of the bundle that decided is not there; replay the log again"
        )
    lines = disturbing_lines(load_bundle(folder / BUNDLE_COPY).policy)
    found = candidates(folder, _labels(results, truth))
    if not found.n:
        raise UsageError(f"{folder}: every payment decided there has a verdict, or there is none; nothing to look at")
    return sample_frame(found, pick(found, lines, n, seed, random)), found.n, len(found.known)


def _labels(results: Results, truth: Path | None) -> pl.DataFrame:
    """What had become known by the end of the log."""
    import polars as pl

    from bonafide.core.moment import parse_moment
    from bonafide.lab.arrived import from_truth, known_labels

    if truth is not None:
        labels = from_truth(read_table(truth))
    else:
        with progress_bar("Looking for verdicts") as bar:
            labels = known_labels(results, lambda chunk: bar(chunk.bytes_done, chunk.bytes_total))
    last = results.summary.get("last_time")
    return labels if last is None else labels.filter(pl.col("arrived_ms") <= parse_moment(last))


def _rows(sample: pl.DataFrame) -> list[dict[str, object]]:
    from bonafide.core.moment import moment_of, show_moment

    return [row | {"time": show_moment(moment_of(row["time"]))} for row in sample.to_dicts()]
