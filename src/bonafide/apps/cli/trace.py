"""`bonafide trace`: where the money went, and who shares what with whom."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bonafide.apps.cli.explain import Language
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import Json, read_moment
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.trace.trace import Trace, Unclear

LIMIT: Final = 5


class As(StrEnum):
    """What an id can name."""

    USER = "user"
    MERCHANT = "merchant"
    EVENT = "event"
    ACCOUNT = "account"


def trace(
    subject: Annotated[
        str, typer.Argument(help="A user, merchant, account or event, by its id.", show_default=False)
    ],
    folder: Annotated[Path, typer.Option("--in", help="Folder that replay --out wrote.")],
    kind: Annotated[
        As | None, typer.Option("--as", help="What is meant, where an id names several things.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Nothing later than this counts (RFC 3339 or ms); default: the end of the log."),
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Language of the answer.")] = Language.EN,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Ways of money that the text shows.")] = LIMIT,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw it into this file.", show_default=False)] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Where the money went, step by step until it was home, and who shares devices, accounts and the like.

    [dim]bonafide trace u916 --in results --svg u916.svg[/dim]
    """
    with errors_told():
        told = _trace(subject, folder, None if kind is None else kind.value, until, svg, lang.value)
    from bonafide.lab.trace.trace import Trace

    if isinstance(told, Trace):
        _show(told, lang.value, limit, svg, as_json=as_json)
    else:
        _say_unclear(told, folder, until, as_json=as_json)


def _trace(
    name: str, folder: Path, kind: str | None, until: str | None, svg: Path | None, lang: str
) -> Trace | Unclear:
    from bonafide.lab.explain.folder import open_results
    from bonafide.lab.trace.subject import KINDS
    from bonafide.lab.trace.trace import Trace
    from bonafide.lab.trace.trace import trace as trace_subject

    if not name:
        raise UsageError("an empty text is no id; give the id of a user, a merchant, an account or an event")
    until_ms = read_moment("--until", until)
    results = open_results(folder)
    target = None if svg is None else new_file("--svg", svg, [*results.inputs, *folder.iterdir()])
    chosen = next((known for known in KINDS if known == kind), None)
    told = trace_subject(results, name, chosen, until_ms, progress_bar)
    if target is not None and isinstance(told, Trace):
        from bonafide.lab.trace.picture import trace_svg

        target.write_text(trace_svg(told, "zh" if lang == "zh" else "en"), encoding="utf-8")
    return told


def _show(told: Trace, lang: str, limit: int, svg: Path | None, *, as_json: bool) -> None:
    from bonafide.lab.trace.as_json import trace_json
    from bonafide.lab.trace.text import trace_text

    if as_json:
        show_json(trace_json(told))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        typer.echo(trace_text(told, "zh" if lang == "zh" else "en", width, limit))
    if svg is not None:
        say(f"drawn: {svg}")


def _say_unclear(told: Unclear, folder: Path, until: str | None, *, as_json: bool) -> None:
    """Say why there is no trace, and end: an id of several things is used wrongly, an unknown one is a no."""
    from bonafide.core.text import shorten
    from bonafide.lab.trace.as_json import unclear_json

    if as_json:
        show_json(unclear_json(told))
    name, kinds = shorten(told.id), " and ".join(told.kinds)
    if told.kind == "several":
        options = " or ".join(f"--as {kind}" for kind in told.kinds)
        say(f"bonafide: {name}: names several things in the log: {kinds}; add {options}")
        raise typer.Exit(Exit.USAGE)
    if told.kind == "another":
        say(f"bonafide: {name}: is not what --as says, but {kinds}; give --as {told.kinds[0]}")
        raise typer.Exit(Exit.NO)
    near = f"; did you mean {' or '.join(map(shorten, told.near))}?" if told.near else ""
    when = "" if until is None else f" up to {until}"
    say(f"bonafide: {name}: no user, merchant, account or event of this id is in the log of {folder}{when}{near}")
    raise typer.Exit(Exit.NO)
