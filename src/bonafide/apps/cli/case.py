"""`bonafide case`: what people review: list, take, note, link, split, decide, undo, look a second time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import (
    ORIGIN,
    Acting,
    by_person,
)
from bonafide.apps.cli.screen import show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.office.cases.desk import Desk
    from bonafide.office.cases.rows import Case

case_app = typer.Typer(no_args_is_help=True, help="What people review: list, take, note, link, split, decide, undo.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Number = Annotated[int, typer.Argument(min=1, help="The number of the case.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="A note; it is kept sealed.")]


@case_app.callback()
def _case() -> None:
    """What people review: list, take, note, link, split, decide, undo."""


@case_app.command()
@by_person
def claim(
    at: Acting,
    number: Number,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Take a case.

    [dim]bonafide case claim 17 --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).assign(at.person, ORIGIN, number, None, note), as_json)


@case_app.command()
@by_person
def assign(
    at: Acting,
    number: Number,
    to: Annotated[str, typer.Argument(help="Whose it is from now on.", show_default=False)],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Hand one's case to somebody; a senior gives any case to anybody.

    [dim]bonafide case assign 17 bob --note "knows the shop" --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).assign(at.person, ORIGIN, number, to, note), as_json)


@case_app.command()
@by_person
def wait(
    at: Acting,
    number: Number,
    until: Annotated[str, typer.Option("--until", help="Until when, RFC 3339; at most 30 days from now.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Have one's case wait until a time; it comes back by itself.

    [dim]bonafide case wait 17 --until 2026-12-31T00:00:00Z --as ann --data bonafide-data[/dim]
    """
    from bonafide.apps.cli.options import read_moment

    show_case(desk_of(at.office).wait(at.person, ORIGIN, number, read_moment("--until", until) or 0, note), as_json)


@case_app.command()
@by_person
def note(
    at: Acting,
    number: Number,
    text: Annotated[str, typer.Argument(help="The note; it is kept sealed.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Add a note to a case.

    [dim]bonafide case note 17 "the shop's address is a letter box" --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).note(at.person, ORIGIN, number, text), as_json)


@case_app.command()
@by_person
def link(
    at: Acting,
    number: Number,
    to: Annotated[int, typer.Argument(min=1, help="The case that it has to do with.", show_default=False)],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Note that a case has to do with another.

    [dim]bonafide case link 17 12 --note "the same owner" --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).link(at.person, ORIGIN, number, to, note), as_json)


@case_app.command()
@by_person
def split(
    at: Acting,
    number: Number,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="The token of whose events go; may be repeated.")
    ] = None,
    event: Annotated[list[str] | None, typer.Option("--event", help="The id of an event; may be repeated.")] = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Have events of a case be a case of their own, linked to it: those that name a subject, and single ones.

    [dim]bonafide case split 17 --subject ~0b1c93c71816aa02 --note "another shop" --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).split(at.person, ORIGIN, number, subject or [], event or [], note), as_json)


@case_app.command()
@by_person
def merge(
    at: Acting,
    number: Number,
    other: Annotated[int, typer.Argument(min=1, help="The case that becomes part of it.", show_default=False)],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Have another case become part of one; so a split is taken back, too.

    [dim]bonafide case merge 17 31 --note "the same owner" --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).merge(at.person, ORIGIN, number, other, note), as_json)


def desk_of(office: Opened) -> Desk:
    """Where people of a data directory work on cases."""
    from bonafide.office.cases.desk import Desk
    from bonafide.office.measures.opening import reasons_in

    reasons_of = reasons_in(office.data.folder)
    return Desk(office.store, office.data.read_secret(), office.vault.keyring, reasons_of=reasons_of)


def show_case(case: Case, as_json: bool) -> None:
    """Say how a case stands."""
    from bonafide.office.access.keys import now_ms

    if as_json:
        show_json(case.to_wire(now_ms()))
        return
    whose = f", {case.assignee}'s" if case.assignee else ""
    told = f"case {case.number} is {case.state}{whose}"
    if case.asked is not None:
        told += f"; a second person is to confirm it: bonafide case confirm {case.number}"
    typer.echo(told + ("" if case.label is None else f": {case.label}"))
