"""`bonafide backup` and `bonafide restore`: a data directory as a verified copy, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.journal import DEFAULT_DATA, Data
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, progress_bar, say, show_json

if TYPE_CHECKING:
    from bonafide.office.journal.backup import Manifest


def backup(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the backup; not there, or empty.", show_default=False)
    ],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Copy a data directory, also while its server runs, and verify the copy. It holds the secret: keep it safe.

    [dim]bonafide backup --data bonafide-data --out backup-monday[/dim]
    """
    from bonafide.core.moment import show_moment
    from bonafide.office.journal.backup import check_empty, make_backup

    with errors_told():
        check_empty(out, "--out")
        made = show_moment(int(datetime.now(UTC).timestamp() * 1_000))
        with progress_bar(f"Copying {data}") as progress:
            manifest = make_backup(data, out, made=made, version=_version(), progress=progress)
    _tell(manifest, out, "backup", as_json)
    if (data / "office.elsewhere").exists():
        say("the office's store is in PostgreSQL and not in this backup: back it up with pg_dump")
    say(f"{out} is verified; to put it back: bonafide restore {out} --data NEW_FOLDER")


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup's folder.", show_default=False)],
    data: Annotated[
        Path, typer.Option("--data", help="The data directory to make; not there, or empty.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Verify a backup and make a data directory of it: whole, or not at all.

    [dim]bonafide restore backup-monday --data bonafide-data[/dim]
    """
    from bonafide.office.journal.backup import check_empty, restore_backup

    with errors_told():
        check_empty(data, "--data")
        with progress_bar(f"Restoring {folder}") as progress:
            manifest = restore_backup(folder, data, progress)
    _tell(manifest, data, "data", as_json)
    say(f"{data} is restored; next: bonafide serve --data {data}")


def _tell(manifest: Manifest, folder: Path, name: str, as_json: bool) -> None:
    told: dict[str, Any] = {
        name: str(folder), "made": manifest.made, "events": manifest.events, "bundle": manifest.bundle,
        "chain": manifest.chain, "files": len(manifest.files), "bytes": manifest.size_bytes,
    }  # fmt: skip
    if as_json:
        show_json(told)
        return
    typer.echo(f"{manifest.events:,} events, {len(manifest.files)} files, {manifest.size_bytes:,} bytes")
    typer.echo(f"chain {manifest.chain}")


def _version() -> str:
    try:
        return version("bonafide")
    except PackageNotFoundError:
        return "sources"
