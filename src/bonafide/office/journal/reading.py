"""Reading the journal: every row is checked against the one before it, and nothing unchecked is handed on."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from bonafide.core.door import decode_event
from bonafide.core.events import BundleActivated
from bonafide.office.journal.errors import damaged, database_errors
from bonafide.office.journal.records import Commit, Record, beginning, next_chain, seal, unpack_records

Answer = TypeVar("Answer")
ROWS_AT_ONCE: Final = 16
"""Rows that a pass over the journal holds in memory; between two reads the write-ahead log may start over."""
_ACTIVATED: Final = b"bundle_activated"
COMMITS_CACHED_MAX: Final = 8
"""Unpacked commits that are kept at hand: whoever asks for one of their events often asks for the next."""
_ROW: Final = "SELECT first_seq, count, received_ms, records, chain FROM commits"
_PLACE: Final = "SELECT first_seq, count, received_ms, x'', chain FROM commits"
"""Without the records, whose pages are not read then: they come last in the row."""


class Head(NamedTuple):
    """What the journal says of itself."""

    first_bundle: str | None
    """Hash of the bundle that decided first."""
    bundle: str | None
    """Hash of the bundle of the last activation."""
    activations: tuple[tuple[int, str], ...] = ()
    """Every bundle that came into force: the first event that it decides, and its hash."""

    def values(self) -> dict[str, str]:
        """What is written of it, by name."""
        told = {"first_bundle": self.first_bundle, "bundle": self.bundle}
        if self.activations:
            told["activations"] = msgspec.json.encode(self.activations).decode()
        return {name: value for name, value in told.items() if value is not None}


class Reader:
    """Reads a journal through a connection of its own, from any thread, also while another process appends."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = RLock()
        self._unpacked: OrderedDict[int, tuple[int, list[Record]]] = OrderedDict()

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one SELECT."""
        with self._lock, database_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What a function makes of the connection."""
        with self._lock, database_errors(self.path):
            return question(self._connection)

    def head(self) -> Head:
        """What the journal says of itself."""
        told = self.head_values()
        if "first_bundle" in told and "bundle" not in told:
            raise damaged(self.path, "its head does not say which bundle was activated last")
        activations = msgspec.json.decode(told.get("activations", "[]"), type=tuple[tuple[int, str], ...])
        return Head(told.get("first_bundle"), told.get("bundle"), activations)

    def whole_head(self) -> Head:
        """The same; where an earlier version left out what came into force, that is read from the log."""
        found = self.head()
        if found.first_bundle is None or found.activations:
            return found
        named = [(0, found.first_bundle)]
        for commit in self.commits():
            for seq, record in enumerate(self.unpack(commit), commit.first_seq):
                if _ACTIVATED in record.content:
                    event = decode_event(record.content)
                    if isinstance(event, BundleActivated):
                        named.append((seq + 1, event.bundle))
        return found._replace(activations=tuple(named))

    def head_values(self) -> dict[str, str]:
        """What the head says by name, checked by its seals."""
        told: dict[str, str] = {}
        for name, value, given in self.query("SELECT name, value, seal FROM head"):
            if given != seal(name, value):
                raise damaged(self.path, f"its head says {name!r:.40}, and that was not written so")
            told[str(name)] = str(value)
        return told

    def size_bytes(self) -> int:
        """How large the database is, without its write-ahead log."""
        return int(self.query("PRAGMA page_count")[0][0]) * int(self.query("PRAGMA page_size")[0][0])

    def last(self) -> Commit | None:
        """The last commit, not checked and without its records; None where there is none."""
        rows = self.query(f"{_PLACE} ORDER BY first_seq DESC LIMIT 1")
        return self._commit(rows[0]) if rows else None

    def chain_at(self, seq: int) -> bytes | None:
        """The chain of the commit that ends right before a place; None where none does."""
        if seq == 0:
            return beginning(self.head().first_bundle)
        rows = self.query(f"{_ROW} WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1", seq)
        before = self._commit(rows[0]) if rows else None
        return before.chain if before is not None and before.first_seq + before.events == seq else None

    def commits(self, from_seq: int = 0, until: int | None = None) -> Iterator[Commit]:
        """The commits from the one that holds `from_seq` on, each checked; up to seq `until`, which begins a commit.

        Raises JournalDamagedError at the first that is not what was written.
        """
        holder = self.query(f"{_PLACE} WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1", from_seq)
        expected = self._commit(holder[0]).first_seq if holder else 0
        chain = self._chain_before(expected)
        while until is None or expected < until:
            rows = self.query(f"{_ROW} WHERE first_seq >= ? ORDER BY first_seq LIMIT {ROWS_AT_ONCE}", expected)
            if not rows:
                if until is not None:
                    raise damaged(self.path, f"the commit of event {expected} is missing")
                return
            for row in rows:
                if until is not None and expected >= until:
                    return
                commit = self._checked(self._commit(row), expected, chain)
                yield commit
                expected, chain = commit.first_seq + commit.events, commit.chain

    def records_of(self, seq: int) -> tuple[int, list[Record]]:
        """The commit that holds an event, checked and unpacked: (its first seq, its records)."""
        with self._lock:
            for first_seq in reversed(self._unpacked):
                found = self._unpacked[first_seq]
                if first_seq <= seq < first_seq + len(found[1]):
                    self._unpacked.move_to_end(first_seq)
                    return found
            row = self.query(f"{_ROW} WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1", seq)
            if not row:
                raise damaged(self.path, f"the commit of event {seq} is missing")
            commit = self._commit(row[0])
            self._checked(commit, commit.first_seq, self._chain_before(commit.first_seq))
            if seq >= commit.first_seq + commit.events:
                raise damaged(self.path, f"the commit of event {seq} is missing")
            found = self._unpacked[commit.first_seq] = (commit.first_seq, self.unpack(commit))
            if len(self._unpacked) > COMMITS_CACHED_MAX:
                self._unpacked.popitem(last=False)
            return found

    def unpack(self, commit: Commit) -> list[Record]:
        """The records of a checked commit."""
        try:
            records = unpack_records(commit.packed)
        except msgspec.MsgspecError as error:  # written by another version: the chain holds
            raise damaged(self.path, f"the records of event {commit.first_seq} cannot be read: {error}") from None
        if len(records) != commit.events:
            raise damaged(self.path, f"the commit of event {commit.first_seq} holds {len(records)} records")
        return records

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()

    def _chain_before(self, first_seq: int) -> bytes:
        rows = self.query(f"{_PLACE} WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1", first_seq)
        if not rows:
            if first_seq != 0:
                raise damaged(self.path, f"the commits before event {first_seq} are missing")
            return beginning(self.head().first_bundle)
        previous = self._commit(rows[0])
        if previous.first_seq + previous.events != first_seq:
            raise damaged(self.path, f"the commit before event {first_seq} is missing")
        return previous.chain

    def _commit(self, row: tuple[Any, ...]) -> Commit:
        commit = Commit(*row)
        whole = all(isinstance(n, int) for n in commit[:3]) and all(isinstance(b, bytes) for b in commit[3:])
        if not whole or commit.first_seq < 0 or commit.events < 1:
            raise damaged(self.path, f"the row of event {row[0]!r:.40} is not one that was written")
        return commit

    def _checked(self, commit: Commit, expected: int, chain: bytes) -> Commit:
        if commit.first_seq != expected:
            raise damaged(self.path, f"event {expected} is missing: event {commit.first_seq} comes in its place")
        if next_chain(chain, *commit[:4]) != commit.chain:
            raise damaged(self.path, f"the commit of event {commit.first_seq} is not what was written")
        return commit
