"""Machine keys, and the number that says when a family of tables has changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "family_versions",
        sa.Column("family", sa.String(40), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("family", name="pk_family_versions"),
    )
    op.create_table(
        "machine_keys",
        sa.Column("key_id", sa.String(12), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("types", sa.JSON),
        sa.Column("routes", sa.JSON),
        sa.Column("rate_per_s", sa.BigInteger),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("replaced_by", sa.String(12)),
        sa.Column("last_used", sa.Date),
        sa.PrimaryKeyConstraint("key_id", name="pk_machine_keys"),
    )
