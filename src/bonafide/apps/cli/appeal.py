"""`bonafide appeal`: appeals and answers to requests for information, with their documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from bonafide.office.appeals.appeals import Appeals

appeal_app = typer.Typer(no_args_is_help=True, help="Appeals and answers: list, show, submit, assign, decide.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Number = Annotated[str, typer.Argument(metavar="APPEAL_ID", help="As the list has it.", show_default=False)]


@appeal_app.callback()
def _appeal() -> None:
    """Appeals and answers: list, show, submit, assign, decide."""


@appeal_app.command("list")
def list_appeals(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that are not decided.")] = False,
    assignee: Annotated[str | None, typer.Option("--assignee", help="Only those given to this person.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many at most.")] = 100,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show appeals, those that are due first, first; and rules whose measures are overturned too often.

    [dim]bonafide appeal list --waiting --data bonafide-data[/dim]
    """
    with errors_told(), opened(data) as office:
        ours = _appeals(office)
        found, figures = ours.list(assignee=assignee, waiting=waiting, limit=limit), ours.figures()
    if as_json:
        show_json({"appeals": found, "figures": figures})
        return
    typer.echo("\n".join(map(_line, found)) if found else "nothing")
    typer.echo(f"waiting {figures['waiting']:,}, overdue {figures['overdue']:,}, upheld {figures['upheld']:,} of "
               f"{figures['decided']:,}", err=True)  # fmt: skip
    for rule in figures["rules"]:
        if rule["flagged"]:
            low, high = rule["interval"]
            told = f"{rule['upheld']} of {rule['decided']} ({low:.0%} to {high:.0%})"
            typer.echo(f"{rule['rule']} is overturned too often: {told}", err=True)


@appeal_app.command()
@by_person
def show(
    at: Acting,
    appeal_id: Number,
    save: Annotated[
        Path | None, typer.Option("--save", help="A new folder to write the documents to.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Show an appeal with what was said and handed in; the look is in the audit log.

    [dim]bonafide appeal show 0b1c93c71816 --save papers --as bob --data bonafide-data[/dim]
    """
    ours = _appeals(at.office)
    found = ours.look(at.person, ORIGIN, appeal_id)
    if save is not None:
        save.mkdir(mode=0o700)
        for one in found["documents"]:
            kind, content = ours.document(at.person, ORIGIN, appeal_id, one["document"])
            # Under our own name: what the sender calls it is no path.
            (save / f"{one['document']}.{kind.rpartition('/')[2]}").write_bytes(content)
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        if name != "documents":
            typer.echo(f"{name.replace('_', ' '):14}{'-' if value is None else value}")
    for one in found["documents"]:
        typer.echo(f"document      {one['document']}  {one['media_type']}  {one['size']:,} bytes  {one['name']}")


@appeal_app.command()
@by_person
def submit(
    at: Acting,
    measure_id: Annotated[str, typer.Argument(metavar="MEASURE_ID", help="The measure.", show_default=False)],
    statement: Annotated[str, typer.Option("--statement", help="What is said; it is kept sealed.")],
    answer: Annotated[bool, typer.Option("--answer", help="It answers a request for information.")] = False,
    document: Annotated[
        list[Path] | None, typer.Option("--document", help="A PDF, PNG or JPEG; may stand several times.")
    ] = None,
    human_only: Annotated[bool, typer.Option("--human-only", help="People are to decide from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Take in an appeal that came by letter or at a counter, with its documents.

    [dim]bonafide appeal submit u17-1767601800007 --statement "I bought shoes" --document bill.pdf --as ann[/dim]
    """
    from bonafide.office.appeals.appeals import Handed
    from bonafide.office.appeals.documents import SIZE_MAX
    from bonafide.office.audit.entry import Actor

    handed = []
    for path in document or ():
        with path.open("rb") as file:
            handed.append(Handed(path.name, file.read(SIZE_MAX + 1)))
    found = _appeals(at.office).submit(
        Actor(f"person:{at.person.name}", ORIGIN), at.person.role, measure_id, "answer" if answer else "appeal",
        statement, documents=handed, human_only=human_only or None,
    )  # fmt: skip
    wire = found.to_wire(at.office.vault.clock())
    _show(wire, as_json)


@appeal_app.command()
@by_person
def assign(
    at: Acting,
    appeal_id: Number,
    to: Annotated[str, typer.Option("--to", help="The name of who is to decide it.")],
    as_json: Json = False,
) -> None:
    """Give an appeal to somebody who has had no hand in the measure.

    [dim]bonafide appeal assign 0b1c93c71816 --to cy --as bob --data bonafide-data[/dim]
    """
    _show(_appeals(at.office).assign(at.person, ORIGIN, appeal_id, to).to_wire(at.office.vault.clock()), as_json)


@appeal_app.command()
@by_person
def decide(
    at: Acting,
    appeal_id: Number,
    outcome: Annotated[
        str,
        typer.Argument(
            help="upheld or rejected; of an answer satisfactory, partial or unsatisfactory.", show_default=False
        ),
    ],
    note: Annotated[str, typer.Option("--note", help="Why; it is kept sealed.")],
    as_json: Json = False,
) -> None:
    """Decide an appeal that you were given; an upheld one lifts the measure at once and says sorry.

    [dim]bonafide appeal decide 0b1c93c71816 upheld --note "the bill is real" --as cy --data bonafide-data[/dim]
    """
    ours = _appeals(at.office)
    found = ours.decide(at.person, ORIGIN, appeal_id, outcome, note)  # type: ignore[arg-type]
    wire = found.to_wire(at.office.vault.clock())
    _show(wire, as_json)


def _appeals(office: Opened) -> Appeals:
    from bonafide.office.appeals.appeals import Appeals

    return Appeals(office.store, office.data.folder, office.data.read_secret(), office.vault)


def _show(wire: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(wire)
        return
    typer.echo(f"{wire['kind']} {wire['appeal_id']} is {wire['state']}; it is due {wire['due']}")


def _line(wire: dict[str, Any]) -> str:
    late = "overdue" if wire["overdue"] else wire["due"]
    told = (wire["appeal_id"], wire["kind"], wire["measure_id"], wire["subject"], wire["state"],
            wire["assignee"] or "-", late)  # fmt: skip
    return "  ".join(told)
