"""What is done beside appending: event ids go into `ids.db`, and the write-ahead log into the database."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import DATABASE_ERRORS, JournalFullError, error_of
from bonafide.office.journal.event_ids import IDS_AT_ONCE, EventIds

CHECKPOINT_BYTES: Final = 16 * 2**20
"""So much is appended between two times that the write-ahead log is copied into the database."""
_log: Final = logging.getLogger(__name__)


class Keeper:
    """A thread that does so when told. What fails for good is told to `broken`: nothing may be appended any more."""

    def __init__(self, path: Path, ids: EventIds, broken: Callable[[StateError], None]) -> None:
        self._path = path
        self._ids = ids
        self._broken = broken
        self._connection = connect(path)
        self._appended_bytes = 0
        self._due = False
        """Whether the write-ahead log is to be copied."""
        self._wake = Event()
        self._ending = False
        self.restart_due = False
        """Whether so little of the write-ahead log is left to copy that the appender does it, so that it starts over:
        only between two commits is nothing added to it."""
        self._thread = Thread(target=self._run, name="journal-keeper", daemon=True)
        self._thread.start()

    def appended(self, size: int) -> None:
        """The appender tells what it wrote, in bytes, about."""
        self._appended_bytes += size
        if self._appended_bytes >= CHECKPOINT_BYTES:
            self._appended_bytes = 0
            self._due = True
            self._wake.set()
        elif self._ids.waiting >= IDS_AT_ONCE:
            self._wake.set()

    def finish_checkpoint(self, writer: sqlite3.Connection) -> None:
        """Copy what is left of the write-ahead log; the next commit begins it anew."""
        self.restart_due = False
        self._copy(writer)

    def close(self) -> None:
        """End the thread once it is done with what it does."""
        self._ending = True
        self._wake.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._ending:
                return
            try:
                if self._due:
                    self._due = False
                    self._checkpoint()
                self._ids.write_away()
            except StateError as error:
                self._broken(error)
            except Exception as error:  # noqa: BLE001 - a thread that ends in silence would let the journal grow
                _log.exception("the journal's keeper failed")
                self._broken(StateError(f"{self._path}: what is done beside appending failed: {error!r}"))

    def _checkpoint(self) -> None:
        self.restart_due = self._copy(self._connection)

    def _copy(self, connection: sqlite3.Connection) -> bool:
        """Copy what can be copied of the write-ahead log; False where there is no room for it, which may wait."""
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except DATABASE_ERRORS as error:
            told = error_of(error, self._path)
            if not isinstance(told, JournalFullError):
                raise told from error
            _log.warning("the write-ahead log grows until there is room: %s", told)
            return False
        return True
