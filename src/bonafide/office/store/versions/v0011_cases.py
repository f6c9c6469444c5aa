"""Cases: what people review, what they did with it, and what the log says about whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _cases()
    _case_events()
    _case_subjects()
    _case_ties()
    _case_steps()
    _case_links()
    _case_looks()
    _case_accounts()
    _case_overdues()
    _log_places()


def _cases() -> None:
    """What people review."""
    op.create_table(
        "cases",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("queue", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("assignee", sa.String(40), nullable=True),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("rank_ms", sa.BigInteger, nullable=False),
        sa.Column("waits_until_ms", sa.BigInteger, nullable=True),
        sa.Column("asked", sa.JSON, nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("stake", sa.BigInteger, nullable=False),
        sa.Column("caught", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("users", sa.Integer, nullable=False),
        sa.Column("merchants", sa.Integer, nullable=False),
        sa.Column("typologies", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("label", sa.String(10), nullable=True),
        sa.Column("grade", sa.String(15), nullable=True),
        sa.Column("measure", sa.String(20), nullable=True),
        sa.Column("decided_ms", sa.BigInteger, nullable=True),
        sa.Column("decided_by", sa.String(40), nullable=True),
        sa.Column("second", sa.String(40), nullable=True),
        sa.Column("step", sa.BigInteger, nullable=True),
        sa.Column("merged_into", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_cases"),
        sa.ForeignKeyConstraint(["assignee"], ["people.name"], name="fk_cases_assignee"),
        sa.ForeignKeyConstraint(["decided_by"], ["people.name"], name="fk_cases_decided_by"),
        sa.ForeignKeyConstraint(["second"], ["people.name"], name="fk_cases_second"),
    )
    op.create_index("ix_cases_assignee", "cases", ["assignee", "state", "rank_ms", "number"])
    op.create_index("ix_cases_due", "cases", ["state", "due_ms", "number"])
    op.create_index("ix_cases_opened", "cases", ["state", "opened_ms", "number"])
    op.create_index("ix_cases_queue", "cases", ["queue", "state", "rank_ms", "number"])
    op.create_index("ix_cases_rank", "cases", ["state", "rank_ms", "number"])
    op.create_index("ix_cases_stake", "cases", ["state", "stake", "number"])
    op.create_index("ix_cases_undecided_due", "cases", ["closed", "due_ms", "number"])
    op.create_index("ix_cases_undecided_opened", "cases", ["closed", "opened_ms", "number"])
    op.create_index("ix_cases_undecided_rank", "cases", ["closed", "rank_ms", "number"])
    op.create_index("ix_cases_undecided_stake", "cases", ["closed", "stake", "number"])


def _case_events() -> None:
    """Their events."""
    op.create_table(
        "case_events",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("type", sa.String(30), nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("score_e6", sa.Integer, nullable=True),
        sa.Column("user_id", sa.String(128), nullable=True),
        sa.Column("merchant_id", sa.String(128), nullable=True),
        sa.Column("order_id", sa.String(128), nullable=True),
        sa.Column("goods", sa.String(10), nullable=True),
        sa.Column("shipped", sa.Boolean, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("refund_to", sa.String(10), nullable=True),
        sa.Column("loop_amount", sa.BigInteger, nullable=False),
        sa.Column("loop_home", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_case_events"),
        sa.ForeignKeyConstraint(["number"], ["cases.number"], name="fk_case_events_number"),
    )
    op.create_index("ix_case_events_event_id", "case_events", ["event_id"])
    op.create_index("ix_case_events_order_id", "case_events", ["order_id"])


def _case_subjects() -> None:
    """Whom they name."""
    op.create_table(
        "case_subjects",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("token", sa.String(128), nullable=False),
        sa.Column("mentions", sa.Integer, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("binds", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number", "kind", "token", name="pk_case_subjects"),
        sa.ForeignKeyConstraint(["number"], ["cases.number"], name="fk_case_subjects_number"),
    )
    op.create_index("ix_case_subjects_token", "case_subjects", ["kind", "token"])


def _case_ties() -> None:
    """What ties them."""
    op.create_table(
        "case_ties",
        sa.Column("low", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("high", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("token", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("low", "high", "kind", "token", name="pk_case_ties"),
    )
    op.create_index("ix_case_ties_high", "case_ties", ["high"])


def _case_steps() -> None:
    """What people did."""
    op.create_table(
        "case_steps",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("case_number", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_case_steps"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name="fk_case_steps_case_number"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_case_steps_person"),
    )
    op.create_index("ix_case_steps_case_number", "case_steps", ["case_number", "number"])


def _case_links() -> None:
    """Which have to do with one another."""
    op.create_table(
        "case_links",
        sa.Column("low", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("high", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("low", "high", name="pk_case_links"),
        sa.ForeignKeyConstraint(["low"], ["cases.number"], name="fk_case_links_low"),
        sa.ForeignKeyConstraint(["high"], ["cases.number"], name="fk_case_links_high"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_case_links_person"),
    )
    op.create_index("ix_case_links_high", "case_links", ["high"])


def _case_looks() -> None:
    """Second looks."""
    op.create_table(
        "case_looks",
        sa.Column("step", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("case_number", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(10), nullable=False),
        sa.Column("drawn_ms", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(40), nullable=True),
        sa.Column("second_label", sa.String(10), nullable=True),
        sa.Column("looked_ms", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("step", name="pk_case_looks"),
        sa.ForeignKeyConstraint(["step"], ["case_steps.number"], name="fk_case_looks_step"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name="fk_case_looks_case_number"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_case_looks_person"),
    )
    op.create_index("ix_case_looks_case_number", "case_looks", ["case_number"])


def _case_accounts() -> None:
    """Whose accounts are."""
    op.create_table(
        "case_accounts",
        sa.Column("token", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_case_accounts"),
    )


def _case_overdues() -> None:
    """Who missed to repay."""
    op.create_table(
        "case_overdues",
        sa.Column("token", sa.String(128), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("days", sa.Integer, nullable=True),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_case_overdues"),
    )


def _log_places() -> None:
    """How far the log was read, by who reads it."""
    op.create_table(
        "log_places",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_log_places"),
    )
