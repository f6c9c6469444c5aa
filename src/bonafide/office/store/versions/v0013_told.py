"""Whom decisions were about, and what people were told so that they refuse cash-out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_decided()
    _make_education()


def _make_decided() -> None:
    op.create_table(
        "decided_subjects",
        sa.Column("subject_type", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("last_event_id", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "subject", name="pk_decided_subjects"),
    )
    op.create_table(
        "told_decisions",
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("subject_type", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_ms", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(30), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_told_decisions"),
    )
    op.create_index("ix_told_decisions_subject", "told_decisions", ["subject", "subject_type", "seq"])


def _make_education() -> None:
    op.create_table(
        "education_subjects",
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("arm", sa.String(10), nullable=False),
        sa.Column("level", sa.String(2), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("reoffended_ms", sa.BigInteger, nullable=True),
        sa.Column("abandoned_ms", sa.BigInteger, nullable=True),
        sa.Column("cash_out_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("subject", "salt", name="pk_education_subjects"),
        sa.CheckConstraint("arm IN ('shown', 'held_out')", name="ck_education_subjects_arm"),
    )
    op.create_index("ix_education_subjects_until_ms", "education_subjects", ["salt", "until_ms"])
    op.create_table(
        "education_given",
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("level", sa.String(2), nullable=False),
        sa.Column("piece", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_ms", sa.BigInteger, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_education_given"),
    )
    op.create_index("ix_education_given_subject", "education_given", ["subject", "event_ms"])
