"""Subjects' clear data, sealed, and what holds it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "subjects",
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary(80), nullable=False),
        sa.Column("retention", sa.String(20), nullable=False),
        sa.Column("remembered_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("restricted_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("subject_type", "pseudonym", name="pk_subjects"),
    )
    op.create_index("ix_subjects_ended_ms", "subjects", ["ended_ms"])
    op.create_table(
        "subject_fields",
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("blind", sa.LargeBinary(32)),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "pseudonym", "field", name="pk_subject_fields"),
        sa.ForeignKeyConstraint(
            ["subject_type", "pseudonym"],
            ["subjects.subject_type", "subjects.pseudonym"],
            name="fk_subject_fields_subject_type",
        ),
    )
    op.create_index("ix_subject_fields_blind", "subject_fields", ["blind"])
    op.create_table(
        "legal_holds",
        sa.Column("hold_id", sa.String(12), nullable=False),
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("placed_ms", sa.BigInteger, nullable=False),
        sa.Column("placed_by", sa.String(160), nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("lifted_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("hold_id", name="pk_legal_holds"),
    )
    op.create_index("ix_legal_holds_pseudonym", "legal_holds", ["pseudonym"])
