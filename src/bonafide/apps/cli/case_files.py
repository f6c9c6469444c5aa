"""`bonafide case attach, files`: files of cases, under names of our own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.case import Note, Number
from bonafide.apps.cli.case_sample import case_app
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import ORIGIN, Acting, by_person
from bonafide.apps.cli.screen import show_json

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.office.cases.files import CaseFiles

__all__ = ["case_app"]


@case_app.command()
@by_person
def attach(
    at: Acting,
    number: Number,
    file: Annotated[Path, typer.Argument(help="A PDF, PNG or JPEG of at most 5 MiB.", show_default=False)],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Attach a file to a case; it is kept sealed. What could act, and what is also something else, is refused.

    [dim]bonafide case attach 17 contract.pdf --note "from the landlord" --as ann --data bonafide-data[/dim]
    """
    from bonafide.office.appeals.documents import SIZE_MAX

    with file.open("rb") as opened:
        content = opened.read(SIZE_MAX + 1)
    found = _files(at.office).attach(at.person, ORIGIN, number, file.name, content, note)
    if as_json:
        show_json(found)
    else:
        typer.echo(_line(found))


@case_app.command()
@by_person
def files(
    at: Acting,
    number: Number,
    save: Annotated[
        Path | None, typer.Option("--save", help="A new folder to write them to.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List the files of a case, and write them to a folder; who has had them is in the audit log.

    [dim]bonafide case files 17 --save papers --as ann --data bonafide-data[/dim]
    """
    ours = _files(at.office)
    found = ours.list(number)
    if save is not None:
        save.mkdir(mode=0o700)
        for one in found:
            kind, content = ours.content(at.person, ORIGIN, number, one["file"])
            # Under our own name: what somebody calls it is no path.
            (save / f"{one['file']}.{kind.rpartition('/')[2]}").write_bytes(content)
    if as_json:
        show_json({"files": found})
    else:
        typer.echo("\n".join(map(_line, found)) if found else "nothing")


def _files(office: Opened) -> CaseFiles:
    from bonafide.office.cases.files import CaseFiles

    return CaseFiles(office.store, office.data.folder, office.vault.keyring)


def _line(one: dict[str, Any]) -> str:
    return f"{one['file']}  {one['media_type']}  {one['size']:,} bytes  {one['person']}  {one['time']}  {one['name']}"
