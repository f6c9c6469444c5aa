"""A full disk, a failed sync, a medium that cannot be written: what is said, and what holds afterwards."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bonafide.core.errors import StateError
from bonafide.office.journal import Journal, JournalBrokenError, JournalDamagedError, JournalFullError
from tests.office.journal.kit import FIRST, answers, conflict, copied, letter, record


class Failing:
    """A connection whose statements that begin with a word fail with one of the database's errors."""

    def __init__(self, connection: sqlite3.Connection, word: str, name: str) -> None:
        self._connection, self._word, self._name = connection, word, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql.startswith(self._word):
            error = sqlite3.OperationalError("as injected")
            error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, self._name), self._name
            raise error
        return self._connection.execute(sql, *values)


@contextmanager
def failing(journal: Journal, word: str, name: str) -> Iterator[None]:
    whole = journal._writer
    journal._writer = Failing(whole, word, name)  # type: ignore[assignment]
    yield
    journal._writer = whole


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "data")
    opened.append([record(0)], [conflict(0)], [letter(0)], bundle=FIRST)
    yield opened
    opened.close()


def test_a_full_disk_writes_nothing_and_is_forgotten_once_there_is_room(journal: Journal, tmp_path: Path) -> None:
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
    journal._writer.execute(f"PRAGMA max_page_count = {pages + 4}")
    before = answers(journal)
    large = [record(n, answer="x" * 5_000) for n in range(1, 9)]
    for more in ({}, {"conflicts": [conflict(1)], "dead_letters": [letter(1)], "bundle": "c"}):
        with pytest.raises(JournalFullError, match=r"the disk is full \(SQLITE_FULL\): nothing was written; make room"):
            journal.append(large, **more)  # type: ignore[arg-type]
        assert answers(journal) == before
        assert journal.find("e1") is None
    again = Journal.open(copied(journal.folder, tmp_path / "copy"))
    assert answers(again) == before
    again.close()
    journal._writer.execute("PRAGMA max_page_count = 100000")
    journal.append(large)
    assert journal.find("e8") == (8, large[7])
    assert len(answers(journal).log) == 9


@pytest.mark.parametrize("word", ["INSERT INTO commits", "COMMIT", "BEGIN"])
@pytest.mark.parametrize("name", ["SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR_SHMSIZE", "SQLITE_READONLY_DBMOVED"])
def test_no_room_may_be_tried_again(journal: Journal, word: str, name: str) -> None:
    before = answers(journal)
    with failing(journal, word, name), pytest.raises(JournalFullError, match=name):
        journal.append([record(1)], dead_letters=[letter(1)])
    assert answers(journal) == before
    journal.append([record(1)], dead_letters=[letter(1)])
    assert journal.find("e1") == (1, record(1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_IOERR_FSYNC", JournalBrokenError),
        ("SQLITE_IOERR_WRITE", JournalBrokenError),
        ("SQLITE_IOERR_DIR_FSYNC", JournalBrokenError),
        ("SQLITE_BUSY", JournalBrokenError),
        ("SQLITE_CANTOPEN", JournalBrokenError),
        ("SQLITE_CORRUPT", JournalDamagedError),
        ("SQLITE_NOTADB", JournalDamagedError),
        ("SQLITE_IOERR_SHORT_READ", JournalDamagedError),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", JournalDamagedError),
    ],
)
def test_anything_else_ends_it(journal: Journal, name: str, kind: type[StateError]) -> None:
    before = answers(journal)
    with failing(journal, "INSERT INTO commits", name), pytest.raises(kind, match=name) as first:
        journal.append([record(1)])
    for again in (lambda: journal.append([record(1)]), lambda: journal.append([]), lambda: journal.expire(0)):
        with pytest.raises(kind) as second:
            again()
        assert second.value is first.value
    assert answers(journal) == before


def test_what_cannot_be_rolled_back_ends_it(journal: Journal) -> None:
    with failing(journal, "COMMIT", "SQLITE_FULL"):
        journal._writer = Failing(journal._writer, "ROLLBACK", "SQLITE_IOERR")  # type: ignore[arg-type, assignment]
        with pytest.raises(StateError):
            journal.append([record(1)], [conflict(1)])
    with pytest.raises(JournalBrokenError, match="SQLITE_IOERR"):
        journal.append([record(1)])
    journal._writer.execute("ROLLBACK")


def test_a_failed_sync_beside_appending_ends_it_too(journal: Journal) -> None:
    keeper = journal._keeper
    whole, keeper._connection = keeper._connection, Failing(keeper._connection, "PRAGMA", "SQLITE_IOERR_FSYNC")  # type: ignore[assignment]
    with pytest.raises(JournalBrokenError):
        keeper._checkpoint()
    keeper._due = True
    keeper._wake.set()
    keeper._ending = False
    while journal._broken is None:  # until the thread has tried
        keeper._wake.wait(0.001)
    with pytest.raises(JournalBrokenError, match="the disk did not do as it was told"):
        journal.append([record(1)])
    keeper._connection = whole


def test_a_disk_too_full_for_copying_the_log_is_no_end(journal: Journal) -> None:
    keeper = journal._keeper
    whole, keeper._connection = keeper._connection, Failing(keeper._connection, "PRAGMA", "SQLITE_FULL")  # type: ignore[assignment]
    keeper._checkpoint()
    assert not keeper.restart_due
    keeper._connection = whole
    journal.append([record(1)])


def test_ids_stay_in_memory_while_there_is_no_room_for_them(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs = journal._ids._runs
    whole, runs._writer = runs._writer, Failing(runs._writer, "BEGIN", "SQLITE_FULL")  # type: ignore[assignment]
    journal._ids.write_away(all_of_them=True)
    assert "event ids stay in memory until there is room" in caplog.text
    assert journal.find("e0") == (0, record(0))
    monkeypatch.setattr("bonafide.office.journal.journal.IDS_WAITING_MAX", 0)
    with pytest.raises(JournalFullError, match="there is no room for event ids"):
        journal.append([record(1)])
    runs._writer = whole
    journal._ids.write_away(all_of_them=True)
    journal.append([record(1)])
    assert [journal.find(f"e{n}") for n in range(2)] == [(0, record(0)), (1, record(1))]


def filled(journal: Journal) -> int:
    """Appends until the disk is full; returns how many events there are."""
    try:
        while True:
            journal.append([record(journal.next_seq, answer="x" * 3_000)])
    except JournalFullError:
        return journal.next_seq


def begun(place: Path) -> None:
    for number in range(1_000):
        Journal.open(place / f"other{number}").close()


def test_damage_met_while_writing_ends_it(journal: Journal) -> None:
    journal._writer.execute("UPDATE dead_letters SET expires_ms = 7")
    with pytest.raises(JournalDamagedError, match="dead letter 1 is not what was written"):
        journal.redriven([1], 9)
    with pytest.raises(JournalDamagedError):
        journal.append([record(1)])


def test_another_program_that_holds_it_is_named(journal: Journal) -> None:
    shell = sqlite3.connect(journal.path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    journal._writer.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(JournalBrokenError, match=r"another program holds it, such as an SQL shell.*\(SQLITE_BUSY\)"):
        journal.append([record(1)])
    shell.close()


@pytest.mark.drill
def test_a_medium_that_is_read_only(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=False).returncode != 0:
        pytest.skip("this machine does not let us mount")
    try:
        journal = Journal.open(place / "data")
        journal.append([record(0)])
        journal.close()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        with pytest.raises(StateError, match="Read-only file system"):
            Journal.open(place / "data")
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
        again = Journal.open(place / "data")
        assert again.find("e0") == (0, record(0))
        again.close()
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.drill
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A file system in memory of two megabytes, filled by the journal itself and by a file beside it."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount")
    try:
        journal = Journal.open(place / "data")
        number = filled(journal)
        assert len(answers(journal).log) == number
        copy = Journal.open(copied(journal.folder, tmp_path / "copy"))
        assert copy.next_seq == number
        copy.close()
        for size in ("4m", "6m"):
            subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)
            assert number < (number := filled(journal))
        told = answers(journal)
        journal.close()
        with pytest.raises(StateError):  # no room to begin, and plainly said
            begun(place)
        subprocess.run(["mount", "-o", "remount,size=16m", str(place)], check=True)
        again = Journal.open(place / "data")
        assert answers(again) == told
        again.close()
    finally:
        subprocess.run(["umount", str(place)], check=True)
