"""People who sign in, their sessions, how long they wait after failing, and the root of derived keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "root_key",
        sa.Column("one", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary(80), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_root_key"),
    )
    op.create_table(
        "people",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("password_ends_ms", sa.BigInteger),
        sa.Column("totp", sa.LargeBinary(100)),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("totp_confirmed", sa.Boolean, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_ms", sa.BigInteger),
        sa.Column("signed_in_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("name", name="pk_people"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["name"], ["people.name"], name="fk_sessions_name"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
    op.create_table(
        "sign_in_waits",
        sa.Column("bucket", sa.String(64), nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("failed_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_sign_in_waits"),
    )
    op.create_index("ix_sign_in_waits_failed_ms", "sign_in_waits", ["failed_ms"])
