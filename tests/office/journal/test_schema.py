"""The journal's schema: its newest step is the one that opening looks for; nothing half, nothing unknown."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from bonafide.office.journal import Journal, JournalDamagedError
from bonafide.office.journal.schema import REVISION, VERSIONS, known_revisions, revision_of

TABLES = {"alembic_version", "bases", "commits", "conflicts", "dead_letters", "head", "intake", "sqlite_sequence"}


def test_opening_looks_for_the_newest_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [REVISION]
    assert known_revisions() == {step.revision for step in script.walk_revisions()}


def test_the_tables_are_strict(tmp_path: Path) -> None:
    Journal.open(tmp_path / "data").close()
    connection = sqlite3.connect(tmp_path / "data" / "journal.db")
    told = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    assert set(told) == TABLES
    ours = TABLES - {"alembic_version", "sqlite_sequence"}
    assert all(re.search(r"STRICT(, WITHOUT ROWID)?$", told[name]) for name in ours)
    assert revision_of(connection) == REVISION
    connection.close()


@pytest.mark.usefixtures("real_migrations")
def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import alembic.op

    execute = alembic.op.execute

    def failing(statement: str) -> None:
        if "dead_letters" in statement:
            raise sqlite3.OperationalError("as injected")
        execute(statement)

    with monkeypatch.context() as patch:
        patch.setattr(alembic.op, "execute", failing)
        with pytest.raises(JournalDamagedError, match="as injected"):
            Journal.open(tmp_path / "data")
    connection = sqlite3.connect(tmp_path / "data" / "journal.db")
    assert revision_of(connection) is None
    connection.close()
    Journal.open(tmp_path / "data").close()


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Journal.open(tmp_path / "data").close()
    connection = sqlite3.connect(tmp_path / "data" / "journal.db")
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamagedError, match="its schema says revision '0999'; or else a newer Bonafide wrote it"):
        Journal.open(tmp_path / "data")


def test_another_database_of_this_name_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamagedError, match="no such table: alembic_version"):
        Journal.open(tmp_path)
