"""The journal of a data directory: the log in order, with answers, conflicts and dead letters (docs/journal.md)."""

from bonafide.office.journal.errors import JournalBrokenError, JournalDamagedError, JournalFullError
from bonafide.office.journal.journal import Journal
from bonafide.office.journal.letters import Kept, KeptConflict, KeptLetter
from bonafide.office.journal.lock import FolderLock
from bonafide.office.journal.reading import Head
from bonafide.office.journal.records import DEAD_LETTER_BYTES_MAX, Conflict, DeadLetter, Found, Record
from bonafide.office.journal.view import JOURNAL_FILE, View, view_journal

__all__ = [
    "DEAD_LETTER_BYTES_MAX",
    "JOURNAL_FILE",
    "Conflict",
    "DeadLetter",
    "FolderLock",
    "Found",
    "Head",
    "Journal",
    "JournalBrokenError",
    "JournalDamagedError",
    "JournalFullError",
    "Kept",
    "KeptConflict",
    "KeptLetter",
    "Record",
    "View",
    "view_journal",
]
