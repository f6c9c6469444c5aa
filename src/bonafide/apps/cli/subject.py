"""`bonafide subject`: the clear data of users, merchants and others: shown, written out, held, forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.access_user import terminal_actor
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json
from bonafide.core.errors import UsageError
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.office.vault.vault import Vault

subject_app = typer.Typer(no_args_is_help=True, help="Clear data of users, merchants and others; holds; forgetting.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Id = Annotated[str, typer.Argument(help="The id, as the platform's events have it.", metavar="ID")]
Type = Annotated[str, typer.Option("--type", help="What it names: user, merchant, device, account, ...")]
Case = Annotated[str | None, typer.Option("--case", help="The case it is for; it stands in the audit log.")]


@subject_app.callback()
def _subject() -> None:
    """Clear data of users, merchants and others; holds; forgetting."""


@subject_app.command()
def show(
    subject_id: Id, subject_type: Type = "user", case: Case = None, data: Data = DEFAULT_FOLDER, as_json: Json = False
) -> None:
    """Show the clear data that is kept of a subject. The audit log says who looked.

    [dim]bonafide subject show u1 --case C-17 --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        subject = vault.subject_of(subject_type, subject_id)
        fields = vault.look(terminal_actor(), subject, case_id=case)
    if as_json:
        show_json({"subject": str(subject), "fields": fields})
    else:
        typer.echo("\n".join(f"{name}  {value}" for name, value in fields.items()))


@subject_app.command()
def search(
    field: Annotated[str, typer.Argument(help="Which field: phone, name, registration_no, ...")],
    value: Annotated[str, typer.Argument(help="Its whole value; case, spaces and dashes count for nothing.")],
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Find the subjects one of whose fields has a value, by a keyed hash of it.

    [dim]bonafide subject search phone 13900001111 --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        found = [str(subject) for subject in vault.search(terminal_actor(), field, value)]
    if as_json:
        show_json({"subjects": found})
    else:
        typer.echo("\n".join(found) if found else "no subjects")


@subject_app.command()
def export(
    subject_id: Id,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file to write.", show_default=False)],
    subject_type: Type = "user",
    case: Case = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Write out everything that is kept of a subject, for the one who asks for it; only its owner may read the file.

    [dim]bonafide subject export u1 --out u1.json --data bonafide-data[/dim]
    """
    import msgspec

    with errors_told(), _vault(data) as vault:
        if out.exists():
            raise UsageError(f"--out {out}: is there already; name another")
        subject = vault.subject_of(subject_type, subject_id)
        found = vault.export(terminal_actor(), subject, case_id=case)
        _write(out, msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if as_json:
        show_json({"subject": str(subject), "out": str(out), "fields": sorted(found["fields"])})
    else:
        say(f"{out} holds what is kept of {subject}")


@subject_app.command()
def forget(subject_id: Id, subject_type: Type = "user", data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Destroy the keys of a subject, for good; refused while a hold stands or the law asks to keep it.

    [dim]bonafide subject forget u1 --data bonafide-data[/dim]
    """
    from bonafide.office.vault.forgetting import forget as forget_subject

    with errors_told(), _vault(data) as vault:
        subject = vault.subject_of(subject_type, subject_id)
        done = forget_subject(vault, terminal_actor(), subject)
    if as_json:
        show_json({"subject": str(subject), "fields": done.fields, "scrubbed": done.scrubbed})
    else:
        typer.echo(f"{subject} is forgotten: {done.fields} fields")
    if not done.scrubbed:
        say("The database is being read just now; run bonafide subject sweep later to clear its log.")


@subject_app.command()
def end(subject_id: Id, subject_type: Type = "user", data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Say that the relation with a subject has ended, from when on its retention counts.

    [dim]bonafide subject end m1 --type merchant --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        subject = vault.subject_of(subject_type, subject_id)
        vault.end(terminal_actor(), subject)
    if as_json:
        show_json({"subject": str(subject), "ended": True})
    else:
        typer.echo(f"{subject}: the relation has ended; its retention counts from now on")


@subject_app.command()
def hold(
    subject_id: Id,
    case: Annotated[str, typer.Option("--case", help="The case that it is for.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence; it is kept sealed.")],
    until: Annotated[str, typer.Option("--until", help="A span from now (90d) or a time (RFC 3339).")],
    subject_type: Type = "user",
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Place a legal hold: the subject is not forgotten while it stands.

    [dim]bonafide subject hold u1 --case C-17 --reason "court order" --until 90d --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        subject, now = vault.subject_of(subject_type, subject_id), vault.clock()
        with vault.store.writing() as connection:
            ends = _until(until, now)
            placed = vault.holds.place(connection, terminal_actor(), subject, case, reason, ends, now)
    _show_hold(placed.to_wire(now), as_json)


@subject_app.command()
def lift(
    hold_id: Annotated[str, typer.Argument(help="The hold's id, as `holds` shows it.")],
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Lift a legal hold.

    [dim]bonafide subject lift jgudwygmv73a --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        now = vault.clock()
        with vault.store.writing() as connection:
            lifted = vault.holds.lift(connection, terminal_actor(), hold_id, now)
    _show_hold(lifted.to_wire(now), as_json)


@subject_app.command()
def holds(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show the legal holds: on whom, for which case, until when.

    [dim]bonafide subject holds --data bonafide-data[/dim]
    """
    with errors_told(), _vault(data) as vault:
        now = vault.clock()
        with vault.store.reading() as connection:
            found = [one.to_wire(now) for one in vault.holds.of(connection)]
    if as_json:
        show_json({"holds": found})
    else:
        typer.echo("\n".join(map(_hold_line, found)) if found else "no holds")


@subject_app.command()
def sweep(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Forget the subjects whose retention has passed, and clear what the database still has of those forgotten.

    [dim]bonafide subject sweep --data bonafide-data[/dim]
    """
    from bonafide.office.vault.forgetting import sweep as sweep_subjects

    with errors_told(), _vault(data) as vault:
        done = sweep_subjects(vault, terminal_actor())
    if as_json:
        show_json(done._asdict())
    else:
        typer.echo(f"{done.forgotten} subjects forgotten, {done.held} held")


@subject_app.command("rotate-key")
def rotate_key(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Wrap the key of every subject under a new master key, and let the old one go.

    [dim]bonafide subject rotate-key --data bonafide-data[/dim]
    """
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE
    from bonafide.office.vault.rotation import rewrap, rotate

    with errors_told(), _vault(data) as vault:
        given = os.environ.get(MASTER_KEY_VARIABLE)
        done = rewrap(vault, terminal_actor()) if given else rotate(vault, terminal_actor(), DataDir(data))
    if as_json:
        show_json({"key_id": done.key_id, "subjects": done.subjects})
    else:
        typer.echo(f"{done.subjects} subjects are under master key {done.key_id}")


@contextmanager
def _vault(data: Path) -> Iterator[Vault]:
    from bonafide.apps.stores import open_office
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE
    from bonafide.office.vault.opening import open_vault

    folder = DataDir.open(data, create=False)
    with open_office(folder) as store:
        yield open_vault(store, folder, os.environ.get(MASTER_KEY_VARIABLE))


def _write(path: Path, content: bytes) -> None:
    """A file that only its owner may read, from its first moment on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _until(text: str, now: int) -> int:
    from bonafide.core.moment import parse_moment, parse_span
    from bonafide.core.text import shorten

    with suppress(ValueError):
        return now + parse_span(text)
    with suppress(ValueError):
        return parse_moment(text)
    told = "give a span from now such as 90d, or a time such as 2027-01-31T00:00:00Z"
    raise UsageError(f"--until {shorten(text)}: {told}")


def _show_hold(wire: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(wire)
    else:
        typer.echo(_hold_line(wire))


def _hold_line(wire: dict[str, Any]) -> str:
    state = f"stands until {wire['expires']}" if wire["stands"] else f"lifted {wire['lifted'] or 'by time'}"
    return f"{wire['hold_id']}  {wire['subject']}  {wire['case_id']}  {state}  {wire['reason']}"
