"""`bonafide explain`: why an event was decided on as it was."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.engines import open_engine
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.explain.why import Explanation, Undecided


class Language(StrEnum):
    """The languages that people concerned read."""

    EN = "en"
    ZH = "zh"


def explain(
    event_id: Annotated[str, typer.Argument(help="The event's id, as it stands in the log.", show_default=False)],
    folder: Annotated[Path, typer.Option("--in", help="Folder that replay --out wrote.")],
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Language of the answer.")] = Language.EN,
    trace: Annotated[
        bool, typer.Option("--trace", help="Every number: fields, features, every rule part by part.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Why an event was decided on as it was: rules, reasons, measures, with the numbers behind them.

    [dim]bonafide explain p17 --in results --lang zh[/dim]
    """
    with errors_told():
        told = _explain(event_id, folder, trace=trace)
    from bonafide.lab.explain.why import Explanation

    if isinstance(told, Explanation):
        _show(told, lang.value, trace=trace, as_json=as_json)
        if not told.is_same:
            raise typer.Exit(Exit.NO)
    else:
        _show_undecided(told, lang.value, folder, as_json=as_json)


def _explain(event_id: str, folder: Path, *, trace: bool) -> Explanation | Undecided:
    from bonafide.lab.explain.folder import open_results
    from bonafide.lab.explain.why import explain as explain_event

    if not event_id:
        raise UsageError("an empty text is no event's id; give the id as it stands in the log")
    results = open_results(folder)
    with progress_bar("Deriving the event again") as bar:
        return explain_event(
            results, event_id, open_engine, lambda chunk: bar(chunk.bytes_done, chunk.bytes_total), trace=trace
        )  # fmt: skip


def _show(told: Explanation, lang: str, *, trace: bool, as_json: bool) -> None:
    from bonafide.lab.explain.as_json import explanation_json
    from bonafide.lab.explain.text import explanation_text

    if as_json:
        show_json(explanation_json(told, trace=trace))
    else:
        typer.echo(explanation_text(told, "zh" if lang == "zh" else "en", _width(), trace=trace))


def _show_undecided(told: Undecided, lang: str, folder: Path, *, as_json: bool) -> None:
    from bonafide.core.text import shorten
    from bonafide.lab.explain.as_json import undecided_json
    from bonafide.lab.explain.undecided import undecided_text

    if as_json:
        show_json(undecided_json(told))
    else:
        text = undecided_text(told, "zh" if lang == "zh" else "en", _width())
        if text:
            typer.echo(text)
    if told.kind == "unknown":
        near = f"; did you mean {' or '.join(map(shorten, told.near))}?" if told.near else ""
        say(
            f"bonafide: {shorten(told.event_id)}: no event of this id was decided on, "
            f"taught or refused in {folder}{near}"
        )
        raise typer.Exit(Exit.NO)


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
