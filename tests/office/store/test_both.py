"""What the store promises on SQLite and PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, func, select

from bonafide.office.store.database import Store, StoreError, UnsureError
from bonafide.office.store.engines import CONNECTIONS_MAX
from bonafide.office.store.tables import family_versions, metadata
from bonafide.office.vault.scrub import scrub
from tests.office.databases import QUICK, Cluster, Copies


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_many_may_open_it_first(place: Path | str) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: Store.open(place), range(4)))
    for store in stores:
        assert store.version("nothing") == 0
        store.close()


def test_writers_take_turns(store: Store) -> None:
    def change(_: int) -> None:
        with store.writing("counted"):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(40)))
    assert store.version("counted") == 40


def test_what_a_block_of_reading_sees_does_not_change_under_it(store: Store) -> None:
    with store.reading() as connection:
        before = connection.scalar(select(func.count()).select_from(family_versions))
        with store.writing("other"):
            pass
        assert connection.scalar(select(func.count()).select_from(family_versions)) == before
    assert store.version("other") == 1


def test_a_block_that_raises_leaves_nothing_behind(store: Store) -> None:
    def write_and_fail() -> None:
        with store.writing("one") as connection:
            connection.execute(family_versions.insert().values(family="two", version=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert (store.version("one"), store.version("two")) == (0, 0)


def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        Store.open(f"postgresql://bonafide:sesame@/x?host={tmp_path}")
    assert "sesame" not in str(caught.value)


def test_a_writer_that_waits_in_vain_is_told_so(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.store.engines.BUSY_TIMEOUT_MS", 1)
    with copies.one() as place, Store.open(place) as store, store.writing():
        with pytest.raises(StoreError, match="another process has been writing"), store.writing():
            raise AssertionError("two wrote at once")
        assert store.version("machine_keys") == 0  # readers wait for nobody


def test_more_than_there_are_connections_are_told_so(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.store.engines.BUSY_TIMEOUT_MS", 1)
    with copies.one() as place, Store.open(place) as store, ExitStack() as held:
        for _ in range(CONNECTIONS_MAX):
            held.enter_context(store.reading())
        with pytest.raises(StoreError, match="too many want it at one time"):
            store.version("machine_keys")
        held.pop_all().close()
        assert store.version("machine_keys") == 0


def test_what_was_written_is_in_no_message(store: Store) -> None:
    def twice() -> None:
        with store.writing() as connection:
            for _ in range(2):
                connection.execute(family_versions.insert().values(family="sesame", version=1))

    with pytest.raises(StoreError, match=r"unique|UNIQUE") as caught:
        twice()
    assert "sesame" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_upkeep_runs_in_no_transaction_and_leaves_connections_as_they_were(store: Store) -> None:
    asked = "PRAGMA busy_timeout" if not store.is_remote else "SHOW statement_timeout"
    with store.reading() as connection:
        before = connection.exec_driver_sql(asked).scalar()
    assert scrub(store)
    with pytest.raises(StoreError), store.outside() as connection:
        connection.exec_driver_sql("no statement")
    with store.reading() as connection:
        assert connection.exec_driver_sql(asked).scalar() == before


# What only a server can do


def test_a_reader_cannot_write(cluster: Cluster) -> None:
    with Store.open(cluster.new_database()) as store:
        with pytest.raises(StoreError, match="the server only reads"), store.reading() as connection:
            connection.execute(family_versions.insert().values(family="two", version=1))
        assert store.version("two") == 0


def test_commits_wait_for_the_disk_whatever_the_server_does(cluster: Cluster) -> None:
    assert QUICK["synchronous_commit"] == "off"
    with Store.open(cluster.new_database()) as store, store.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_a_connection_that_is_cut_is_made_anew(cluster: Cluster) -> None:
    with Store.open(cluster.new_database()) as store:
        cut(store)
        assert store.version("one") == 0
        with pytest.raises(StoreError, match="nothing was changed") as caught, store.writing("one"):
            cut(store)
        assert not isinstance(caught.value, UnsureError)
        assert store.version("one") == 0
        with store.writing("one"):
            pass
        assert store.version("one") == 1


def test_a_connection_that_breaks_in_the_commit_is_told_as_what_it_is(cluster: Cluster) -> None:
    with Store.open(cluster.new_database()) as store:
        event.listen(store.engine, "commit", lambda _: cut(store), once=True)
        with pytest.raises(UnsureError, match="look before you repeat it"), store.writing("one"):
            pass
        assert store.version("one") == 0


def cut(store: Store) -> None:
    """End every connection of a store from the server's side."""
    import psycopg

    others = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()")
