"""`bonafide case decide, confirm, refuse, undo, look`: what came of a case."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bonafide.apps.cli.case import Note, Number, case_app, desk_of, show_case
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import (
    ORIGIN,
    Acting,
    by_person,
)

__all__ = ["case_app"]

LabelArgument = Annotated[
    Literal["cash_out", "genuine", "unsure"], typer.Argument(help="cash_out, genuine or unsure.", show_default=False)
]
GradeOption = Annotated[
    Literal["suspected", "corroborated", "confirmed", "adjudicated"] | None,
    typer.Option("--grade", help="Of cash_out: suspected, corroborated, confirmed or adjudicated."),
]


@case_app.command()
@by_person
def decide(
    at: Acting,
    number: Number,
    label: LabelArgument,
    grade: GradeOption = None,
    measure: Annotated[str | None, typer.Option("--measure", help="Of cash_out: a measure that is asked for.")] = None,
    about: Annotated[
        list[str] | None,
        typer.Option("--about", help="With a measure: the token of whom it is about; may be repeated."),
    ] = None,
    genuine: Annotated[
        list[str] | None,
        typer.Option("--genuine", help="Of cash_out: the token of a subject who had no part; may be repeated."),
    ] = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Say what came of one's case; verdicts are written into the log. What is harsh takes a second person.

    [dim]bonafide case decide 17 cash_out --grade confirmed --as ann --data bonafide-data[/dim]
    """
    from bonafide.office.cases.rows import Asked

    asked = Asked(label, grade, measure, tuple(genuine or ()), about=tuple(about or ()))
    show_case(desk_of(at.office).decide(at.person, ORIGIN, number, asked, note), as_json)


@case_app.command()
@by_person
def confirm(
    at: Acting,
    number: Number,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Confirm what somebody else says of a case.

    [dim]bonafide case confirm 17 --as bob --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).confirm(at.person, ORIGIN, number, note), as_json)


@case_app.command()
@by_person
def refuse(
    at: Acting,
    number: Number,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Give a case back to who decided, or take one's own word back, before it is confirmed.

    [dim]bonafide case refuse 17 --note "ask the shop first" --as bob --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).refuse(at.person, ORIGIN, number, note), as_json)


@case_app.command()
@by_person
def undo(
    at: Acting,
    number: Number,
    label: Annotated[
        Literal["genuine", "unsure"], typer.Option("--label", help="What the contrary verdicts say.")
    ] = "unsure",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Take a decision back within 72 hours: contrary verdicts are written, and the case is open again.

    [dim]bonafide case undo 17 --label genuine --as ann --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).undo(at.person, ORIGIN, number, label, note), as_json)


@case_app.command()
@by_person
def look(
    at: Acting,
    number: Number,
    label: LabelArgument,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Look a second time at a decision that was drawn for it, which somebody else has taken.

    [dim]bonafide case look 17 cash_out --as bob --data bonafide-data[/dim]
    """
    show_case(desk_of(at.office).look(at.person, ORIGIN, number, label, note), as_json)
