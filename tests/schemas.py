"""An empty database gets its tables from what was run for the first one: migrating it anew takes five times as long.

A database that has tables is migrated as ever, as is every one in a process of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect

from bonafide.office.store import database
from bonafide.office.store import migrate as module
from bonafide.office.store.migrate import REVISIONS, VERSIONS

Statements = list[tuple[str, Any]]

migrate_really = module.migrate
_known: dict[tuple[str, str, Path], Statements] = {}


def remember_migrations() -> None:
    """From here on this process runs each migration of an empty database once."""
    vars(module)["migrate"] = vars(database)["migrate"] = migrate


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the migrations themselves: each is run."""
    for one in (module, database):
        monkeypatch.setattr(one, "migrate", migrate_really)


def migrate(connection: Connection, target: str = REVISIONS[-1], versions: Path = VERSIONS) -> None:
    """What `bonafide.office.store.migrate.migrate` does."""
    key = (connection.dialect.name, target, versions)
    if inspect(connection).get_table_names():
        migrate_really(connection, target, versions)
    elif key in _known:
        _run(connection, _known[key])
    else:
        _known[key] = _noted(connection, target, versions)


def _noted(connection: Connection, target: str, versions: Path) -> Statements:
    """The statements of a migration that is run."""
    noted: Statements = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        noted.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        migrate_really(connection, target, versions)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return noted


def _run(connection: Connection, statements: Statements) -> None:
    cursor = connection.connection.cursor()
    for statement, parameters in statements:
        if isinstance(parameters, list):
            cursor.executemany(statement, parameters)
        else:
            cursor.execute(statement, parameters)
    cursor.close()
