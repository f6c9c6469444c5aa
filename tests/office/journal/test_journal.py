"""The journal: what is appended is there, in order, also for whoever opens it after a kill."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bonafide.core.errors import StateError
from bonafide.office.journal import Head, Journal
from bonafide.office.journal.records import beginning, next_chain, pack
from tests.house.tree import SRC
from tests.office.journal.kit import FIRST, SECOND, answers, conflict, copied, fill, letter, record


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path / "data")


def test_what_was_appended_is_there_after_closing_and_after_a_kill(journal: Journal, tmp_path: Path) -> None:
    fill(journal)
    told = answers(journal)
    killed = copied(journal.folder, tmp_path / "killed")
    journal.close()
    for folder in (journal.folder, killed):
        again = Journal.open(folder)
        assert answers(again) == told
        again.append([record(99)])
        assert again.find("e99") == (again.next_seq - 1, record(99))
        again.close()


def test_a_closed_journal_is_its_files_without_a_log_beside_them(journal: Journal) -> None:
    fill(journal)
    journal.close()
    assert sorted(p.name for p in journal.folder.iterdir()) == [
        "ids.db",
        "journal.db",
        "journal.key",
        "journal.mark",
        "lock",
    ]


def test_a_commit_is_one_row_whose_chain_anybody_can_compute(journal: Journal) -> None:
    journal.append([], bundle=FIRST)
    journal.append([record(0), record(1)])
    journal.append([record(2)])
    journal.close()
    columns = "first_seq, count, received_ms, records, chain"
    connection = sqlite3.connect(journal.path)
    rows = connection.execute(f"SELECT {columns} FROM commits ORDER BY first_seq").fetchall()
    connection.close()
    assert [row[:3] for row in rows] == [(0, 2, record(1).received_ms), (2, 1, record(2).received_ms)]
    assert rows[0][3] == pack([record(0), record(1)])
    chain = beginning(FIRST)
    for row in rows:
        chain = next_chain(chain, *row[:4])
        assert row[4] == chain


def test_the_first_bundle_is_the_one_that_decides_first(journal: Journal) -> None:
    assert journal.head == Head(None, None)
    journal.append([], bundle=SECOND)
    journal.append([], bundle=FIRST)
    assert journal.head == Head(FIRST, FIRST, ((0, FIRST),))
    journal.append([record(0)], bundle=SECOND)
    assert journal.head == Head(FIRST, SECOND, ((0, FIRST), (1, SECOND)))
    journal.append([record(1)], bundle=FIRST)
    journal.append([], bundle=SECOND)
    whole = Head(FIRST, SECOND, ((0, FIRST), (1, SECOND), (2, FIRST), (2, SECOND)))
    assert journal.head == whole
    journal.close()
    again = Journal.open(journal.folder)
    assert again.head == whole
    again.close()


def test_a_bundle_that_comes_with_the_first_record_is_the_first(journal: Journal) -> None:
    journal.append([record(0)], bundle=FIRST)
    assert journal.head == Head(FIRST, FIRST, ((0, FIRST),))
    journal.close()
    Journal.open(journal.folder).close()


def test_a_journal_that_heard_of_its_bundle_late_keeps_its_chain(journal: Journal) -> None:
    journal.append([record(0)])
    journal.append([record(1)], bundle=SECOND)
    assert journal.head == Head(None, SECOND, ((2, SECOND),))
    journal.close()
    again = Journal.open(journal.folder)
    assert (again.next_seq, again.head) == (2, Head(None, SECOND, ((2, SECOND),)))
    again.close()


def test_the_latest_of_several_events_with_one_id_is_found(journal: Journal) -> None:
    journal.append([record(0, "twice"), record(1)])
    journal.append([record(2, "twice")])
    assert journal.find("twice") == (2, record(2, "twice"))
    journal._ids.write_away(all_of_them=True)
    assert journal.find("twice") == (2, record(2, "twice"))
    journal.append([record(3, "twice")])
    assert journal.find("twice") == (3, record(3, "twice"))
    journal.close()


def test_commits_begin_at_the_place_asked_for(journal: Journal) -> None:
    fill(journal)
    log = answers(journal).log
    for place in range(len(log) + 2):
        pieces = list(journal.commits(place))
        assert [r for _, records in pieces for r in records] == log[place:]
        assert not pieces or pieces[0][0] == place
    journal.close()


def test_a_second_process_is_told_who_has_the_directory(journal: Journal) -> None:
    program = f"""
import sys; sys.path.insert(0, {str(SRC)!r})
from pathlib import Path
from bonafide.office.journal import Journal
try:
    Journal.open(Path({str(journal.folder)!r}))
except Exception as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"process {os.getpid()} is using this data directory" in done.stdout
    journal.close()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_a_journal_that_is_up_to_date_opens_without_what_migrates(journal: Journal) -> None:
    journal.close()
    program = f"""
import sys; sys.path.insert(0, {str(SRC)!r})
from pathlib import Path
from bonafide.office.journal import Journal
Journal.open(Path({str(journal.folder)!r})).close()
print(*{{"alembic", "sqlalchemy"}} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_what_is_not_there_is_not_made_where_nothing_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no journal here; name the data directory of a server with --data"):
        Journal.open(tmp_path / "data", create=False)
    assert not (tmp_path / "data").exists()
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used as a data directory: File exists"):
        Journal.open(tmp_path / "file")


def test_a_record_that_cannot_be_packed_leaves_the_journal_usable(journal: Journal) -> None:
    with pytest.raises(TypeError):
        journal.append([record(0), object()], event_ids=["a", "b"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        journal.append([object()], [conflict(1)], event_ids=["a"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="one for each record"):
        journal.append([record(0)], event_ids=[])
    assert (journal.next_seq, journal.kept.conflicts) == (0, 0)
    journal.append([record(0)], [conflict(1)], [letter(1)])
    assert answers(journal).conflicts == [conflict(1)]
    journal.close()


def test_other_threads_find_every_acknowledged_event_while_one_appends(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bonafide.office.journal.event_ids.IDS_AT_ONCE", 16)
    monkeypatch.setattr("bonafide.office.journal.keeper.IDS_AT_ONCE", 16)
    monkeypatch.setattr("bonafide.office.journal.keeper.CHECKPOINT_BYTES", 4_096)
    faults: list[str] = []
    done = threading.Event()

    def ask(step: int) -> None:
        while not done.is_set():
            for number in range(0, journal.next_seq, step):
                found = journal.find(f"e{number}")
                if found != (number, record(number)):
                    faults.append(f"{number}: {found}")
            for _ in journal.commits(journal.next_seq // 2):
                pass

    threads = [threading.Thread(target=ask, args=(step,)) for step in (1, 7)]
    for thread in threads:
        thread.start()
    for number in range(0, 600, 3):
        journal.append([record(number + n) for n in range(3)])
    done.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(answers(journal).log) == 600
    assert journal._ids.waiting < 600
    journal.close()


def test_the_write_ahead_log_starts_over_while_there_is_a_reader(journal: Journal) -> None:
    log = journal.folder / "journal.db-wal"
    reading = journal.commits()
    for number in range(100):
        journal.append([record(number, answer="x" * 10_000)])
        if number % 10 == 9:
            journal._keeper._checkpoint()  # what its thread does once enough was appended
            reading = journal.commits()
            next(reading)
    assert log.stat().st_size < 400_000
    assert len(answers(journal).log) == 100
    journal.close()


def test_files_are_for_their_owner_and_counted(journal: Journal) -> None:
    fill(journal)
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    for name in ("journal.db", "journal.db-wal", "journal.mark", "lock"):
        assert (journal.folder / name).stat().st_mode & 0o777 == 0o600, name
    figures = journal.figures()
    assert (figures["events"], figures["conflicts"], figures["ids_waiting"]) == (20, 2, 20)
    assert figures["journal_db_wal_bytes"] == (journal.folder / "journal.db-wal").stat().st_size
    journal.close()


def test_a_commit_has_a_bound(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.journal.writing.COMMIT_BYTES_MAX", 1_000)
    with pytest.raises(ValueError, match=r"a commit of .* bytes; at most 1000"):
        journal.append([record(n) for n in range(20)])
    journal.append([record(0)])
    assert journal.next_seq == 1
    journal.close()
