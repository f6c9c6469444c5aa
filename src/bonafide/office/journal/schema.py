"""The journal's schema and how an older one is brought up to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from bonafide.office.journal.errors import damaged

REVISION: Final = "0003"
"""The newest step of `migrations/versions`."""
VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def revision_of(connection: sqlite3.Connection) -> str | None:
    """The revision a database is at; None where nothing is in it."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def known_revisions() -> frozenset[str]:
    """Every revision that this version can bring up to the newest."""
    return frozenset(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Make the schema or bring an older one up to date; one transaction, whole or not at all.

    Raises JournalDamagedError where the schema is of no revision that is known here.
    """
    found = revision_of(connection)
    if found == REVISION:  # the usual start does not load what migrates
        return
    if found is not None and found not in known_revisions():
        raise damaged(path, f"its schema says revision {found!r:.40}; or else a newer Bonafide wrote it: use that one")
    _migrate(path)


def _migrate(path: Path) -> None:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    from bonafide.office.journal.connection import connect
    from bonafide.office.store.migrate import migrate

    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        migrate(connection, REVISION, VERSIONS)
    engine.dispose()
