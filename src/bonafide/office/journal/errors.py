"""What can go wrong with the journal, and which of it the database's errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError

_PRIMARY: Final = 0xFF
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY})
_FULL_IN_PART: Final = frozenset({sqlite3.SQLITE_IOERR_SHMSIZE})
"""The index of the write-ahead log could not grow: a full disk, told as an I/O error."""
_DAMAGED: Final = frozenset({
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE,
})  # fmt: skip
"""Also what only a damaged schema can bring about: tables that are not there, rows where none may be."""
_DAMAGED_IN_PART: Final = frozenset({sqlite3.SQLITE_IOERR_SHORT_READ})
DATABASE_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What the database raises: the second, where a message repeats bytes of a damaged schema that are no text."""
_BARRED: Final = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; see that this user may read and write it, its folder and what is there",
    sqlite3.SQLITE_PERM: "cannot be opened; see that this user may read and write it, its folder and what is there",
    sqlite3.SQLITE_BUSY: "another program holds it, such as an SQL shell; end that one, then start again",
    sqlite3.SQLITE_LOCKED: "another program holds it, such as an SQL shell; end that one, then start again",
}
_WAY_OUT: Final = "restore the newest backup (bonafide restore)"


class JournalFullError(StateError):
    """There is no room, or the medium is read-only: nothing was written, and the same may be tried again later."""


class JournalBrokenError(StateError):
    """A write or a sync failed. What it was about is in doubt until the journal is opened anew: the process ends."""


class JournalDamagedError(StateError):
    """What is on disk is not what was written there; nothing is answered from it."""


JournalError = JournalFullError | JournalBrokenError | JournalDamagedError


def damaged(path: Path, what: str) -> JournalDamagedError:
    """The error for a file that does not hold what was written; `what` says it with its place."""
    return JournalDamagedError(f"{path}: is damaged: {what}; {_WAY_OUT}")


def error_of(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> JournalError:
    """What an error of the database means for the journal."""
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code is None:  # text that is no UTF-8, a number out of range: said by the module, not by the database
        return damaged(path, str(error))
    primary = code & _PRIMARY
    if primary in _FULL or code in _FULL_IN_PART:
        why = "the medium is read-only" if primary == sqlite3.SQLITE_READONLY else "the disk is full"
        return JournalFullError(f"{path}: {why} ({name}): nothing was written; make room and it goes on")
    if primary in _DAMAGED or code in _DAMAGED_IN_PART:
        return damaged(path, f"{error} ({name})")
    if primary in _BARRED:
        return JournalBrokenError(f"{path}: {_BARRED[primary]} ({name})")
    told = "what was being written is in doubt; look at the disk, then start again: it recovers from what is there"
    return JournalBrokenError(f"{path}: the disk did not do as it was told: {error} ({name}); {told}")


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Raises errors of the database inside the block as errors of the journal."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise error_of(error, path) from error
