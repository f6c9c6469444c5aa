"""`bonafide case list, show, figures`: what there is to review, and how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bonafide.apps.cli.case import Data, Number
from bonafide.apps.cli.case_decide import case_app
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import opened
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.office.cases.listing import CaseBook

__all__ = ["case_app"]


@case_app.command("list")
def list_cases(
    state: Annotated[list[str] | None, typer.Option("--state", help="Only of this state; may be repeated.")] = None,
    queue: Annotated[Literal["alerts", "review"] | None, typer.Option("--queue", help="Only of this queue.")] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", help="Only somebody's.")] = None,
    typology: Annotated[str | None, typer.Option("--typology", help="Only with this typology.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only about this id, or its token.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past due.")] = False,
    drawn: Annotated[bool, typer.Option("--drawn", help="Only those that wait for a second look.")] = False,
    sort: Annotated[
        Literal["priority", "due", "newest", "money", "number"], typer.Option("--sort", help="In which order.")
    ] = "priority",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many at most.")] = 100,
    after: Annotated[str, typer.Option("--after", help="What the page before said to go on after.")] = "",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write them here, for spreadsheets.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write them here, as a spreadsheet.")] = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """List cases that are not decided, the most urgent first; subjects are tokens.

    [dim]bonafide case list --overdue --sort money --data bonafide-data[/dim]
    """
    from bonafide.apps.cli.lists import lists_of
    from bonafide.office.access.keys import now_ms
    from bonafide.office.cases.export import csv_of, xlsx_of
    from bonafide.office.cases.listing import Wanted
    from bonafide.office.cases.rows import UNDECIDED, states_of

    with errors_told(), opened(data) as office:
        token = None if subject is None else lists_of(office).token_of(subject)
        usual = () if drawn else UNDECIDED
        wanted = Wanted(states_of(state or ()) or usual, queue, assignee, typology, token, overdue, drawn)
        book = _book(office)
        page = book.page_wire(book.list(wanted, sort, after, limit))
        if csv is not None:
            _write(office, "--csv", csv, csv_of(page["cases"]), len(page["cases"]))
        if xlsx is not None:
            _write(office, "--xlsx", xlsx, xlsx_of(page["cases"], now_ms()), len(page["cases"]))
    if as_json:
        show_json(page)
    else:
        typer.echo("\n".join(map(_line, page["cases"])) if page["cases"] else "nothing")
        if page["next_after"] is not None:
            say(f"There are more: --after {page['next_after']}")


@case_app.command()
def show(number: Number, data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show all that is kept of a case: subjects as tokens, events, steps with their notes, aggregates for lawyers.

    [dim]bonafide case show 17 --data bonafide-data[/dim]
    """
    with errors_told(), opened(data) as office:
        told = _book(office).one(number)
    if as_json:
        show_json(told)
    else:
        typer.echo("\n".join(_whole(told)))


@case_app.command()
def figures(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Say how the queues stand, what was decided, and how often second looks agree.

    [dim]bonafide case figures --data bonafide-data[/dim]
    """
    with errors_told(), opened(data) as office:
        told = _book(office).figures()
    if as_json:
        show_json(told)
        return
    for queue, states in told["queues"].items():
        typer.echo(f"{queue}: " + ", ".join(f"{count} {state}" for state, count in states.items() if count))
    for label, sums in told["decided"].items():
        typer.echo(f"decided as {label}: {sums['cases']} cases, {sums['money_at_stake']} at stake")
    looks = told["second_looks"]
    typer.echo(f"second looks: {looks['drawn']} drawn, {looks['looked']} looked at, {looks['agreed']} agreed")


def _book(office: Opened) -> CaseBook:
    from bonafide.office.cases.listing import CaseBook

    return CaseBook(office.store, office.vault.keyring)


def _write(office: Opened, option: str, target: Path, content: bytes, rows: int) -> None:
    from bonafide.apps.cli.access_user import terminal_actor
    from bonafide.office.access.keys import now_ms
    from bonafide.office.audit.log import append

    path = new_file(option, target, [])
    path.write_bytes(content)
    with office.store.writing() as connection:
        append(connection, terminal_actor(), "case.export", "case", now_ms(), details={"cases": rows})
    say(f"Cases: {target}")


def _line(case: dict[str, Any]) -> str:
    told = (f"{case['number']}", case["state"], case["queue"], case["assignee"] or "-", f"priority {case['priority']}",
            f"due {case['due']}", f"{case['money_at_stake']} {case['currency'] or ''}".rstrip(),
            f"{case['events']} events", f"{case['users']} users", f"{case['merchants']} merchants",
            ",".join(case["typologies"]) or "-")  # fmt: skip
    return "  ".join(told)


def _whole(case: dict[str, Any]) -> list[str]:
    subjects = [f"  {one['type']} {one['id']}: {one['events']} events" for one in case["subjects"][:20]]
    more = len(case["subjects"]) - len(subjects)
    steps = [f"  {one['time']} {one['person']}: {one['action']} {one['note']}".rstrip() for one in case["steps"]]
    links = ", ".join(str(one["to"]) for one in case["links"]) or "none"
    sums = case["aggregates"]
    lines = [f"  {one['told']}: {one['text']} article {one['article']}, {one['measure']} {one['value']} "
             f"(from {one['least']}, {one['level']})" for one in sums["lines"]]  # fmt: skip
    return [
        _line(case), f"decided as {case['label']} by {case['decided_by']}" if case["label"] else "not decided",
        "subjects:", *subjects, *([f"  and {more} more (--json)"] if more > 0 else []), f"linked to: {links}",
        f"gross amount {sums['gross_amount']}, {sums['n_txn']} payments, {sums['n_payers']} payers, overdue "
        f"{sums['overdue_principal']}", *lines, "steps:", *(steps or ["  none"]),
    ]  # fmt: skip
