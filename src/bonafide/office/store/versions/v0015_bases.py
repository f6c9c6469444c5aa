"""Who was forgotten while bases of decisions about them were kept in the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. Bases came with it, so that nobody was forgotten of whom there are some."""
    op.create_table(
        "forgotten_bases",
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("forgotten_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "pseudonym", name="pk_forgotten_bases"),
    )
