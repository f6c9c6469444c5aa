"""What the store promises on SQLite and PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select

from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import family_versions, metadata


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
