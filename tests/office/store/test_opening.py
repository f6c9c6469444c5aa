"""A data directory has one store: the file in it, or the database that the settings name, and never both."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret
from bonafide.office.access.keys import Keys
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.datadir import DataDir
from bonafide.office.store.opening import open_store
from tests.office.databases import Cluster


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir.open(tmp_path / "data")


def test_without_a_url_it_is_the_file(data: DataDir) -> None:
    with open_store(data, None) as store:
        assert store.name == str(data.office)
        assert not store.is_remote
    assert "office.elsewhere" not in os.listdir(data.folder)


def test_a_directory_whose_store_is_elsewhere_is_not_given_a_second_one(data: DataDir, cluster: Cluster) -> None:
    url = cluster.new_database().replace("bonafide@", "bonafide:sesame@")
    for _ in range(2):
        with open_store(data, Secret(url)) as store:
            Keys(store).create("platform")
            assert store.is_remote
    with pytest.raises(
        UsageError, match=r"directory is postgresql://bonafide@/t.*, and store_url is not set"
    ) as caught:
        open_store(data, None)
    assert "sesame" not in str(caught.value) + data.elsewhere.read_text()
    assert not data.office.exists()
    with open_store(data, Secret(url)) as store:
        assert len(Keys(store).list()) == 2


def test_a_file_that_is_there_is_not_left_behind(data: DataDir, cluster: Cluster) -> None:
    open_store(data, None).close()
    with pytest.raises(UsageError, match=r"office\.db: the office's store of this data directory is this file"):
        open_store(data, Secret(cluster.new_database()))


def test_a_server_that_is_not_there_leaves_no_mark(data: DataDir, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError):
        open_store(data, Secret(f"postgresql://bonafide@/x?host={tmp_path}"))
    open_store(data, None).close()


def test_a_database_of_another_encoding_is_refused(cluster: Cluster) -> None:
    import psycopg

    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UsageError, match="its texts are in LATIN1; make it anew with ENCODING 'UTF8'"):
        Store.open(cluster.url("latin"))


def test_without_psycopg_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def none_of_it(name: str, *more: Any, **given: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ImportError(name)
        return really(name, *more, **given)

    monkeypatch.setattr(builtins, "__import__", none_of_it)
    with pytest.raises(UsageError, match=r"needs psycopg, which is not installed; pip install 'bonafide\[postgres\]'"):
        Store.open("postgresql://bonafide@db/office")


@pytest.mark.parametrize(
    "place", ["nonsense", "sqlite:///x.db", "mysql://a:sesame@b/c", "postgresql+asyncpg://a/b", ""]
)
@pytest.mark.parametrize("kind", [str, Secret])
def test_what_is_no_url_of_postgresql_is_refused_and_not_repeated(place: str, kind: Callable[[str], Any]) -> None:
    with pytest.raises(UsageError, match="give one such as postgresql://user@host/name") as caught:
        Store.open(kind(place))
    assert "sesame" not in str(caught.value)
