"""Journals for tests: made-up records, a small journal with one of everything, and what it must answer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from bonafide.office.journal import Conflict, DeadLetter, Head, Journal, Record

START_MS = 1_767_601_800_000
FIRST, SECOND = "a" * 64, "b" * 64


def record(number: int, event_id: str | None = None, answer: str = "allow") -> Record:
    """The record of a made-up event; its id is `e` and its number, unless told otherwise."""
    name = event_id or f"e{number}"
    content = f'{{"type":"tick","event_id":"{name}","time":{START_MS + number}}}'
    body = f'{{"event_id":"{name}","outcome":"{answer}","n":{number}}}'
    return Record(START_MS + number, "k1", content.encode(), body.encode())


def conflict(number: int) -> Conflict:
    return Conflict(f"e{number}", number, START_MS + number, "k2", b'{"type":"tick","other":true}')


def letter(number: int, *, keep_ms: int = 1_000) -> DeadLetter:
    received_ms = START_MS + number
    return DeadLetter(received_ms, "k3", "malformed", None, f"no JSON {number}", b"{", received_ms + keep_ms)


class Answers(NamedTuple):
    """Everything that a journal says."""

    head: Head
    log: list[Record]
    conflicts: list[Conflict]
    letters: list[DeadLetter]
    found: list[tuple[int, Record] | None]


def answers(journal: Journal) -> Answers:
    """Ask a journal everything; in the log nothing is skipped and nothing comes twice."""
    log: list[Record] = []
    for first_seq, records in journal.commits():
        assert first_seq == len(log)
        log += records
    assert len(log) == journal.next_seq
    assert [journal.read(seq) for seq in range(len(log))] == log
    names = [f"e{n}" for n in range(len(log))] + ["nobody"]
    return Answers(
        journal.head, log, [kept.conflict for kept in journal.conflicts()],
        [kept.letter for kept in journal.dead_letters()], [journal.find(name) for name in names],
    )  # fmt: skip


def fill(journal: Journal) -> None:
    """Commits of one to five events, a change of bundle, conflicts and dead letters."""
    journal.append([], bundle=FIRST)
    number = 0
    for size in (1, 3, 5, 2, 1, 4):
        journal.append([record(number + n) for n in range(size)])
        number += size
    journal.append([record(number)], [conflict(2)], [letter(1)], bundle=SECOND)
    journal.append([], [conflict(3)], [letter(2)])
    journal.append([record(number + 1), record(number + 2)], dead_letters=[letter(3)])
    journal.append([record(number + 3)])


def copied(folder: Path, to: Path) -> Path:
    """A data directory as a process that was killed leaves it: its files, without what only lives in memory."""
    to.mkdir(parents=True)
    for path in folder.iterdir():
        if path.is_file() and not path.name.endswith("-shm"):
            shutil.copyfile(path, to / path.name)
    return to
