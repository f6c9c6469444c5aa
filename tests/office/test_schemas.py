"""The tables that tests get without a migration are those that a migration makes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bonafide.office.journal.journal import Journal
from bonafide.office.store import migrate
from bonafide.office.store.database import Store
from bonafide.office.store.tables import metadata
from tests import schemas
from tests.office.databases import Copies


def everything_in(file: Path) -> list[str]:
    """All that makes an SQLite database, as statements."""
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def refuse(*_: Any) -> None:
    raise AssertionError("a second migration was run")


def test_files_are_made_as_a_migration_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    Store.open(tmp_path / "first.db").close()
    Journal.open(tmp_path / "first").close()
    with monkeypatch.context() as patch:
        patch.setattr(schemas, "migrate_really", refuse)
        Store.open(tmp_path / "again.db").close()
        Journal.open(tmp_path / "again").close()
    request.getfixturevalue("real_migrations")
    assert migrate.migrate is schemas.migrate_really
    Store.open(tmp_path / "really.db").close()
    Journal.open(tmp_path / "really").close()
    for name in ("{}.db", "{}/journal.db"):
        made = everything_in(tmp_path / name.format("again"))
        assert made == everything_in(tmp_path / name.format("really"))
        assert len(made) > 5


def test_databases_are_made_as_the_code_knows_them(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(copies.empty()).close()
    monkeypatch.setattr(schemas, "migrate_really", refuse)
    with Store.open(copies.empty()) as store, store.reading() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, metadata) == []
