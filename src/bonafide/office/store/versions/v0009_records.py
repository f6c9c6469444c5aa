"""Records that the office wants in the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "wanted_records",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_wanted_records"),
        sa.UniqueConstraint("event_id", name="uq_wanted_records_event_id"),
    )
    op.create_table(
        "record_outcomes",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_record_outcomes"),
        sa.ForeignKeyConstraint(["number"], ["wanted_records.number"], name="fk_record_outcomes_number"),
    )
