"""From the journal's intake into the vault: clear texts that wait sealed are opened and taken in, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bonafide.office.journal.intake import read_intake
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.sealing import open_sealer
from bonafide.office.journal.view import view_journal
from bonafide.office.vault.learning import Learner
from bonafide.office.vault.vault import Vault

ROWS_AT_ONCE: Final = 256
"""Rows that are in memory, and written in one transaction, at a time."""


class TakeIn:
    """Reads the intake of one journal, which another process writes and empties."""

    def __init__(self, reader: Reader, folder: Path, vault: Vault) -> None:
        self._reader = reader
        self._folder = folder
        self._learner = Learner(vault)
        self._after = 0
        """The newest row that was taken in. After a start all that is there comes again, which changes nothing."""

    def step(self) -> int:
        """Take in some rows; returns how many there were. Raises StateError where something cannot be read or written;
        the same rows come again then. Rows whose key is gone stay where they are."""
        rows = read_intake(self._reader, open_sealer(self._folder), self._after, ROWS_AT_ONCE)
        told = [row for row in rows if row.texts is not None]
        if told:
            self._learner.learn(told)
        if rows:
            self._after = rows[-1].id
        return len(rows)

    def waits(self) -> bool:
        """Whether something waits that was not taken in."""
        return bool(read_intake(self._reader, open_sealer(self._folder), self._after, 1))


@contextmanager
def open_take_in(folder: Path, vault: Vault) -> Iterator[TakeIn]:
    """The way from the journal of a data directory into a vault. StateError where none can be read there yet."""
    with view_journal(folder) as view:
        yield TakeIn(view.reader, folder, vault)
