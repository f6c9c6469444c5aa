"""`bonafide map`: mapping files, which say which column of a file is which field."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.inputs.guess.file import Preview
    from bonafide.lab.inputs.guess.mapping import Guess, Wishes

map_app = typer.Typer(no_args_is_help=True, help="Mapping files: which column of a file is which field.")


@map_app.callback()
def _map() -> None:
    """Mapping files: which column of a file is which field."""


@map_app.command()
def init(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz) or Parquet of somebody else's.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Mapping file to write.")] = Path("mapping.yaml"),
    event: Annotated[
        str | None,
        typer.Option("--event", help="What a row is; default: payment, or transfer where both sides are alike."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Currency where no column names one; default: CNY.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Zone of times that name none, such as +08:00; default: UTC.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a mapping file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Guess a mapping for a file, show ten rows as events, and say what is missing.

    [dim]bonafide map init transactions.csv --out mapping.yaml[/dim]
    """
    with errors_told():
        say(f"Looking at {file}")
        wishes = _wishes(event, currency, zone)
        _check_out(out, file, force=force)
        guess, seen = _guess(file, out, wishes)
    whole = not guess.gaps and seen.fault is None and 0 < seen.frame.height == seen.read
    if as_json:
        show_json(_as_json(guess, seen, out, whole=whole))
    else:
        from bonafide.lab.inputs.guess.text import guess_text

        typer.echo(guess_text(guess, seen, shutil.get_terminal_size((100, 24)).columns))
    if not whole:
        from bonafide.lab.inputs.guess.file import MARK

        say(f"{out} is written but not complete: see what is missing above, and any lines marked {MARK} in it")
        raise typer.Exit(Exit.NO)
    say(f"{out} is written; read it through, then: bonafide replay {file} --mapping {out} --out results")


def _guess(file: Path, out: Path, wishes: Wishes) -> tuple[Guess, Preview]:
    from bonafide.lab.inputs.guess.file import mapping_text, preview
    from bonafide.lab.inputs.guess.mapping import guess_mapping
    from bonafide.lab.inputs.guess.sample import take_sample

    guess = guess_mapping(take_sample(file), wishes)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(mapping_text(guess), encoding="utf-8")
    return guess, preview(guess, out)


def _wishes(event: str | None, currency: str | None, zone: str | None) -> Wishes:
    from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
    from bonafide.core.fields import FIELDS
    from bonafide.core.text import did_you_mean, shorten
    from bonafide.lab.inputs.cast import is_zone
    from bonafide.lab.inputs.guess.mapping import Wishes

    types = [name for name in EVENT_CLASS if name not in CONTROL_TYPES]
    if event is not None and event not in types:
        near = did_you_mean(event, types) or f"; one of {', '.join(types)}"
        raise UsageError(f"--event {shorten(event)}: is not an event type{near}")
    known = FIELDS["currency"].words
    if currency is not None and currency not in known:
        near = did_you_mean(currency, known)
        raise UsageError(f"--currency {shorten(currency)}: give an ISO 4217 code such as CNY{near}")
    if zone is not None and not is_zone(zone):
        raise UsageError(f"--zone {shorten(zone)}: is not a zone; give one such as UTC, +08:00 or Asia/Shanghai")
    return Wishes(event, currency, zone)


def _check_out(out: Path, file: Path, *, force: bool) -> None:
    if out.is_dir():
        raise UsageError(f"--out {out}: this is a folder; name a file")
    if out.exists() and out.resolve() == file.resolve():
        raise UsageError(f"--out {out}: this file is also read; name another")
    if out.exists() and not (force and out.is_file()):
        raise UsageError(f"--out {out}: is there already; name another, or add --force to write over it")


def _as_json(guess: Guess, seen: Preview, out: Path, *, whole: bool) -> dict[str, Any]:
    from bonafide.lab.inputs.guess.text import preview_rows

    truth = guess.truth
    return {
        "file": str(guess.sample.path), "form": guess.sample.form, "rows_looked_at": guess.sample.rows,
        "event": guess.event, "complete": whole, "mapping": str(out), "order": "time" if guess.by_time else "row",
        "joins": {name: list(pieces) for name, pieces in guess.joins.items()},
        "fields": {g.field: {"source": g.source, "sure": g.sure, "why": g.why} for g in guess.fields},
        "truth": None if truth is None else {"source": truth.source, "sure": truth.sure, "why": truth.why},
        "missing": [gap._asdict() for gap in guess.gaps], "fault": seen.fault,
        "unused": list(guess.unused), "rows": preview_rows(seen), "refused": seen.refused,
    }  # fmt: skip
