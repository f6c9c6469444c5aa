"""Event ids to places in the log: the newest in memory, the others in `ids.db`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.journal.errors import DATABASE_ERRORS, JournalFullError, error_of
from bonafide.office.journal.id_runs import IDS_FILE, IdRuns, IdsDamagedError
from bonafide.office.journal.reading import Reader
from bonafide.office.journal.records import event_id_of

IDS_AT_ONCE: Final = 16_384
"""Ids that go into `ids.db` together."""
IDS_WAITING_MAX: Final = 2**20
"""Ids in memory that `ids.db` could not take, on a full disk say; with more the journal counts as full."""
_FAULTS: Final = (*DATABASE_ERRORS, IdsDamagedError)
Progress = Callable[[float, float], None]
_log: Final = logging.getLogger(__name__)


class EventIds:
    """Where each event id stands in the log. The thread that appends adds, another one writes away, any may ask."""

    def __init__(self, folder: Path, reader: Reader, next_seq: int, progress: Progress | None = None) -> None:
        self._path = folder / IDS_FILE
        self._reader = reader
        self._swapping = Lock()  # the two dictionaries and where they begin
        self._writing = Lock()  # ids.db; taken before _looking
        self._looking = Lock()
        self._fresh: dict[str, int] = {}
        self._leaving: dict[str, int] = {}
        self._begin = 0
        """The ids of the events from here up to `_until` are in the dictionaries, all others in `ids.db`."""
        self._until = 0
        self._runs = self._opened(next_seq)
        if self._runs.covered < next_seq:
            self._fresh = self._catch_up(self._runs, next_seq, progress)
        self._begin, self._until = self._runs.covered, next_seq

    @property
    def waiting(self) -> int:
        """Ids that are not in `ids.db` yet."""
        return len(self._fresh) + len(self._leaving)

    def add(self, first_seq: int, event_ids: Sequence[str]) -> None:
        """Take in the ids of a commit."""
        with self._swapping:
            self._until = first_seq + len(event_ids)
            self._fresh.update(zip(event_ids, range(first_seq, self._until), strict=True))

    def seqs_of(self, event_id: str) -> Iterator[int]:
        """The places that an id may have, latest first; rarely another id's are among them."""
        with self._swapping:
            newest = [ids[event_id] for ids in (self._fresh, self._leaving) if event_id in ids]
        yield from newest
        yield from self._look_up(event_id)

    def write_away(self, *, all_of_them: bool = False) -> None:
        """Move the ids that wait into `ids.db`, once they are many; what found no room is tried again next time."""
        if len(self._fresh) < (1 if all_of_them else IDS_AT_ONCE):
            return
        with self._writing:
            with self._swapping:
                self._leaving, self._fresh, until = self._fresh, {}, self._until
            failed: Exception | None = None
            try:
                self._runs.add(list(self._leaving), list(self._leaving.values()), until)
            except _FAULTS as error:
                failed = error
            with self._swapping:
                if failed is None:
                    self._begin = until
                else:
                    self._fresh = self._leaving | self._fresh
                self._leaving = {}
        if failed is not None and self._is_full(failed):
            _log.warning("event ids stay in memory until there is room for %s: %s", self._path, failed)
        elif failed is not None:
            self._make_anew(self._runs, failed)

    def close(self) -> None:
        """Write everything away and end."""
        try:
            self.write_away(all_of_them=True)
        except StateError as error:  # a cache: the next start fills it
            _log.warning("%s", error)
        finally:
            self._runs.close()

    def _look_up(self, event_id: str) -> list[int]:
        with self._looking:
            runs = self._runs
            try:
                return runs.seqs_of(event_id, runs.covered)
            except _FAULTS as error:
                failed = error
        self._make_anew(runs, failed)
        with self._looking:
            return self._runs.seqs_of(event_id, self._runs.covered)

    def _opened(self, next_seq: int) -> IdRuns:
        runs = None
        try:
            runs = IdRuns(self._path.parent)
            if runs.covered > next_seq:
                raise IdsDamagedError("it is ahead of the journal")
            return runs
        except _FAULTS as error:
            return self._emptied(runs, error)

    def _catch_up(self, runs: IdRuns, until: int, progress: Progress | None = None) -> dict[str, int]:
        """Fill `ids.db` from the journal; returns the ids that are too few to write."""
        begin, ids = runs.covered, dict[str, int]()
        for commit in self._reader.commits(begin, until):
            for seq, record in enumerate(self._reader.unpack(commit), commit.first_seq):
                if seq >= begin:
                    ids[event_id_of(record.content)] = seq
            if len(ids) >= IDS_AT_ONCE:
                runs.add(list(ids), list(ids.values()), commit.first_seq + commit.events)
                ids = {}
            if progress is not None:
                progress(commit.first_seq + commit.events - begin, until - begin)
        return ids

    def _make_anew(self, runs: IdRuns, error: Exception) -> None:
        """Make `ids.db` anew from the journal, unless somebody did so meanwhile; whoever asks waits for it."""
        with self._writing, self._looking:
            if self._runs is runs:
                self._runs = self._emptied(runs, error)
                rest = self._catch_up(self._runs, self._begin)
                if rest:
                    self._runs.add(list(rest), list(rest.values()), self._begin)

    def _emptied(self, runs: IdRuns | None, error: Exception) -> IdRuns:
        _log.warning("%s is made anew from the journal: %s", self._path, error)
        if runs is not None:
            runs.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        try:
            return IdRuns(self._path.parent)
        except DATABASE_ERRORS as second:
            raise error_of(second, self._path) from second

    def _is_full(self, error: Exception) -> bool:
        told = error_of(error, self._path) if isinstance(error, DATABASE_ERRORS) else None
        return isinstance(told, JournalFullError)
