"""Conflicts and dead letters: kept with the commit they came with, bounded, expired, sent through again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bonafide.office.journal import DEAD_LETTER_BYTES_MAX, Journal
from tests.office.journal.kit import START_MS, conflict, letter, record


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "data")
    yield opened
    opened.close()


def numbers(journal: Journal) -> list[int]:
    return [kept.letter.received_ms - START_MS for kept in journal.dead_letters()]


def test_they_come_back_as_they_were_in_order_and_by_pages(journal: Journal) -> None:
    journal.append([record(0)], [conflict(1), conflict(2)], [letter(1), letter(2)])
    journal.append([], [conflict(3)], [letter(3)])
    assert [kept.conflict for kept in journal.conflicts()] == [conflict(n) for n in (1, 2, 3)]
    assert [kept.letter for kept in journal.dead_letters()] == [letter(n) for n in (1, 2, 3)]
    assert [kept.id for kept in journal.conflicts(1, 1)] == [2]
    assert [kept.id for kept in journal.dead_letters(2)] == [3]
    assert journal.kept[:3] == (3, 3, 3)


def test_a_body_is_cut(journal: Journal) -> None:
    journal.append([], [], [msgspec.structs.replace(letter(1), body=b"x" * 20_000)])
    assert journal.dead_letters()[0].letter.body == b"x" * DEAD_LETTER_BYTES_MAX


def test_they_expire_by_the_moment_that_is_given(journal: Journal) -> None:
    journal.append([], [], [letter(n, keep_ms=1_000) for n in range(5)])
    assert journal.expire(START_MS + 999) == 0
    assert journal.expire(START_MS + 1_002) == 3
    assert numbers(journal) == [3, 4]
    assert journal.kept[1:] == (2, 5, 0)


def test_with_too_many_the_expired_go_first_then_the_oldest_which_are_counted(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bonafide.office.journal.letters.DEAD_LETTERS_MAX", 6)
    monkeypatch.setattr("bonafide.office.journal.letters.DROPPED_AT_ONCE", 2)
    journal.append([], [], [letter(0, keep_ms=10**9), letter(1, keep_ms=1), *(letter(n) for n in range(2, 6))])
    journal.append([], [], [letter(6)])
    assert numbers(journal) == [0, 2, 3, 4, 5, 6]
    assert journal.kept.dead_letters_dropped == 0
    journal.append([], [], [letter(7)])
    assert numbers(journal) == [3, 4, 5, 6, 7]
    journal.append([], [], [letter(8), letter(9), letter(10)])
    assert numbers(journal) == [5, 6, 7, 8, 9, 10]
    assert journal.kept[1:] == (6, 11, 4)
    journal.close()
    again = Journal.open(journal.folder)
    assert (again.kept[1:], numbers(again)) == ((6, 11, 4), [5, 6, 7, 8, 9, 10])
    again.close()


def test_one_that_was_sent_through_again_says_when(journal: Journal) -> None:
    journal.append([], [], [letter(n) for n in range(3)])
    journal.redriven([2, 77], START_MS + 50)
    assert [kept.redriven_ms for kept in journal.dead_letters()] == [None, START_MS + 50, None]
    assert [kept.letter for kept in journal.dead_letters()] == [letter(n) for n in range(3)]


def test_what_expired_is_not_in_the_file_any_more(journal: Journal) -> None:
    journal.append([], [], [msgspec.structs.replace(letter(1), body=b"personal things")])
    journal.expire(START_MS + 10**6)
    journal.append([record(0)])
    journal.close()
    for path in journal.folder.iterdir():
        assert b"personal things" not in path.read_bytes()
