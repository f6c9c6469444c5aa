"""Whatever is done to the audit log's rows by whoever may write the database, the verifier says so."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.entry import BEGINNING, Actor, Entry, chained
from bonafide.office.audit.log import AuditLog, TamperedError, append
from bonafide.office.store.database import Store
from tests.office.audit.kit import START_MS

ENTRIES = 40
TRIALS = 60
"""Positions tried of each way to tamper; together they are more than the log has."""
NAMES = ("made_ms", "who", "what", "on_what", "from_where", "outcome", "details", "leaf", "chain")
Rows = list[tuple[object, ...]]


def changed(rows: Rows, dice: random.Random) -> Rows:
    """One bit of one value of one entry, the hashes left alone."""
    at, column = dice.randrange(len(rows)), dice.randrange(1, len(NAMES) + 1)
    value = rows[at][column]
    match value:
        case int():
            new: object = value ^ (1 << dice.randrange(40))
        case bytes():
            new = bytes([value[0] ^ (1 << dice.randrange(8))]) + value[1:]
        case _:
            new = str(value) + " "
    return [*rows[:at], (*rows[at][:column], new, *rows[at][column + 1 :]), *rows[at + 1 :]]


def removed(rows: Rows, dice: random.Random) -> Rows:
    """One entry taken out, those behind it moved up or not."""
    at = dice.randrange(len(rows) - 1)
    rest = [*rows[:at], *rows[at + 1 :]]
    return [(number, *row[1:]) for number, row in enumerate(rest)] if dice.random() < 0.5 else rest


def inserted(rows: Rows, dice: random.Random) -> Rows:
    """One entry put in, with hashes of its own that are right by themselves."""
    at = dice.randrange(len(rows) + 1)
    new = dice.choice(rows)
    return [(number, *row[1:]) for number, row in enumerate([*rows[:at], new, *rows[at:]])]


def reordered(rows: Rows, dice: random.Random) -> Rows:
    """Two entries in each other's place."""
    one, other = sorted(dice.sample(range(len(rows)), 2))
    moved = list(rows)
    moved[one], moved[other] = (one, *rows[other][1:]), (other, *rows[one][1:])
    return moved


def cut(rows: Rows, dice: random.Random) -> Rows:
    """The end taken away."""
    return rows[: dice.randrange(len(rows))]


def rewritten(rows: Rows, dice: random.Random) -> Rows:
    """One entry changed, and every hash from there on made anew: the best that a forger can do."""
    at, chain, new = dice.randrange(len(rows)), BEGINNING, list[tuple[object, ...]]()
    for number, row in enumerate(rows):
        held = dict(zip(Entry.__struct_fields__, row))
        held["details"] = msgspec.json.decode(str(row[7]))
        if number == at:
            held["who"] = "person:mallory"
        entry = Entry(**held)  # type: ignore[arg-type]
        chain = chained(chain, entry.leaf())
        new.append((number, row[1], entry.who, *row[3:8], entry.leaf(), chain))
    return new


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows, Checkpoint]:
    path = tmp_path_factory.mktemp("audit") / "office.db"
    with Store.open(path) as store:
        with store.writing() as connection:
            for number in range(ENTRIES):
                append(connection, Actor("person:ann", ""), "subject.look", f"subject:user/{number % 3}",
                       START_MS + number, details={"n": number})  # fmt: skip
        kept = AuditLog(store).verify()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        return path, raw.execute("SELECT * FROM audit_entries ORDER BY number").fetchall(), kept


def put(path: Path, rows: Rows, head: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN")
        raw.execute("DELETE FROM audit_entries")
        raw.executemany("INSERT INTO audit_entries VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        raw.execute("UPDATE audit_head SET entries = ?", (head,))
        raw.execute("COMMIT")


@pytest.mark.parametrize("way", [changed, removed, inserted, reordered, cut, rewritten])
@pytest.mark.parametrize("head_follows", [True, False])
def test_it_is_found(
    written: tuple[Path, Rows, Checkpoint], way: Callable[[Rows, random.Random], Rows], head_follows: bool
) -> None:
    path, rows, kept = written
    missed = 0
    with Store.open(path) as store:
        for trial in range(TRIALS):
            new = way(rows, random.Random(f"{way.__name__} {trial}"))
            if new == rows:
                continue
            put(path, new, len(new) if head_follows else ENTRIES)
            try:
                AuditLog(store).verify(kept)
                missed += 1
            except TamperedError:
                pass
        put(path, rows, ENTRIES)
        assert missed == 0
        assert AuditLog(store).verify(kept) == kept


def test_without_a_checkpoint_only_the_best_forgeries_pass(written: tuple[Path, Rows, Checkpoint]) -> None:
    path, rows, kept = written
    with Store.open(path) as store:
        for way in (cut, rewritten):
            new = way(rows, random.Random(7))
            put(path, new, len(new))
            assert AuditLog(store).verify().size == len(new)
        put(path, rows, ENTRIES)
        assert AuditLog(store).verify() == kept
