"""`bonafide measure`: where measures stand, and what people do about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from bonafide.office.measures.measure import Measure
    from bonafide.office.measures.steps import Measures

measure_app = typer.Typer(no_args_is_help=True, help="Measures: list, show, open, confirm, lift, refuse, delay-notice.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Name = Annotated[str, typer.Argument(metavar="MEASURE_ID", help="As decisions call it.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="Why; it is kept sealed.")]


@measure_app.callback()
def _measure() -> None:
    """Measures: list, show, open, confirm, lift, refuse, delay-notice."""


@measure_app.command("list")
def list_measures(
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only those about this token.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what people are to look at.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many at most.")] = 100,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show measures, the newest first, and how many there are in each state.

    [dim]bonafide measure list --waiting --data bonafide-data[/dim]
    """
    from bonafide.core.errors import UsageError
    from bonafide.office.measures.words import STATES

    with errors_told(), opened(data) as office:
        if state is not None and state not in STATES:
            raise UsageError(f"--state {state}: give one of {', '.join(STATES)}")
        ours = _measures(office)
        found = ours.list(state=state, subject=subject, waiting=waiting, limit=limit)
        figures = ours.figures()
    if as_json:
        show_json({"measures": [one.to_wire() for one in found], "figures": figures})
        return
    typer.echo("\n".join(map(_line, found)) if found else "nothing")
    typer.echo(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in figures.items()), err=True)


@measure_app.command()
def show(measure_id: Name, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show one measure: what it rests on, who confirmed it, and what its subject was told, in both languages.

    [dim]bonafide measure show u17-1767601800007 --data bonafide-data[/dim]
    """
    with errors_told(), opened(data) as office:
        found = _measures(office).show(measure_id)
    if as_json:
        show_json(found)
        return
    for name in ("measure_id", "measure", "subject_type", "subject", "state", "until", "grade", "ended_by"):
        typer.echo(f"{name.replace('_', ' '):14}{found[name] if found[name] is not None else '-'}")
    typer.echo(f"{'confirmed by':14}{', '.join(found['confirmed_by']) or 'nobody'}")
    for step in found["steps"]:
        typer.echo(f"{step['time']}  {step['person']}  {step['action']}")
    for notice in found["notices"]:
        when = f"sent {notice['sent']}" if notice["sent"] else f"waits until {notice['due']}"
        typer.echo(f"\nnotice {notice['kind']}, {when}")
        typer.echo(f"{notice['text']['zh']}\n{notice['text']['en']}")


@measure_app.command("open")
@by_person
def open_measure(
    at: Acting,
    case: Annotated[int, typer.Argument(min=1, help="The case that it rests on.", show_default=False)],
    measure: Annotated[str, typer.Argument(help="What is to be done, such as freeze_credit.", show_default=False)],
    subject: Annotated[str, typer.Option("--subject", help="The token of a user or merchant of the case.")],
    note: Note,
    until: Annotated[
        str | None, typer.Option("--until", help="When it ends or is looked at again, RFC 3339; in 30 days by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open a measure about a subject of a case. What limits somebody waits until a second person confirms it.

    [dim]bonafide measure open 17 limit_credit --subject ~0b1c93c71816aa02 --note "three loops" --as ann[/dim]
    """
    from bonafide.apps.cli.options import read_moment
    from bonafide.office.measures.opening import Openings, Wish, reasons_in

    ends = None if until is None else read_moment("--until", until)
    office = at.office
    ours = Openings(office.store, office.data.read_secret(), office.vault.keyring, reasons_in(office.data.folder))
    _show(ours.open(at.person, ORIGIN, Wish(case, subject, measure, ends), note), as_json)


@measure_app.command()
@by_person
def confirm(
    at: Acting,
    measure_id: Name,
    note: Note,
    until: Annotated[
        str | None, typer.Option("--until", help="When it is looked at again, RFC 3339; 30 days from now by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Stand behind a measure; when two people do, it lasts beyond 72 hours.

    [dim]bonafide measure confirm u17-1767601800007 --note "looked at the orders" --as ann[/dim]
    """
    from bonafide.apps.cli.options import read_moment

    ends = None if until is None else read_moment("--until", until)
    _show(_measures(at.office).confirm(at.person, ORIGIN, measure_id, note, ends), as_json)


@measure_app.command()
@by_person
def lift(
    at: Acting,
    measure_id: Name,
    note: Note,
    as_json: Json = False,
) -> None:
    """End a measure now; the platform is asked to lift it.

    [dim]bonafide measure lift u17-1767601800007 --note "the goods arrived" --as ann --data bonafide-data[/dim]
    """
    _show(_measures(at.office).lift(at.person, ORIGIN, measure_id, note), as_json)


@measure_app.command()
@by_person
def refuse(
    at: Acting,
    measure_id: Name,
    note: Note,
    as_json: Json = False,
) -> None:
    """Turn a measure down before the platform carries it out.

    [dim]bonafide measure refuse u17-1767601800007 --note "too hard for what is known" --as ann[/dim]
    """
    _show(_measures(at.office).refuse(at.person, ORIGIN, measure_id, note), as_json)


@measure_app.command("delay-notice")
@by_person
def delay_notice(
    at: Acting,
    measure_id: Name,
    basis: Annotated[str, typer.Option("--basis", help="The legal basis; it is kept sealed.")],
    until: Annotated[str, typer.Option("--until", help="When the notice leaves, RFC 3339; at most 90 days from now.")],
    as_json: Json = False,
) -> None:
    """Have the notice of a measure that waits for a person leave later, on a legal basis.

    [dim]bonafide measure delay-notice u17-1767601800007 --basis "order 5" --until 2026-12-31T00:00:00Z --as lee[/dim]
    """
    from bonafide.apps.cli.options import read_moment

    ends = read_moment("--until", until) or 0
    _show(_measures(at.office).delay_notice(at.person, ORIGIN, measure_id, basis, ends), as_json)


def _measures(office: Opened) -> Measures:
    from bonafide.office.measures.steps import Measures

    return Measures(office.store, office.data.read_secret(), office.vault.keyring)


def _show(found: Measure, as_json: bool) -> None:
    if as_json:
        show_json(found.to_wire())
        return
    by = f", confirmed by {' and '.join(found.confirmers)}" if found.confirmers else ""
    typer.echo(f"measure {found.measure_id} is {found.state}{by}; until {found.to_wire()['until']}")


def _line(found: Measure) -> str:
    wire = found.to_wire()
    by = ",".join(found.confirmers) or "-"
    return "  ".join((found.measure_id, found.measure, found.subject, found.state, wire["until"], by))
