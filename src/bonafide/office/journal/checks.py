"""What is checked of a journal before anything is answered from it, and what takes longer and is checked later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.office.journal.bases import check_bases
from bonafide.office.journal.errors import damaged
from bonafide.office.journal.intake import check_intake
from bonafide.office.journal.letters import Kept, every_conflict, every_letter
from bonafide.office.journal.mark import MARK_FILE, Marked
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.records import beginning, event_id_of
from bonafide.office.journal.sealing import Sealer

VERIFY_ROWS_MAX: Final = 100_000
"""So many events, the last ones, are checked before a journal opens; the others by `verify`."""
CHECK_BYTES_MAX: Final = 32 * 2**20
"""A database up to this size is checked page by page before it opens, a larger one by `verify`."""
_VERSIONS: Final = slice(18, 20)
"""Where a database says which version may write and read it."""
Progress = Callable[[float, float], None]


class Verified(NamedTuple):
    """What was looked at, and found to be as it was written."""

    events: int
    commits: int
    conflicts: int
    dead_letters: int


def check_begun(path: Path, marked: Marked | None) -> None:
    """Raises JournalDamagedError where a journal that had something in it is not there any more, or its first bytes ask
    for another version of the database: that would be told as a medium that is read-only."""
    if path.exists():
        with path.open("rb") as file:
            versions = file.read(_VERSIONS.stop)[_VERSIONS]
        if any(version not in (1, 2) for version in versions):
            raise damaged(path, "its first bytes are not those of a database")
    if marked is None or not (marked.next_seq or marked.conflicts or marked.dead_letters):
        return
    if not path.exists() or path.stat().st_size == 0:
        raise damaged(path, f"it is gone or empty, but {marked.next_seq} events were acknowledged ({MARK_FILE})")


def check_opened(reader: Reader, kept: Kept, next_seq: int, marked: Marked | None) -> None:
    """The checks of every start: nothing acknowledged is missing, and the last events are what was written."""
    if marked is not None:
        check_mark(reader, kept, next_seq, marked)
    if reader.size_bytes() <= CHECK_BYTES_MAX:
        check_pages(reader)
    for _ in reader.commits(max(0, next_seq - VERIFY_ROWS_MAX), next_seq):
        pass


def check_pages(reader: Reader) -> None:
    """Let the database check itself, page by page."""
    told = [row[0] for row in reader.query("PRAGMA quick_check(1)")]
    if told != ["ok"]:
        raise damaged(reader.path, str(told[0] if told else "it cannot be checked").strip().replace("\n", " "))


def verify(reader: Reader, kept: Kept, next_seq: int, progress: Progress | None = None) -> Verified:
    """Check every event up to `next_seq`, every conflict, every dead letter, what waits in the intake and every basis.

    Raises JournalDamagedError with the place of the first that is not what was written.
    """
    commits = 0
    for commit in reader.commits(0, next_seq):
        for record in reader.unpack(commit):
            event_id_of(record.content)
        commits += 1
        if progress is not None:
            progress(commit.first_seq + commit.events, next_seq)
    conflicts = sum(1 for _ in every_conflict(reader))
    letters = sum(1 for _ in every_letter(reader, Sealer([])))
    check_intake(reader)
    check_bases(reader)
    if conflicts < kept.conflicts:
        raise damaged(reader.path, f"of {kept.conflicts} conflicts it holds {conflicts}")
    return Verified(next_seq, commits, conflicts, letters)


def check_mark(reader: Reader, kept: Kept, next_seq: int, marked: Marked) -> None:
    """Raises JournalDamagedError where something that the mark says was acknowledged is not there."""
    if marked.next_seq > next_seq:
        lost = f"events {next_seq} to {marked.next_seq - 1} were acknowledged ({MARK_FILE}) and are not there"
        raise damaged(reader.path, lost)
    if marked.conflicts > kept.conflicts or marked.dead_letters > kept.dead_letters_ever:
        raise damaged(reader.path, f"conflicts or dead letters were recorded ({MARK_FILE}) and are not there")
    if marked.next_seq == 0:
        # A kill between the commit that says the first bundle and its mark leaves a mark that knows of none.
        chains = beginning(None), beginning(reader.head().first_bundle)
        if next_seq == 0 and marked.chain not in chains:
            raise damaged(reader.path, f"its first bundle is not the one that was recorded ({MARK_FILE})")
        return
    for commit in reader.commits(marked.next_seq - 1, None):
        if commit.first_seq + commit.events != marked.next_seq or commit.chain != marked.chain:
            raise damaged(
                reader.path, f"event {marked.next_seq - 1} is not the one that was acknowledged ({MARK_FILE})"
            )
        return
