"""The log as the outbox reads it: durable events from a place on, through a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from bonafide.office.journal import JOURNAL_FILE, Record
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import database_errors
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.view import check_there


class Log(Protocol):
    """What is asked of a log."""

    def next_seq(self) -> int:
        """The place after its last event."""

    def commits(self, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
        """The log between two places, commit by commit: (seq of the first, the records)."""

    def chain_at(self, seq: int) -> bytes | None:
        """What stands for all events before a place where a commit ended; None where none did."""


class JournalLog:
    """The journal of a data directory, also while another thread or process appends to it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._last: tuple[int, bytes] | None = None

    def next_seq(self) -> int:
        """The place after the last durable event."""
        last = self._reader.last()
        return 0 if last is None else last.first_seq + last.events

    def commits(self, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
        """The log between two places, checked. Raises JournalDamagedError."""
        if from_seq < until:
            for commit in self._reader.commits(from_seq, until):
                self._last = commit.first_seq + commit.events, commit.chain
                skipped = max(0, from_seq - commit.first_seq)
                yield commit.first_seq + skipped, self._reader.unpack(commit)[skipped:]

    def chain_at(self, seq: int) -> bytes | None:
        """The chain of the commit that ends right before a place; that of the last one that was read is at hand."""
        return self._last[1] if self._last is not None and self._last[0] == seq else self._reader.chain_at(seq)


@contextmanager
def open_log(folder: Path) -> Iterator[JournalLog]:
    """The log of a data directory; it needs no lock and holds nobody up. StateError where there is none."""
    check_there(folder)
    path = folder / JOURNAL_FILE
    with database_errors(path), closing(Reader(path, connect(path, readonly=True))) as reader:
        yield JournalLog(reader)
