"""The outbox: what is to leave, for whom, and how far the log was read for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the outbox."""
    _make_messages()
    _make_destinations()
    _make_deliveries()


def _make_messages() -> None:
    op.create_table(
        "outbox_cursors",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary(32)),
        sa.Column("next_no", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_outbox_cursors"),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("no", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("no", name="pk_outbox_messages"),
        sa.UniqueConstraint("id", name="uq_outbox_messages_id"),
    )


def _make_destinations() -> None:
    op.create_table(
        "outbox_destinations",
        sa.Column("destination_id", sa.String(12), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why", sa.String(300)),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("rests_until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("destination_id", name="pk_outbox_destinations"),
    )
    op.create_table(
        "outbox_secrets",
        sa.Column("secret_id", sa.String(32), nullable=False),
        sa.Column("destination_id", sa.String(12), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("ends_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("secret_id", name="pk_outbox_secrets"),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["outbox_destinations.destination_id"], name="fk_outbox_secrets_destination_id"
        ),
    )


def _make_deliveries() -> None:
    op.create_table(
        "outbox_deliveries",
        sa.Column("destination_id", sa.String(12), nullable=False),
        sa.Column("no", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("done_ms", sa.BigInteger),
        sa.Column("error", sa.String(300)),
        sa.PrimaryKeyConstraint("destination_id", "no", name="pk_outbox_deliveries"),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["outbox_destinations.destination_id"], name="fk_outbox_deliveries_destination_id"
        ),
        sa.ForeignKeyConstraint(["no"], ["outbox_messages.no"], name="fk_outbox_deliveries_no"),
    )
    op.create_index("ix_outbox_deliveries_line", "outbox_deliveries", ["destination_id", "subject", "state", "no"])
    op.create_index("ix_outbox_deliveries_turn", "outbox_deliveries", ["destination_id", "state", "next_ms", "no"])
    op.create_index("ix_outbox_deliveries_no", "outbox_deliveries", ["no"])
    op.create_index("ix_outbox_deliveries_done", "outbox_deliveries", ["state", "done_ms"])
