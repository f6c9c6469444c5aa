"""Looking at a journal without being the one that writes it: for commands, also while a server appends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.core.errors import NotThereError, StateError
from bonafide.office.journal.checks import Progress, Verified, check_begun, check_mark, check_pages, verify
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import database_errors
from bonafide.office.journal.intake import Waiting, read_waiting
from bonafide.office.journal.letters import Kept, read_kept
from bonafide.office.journal.mark import Marked, read_mark
from bonafide.office.journal.reading import Head, Reader
from bonafide.office.journal.records import Record, beginning
from bonafide.office.journal.schema import REVISION, revision_of

JOURNAL_FILE: Final = "journal.db"


class View(NamedTuple):
    """A journal as it stood when it was opened; what is appended later is not seen."""

    reader: Reader
    head: Head
    kept: Kept
    next_seq: int
    chain: bytes
    """After its last event."""
    waiting: Waiting

    def log(self, from_seq: int = 0) -> Iterator[tuple[int, list[Record]]]:
        """The log from a place on, commit by commit: (seq of the first, the records). Raises JournalDamagedError."""
        return read_log(self.reader, from_seq, self.next_seq)

    def received_ms(self) -> tuple[int, int] | None:
        """When the first and the last event came; None where there are none."""
        if self.next_seq == 0:
            return None
        ends = [self.reader.records_of(seq) for seq in (0, self.next_seq - 1)]
        return ends[0][1][0].received_ms, ends[1][1][-1].received_ms

    def mark(self) -> Marked:
        """What a mark beside this journal says."""
        return Marked(self.next_seq, self.chain, self.kept.conflicts, self.kept.dead_letters_ever)

    def verify(self, progress: Progress | None = None) -> Verified:
        """Check the database page by page, then every event, conflict and dead letter. Raises JournalDamagedError."""
        check_pages(self.reader)
        return verify(self.reader, self.kept, self.next_seq, progress)


@contextmanager
def view_journal(folder: Path) -> Iterator[View]:
    """Look at the journal of a data directory; it needs no lock, and holds nobody up.

    Raises StateError where there is none or its schema is of another version, JournalDamagedError where what was
    acknowledged is not there.
    """
    check_there(folder)
    path, marked = folder / JOURNAL_FILE, read_mark(folder)  # first: whoever appends goes on meanwhile
    check_begun(path, marked)
    with database_errors(path), closing(Reader(path, connect(path, readonly=True))) as reader:
        revision = reader.ask(revision_of)
        if revision != REVISION:
            told = "start the server once, which brings it up to date" if revision != "" else "it may be damaged"
            raise StateError(f"{path}: its schema is of another version ({revision}); {told}")
        head, kept, last = reader.head(), read_kept(reader), reader.last()
        chain = last.chain if last else beginning(head.first_bundle)
        view = View(reader, head, kept, last.first_seq + last.events if last else 0, chain, read_waiting(reader))
        if marked is not None:
            check_mark(reader, kept, view.next_seq, marked)
        yield view


def check_there(folder: Path) -> None:
    """Raises NotThereError where a folder holds no journal, JournalDamagedError where its own is gone."""
    if not (folder / JOURNAL_FILE).exists():
        check_begun(folder / JOURNAL_FILE, read_mark(folder))
        raise NotThereError(f"{folder}: there is no journal here; name the data directory of a server with --data")


def read_log(reader: Reader, from_seq: int, until: int) -> Iterator[tuple[int, list[Record]]]:
    """The log between two places, commit by commit: (seq of the first, the records)."""
    if from_seq >= until:
        return
    for commit in reader.commits(from_seq, until):
        skipped = max(0, from_seq - commit.first_seq)
        yield commit.first_seq + skipped, reader.unpack(commit)[skipped:]
