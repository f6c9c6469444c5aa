"""`bonafide evaluate`: how well decisions told cash-out from honest trade, in money and in people disturbed."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bonafide.apps.cli.explain import Language
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from bonafide.lab.baseline import Comparison
    from bonafide.lab.metrics import Study
    from bonafide.lab.report.page import Origin


class Labels(StrEnum):
    """What judges."""

    LATENT = "latent"
    ARRIVED = "arrived"


_RESAMPLES: Final = 200


def evaluate(
    decisions: Annotated[Path, typer.Option("--decisions", "-d", help="decisions.parquet of a replay.")],
    truth: Annotated[Path, typer.Option("--truth", "-t", help="truth.parquet: event_id, label and more.")],
    budget: Annotated[
        int | None, typer.Option("--budget", help="Alerts a day that people can look at; default 0.5 % of payments.")
    ] = None,
    resamples: Annotated[
        int, typer.Option("--resamples", help="Bootstrap resamples for the intervals; 0 for none.")
    ] = _RESAMPLES,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    labels: Annotated[
        Labels, typer.Option("--labels", help="Judge by the latent truth, or by the labels that had arrived.")
    ] = Labels.LATENT,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="With --labels arrived: by this moment (RFC 3339 or ms); default the latest decision."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with plots: one HTML file.")] = None,
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Language of the report.")] = Language.EN,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Compare with a recorded baseline; exit 1 where worse.")
    ] = None,
    record: Annotated[Path | None, typer.Option("--record", help="Record these figures as a baseline.")] = None,
    as_json: Json = False,
) -> None:
    """Judge decisions against the truth, with 95 % intervals, in money and in people disturbed.

    [dim]bonafide evaluate --decisions results/decisions.parquet --truth truth.parquet --html report.html[/dim]
    """
    with errors_told():
        html = _new_file("--html", html, (decisions, truth, baseline))
        record = _new_file("--record", record, (decisions, truth, baseline, html))
        moment = _read_as_of(as_of, labels)
        import msgspec

        from bonafide.lab.baseline import compare, read_baseline
        from bonafide.lab.metrics import study
        from bonafide.lab.report_text import show

        recorded = None if baseline is None else read_baseline(baseline)
        with progress_bar(f"Judging {decisions} by {truth}") as bar:
            frames = read_table(decisions), read_table(truth)
            told = study(
                *frames, budget_per_day=budget, resamples=resamples, seed=seed, labels=labels.value, as_of_ms=moment,
                progress=bar,
            )  # fmt: skip
        given = {"--budget": budget, "--resamples": None if resamples == _RESAMPLES else resamples,
                 "--seed": seed or None, "--labels": None if labels is Labels.LATENT else labels.value,
                 "--as-of": as_of}  # fmt: skip
        origin = _origin(decisions, truth, frames[0], seed, given)
        _write(told, origin, html, lang, record)
    compared = None if recorded is None else compare(told.evaluation, recorded)
    if as_json:
        beside = {} if compared is None else {"baseline": compared.as_json()}
        show_json(msgspec.to_builtins(told.evaluation) | beside)
    else:
        typer.echo(show(told.evaluation))
    if compared is not None:
        _end_by(compared, baseline)


def _read_as_of(text: str | None, labels: Labels) -> int | None:
    """The moment that `--as-of` gave."""
    from bonafide.core.moment import parse_moment
    from bonafide.core.text import shorten

    if text is None:
        return None
    if labels is Labels.LATENT:
        raise UsageError(f"--as-of {shorten(text)}: the latent truth has no moment; add --labels arrived")
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(f"--as-of {shorten(text)}: {error}") from None


def _new_file(option: str, path: Path | None, kept: tuple[Path | None, ...]) -> Path | None:
    """Where a result may be written: never a folder or a device, never over what is read."""
    if path is None:
        return None
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device or the like"
        raise UsageError(f"{option} {path}: this is {what}; name a file")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if any(other is not None and path.resolve() == other.resolve() for other in kept):
        raise UsageError(f"{option} {path}: this file is also read, or written to; name another")
    return path


def _origin(decisions: Path, truth: Path, decided: pl.DataFrame, seed: int, given: Mapping[str, object]) -> Origin:
    from bonafide.lab.report.page import Origin

    words = ["bonafide", "evaluate", "--decisions", str(decisions), "--truth", str(truth)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    bundles = decided["bundle"].drop_nulls().unique().sort().to_list() if "bundle" in decided.columns else []
    return Origin(shlex.join(words), tuple(bundles), _sha256(decisions), _sha256(truth), seed)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(told: Study, origin: Origin, html: Path | None, lang: Language, record: Path | None) -> None:
    from bonafide.lab.baseline import baseline_of, read_baseline
    from bonafide.lab.report.page import report_html

    if html is not None:
        html.write_text(report_html(told, origin, "zh" if lang is Language.ZH else "en"), encoding="utf-8")
        say(f"Report: {html}")
    if record is not None:
        recorded = baseline_of(told.evaluation, record.stem, origin.bundles, origin.command)
        if record.exists():
            recorded = recorded.with_tolerances_of(read_baseline(record))
        record.write_text(recorded.text(), encoding="utf-8")
        say(f"Recorded: {record}")


def _end_by(compared: Comparison, baseline: Path | None) -> None:
    """Say what moved, and end with 1 where something is worse than the baseline tolerates."""
    for line in compared.lines():
        say(line)
    if not compared.worse:
        say(f"Not worse than {baseline}")
        return
    say(f"bonafide: worse than {baseline} in {len(compared.worse)}; mend it, or record anew and say why")
    raise typer.Exit(Exit.NO)


def read_table(path: Path) -> pl.DataFrame:
    """A Parquet file in memory, or one sentence about why not."""
    import polars as pl

    from bonafide.core.errors import InputError

    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError("malformed", f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from None
