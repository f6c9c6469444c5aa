"""The intake and what is sealed: durable with its commit, opened with the key alone, gone when it was handed over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bonafide.core.errors import StateError
from bonafide.core.pseudonym import ClearText
from bonafide.office.journal import Journal, JournalDamagedError
from bonafide.office.journal.letters import NOT_AT_HAND
from bonafide.office.journal.records import pack, seal
from bonafide.office.journal.sealing import KEY_FILE, open_sealer
from tests.office.journal.kit import conflict, letter, record

TEXTS = [ClearText(5, "user", "somebody in clear"), ClearText(-6, "phone", "13812340077")]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "data")
    yield opened
    opened.close()


def reopened(journal: Journal) -> Journal:
    journal.close()
    return Journal.open(journal.folder)


def test_texts_come_back_in_order_until_they_are_handed_over(journal: Journal) -> None:
    journal.append([record(0)], texts=TEXTS)
    journal.append([record(1)], [conflict(0)], [letter(1)], texts=TEXTS[:1])
    journal.append([record(2)])
    again = reopened(journal)
    rows = again.intake()
    assert [(row.id, row.size, row.texts) for row in rows] == [(1, 2, tuple(TEXTS)), (2, 1, tuple(TEXTS[:1]))]
    assert again.waiting == (2, 3, 2)
    assert [row.id for row in again.intake(1)] == [2]
    assert [row.id for row in again.intake(0, 1)] == [1]
    again.handed_over(2, rows[0].seal)  # not that row: another journal's
    assert again.waiting == (2, 3, 2)
    for _ in range(2):
        again.handed_over(rows[0].id, rows[0].seal)
        assert again.waiting == (1, 1, 2)
    again.append([record(3)], texts=TEXTS)
    assert [row.id for row in again.intake()] == [2, 3]
    assert again.verify().events == 4
    again.close()


def test_nothing_clear_is_in_a_file_and_nothing_sealed_is_left(journal: Journal) -> None:
    journal.append([record(0)], [], [msgspec.structs.replace(letter(1), body=b"somebody in clear")], texts=TEXTS)
    with closing(sqlite3.connect(journal.path)) as connection:
        boxes = connection.execute("SELECT box FROM intake").fetchall()
    clear = [text.text.encode() for text in TEXTS]
    for path in journal.folder.iterdir():
        assert not [text for text in clear if text in path.read_bytes()]
    journal.handed_over(1, journal.intake()[0].seal)
    assert [path.name for path in journal.folder.iterdir() if boxes[0][0][:64] in path.read_bytes()], (
        "in the log before"
    )
    assert journal.scrub()
    for path in journal.folder.iterdir():
        assert not [box for (box,) in boxes if box[:64] in path.read_bytes()]
    journal.append([record(1)], texts=TEXTS)
    with closing(sqlite3.connect(journal.path)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM intake").fetchone()
        journal.append([record(2)])
        assert not journal.scrub(), "somebody reads"
    assert journal.scrub()
    journal.append([record(3)])
    journal.handed_over(2, journal.intake()[0].seal)
    journal.close()
    for path in journal.folder.iterdir():
        assert not [box for (box,) in boxes if box[:64] in path.read_bytes()]


def test_without_its_key_it_says_so_and_everything_else_works(journal: Journal) -> None:
    journal.append([record(0)], [], [letter(1)], texts=TEXTS)
    key = journal.folder / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_text()
    journal.close()
    key.unlink()
    other = Journal.open(journal.folder)
    assert [row.texts for row in other.intake()] == [None]
    assert other.dead_letters()[0].letter == msgspec.structs.replace(
        letter(1), field=None, message=NOT_AT_HAND, body=b""
    )  # fmt: skip
    other.append([record(1)], [], [letter(2)], texts=TEXTS[:1])
    assert other.verify().dead_letters == 2
    other.append([record(2)], texts=TEXTS[:1])
    other.handed_over(3, other.intake()[-1].seal)
    assert [row.id for row in other.intake()] == [1], "nobody can have taken in what nobody can open"
    assert other.waiting == (1, 2, 3)
    other.append([record(3)], texts=TEXTS[:1])
    other.close()
    key.write_text(before + key.read_text())
    both = Journal.open(journal.folder)
    assert [row.texts for row in both.intake()] == [tuple(TEXTS), tuple(TEXTS[:1])]
    assert [kept.letter for kept in both.dead_letters()] == [letter(1), letter(2)]
    both.close()


@pytest.mark.parametrize("content", ["", "ab", "g" * 64, "a" * 64 + " more", "A" * 64, "\xff"])
def test_what_is_no_key_is_refused_and_not_shown(journal: Journal, content: str) -> None:
    (journal.folder / KEY_FILE).write_text(content, encoding="latin-1")
    with pytest.raises(StateError, match="holds no key") as told:
        open_sealer(journal.folder)
    assert not content or content not in str(told.value)


@pytest.mark.parametrize(
    "damage",
    ["UPDATE intake SET box = zeroblob(60)", "UPDATE intake SET texts = 7", "UPDATE intake SET id = 9",
     "UPDATE intake SET seal = zeroblob(16)"],
)  # fmt: skip
def test_a_row_that_is_not_what_was_written_is_told(journal: Journal, damage: str) -> None:
    journal.append([record(0)], texts=TEXTS)
    journal.close()
    connection = sqlite3.connect(journal.path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    again = Journal.open(journal.folder)
    for look in (again.intake, again.verify):
        with pytest.raises(JournalDamagedError, match="of its intake is not what was written"):
            look()
    again.close()


def test_a_row_that_was_sealed_elsewhere_does_not_open(journal: Journal) -> None:
    journal.append([record(0)], texts=TEXTS)
    journal.append([record(1)], texts=TEXTS)
    journal.close()
    connection = sqlite3.connect(journal.path)
    ((box,),) = connection.execute("SELECT box FROM intake WHERE id = 1").fetchall()
    connection.execute("UPDATE intake SET box = ?, seal = ? WHERE id = 2", (box, seal(2, 2, box)))
    connection.commit()
    connection.close()
    again = Journal.open(journal.folder)
    with pytest.raises(JournalDamagedError, match="row 2 of its intake does not open"):
        again.intake()
    again.close()


def test_a_journal_of_the_first_schema_is_brought_up_and_its_dead_letters_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bonafide.office.journal.schema.REVISION", "0001")
        path = tmp_path / "journal.db"
        from bonafide.office.journal.connection import connect
        from bonafide.office.journal.schema import bring_up

        connection = connect(path)
        bring_up(connection, path)
    entry = pack(letter(1))
    row = (1, letter(1).expires_ms, None, entry)
    connection.execute("INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?)", (*row, seal(*row)))
    connection.close()
    journal = Journal.open(tmp_path)
    assert [kept.letter for kept in journal.dead_letters()] == [letter(1)]
    journal.redriven([1], 77)
    journal.append([record(0)], [], [letter(2)], texts=TEXTS)
    assert [(kept.letter, kept.redriven_ms) for kept in journal.dead_letters()] == [(letter(1), 77), (letter(2), None)]
    journal.close()
