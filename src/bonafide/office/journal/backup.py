"""Backups of a data directory: made while a server appends, verified, and put back whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from bonafide.core.errors import NotThereError, StateError, UsageError
from bonafide.engine.snapshot import check_snapshot
from bonafide.office.journal.checks import Progress
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import database_errors
from bonafide.office.journal.mark import Mark
from bonafide.office.journal.view import JOURNAL_FILE, check_there, view_journal
from bonafide.office.store.datadir import sync

MANIFEST_FILE: Final = "manifest.json"
MANIFEST_BYTES_MAX: Final = 64 * 2**20
FORMAT: Final = 1
SNAPSHOTS: Final = "snapshots"
_DATABASES: Final = (JOURNAL_FILE, "office.db")
_FILES: Final = ("secret", "bonafide.toml", "office.elsewhere")
_FOLDERS: Final = ("bundles", "documents", "case-files")
"""Documents are sealed under keys that no backup holds."""
_PAGES_AT_ONCE: Final = 4_096
_CHUNK_BYTES: Final = 2**20
_SECRET_MODE: Final = 0o600


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds: its files by path, and the log that is in its journal."""

    format: int
    made: str
    version: str
    events: int
    chain: str
    bundle: str | None
    files: dict[str, Kept]

    @property
    def size_bytes(self) -> int:
        """Of all its files."""
        return sum(kept.bytes for kept in self.files.values())


def make_backup(folder: Path, out: Path, *, made: str, version: str, progress: Progress | None = None) -> Manifest:
    """Copy a data directory to `out`, which must not be there or be empty; returns what was written and verified.

    The journal in it is the log as it stood at one moment, and the snapshot is not newer than that. `ids.db` is left
    out: it is made anew from the journal.
    """
    check_there(folder)
    with _beside(out) as build:
        _copy_snapshot(folder, build)
        for name in _DATABASES:
            if (folder / name).exists():
                _copy_database(folder / name, build / name, progress if name == JOURNAL_FILE else None)
        for name in _FILES:
            if (folder / name).is_file():
                _copy(folder / name, build / name)
        for kept in _FOLDERS:
            for path in sorted((folder / kept).rglob("*")):
                if path.is_file():
                    _copy(path, build / path.relative_to(folder))
        with view_journal(build) as view:
            view.verify()
            log = (view.next_seq, view.chain.hex(), view.head.bundle)
        files = {name: _hashed(build / name) for name in _names(build)}
        manifest = Manifest(FORMAT, made, version, *log, files)
        (build / MANIFEST_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        check_backup(build)
    return manifest


def check_backup(folder: Path) -> Manifest:
    """What a backup says it holds, after checking that it does. Raises StateError with the first file that is wrong."""
    manifest = read_manifest(folder)
    there = set(_names(folder)) - {MANIFEST_FILE}
    for name, kept in manifest.files.items():
        if name not in there:
            raise StateError(f"{folder / name}: is missing from the backup; take another")
        if _hashed(folder / name) != kept:
            raise StateError(f"{folder / name}: is not what was backed up; take another backup")
    if more := sorted(there - set(manifest.files)):
        raise StateError(f"{folder / more[0]}: is not in the backup's {MANIFEST_FILE}; take it away, or another backup")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says it holds; StateError where it is none."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        kind = StateError if folder.is_dir() else NotThereError
        raise kind(f"{folder}: is no backup: it has no {MANIFEST_FILE}; name a folder that bonafide backup made")
    try:
        with path.open("rb") as file:
            manifest = msgspec.json.decode(file.read(MANIFEST_BYTES_MAX), type=Manifest)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StateError(f"{path}: cannot be read: {error}; take another backup") from None
    if manifest.format != FORMAT:
        raise StateError(f"{path}: a newer Bonafide made this backup; restore it with that one")
    if JOURNAL_FILE not in manifest.files or any(_is_outside(name) for name in manifest.files):
        raise StateError(f"{path}: names files that no backup has; take another backup")
    return manifest


def restore_backup(folder: Path, to: Path, progress: Progress | None = None) -> Manifest:
    """Make a data directory of a backup; `to` must not be there or be empty, and is whole once it is there.

    Raises StateError where the backup is not what was written, with nothing made.
    """
    manifest = check_backup(folder)
    with _beside(to) as build:
        done = 0
        for name, kept in manifest.files.items():
            _copy(folder / name, build / name)
            done += kept.bytes
            if progress is not None:
                progress(done, manifest.size_bytes)
            if _hashed(build / name) != kept:
                raise StateError(f"{build / name}: was not copied as it is; look at the disk, and try again")
        with view_journal(build) as view:
            if (view.next_seq, view.chain.hex()) != (manifest.events, manifest.chain):
                raise StateError(f"{folder / JOURNAL_FILE}: is not the journal that was backed up; take another backup")
            with closing(Mark(build)) as mark:
                mark.write(view.mark())
    return manifest


def check_empty(folder: Path, option: str) -> None:
    """Raises UsageError where a folder is a file, has something in it, or cannot be replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{option} {folder}: this is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{option} {folder}: the folder is not empty; name another")
    if folder.resolve().is_mount():
        told = "a file system begins here, and what is made takes the place of this folder; name a folder in it"
        raise UsageError(f"{option} {folder}: {told}")


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder to build in, which becomes `out` at the end of the block, synced; where that fails nothing stays."""
    out = out.resolve()  # "." has no name of its own
    build = out.with_name(f".{out.name}.partial-{os.getpid()}")
    build.mkdir(parents=True, mode=0o700)
    try:
        yield build
        for path in (*build.rglob("*"), build):
            sync(path)
        build.rename(out)
        sync(out.parent)
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise


def _copy_database(source: Path, to: Path, progress: Progress | None) -> None:
    """Copy a database as it stands at one moment, while others write in it."""
    pages: Callable[[int, int, int], None] | None = None
    if progress is not None:
        pages = lambda _, left, total: progress(total - left, total)
    with database_errors(source), closing(connect(source, readonly=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it sees this moment
        with database_errors(to), closing(sqlite3.connect(to)) as writer:
            reader.backup(writer, pages=_PAGES_AT_ONCE, progress=pages)
            writer.execute("PRAGMA journal_mode = DELETE")  # a single file, which needs no log beside it
            told = writer.execute("PRAGMA quick_check(1)").fetchone()[0]
        if told != "ok":
            raise StateError(f"{source}: is damaged: {told}; keep the last backup that is whole")
    to.chmod(source.stat().st_mode & 0o777)


def _copy_snapshot(folder: Path, build: Path) -> None:
    """Copy the newest snapshot that is whole. Without one a start replays the log, which takes longer."""
    found = (folder / SNAPSHOTS).glob("*.snapshot")
    for path in sorted(found, key=lambda path: int(path.stem) if path.stem.isdigit() else -1, reverse=True):
        to = build / SNAPSHOTS / path.name
        try:
            _copy(path, to)
        except FileNotFoundError:  # a newer one has just taken its place
            to.unlink(missing_ok=True)
            continue
        try:
            with to.open("rb") as file:
                check_snapshot(file)
        except StateError:
            to.unlink()
        else:
            return


def _copy(source: Path, to: Path) -> None:
    """Copy a file with its mode; what arrives is compared by whoever hashes it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reading, to.open("xb") as writing:
        to.chmod(_SECRET_MODE if source.name == "secret" else source.stat().st_mode & 0o777)
        shutil.copyfileobj(reading, writing, _CHUNK_BYTES)


def _hashed(path: Path) -> Kept:
    with path.open("rb") as file:
        return Kept(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts
