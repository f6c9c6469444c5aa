"""The journal's first schema: commits, conflicts, dead letters and the head."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_TABLES = (
    """CREATE TABLE commits (
        first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, received_ms INTEGER NOT NULL,
        chain BLOB NOT NULL, records BLOB NOT NULL
    ) STRICT""",
    "CREATE TABLE head (name TEXT PRIMARY KEY, value TEXT NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE conflicts (id INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL, seal BLOB NOT NULL) STRICT",
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT, expires_ms INTEGER NOT NULL, redriven_ms INTEGER,
        entry BLOB NOT NULL, seal BLOB NOT NULL
    ) STRICT""",
)


def upgrade() -> None:
    """Make the tables."""
    for table in _TABLES:
        op.execute(table)
