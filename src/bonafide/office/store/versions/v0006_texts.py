"""What events name of subjects, sealed; who was forgotten while texts waited; how far the intake was taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "subject_texts",
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("hash", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("blind", sa.LargeBinary(32)),
        sa.PrimaryKeyConstraint("subject_type", "pseudonym", "kind", "hash", name="pk_subject_texts"),
        sa.ForeignKeyConstraint(
            ["subject_type", "pseudonym"],
            ["subjects.subject_type", "subjects.pseudonym"],
            name="fk_subject_texts_subject_type",
        ),
    )
    op.create_index("ix_subject_texts_hash", "subject_texts", ["hash", "kind"])
    op.create_index("ix_subject_texts_blind", "subject_texts", ["blind"])
    op.create_table(
        "forgotten_subjects",
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("intake_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "pseudonym", name="pk_forgotten_subjects"),
    )
    op.create_table(
        "intake_taken",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("intake_id", sa.BigInteger, nullable=False),
        sa.Column("seal", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_intake_taken"),
    )
