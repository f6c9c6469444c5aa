"""How scores went, what each day held, and what merchants sold on credit and were paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; they fill from here on."""
    op.create_table(
        "score_days",
        sa.Column("subject_type", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("credit_score", sa.Integer, nullable=True),
        sa.Column("risk_level", sa.String(10), nullable=True),
        sa.PrimaryKeyConstraint("subject_type", "subject", "day", name="pk_score_days"),
    )
    op.create_index("ix_score_days_day", "score_days", ["day"])
    op.create_table(
        "day_counts",
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("band", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "what", "band", name="pk_day_counts"),
    )
    op.create_table(
        "trade_days",
        sa.Column("merchant", sa.String(17), nullable=False),
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False)
          for name in ("payments", "pay_later", "refunded", "paid_out", "held")),
        sa.PrimaryKeyConstraint("merchant", "day", "currency", name="pk_trade_days"),
    )  # fmt: skip
    op.create_index("ix_trade_days_day", "trade_days", ["day"])
    op.add_column("decided_subjects", sa.Column("credit_score", sa.Integer, nullable=True))
    op.add_column("decided_subjects", sa.Column("risk_level", sa.String(10), nullable=True))
    op.add_column("decided_subjects", sa.Column("score_day", sa.Integer, nullable=True))
