"""`bonafide list`: who is allowed, blocked or watched, until when and why; what does harm takes two people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import (
    ORIGIN,
    Acting,
    by_person,
    opened,
)
from bonafide.apps.cli.screen import errors_told, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.office.lists.changes import Change, Lists

list_app = typer.Typer(no_args_is_help=True, help="Who is allowed, blocked or watched: add, remove, approve, show.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
ListArgument = Annotated[
    Literal["allow", "block", "watch"], typer.Argument(help="allow, block or watch.", show_default=False)
]
Entry = Annotated[str, typer.Argument(help="An id as events have it, or the token of one.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept sealed.")]


@list_app.callback()
def _list() -> None:
    """Who is allowed, blocked or watched: add, remove, approve, show."""


@list_app.command()
@by_person
def add(
    at: Acting,
    name: ListArgument,
    entry: Entry,
    reason: Reason,
    expires: Annotated[str, typer.Option("--expires", help="Until when, RFC 3339; at most a year from now.")],
    as_json: Json = False,
) -> None:
    """Put somebody on a list until a stated time. To block somebody takes a second person: bonafide list approve.

    [dim]bonafide list add watch u17 --reason "asked by bank" --expires 2026-12-31T00:00:00Z --as ann[/dim]
    """
    from bonafide.apps.cli.options import read_moment

    ends = read_moment("--expires", expires)
    _show(lists_of(at.office).change(at.person, ORIGIN, name, "add", entry, reason, ends), as_json)


@list_app.command()
@by_person
def remove(
    at: Acting,
    name: ListArgument,
    entry: Entry,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Take somebody off a list. To allow somebody no more takes a second person: bonafide list approve.

    [dim]bonafide list remove block u17 --reason "it was somebody else" --as ann --data bonafide-data[/dim]
    """
    _show(lists_of(at.office).change(at.person, ORIGIN, name, "remove", entry, reason), as_json)


@list_app.command()
@by_person
def approve(
    at: Acting,
    number: Annotated[int, typer.Argument(min=1, help="The number of the change.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Approve a change that does harm, which somebody else has asked for.

    [dim]bonafide list approve 3 --as bob --data bonafide-data[/dim]
    """
    _show(lists_of(at.office).approve(at.person, ORIGIN, number), as_json)


@list_app.command()
def show(
    name: Annotated[str | None, typer.Option("--list", help="Only allow, block or watch.")] = None,
    entry: Annotated[str | None, typer.Option("--entry", help="Only changes of this id or token.")] = None,
    standing: Annotated[bool, typer.Option("--standing", help="Only who stands on it now.")] = False,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show changes of the lists: who is on them as tokens, who asked and approved, why, until when.

    [dim]bonafide list show --list block --standing --data bonafide-data[/dim]
    """
    from bonafide.core.errors import UsageError
    from bonafide.office.lists.changes import LISTS

    with errors_told(), opened(data) as office:
        if name is not None and name not in LISTS:
            raise UsageError(f"--list {name}: give one of {', '.join(LISTS)}")
        lists = lists_of(office)
        wanted = [one for one in LISTS if name in (None, one)]
        if standing:
            found = [change for one in wanted for change in lists.standing(one)]
            found = [one for one in found if entry is None or one.entry == lists.token_of(entry)]
        else:
            found = list(lists.changes(wanted[0] if name else None, entry))
    if as_json:
        show_json({"changes": [change.to_wire() for change in found]})
    else:
        typer.echo("\n".join(map(_line, found)) if found else "nothing")


def lists_of(office: Opened) -> Lists:
    """The lists of a data directory."""
    from bonafide.office.lists.changes import Lists

    return Lists(office.store, office.data.read_secret(), office.vault.keyring)


def _show(change: Change, as_json: bool) -> None:
    if as_json:
        show_json(change.to_wire())
        return
    waits = change.needs_two and change.approved_by is None
    told = f"waits for a second person: bonafide list approve {change.number}" if waits else "is on its way"
    typer.echo(f"change {change.number} {told}")


def _line(change: Change) -> str:
    wire = change.to_wire()
    on_its_way = "waits for a second person" if wire["waits"] else "on its way"
    where = on_its_way if change.seq is None else f"event {change.seq}"
    told = (f"{change.number}", wire["time"], change.list, change.action, change.entry, wire["expires"] or "-",
            change.person, change.approved_by or "-", where, change.reason)  # fmt: skip
    return "  ".join(told)
