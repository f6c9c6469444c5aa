"""`ids.db`: which place in the log an event id has, in sorted runs; a cache of the journal.

A run holds the keys of a stretch of the log, sorted, in blocks of about a thousand. New runs are short; eight of a size
become one of the next, up to RUN_IDS_MAX. So an id is written a handful of times, each time among its neighbours, where
an index by id would touch a page of its own for each event.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.office.journal.connection import connect
from bonafide.office.journal.id_keys import keys_of

IDS_FILE: Final = "ids.db"
BLOCK_IDS: Final = 1_024
RUNS_MERGED: Final = 8
RUN_IDS_MAX: Final = 2**20
VERSION: Final = 1
_LEAST, _MOST = -(2**63), 2**63 - 1
_PLACE: Final = struct.Struct(">qqqqq")
_SCHEMA: Final = (
    "CREATE TABLE runs (first_seq INTEGER PRIMARY KEY, until_seq INTEGER, level INTEGER, blocks INTEGER, crc INTEGER)",
    "CREATE TABLE blocks (run INTEGER, first_key INTEGER, next_key INTEGER, entries BLOB, crc INTEGER,"
    " PRIMARY KEY (run, first_key)) WITHOUT ROWID",
    "CREATE TABLE salt (value BLOB)",
)
_LOOK_UP: Final = """
    SELECT r.first_seq, r.until_seq, r.level, r.blocks, r.crc, b.first_key, b.next_key, b.entries, b.crc
    FROM runs r LEFT JOIN blocks b ON b.run = r.first_seq
    AND b.first_key = (SELECT max(first_key) FROM blocks WHERE run = r.first_seq AND first_key <= ?)
    ORDER BY r.first_seq"""


class IdsDamagedError(Exception):
    """The cache does not hold what was written, and is made anew."""


class _Run(NamedTuple):
    first_seq: int
    until_seq: int
    level: int
    blocks: int
    crc: int


class IdRuns:
    """The ids of the events below `covered`. One thread adds; `seqs_of` may be called by another in turn."""

    def __init__(self, folder: Path) -> None:
        """Open the cache, made if need be; raises IdsDamagedError or sqlite3.Error where it is of no use."""
        self.path = folder / IDS_FILE
        self._writer = connect(self.path, synchronous="NORMAL")
        try:
            self._writer.execute("PRAGMA wal_autocheckpoint = 1000")
            self._make_schema()
            salt = self._writer.execute("SELECT value FROM salt").fetchall()
            if len(salt) != 1 or not isinstance(salt[0][0], bytes) or len(salt[0][0]) != 12:
                raise IdsDamagedError("no salt")
            if zlib.crc32(salt[0][0][:8]) != int.from_bytes(salt[0][0][8:]):
                raise IdsDamagedError("another salt")
            self._salt = int.from_bytes(salt[0][0][:8])
            self._runs = self._read_runs()
            self._reader = connect(self.path, readonly=True)
        except BaseException:
            self._writer.close()
            raise

    @property
    def covered(self) -> int:
        """Every event below this seq is in the cache."""
        return self._runs[-1].until_seq if self._runs else 0

    def add(self, event_ids: list[str], seqs: list[int], until_seq: int) -> None:
        """Take in the events from `covered` up to `until_seq`; in one transaction, with the merging that is due."""
        first_seq = self.covered
        keys, places = _ordered(keys_of(event_ids, self._salt), np.array(seqs, dtype=np.int64))
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            runs = [*self._runs, self._write(first_seq, until_seq, 0, keys, places)]
            while (due := _due(runs)) is not None:
                runs = [*runs[:-RUNS_MERGED], self._merge(due)]
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        self._runs = runs

    def seqs_of(self, event_id: str, covered: int) -> list[int]:
        """The places that an id may have, latest first: every one that it has below `covered`, rarely another's."""
        key = int(keys_of([event_id], self._salt)[0])
        found: list[int] = []
        expected = 0
        for row in self._reader.execute(_LOOK_UP, (key,)).fetchall():
            run = _checked(_Run(*row[:5]), expected)
            expected = run.until_seq
            first_key, next_key, entries, crc = row[5:]
            keys, places = _opened(run.first_seq, first_key, next_key, entries, crc)
            if not first_key <= key < next_key and not (next_key == _MOST == key):
                raise IdsDamagedError(f"a block of run {run.first_seq} is missing")
            low, high = np.searchsorted(keys, [key], "left")[0], np.searchsorted(keys, [key], "right")[0]
            found += [run.first_seq + int(place) for place in places[low:high]]
        if expected < covered:
            raise IdsDamagedError(f"the run of event {expected} is missing")
        return found[::-1]

    def close(self) -> None:
        """End both connections."""
        self._reader.close()
        self._writer.close()

    def _make_schema(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            return
        if version or self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise IdsDamagedError(f"version {version}")
        salt = os.urandom(8)
        self._writer.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            self._writer.execute(statement)
        self._writer.execute("INSERT INTO salt VALUES (?)", (salt + zlib.crc32(salt).to_bytes(4),))
        self._writer.execute(f"PRAGMA user_version = {VERSION}")
        self._writer.execute("COMMIT")

    def _read_runs(self) -> list[_Run]:
        runs: list[_Run] = []
        for row in self._writer.execute("SELECT first_seq, until_seq, level, blocks, crc FROM runs ORDER BY first_seq"):
            runs.append(_checked(_Run(*row), runs[-1].until_seq if runs else 0))
        counted = dict(self._writer.execute("SELECT run, count(*) FROM blocks GROUP BY run").fetchall())
        if counted != {run.first_seq: run.blocks for run in runs}:
            raise IdsDamagedError("blocks are missing")
        return runs

    def _write(
        self, first_seq: int, until_seq: int, level: int, keys: NDArray[np.int64], places: NDArray[np.int64]
    ) -> _Run:
        blocks = list(_cut(first_seq, keys, (places - first_seq).astype("<u4")))
        self._writer.executemany("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)", blocks)
        place = (first_seq, until_seq, level, len(blocks))
        run = _Run(*place, zlib.crc32(_PLACE.pack(*place, 0)))
        self._writer.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", run)
        return run

    def _merge(self, runs: list[_Run]) -> _Run:
        keys, places = [], []
        for run in runs:
            rows = self._writer.execute(
                "SELECT first_key, next_key, entries, crc FROM blocks WHERE run = ? ORDER BY first_key",
                (run.first_seq,),
            )
            for row in rows.fetchall():
                some_keys, some_places = _opened(run.first_seq, *row)
                keys.append(some_keys)
                places.append(some_places + run.first_seq)
            self._writer.execute("DELETE FROM blocks WHERE run = ?", (run.first_seq,))
            self._writer.execute("DELETE FROM runs WHERE first_seq = ?", (run.first_seq,))
        ordered = _ordered(np.concatenate(keys), np.concatenate(places))
        return self._write(runs[0].first_seq, runs[-1].until_seq, runs[0].level + 1, *ordered)


def _due(runs: list[_Run]) -> list[_Run] | None:
    """The last runs, where they are enough of one size to become one."""
    last = runs[-RUNS_MERGED:]
    alike = len(last) == RUNS_MERGED and len({run.level for run in last}) == 1
    return last if alike and last[-1].until_seq - last[0].first_seq <= RUN_IDS_MAX else None


def _ordered(
    keys: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """By key; equal keys stay in the order they are given in, which is the log's."""
    order = np.argsort(keys, kind="stable")
    return keys[order], places[order]


def _cut(
    run: int, keys: NDArray[np.int64], places: NDArray[np.uint32]
) -> Iterator[tuple[int, int, int, bytes, int]]:  # fmt: skip
    """The rows of a run's blocks. Equal keys stay together, and together the blocks leave no key out."""
    starts = np.unique(np.searchsorted(keys, keys[::BLOCK_IDS], "left"))
    ends = [*starts[1:].tolist(), len(keys)]
    for number, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
        first_key = int(keys[start]) if number else _LEAST
        next_key = int(keys[end]) if end < len(keys) else _MOST
        entries = keys[start:end].astype("<i8").tobytes() + places[start:end].tobytes()
        yield run, first_key, next_key, entries, _crc(run, first_key, next_key, entries)


def _opened(
    run: int, first_key: object, next_key: object, entries: object, crc: object
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The keys and places of a block."""
    if not (isinstance(first_key, int) and isinstance(next_key, int) and isinstance(entries, bytes)):
        raise IdsDamagedError(f"a block of run {run} is missing")
    if len(entries) % 12 or crc != _crc(run, first_key, next_key, entries):
        raise IdsDamagedError(f"a block of run {run} is not what was written")
    count = len(entries) // 12
    keys = np.frombuffer(entries, "<i8", count)
    return keys, np.frombuffer(entries, "<u4", count, offset=8 * count).astype(np.int64)


def _crc(run: int, first_key: int, next_key: int, entries: bytes) -> int:
    return zlib.crc32(entries, zlib.crc32(_PLACE.pack(run, first_key, next_key, len(entries), 1)))


def _checked(run: _Run, expected: int) -> _Run:
    whole = all(isinstance(value, int) for value in run)
    if not whole or run.crc != zlib.crc32(_PLACE.pack(*run[:4], 0)) or run.first_seq != expected:
        raise IdsDamagedError(f"the run of event {expected} is missing")
    return run
