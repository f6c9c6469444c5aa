"""`bonafide audit`: what was done by whom, whether the log of it is whole, and a checkpoint to keep elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.office.audit.checkpoint import Checkpoint
    from bonafide.office.audit.entry import Entry
    from bonafide.office.store.database import Store

audit_app = typer.Typer(no_args_is_help=True, help="Who did what: show, verify, checkpoint.")

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
CHECKPOINT_BYTES_MAX = 1_000


@audit_app.callback()
def _audit() -> None:
    """Who did what: show, verify, checkpoint."""


@audit_app.command()
def show(
    what: Annotated[str | None, typer.Option("--what", help="Only this deed, such as subject.look.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only of this one, such as person:ann.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="Only on this, such as person:bob.")] = None,
    after: Annotated[
        int | None, typer.Option("--after", help="From behind this entry on; default: the newest.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many entries.")] = 100,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show entries of the audit log, the newest without --after, of one deed or person where asked.

    [dim]bonafide audit show --what subject.look --data bonafide-data[/dim]
    """
    from bonafide.office.audit.log import AuditLog

    with errors_told(), _store(data) as store:
        log = AuditLog(store)
        if after is None:
            found = log.newest(limit, what=what, who=who, on_what=on)
        else:
            found = log.entries(after=after, limit=limit, what=what, who=who, on_what=on)
    if as_json:
        show_json({"entries": [entry.to_wire() for entry in found]})
    else:
        typer.echo("\n".join(map(_line, found)) if found else "no entries")


@audit_app.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere.", show_default=False)
    ] = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Find out whether an entry was changed, taken away, put in or moved; with a checkpoint, also if the log was cut.

    The marks of the journal that stand in the log are held against the journal.

    [dim]bonafide audit verify --checkpoint audit.checkpoint --data bonafide-data[/dim]
    """
    from bonafide.office.audit.log import AuditLog, TamperedError

    with errors_told(), _store(data) as store:
        kept = None if checkpoint is None else _read(checkpoint)
        try:
            now = AuditLog(store).verify(kept)
            marks = _check_marks(store, data)
        except TamperedError as error:
            if as_json:
                show_json({"whole": False, "message": str(error)})
            say(f"bonafide: {error}")
            raise typer.Exit(Exit.NO) from None
    against = "against the checkpoint" if kept else "by itself; a checkpoint kept elsewhere would show more"
    if as_json:
        told = {"against_checkpoint": None if kept is None else kept.size, "marks": marks}
        show_json({"whole": True, **_wire(now), **told})
    else:
        typer.echo(f"{now.size} entries, whole {against}")
        if marks is not None:
            typer.echo(f"{marks} marks of the journal hold")


@audit_app.command()
def checkpoint(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Verify the log and print what it is now; keep that elsewhere, where who may write the database may not.

    [dim]bonafide audit checkpoint --data bonafide-data > audit.checkpoint[/dim]
    """
    from bonafide.office.audit.log import AuditLog, TamperedError

    with errors_told(), _store(data) as store:
        try:
            made = AuditLog(store).verify()
        except TamperedError as error:
            say(f"bonafide: {error}")
            raise typer.Exit(Exit.NO) from None
    if as_json:
        show_json({**_wire(made), "text": made.show()})
    else:
        typer.echo(made.show(), nl=False)


@contextmanager
def _store(data: Path) -> Iterator[Store]:
    from bonafide.apps.stores import open_office
    from bonafide.office.store.datadir import DataDir

    with open_office(DataDir.open(data, create=False)) as store:
        yield store


def _check_marks(store: Store, data: Path) -> int | None:
    """How many marks of the journal there are, all of which hold; None where the journal is not here."""
    from bonafide.office.audit.log import AuditLog
    from bonafide.office.audit.marks import check_marks
    from bonafide.office.outbox.log import open_log
    from bonafide.office.store.datadir import DataDir

    if not DataDir(data).journal.exists():
        return None
    with open_log(data) as journal:
        return check_marks(AuditLog(store), journal)


def _read(path: Path) -> Checkpoint:
    from bonafide.core.errors import UsageError
    from bonafide.office.audit.checkpoint import Checkpoint

    try:
        with path.open("rb") as file:
            text = file.read(CHECKPOINT_BYTES_MAX).decode("ascii")
        return Checkpoint.read(text)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no checkpoint of the audit log") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _wire(made: Checkpoint) -> dict[str, Any]:
    return {"size": made.size, "chain": made.chain.hex()}


def _line(entry: Entry) -> str:
    wire = entry.to_wire()
    more = " ".join(f"{name}={value}" for name, value in sorted(entry.details.items()))
    told = (f"{entry.number}", wire["time"], entry.who, entry.what, entry.on_what or "-", entry.from_where or "-",
            entry.outcome, more)  # fmt: skip
    return "  ".join(told).rstrip()
