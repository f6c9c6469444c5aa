"""`bonafide journal`: what a data directory's journal holds, whether it is whole, and the log as a file."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.clear import clear_texts
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.apps.runtime.subjects import ClearOf
    from bonafide.office.journal import View

journal_app = typer.Typer(no_args_is_help=True, help="The journal of a data directory: export, verify, show.")

Data = Annotated[Path, typer.Option("--data", help="The server's data directory.")]
DEFAULT_DATA = Path("bonafide-data")


@journal_app.callback()
def _journal() -> None:
    """The journal of a data directory: export, verify, show."""


@journal_app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="NDJSON file to write.", show_default=False)],
    data: Data = DEFAULT_DATA,
    clear: Annotated[
        bool, typer.Option("--clear", help="With the ids that the vault knows in place of pseudonyms.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write the log in order, control records included, as events that replay takes back; also while a server runs.

    Ids and names are pseudonyms. With --clear each that the vault knows is itself; every look is in the audit log.

    [dim]bonafide journal export --data bonafide-data --out log.ndjson[/dim]
    """
    from bonafide.office.journal import view_journal

    with errors_told():
        if out.is_dir():
            raise UsageError(f"--out {out}: this is a folder; name a file")
        if out.exists() and not (force and out.is_file()):
            raise UsageError(f"--out {out}: is there already; name another, or add --force to write over it")
        with (
            view_journal(data) as view,
            clear_texts(data, "journal.export") if clear else nullcontext() as clear_of,
            progress_bar(f"Writing {view.next_seq} events") as progress,
        ):
            size = _write_log(view, out, progress, clear_of)
        first = view.head.first_bundle
    if as_json:
        show_json({"out": str(out), "events": view.next_seq, "bytes": size, "first_bundle": first})
    else:
        say(f"{out} holds the log: {_counted(view.next_seq, 'event')}")
        if first is not None:
            bundles = data / "bundles"  # of all that decided: a log may say that another one goes on from some place
            options = f"--bundle {bundles / first} --bundles {bundles} --secret-file {data / 'secret'}"
            say(f"next: bonafide replay {out} {options} --out results")


def _write_log(view: View, out: Path, progress: Any, clear_of: ClearOf | None) -> int:
    """Write the log to a file, which is there once it is whole; returns its size. A file with clear texts is for its
    owner alone."""
    from bonafide.apps.runtime.subjects import with_clear_texts

    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        mode = 0o666 if clear_of is None else 0o600
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            for first_seq, records in view.log():
                contents = [record.content for record in records]
                if clear_of is not None:
                    contents = [with_clear_texts(content, clear_of) for content in contents]
                file.write(b"".join(content + b"\n" for content in contents))
                progress(first_seq + len(records), view.next_seq)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return out.stat().st_size


@journal_app.command()
def verify(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Check that every event, conflict and dead letter is as it was written; also while a server runs.

    [dim]bonafide journal verify --data bonafide-data[/dim]
    """
    from bonafide.office.journal import JournalDamagedError, view_journal

    with errors_told():
        try:
            with view_journal(data) as view, progress_bar(f"Verifying {view.next_seq} events") as progress:
                found = view.verify(progress)
        except JournalDamagedError as error:
            if as_json:
                show_json({"whole": False, "fault": str(error)})
            say(f"bonafide: {error}")
            raise typer.Exit(Exit.NO) from None
        chain = view.chain.hex()
    if as_json:
        show_json({"whole": True, **found._asdict(), "chain": chain})
        return
    kept = f"{_counted(found.conflicts, 'conflict')} and {_counted(found.dead_letters, 'dead letter')}"
    events = f"{_counted(found.events, 'event')} in {_counted(found.commits, 'commit')}"
    typer.echo(f"{events}, {kept}: all as they were written\nchain {chain}")


@journal_app.command()
def show(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show how many events there are, when they came, under which bundles, and how large the files are.

    [dim]bonafide journal show --data bonafide-data[/dim]
    """
    from bonafide.core.moment import show_moment
    from bonafide.office.journal import JOURNAL_FILE, view_journal

    with errors_told(), view_journal(data) as view:
        ends = view.received_ms()
        files = [data / f"{JOURNAL_FILE}{suffix}" for suffix in ("", "-wal")]
        told = {
            "events": view.next_seq,
            "first_received": show_moment(ends[0]) if ends else None,
            "last_received": show_moment(ends[1]) if ends else None,
            "first_bundle": view.head.first_bundle,
            "bundle": view.head.bundle,
            "bytes": sum(path.stat().st_size for path in files if path.exists()),
            **view.kept._asdict(),
            "texts_waiting": view.waiting.texts,
        }
    if as_json:
        show_json(told)
        return
    labels = {name: name.replace("_", " ") for name in told}
    width = max(map(len, labels.values()))
    for name, value in told.items():
        shown = "-" if value is None else f"{value:,}" if isinstance(value, int) else value
        typer.echo(f"{labels[name]:<{width}}  {shown}")


@journal_app.command("dead-letters")
def dead_letters(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List what clients sent and were refused, with the reasons: one JSON object a line, oldest first.

    [dim]bonafide journal dead-letters --data bonafide-data[/dim]
    """
    import json

    from bonafide.core.moment import show_moment
    from bonafide.office.journal import view_journal
    from bonafide.office.journal.letters import every_letter
    from bonafide.office.journal.sealing import open_sealer

    with errors_told(), view_journal(data) as view:
        found = [
            {
                "id": kept.id,
                "received": show_moment(kept.letter.received_ms),
                "sender": kept.letter.sender,
                "reason": kept.letter.reason,
                "field": kept.letter.field,
                "message": kept.letter.message,
                "body": kept.letter.body.decode("utf-8", "replace"),
                "expires": show_moment(kept.letter.expires_ms),
                "redriven": None if kept.redriven_ms is None else show_moment(kept.redriven_ms),
            }
            for kept in every_letter(view.reader, open_sealer(data))
        ]
    if as_json:
        show_json({"dead_letters": found, "dropped": view.kept.dead_letters_dropped})
    else:
        for one in found:
            typer.echo(json.dumps(one, ensure_ascii=False))


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
