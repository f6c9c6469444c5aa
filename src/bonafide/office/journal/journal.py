"""The journal: events and their answers, durable before any answer leaves; one row for each group commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import JournalBrokenError, JournalDamagedError, JournalFullError, error_of
from bonafide.office.journal.lock import FolderLock
from bonafide.office.journal.reading import Head, Reader
from bonafide.office.journal.records import (
    Conflict, DeadLetter, Found, Record, beginning, event_id_of, next_chain, pack, received_last, seal
)  # fmt: skip
from bonafide.office.journal.schema import bring_up

JOURNAL_FILE: Final = "journal.db"
FOLDER_MODE: Final = 0o700


class Journal:
    """The log of one data directory, open for appending.

    One thread appends; `find`, `read` and `commits` may be called from any. After JournalBrokenError or
    JournalDamagedError from `append` nothing more can be appended: the process ends, and a new one recovers.
    """

    def __init__(self, folder: Path, lock: FolderLock) -> None:
        self.folder = folder
        self.path = folder / JOURNAL_FILE
        self._lock = lock
        self._writing = RLock()
        self._broken: StateError | None = None
        try:
            self._writer = connect(self.path)
            bring_up(self._writer, self.path)
            self.reader = Reader(self.path, connect(self.path, readonly=True))
        except sqlite3.Error as error:
            raise error_of(error, self.path) from error
        self.head: Head = self.reader.head()
        last = self.reader.last()
        self.next_seq = last.first_seq + last.count if last else 0
        self._chain = last.chain if last else beginning(self.head.first_bundle)
        self._seq_of: dict[str, int] = {}
        for commit in self.reader.commits():
            ids = [event_id_of(record.content) for record in self.reader.unpack(commit)]
            self._seq_of.update(zip(ids, range(commit.first_seq, commit.first_seq + commit.count), strict=True))

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> Journal:
        """Take the lock of a data directory, bring the schema up to date, and check what is there.

        Raises StateError where another process has the lock or, with `create=False`, where there is no journal.
        """
        if not create and not (folder / JOURNAL_FILE).exists():
            raise StateError(f"{folder}: there is no journal here; name the data directory of a server with --data")
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        lock = FolderLock(folder)
        try:
            return cls(folder, lock)
        except BaseException:
            lock.release()
            raise

    def append(
        self,
        records: Sequence[Record],
        conflicts: Sequence[Conflict] = (),
        dead_letters: Sequence[DeadLetter] = (),
        *,
        bundle: str | None = None,
        event_ids: Sequence[str] | None = None,
    ) -> None:
        """Write all of this in one transaction, durable on return; the records take the next places in the log.

        `bundle` is the bundle that is active from here on: the first that a journal hears of, before or with its first
        record, is the one that decides first. `event_ids` are the records' own, from whoever has them at hand.
        Raises JournalFullError, with nothing written and the journal usable; else the journal is broken.
        """
        with self._writing:
            if self._broken is not None:
                raise self._broken
            ids = event_ids if event_ids is not None else [event_id_of(record.content) for record in records]
            try:
                head, chain = self._write(records, conflicts, dead_letters, bundle)
            except sqlite3.Error as error:
                raise self._undo(error_of(error, self.path)) from error
            first_seq = self.next_seq
            self._seq_of.update(zip(ids, range(first_seq, first_seq + len(records)), strict=True))
            self.head, self._chain, self.next_seq = head, chain, first_seq + len(records)

    def find(self, event_id: str) -> Found | None:
        """An event of the log by its id, the latest where there are several; None where none has it."""
        seq = self._seq_of.get(event_id)
        return None if seq is None else Found(seq, self.read(seq))

    def read(self, seq: int) -> Record:
        """An event of the log by its place; there is one for every seq below `next_seq`."""
        first_seq, records = self.reader.records_of(seq)
        return records[seq - first_seq]

    def commits(self, from_seq: int = 0) -> Iterator[tuple[int, list[Record]]]:
        """The log from a place on, commit by commit: (seq of the first, the records), up to what there is by now.

        Raises JournalDamagedError with the place.
        """
        until = self.next_seq
        if from_seq >= until:
            return
        for commit in self.reader.commits(from_seq, until):
            skipped = max(0, from_seq - commit.first_seq)
            yield commit.first_seq + skipped, self.reader.unpack(commit)[skipped:]

    @property
    def chain(self) -> bytes:
        """The chain after the last commit: it stands for all that the journal holds."""
        return self._chain

    def chain_at(self, seq: int) -> bytes | None:
        """The chain where a commit ended right before a place; None where none did."""
        return self._chain if seq == self.next_seq else self.reader.chain_at(seq)

    def close(self) -> None:
        """End all connections and give the data directory back."""
        with self._writing:
            self.reader.close()
            self._writer.close()
            self._lock.release()

    def _write(
        self,
        records: Sequence[Record],
        conflicts: Sequence[Conflict],
        dead_letters: Sequence[DeadLetter],
        bundle: str | None,
    ) -> tuple[Head, bytes]:
        head, chain, execute = self.head, self._chain, self._writer.execute
        alone = not conflicts and not dead_letters and bundle is None
        if not alone:
            execute("BEGIN IMMEDIATE")
        if bundle is not None:
            head = self._head_with(bundle, decided=bool(records))
            if self.next_seq == 0:
                chain = beginning(head.first_bundle)
            for name, value in head._asdict().items():
                if value is not None:
                    execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (name, value, seal(name, value)))
        if records:
            packed, received_ms = pack(records), received_last(records)
            place = (self.next_seq, len(records), received_ms, packed)
            chain = next_chain(chain, *place)
            execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", (*place, chain))
        for conflict in conflicts:
            entry = pack(conflict)
            execute("INSERT INTO conflicts (entry, seal) VALUES (?, ?)", (entry, seal(entry)))
        for letter in dead_letters:
            entry = pack(letter)
            execute(
                "INSERT INTO dead_letters (expires_ms, entry, seal) VALUES (?, ?, ?)",
                (letter.expires_ms, entry, seal(letter.expires_ms, None, entry)),
            )
        if not alone:
            execute("COMMIT")
        return head, chain

    def _head_with(self, bundle: str, *, decided: bool) -> Head:
        """The head once a bundle is active. While the log is empty the bundle that decides first may still change."""
        first = self.head.first_bundle
        if self.next_seq == 0 and (first is None or not decided):
            first = bundle
        return Head(first, bundle)

    def _undo(self, error: JournalFullError | JournalBrokenError | JournalDamagedError) -> StateError:
        """Roll back; what cannot be, or was not for want of room, leaves the journal broken."""
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = JournalBrokenError(str(error_of(second, self.path)))
        if not isinstance(error, JournalFullError):
            self._broken = error
        return error
