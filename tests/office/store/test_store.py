"""The office's store: its schema, what a failed writer leaves, and that many may open it first."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine, inspect, select, text

from bonafide.core.errors import StateError
from bonafide.office.store import migrate
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.migrate import REVISIONS, VERSIONS
from bonafide.office.store.tables import family_versions, metadata
from tests.house.tree import SRC

OPENING = f"""
import sys
sys.path.insert(0, {str(SRC)!r})
from pathlib import Path
from bonafide.office.access.keys import Keys
from bonafide.office.store.database import Store
print("loaded", flush=True)
sys.stdin.readline()
with Store.open(Path(sys.argv[1])) as store:
    Keys(store).create("platform")
"""
UP_TO_DATE = OPENING + "print('alembic' in sys.modules)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "office.db"


def test_the_migrations_make_the_tables_that_the_code_knows(path: Path) -> None:
    with Store.open(path) as store, store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_the_last_revision_is_the_one_that_is_asked_for() -> None:
    scripts = ScriptDirectory(str(VERSIONS.parent), version_locations=[str(VERSIONS)])
    assert tuple(one.revision for one in scripts.walk_revisions())[::-1] == REVISIONS


def test_the_tables_can_be_made_in_postgresql_too() -> None:
    made: list[str] = []
    engine = create_mock_engine("postgresql+psycopg://", lambda sql, *_: made.append(str(sql.compile(engine))))
    metadata.create_all(engine, checkfirst=False)
    assert sum(sql.strip().startswith("CREATE TABLE") for sql in made) == len(metadata.tables)


def test_a_store_is_private_durable_and_waits_for_others(path: Path) -> None:
    with Store.open(path) as store, store.reading() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5_000}
    assert set(modes.values()) == {0o600}
    assert {"office.db", "office.db-wal", "office.db-shm"} <= set(modes)


def test_many_processes_may_open_it_first(path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPENING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loaded\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    with Store.open(path) as store, store.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM machine_keys")) == 4
        assert connection.scalar(select(family_versions.c.version)) == 4


def test_a_store_that_is_up_to_date_is_opened_without_alembic(path: Path) -> None:
    Store.open(path).close()
    done = subprocess.run(
        [sys.executable, "-c", UP_TO_DATE, str(path)], input="go\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "loaded\nFalse\n"


def test_a_migration_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alembic.operations.Operations.create_table", _second_fails())
    with pytest.raises(RuntimeError, match="pulled"):
        Store.open(path)
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("SELECT name FROM sqlite_master").fetchall() == []
    with Store.open(path) as store, store.reading() as connection:
        assert inspect(connection).has_table("machine_keys")


def _second_fails() -> object:
    from alembic.operations import Operations

    really, calls = Operations.create_table, []  # type: ignore[var-annotated]

    def create_table(self: object, *given: object, **more: object) -> object:
        calls.append(given)
        if len(calls) > 1:
            raise RuntimeError("the plug was pulled")
        return really(self, *given, **more)

    return create_table


def test_a_store_of_a_later_version_is_refused(path: Path) -> None:
    with Store.open(path) as store, store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="its schema is 9999, and this version of Bonafide knows schemas up to"):
        Store.open(path)


def test_a_store_copied_in_another_mode_is_brought_back_to_ours(path: Path) -> None:
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    with Store.open(path) as store, store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("content", [b"x" * 5_000, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_damaged_file_is_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"office\.db: is damaged"):
        Store.open(path)


def test_a_block_that_raises_leaves_nothing_behind(path: Path) -> None:
    def write_and_fail() -> None:
        with store.writing("machine_keys") as connection:
            connection.execute(family_versions.insert().values(family="other", version=1))
            raise ZeroDivisionError

    with Store.open(path) as store:
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        assert (store.version("other"), store.version("machine_keys")) == (0, 0)
        with store.writing("machine_keys"):
            pass
        assert store.version("machine_keys") == 1


def test_a_writer_that_waits_in_vain_is_told_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.store.engines.BUSY_TIMEOUT_MS", 1)
    with Store.open(path) as store, store.writing():
        with pytest.raises(StoreError, match="another process has been writing"), store.writing():
            raise AssertionError("two wrote at once")
        assert store.version("machine_keys") == 0  # readers wait for nobody


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        Store.open(tmp_path / "missing" / "office.db")


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with migrate.alone(tmp_path / "lock"), (tmp_path / "lock").open() as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
