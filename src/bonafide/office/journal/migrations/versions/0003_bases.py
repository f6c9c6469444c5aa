"""Bases: what the scores of those decisions were reckoned from that people look at."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table. Decisions from before have no basis; taking the log in again tells it."""
    op.execute(
        """CREATE TABLE bases (
            seq INTEGER PRIMARY KEY, received_ms INTEGER NOT NULL, user INTEGER, merchant INTEGER,
            inputs BLOB NOT NULL, seal BLOB NOT NULL
        ) STRICT"""
    )
