"""Signing in through a provider of identities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; sessions that are there were not vouched for."""
    op.add_column("sessions", sa.Column("vouched", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "oidc_identities",
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("claim", sa.String(64), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "claim", "value", name="pk_oidc_identities"),
        sa.ForeignKeyConstraint(["name"], ["people.name"], name="fk_oidc_identities_name"),
    )
    op.create_index("ix_oidc_identities_name", "oidc_identities", ["name"])
    op.create_table(
        "oidc_used",
        sa.Column("state", sa.LargeBinary(32), nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_oidc_used"),
    )
    op.create_index("ix_oidc_used_used_ms", "oidc_used", ["used_ms"])
