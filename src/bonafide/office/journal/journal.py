"""The journal: events and their answers, durable before any answer leaves; one row for each group commit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, Final

from bonafide.core.errors import StateError
from bonafide.core.pseudonym import ClearText
from bonafide.office.journal.bases import (
    KeptBasis,
    bases_about,
    delete_bases,
    oldest_bases,
    read_inputs,
)
from bonafide.office.journal.checks import Progress, Verified, check_begun, check_opened, verify
from bonafide.office.journal.connection import connect
from bonafide.office.journal.errors import (
    DATABASE_ERRORS,
    JournalBrokenError,
    JournalFullError,
    database_errors,
    error_of,
)
from bonafide.office.journal.event_ids import IDS_WAITING_MAX, EventIds
from bonafide.office.journal.intake import IntakeRow, Waiting, drop_intake, read_intake, read_waiting
from bonafide.office.journal.keeper import Keeper
from bonafide.office.journal.letters import (
    Kept,
    KeptConflict,
    KeptLetter,
    expire_letters,
    mark_redriven,
    read_conflicts,
    read_kept,
    read_letters,
)
from bonafide.office.journal.lock import FolderLock
from bonafide.office.journal.mark import Mark, Marked, read_mark
from bonafide.office.journal.reading import Head, Reader
from bonafide.office.journal.records import (
    Conflict,
    DeadLetter,
    Found,
    Record,
    beginning,
    event_id_of,
)
from bonafide.office.journal.schema import bring_up
from bonafide.office.journal.sealing import open_sealer
from bonafide.office.journal.view import JOURNAL_FILE, check_there, read_log
from bonafide.office.journal.writing import State, write_all, write_records

SCRUB_BUSY_MS: Final = 20
"""How long scrubbing, which nobody may append beside, waits for somebody who reads."""
FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class Journal:
    """The log of one data directory, open for appending.

    One thread appends; `find`, `read`, `commits` and what lists may be called from any. After any error of `append` but
    JournalFullError nothing more can be appended: the process ends, and a new one recovers.
    """

    def __init__(self, folder: Path, lock: FolderLock, progress: Progress | None = None) -> None:
        """`Journal.open` is the way in."""
        self.folder = folder
        self.path = folder / JOURNAL_FILE
        self._writing = RLock()
        self._broken: StateError | None = None
        with ExitStack() as opened:
            opened.callback(lock.release)
            self._open(opened, progress)
            self._opened = opened.pop_all()

    def _open(self, opened: ExitStack, progress: Progress | None) -> None:
        marked = read_mark(self.folder)
        check_begun(self.path, marked)
        if not self.path.exists():  # dead letters hold what clients sent: for nobody else's eyes
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, _FILE_MODE))
        with database_errors(self.path):
            self._writer = opened.enter_context(closing(connect(self.path)))
            bring_up(self._writer, self.path)
            self.reader = opened.enter_context(closing(Reader(self.path, connect(self.path, readonly=True))))
        last = self.reader.last()
        head, kept = self.reader.whole_head(), read_kept(self.reader)
        chain, waiting = last.chain if last else beginning(head.first_bundle), read_waiting(self.reader)
        self._state = State(last.first_seq + last.events if last else 0, chain, head, kept, waiting)
        self._sealer = open_sealer(self.folder, create=True)
        check_opened(self.reader, kept, self.next_seq, marked)
        self._ids = opened.enter_context(closing(EventIds(self.folder, self.reader, self.next_seq, progress)))
        self._mark = opened.enter_context(closing(Mark(self.folder)))
        self._note()
        with database_errors(self.path):
            self._keeper = opened.enter_context(closing(Keeper(self.path, self._ids, self._break)))

    @classmethod
    def open(cls, folder: Path, *, create: bool = True, progress: Progress | None = None) -> Journal:
        """Take the lock of a data directory, bring the schema up to date, and check what is there.

        `progress` is told where `ids.db` must be filled, which reads all of a large journal.
        Raises StateError where another process has the lock or, with `create=False`, where there is no journal;
        JournalDamagedError where what is there is not what was written; JournalFullError where nothing can be written.
        """
        if not create:
            check_there(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            lock = FolderLock(folder)
        except OSError as error:
            raise StateError(f"{folder}: cannot be used as a data directory: {error.strerror}") from None
        return cls(folder, lock, progress)

    @property
    def next_seq(self) -> int:
        """The place that the next event takes; how many there are."""
        return self._state.next_seq

    @property
    def head(self) -> Head:
        """The bundle that decided first, and the one that was activated last."""
        return self._state.head

    @property
    def kept(self) -> Kept:
        """How many conflicts and dead letters there are."""
        return self._state.kept

    def append(
        self,
        records: Sequence[Record],
        conflicts: Sequence[Conflict] = (),
        dead_letters: Sequence[DeadLetter] = (),
        *,
        bundle: str | None = None,
        event_ids: Sequence[str] | None = None,
        texts: Sequence[ClearText] = (),
        bases: Sequence[KeptBasis] = (),
    ) -> None:
        """Write all of this in one transaction, durable on return; the records take the next places in the log.

        `bundle` is the bundle that is active from here on: the first that a journal hears of, before or with its first
        record, is the one that decides first. `event_ids` are the records' own, from whoever has them at hand.
        `texts` are what tokens of these records stand for, and go into the intake; `bases` are of some of the records.
        Raises JournalFullError, with nothing written and the journal usable; after any other error it is broken.
        """
        with self._writing:
            ids = event_ids if event_ids is not None else [event_id_of(record.content) for record in records]
            if len(ids) != len(records):
                raise ValueError("event_ids: one for each record")
            if conflicts or dead_letters or texts or bases or bundle is not None:
                more = (conflicts, dead_letters, bundle, texts, self._sealer, bases)
                self._commit(lambda e: write_all(e, self._state, records, *more), ids)
            else:  # the usual way: a single statement is its own transaction
                self._commit(lambda e: write_records(e, self._state, records), ids, alone=True)

    def find(self, event_id: str) -> Found | None:
        """An event of the log by its id, the latest where there are several; None where none has it."""
        for seq in self._ids.seqs_of(event_id):
            record = self.read(seq)
            if event_id_of(record.content) == event_id:
                return Found(seq, record)
        return None

    def read(self, seq: int) -> Record:
        """An event of the log by its place; there is one for every seq below `next_seq`."""
        first_seq, records = self.reader.records_of(seq)
        return records[seq - first_seq]

    def commits(self, from_seq: int = 0) -> Iterator[tuple[int, list[Record]]]:
        """The log from a place on, commit by commit: (seq of the first, the records), up to what there is by now.

        Raises JournalDamagedError with the place.
        """
        return read_log(self.reader, from_seq, self.next_seq)

    def conflicts(self, after_id: int = 0, limit: int = 1_000) -> list[KeptConflict]:
        """The conflicts numbered after `after_id`, oldest first."""
        return read_conflicts(self.reader, after_id, limit)

    def dead_letters(self, after_id: int = 0, limit: int = 1_000) -> list[KeptLetter]:
        """The dead letters numbered after `after_id`, oldest first. Whoever sends one through again, as any event that
        a client sends, notes it with `redriven`."""
        return read_letters(self.reader, self._sealer, after_id, limit)

    def redriven(self, ids: Sequence[int], now_ms: int) -> None:
        """Note of dead letters that they were sent through again."""

        def write(execute: Callable[..., Any]) -> State:
            mark_redriven(execute, self.reader, ids, now_ms)
            return self._state

        self._commit(write)

    def inputs_of(self, seq: int) -> list[float] | None:
        """The inputs of the decision at a place, NaN where one is missing; None where none are kept."""
        return read_inputs(self.reader, seq)

    def drop_bases(self, gone: Collection[tuple[str, int]]) -> int:
        """Delete the bases of events that name one of these subjects, a type and a hash each; returns how many.

        It reads all that are kept, a piece at a time, beside whoever appends; so it is for a thread of its own.
        """
        dropped = 0
        for seqs in bases_about(self.reader, gone):
            self._commit(partial(self._delete_bases, seqs))
            dropped += len(seqs)
        return dropped

    def expire_bases(self, kept_from_ms: int) -> int:
        """Delete the bases of events that came before a moment, at most DROPPED_AT_ONCE of them; returns how many."""
        due = oldest_bases(self.reader, kept_from_ms)
        if due:
            self._commit(partial(self._delete_bases, due))
        return len(due)

    def _delete_bases(self, seqs: Sequence[int], execute: Callable[..., Any]) -> State:
        delete_bases(execute, seqs)
        return self._state

    @property
    def waiting(self) -> Waiting:
        """What waits in the intake."""
        return self._state.waiting

    def intake(self, after_id: int = 0, limit: int = 1_000) -> list[IntakeRow]:
        """The rows of the intake numbered after `after_id`, oldest first."""
        return read_intake(self.reader, self._sealer, after_id, limit)

    def handed_over(self, last_id: int, sealed: bytes) -> None:
        """Delete the rows of the intake up to one whose texts the vault has, unless that is not the row that it had."""

        def write(execute: Callable[..., Any]) -> State:
            waiting = drop_intake(execute, self._state.waiting, last_id, sealed, self._sealer)
            return self._state._replace(waiting=waiting)

        self._commit(write)

    def scrub(self) -> bool:
        """Move the write-ahead log, which has older pages, into the database, and cut it to nothing, so that what was
        deleted is overwritten; False where somebody reads just then: try again."""
        with self._writing:
            self._check_usable()
            try:
                with closing(connect(self.path)) as connection:
                    connection.execute(f"PRAGMA busy_timeout = {SCRUB_BUSY_MS}")
                    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except DATABASE_ERRORS as error:
                told = error_of(error, self.path)
                if not isinstance(told, JournalFullError):  # a sync that failed is not tried twice
                    self._break(told)
                raise told from error
        return not busy

    def expire(self, now_ms: int) -> int:
        """Delete dead letters whose time is over, at most DROPPED_AT_ONCE of them; returns how many."""
        before = self.kept.dead_letters
        self._commit(
            lambda execute: self._state._replace(kept=expire_letters(execute, self._state.kept, now_ms))
        )  # fmt: skip
        return before - self.kept.dead_letters

    def figures(self) -> dict[str, int]:
        """Numbers for whoever watches: events and what is kept, bytes of the files, ids that wait for `ids.db`."""
        sizes = {}
        for name in ("journal.db", "journal.db-wal", "ids.db"):
            path = self.folder / name
            sizes[f"{name.replace('.', '_').replace('-', '_')}_bytes"] = path.stat().st_size if path.exists() else 0
        waiting = {"ids_waiting": self._ids.waiting, "intake_texts": self.waiting.texts}
        return {"events": self.next_seq, **self.kept._asdict(), **sizes, **waiting}

    def verify(self, progress: Progress | None = None) -> Verified:
        """Check every event, conflict and dead letter up to what there is by now, reading beside whoever appends.

        Raises JournalDamagedError with the place of the first that is not what was written.
        """
        state = self._state
        with database_errors(self.path), closing(Reader(self.path, connect(self.path, readonly=True))) as reader:
            return verify(reader, state.kept, state.next_seq, progress)

    @property
    def chain(self) -> bytes:
        """The chain after the last commit: it stands for all that the journal holds."""
        return self._state.chain

    def chain_at(self, seq: int) -> bytes | None:
        """The chain where a commit ended right before a place; None where none did."""
        state = self._state  # once: the next commit may put another in its place
        return state.chain if seq == state.next_seq else self.reader.chain_at(seq)

    def close(self) -> None:
        """Put everything into its place, end all connections and give the data directory back."""
        with self._writing:
            self._opened.close()

    def _commit(
        self, write: Callable[[Callable[..., Any]], State], event_ids: Sequence[str] = (), *, alone: bool = False
    ) -> None:
        """Run a transaction; what it returns holds from then on, and its events are found before they are counted."""
        with self._writing:
            self._check_usable()
            try:
                if self._keeper.restart_due:
                    self._keeper.finish_checkpoint(self._writer)
                if not alone:
                    self._writer.execute("BEGIN IMMEDIATE")
                state = write(self._writer.execute)
                if not alone:
                    self._writer.execute("COMMIT")
            except DATABASE_ERRORS as error:
                raise self._undo(error) from error
            except StateError as error:  # of what was read, or copied before it
                self._undo(None)
                self._break(error)
                raise
            except BaseException as error:
                self._undo(None)
                if isinstance(error, MemoryError) or not isinstance(error, Exception):  # it may be durable, or not
                    self._break(JournalBrokenError(f"{self.path}: a commit was interrupted: {error!r}"))
                raise
            if event_ids:
                self._ids.add(self._state.next_seq, event_ids)
                self._keeper.appended(state.packed_bytes)
            self._state = state
            self._note()

    def _check_usable(self) -> None:
        if self._broken is not None:
            raise self._broken
        if self._ids.waiting > IDS_WAITING_MAX:
            raise JournalFullError(f"{self.folder}: there is no room for event ids; make room and it goes on")

    def _note(self) -> None:
        state = self._state
        kept = state.kept
        self._mark.write(Marked(state.next_seq, state.chain, kept.conflicts, kept.dead_letters_ever))

    def _break(self, error: StateError) -> None:
        self._broken = self._broken or error

    def _undo(self, error: sqlite3.Error | UnicodeDecodeError | None) -> StateError:
        """Roll back. What cannot be, or failed for anything but want of room, leaves the journal broken."""
        told: StateError | None = error_of(error, self.path) if error is not None else None
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except DATABASE_ERRORS as second:
            told = JournalBrokenError(str(error_of(second, self.path)))
        if told is not None and not isinstance(told, JournalFullError):
            self._break(told)
        return told or StateError("rolled back")
