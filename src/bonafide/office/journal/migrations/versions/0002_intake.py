"""The intake: clear texts on their way into the vault."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table. What earlier versions wrote stays as it is: clear until it expires, in the log for good."""
    op.execute(
        """CREATE TABLE intake (
            id INTEGER PRIMARY KEY AUTOINCREMENT, texts INTEGER NOT NULL, box BLOB NOT NULL, seal BLOB NOT NULL
        ) STRICT"""
    )
