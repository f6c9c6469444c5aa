"""Merchants: applications, reviews and what people made of them; a refusal takes two people here too."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DECISIONS: Final = "('admit', 'admit_with_limits', 'request_information', 'refuse')"
_MAY_ACT: Final = """NOT EXISTS (SELECT 1 FROM people WHERE people.name = NEW.person AND people.disabled_ms IS NULL
    AND people.password_ends_ms IS NULL AND people.totp_confirmed)"""
_VOTE: Final = """EXISTS (SELECT 1 FROM merchant_votes v WHERE v.review = NEW.review AND v.decision = NEW.decision
    AND v.number = """

# Table -> what is said where a condition on a new row holds.
_RULES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "merchant_votes": (
        ("decisions about merchants only grow at their end",
         "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM merchant_votes)"),
        ("whoever acts is a person who may sign in", _MAY_ACT),
        ("what has been settled is not decided again",
         "EXISTS (SELECT 1 FROM merchant_outcomes o WHERE o.review = NEW.review)"),
    ),
    "merchant_outcomes": (
        ("what is settled is what somebody decided", f"NOT {_VOTE}NEW.first)"),
        ("a refusal takes two people",
         f"""NEW.decision = 'refuse' AND (NEW.second IS NULL OR NOT {_VOTE}NEW.second) OR NOT EXISTS (
         SELECT 1 FROM merchant_votes a, merchant_votes b WHERE a.number = NEW.first AND b.number = NEW.second
         AND a.person <> b.person))"""),
    ),
}  # fmt: skip
_UNCHANGED: Final = "this is never changed"


def upgrade() -> None:
    """Make the tables and the triggers."""
    _make_merchants()
    _make_reviews()
    _make_seen()
    connection = op.get_bind()
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.exec_driver_sql(statement)


def _make_merchants() -> None:
    op.create_table(
        "merchants",
        sa.Column("merchant", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("standing", sa.String(10), nullable=False),
        sa.Column("application", sa.BigInteger, nullable=False),
        sa.Column("review", sa.BigInteger),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("merchant", name="pk_merchants"),
        sa.CheckConstraint(
            "standing IN ('applied', 'active', 'refused', 'suspended', 'closed')", name="ck_merchants_standing"
        ),
    )
    op.create_index("ix_merchants_changed_ms", "merchants", ["changed_ms", "merchant"])
    op.create_table(
        "merchant_applications",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("merchant", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_merchant_applications"),
        sa.UniqueConstraint("event_id", name="uq_merchant_applications_event_id"),
    )
    op.create_index("ix_merchant_applications_merchant", "merchant_applications", ["merchant", "number"])


def _make_reviews() -> None:
    op.create_table(
        "merchant_reviews",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("merchant", sa.BigInteger, nullable=False),
        sa.Column("application", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.String(12), nullable=False),
        sa.Column("trigger", sa.String(160), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("proposed", sa.String(20), nullable=False),
        sa.Column("findings", sa.LargeBinary, nullable=False),
        sa.Column("lapsed_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("number", name="pk_merchant_reviews"),
        sa.UniqueConstraint("trigger", name="uq_merchant_reviews_trigger"),
        sa.ForeignKeyConstraint(
            ["application"], ["merchant_applications.number"], name="fk_merchant_reviews_application"
        ),
        sa.CheckConstraint(f"proposed IN {_DECISIONS}", name="ck_merchant_reviews_proposed"),
        sa.CheckConstraint("cause IN ('application', 'account', 'drift', 'again')", name="ck_merchant_reviews_cause"),
    )
    op.create_index("ix_merchant_reviews_merchant", "merchant_reviews", ["merchant", "number"])
    op.create_index("ix_merchant_reviews_proposed", "merchant_reviews", ["proposed", "made_ms"])
    op.create_table(
        "merchant_votes",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("review", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_merchant_votes"),
        sa.UniqueConstraint("review", "person", "decision", name="uq_merchant_votes_review"),
        sa.ForeignKeyConstraint(["review"], ["merchant_reviews.number"], name="fk_merchant_votes_review"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_merchant_votes_person"),
        sa.CheckConstraint(f"decision IN {_DECISIONS}", name="ck_merchant_votes_decision"),
    )
    op.create_table(
        "merchant_outcomes",
        sa.Column("review", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("second", sa.BigInteger),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("review", name="pk_merchant_outcomes"),
        sa.ForeignKeyConstraint(["review"], ["merchant_reviews.number"], name="fk_merchant_outcomes_review"),
        sa.ForeignKeyConstraint(["first"], ["merchant_votes.number"], name="fk_merchant_outcomes_first"),
        sa.ForeignKeyConstraint(["second"], ["merchant_votes.number"], name="fk_merchant_outcomes_second"),
        sa.CheckConstraint(
            "decision IN ('admit', 'admit_with_limits', 'refuse')", name="ck_merchant_outcomes_decision"
        ),
        sa.CheckConstraint(
            "decision <> 'refuse' OR (second IS NOT NULL AND second <> first)", name="ck_merchant_outcomes_two"
        ),
    )


def _make_seen() -> None:
    op.create_table(
        "merchant_accounts",
        sa.Column("account", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("owner_type", sa.String(10), nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_merchant_accounts"),
    )
    op.create_table(
        "merchant_devices",
        sa.Column("merchant", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("device", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("merchant", "device", name="pk_merchant_devices"),
    )
    op.create_table(
        "merchant_trade",
        sa.Column("merchant", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("day", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("merchant", "day", name="pk_merchant_trade"),
    )
    op.create_index("ix_merchant_trade_day", "merchant_trade", ["day"])
    op.create_table(
        "merchant_cursor",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("next_seq", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary(32)),
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_merchant_cursor"),
    )


def _sqlite() -> list[str]:
    made = []
    for table, rules in _RULES.items():
        # An INSERT OR REPLACE deletes without asking the triggers on DELETE; this one it meets first.
        key = "number" if table == "merchant_votes" else "review"
        there = (_UNCHANGED, f"EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = NEW.{key})")
        for i, (told, condition) in enumerate((there, *rules)):
            made.append(
                f"CREATE TRIGGER {table}_insert_{i} BEFORE INSERT ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            )
        made += [
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_UNCHANGED}'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return made


def _postgresql() -> list[str]:
    made = []
    for table, rules in _RULES.items():
        tests = "".join(f"IF {condition} THEN RAISE EXCEPTION '{told}'; END IF; " for told, condition in rules)
        made += [
            f"CREATE FUNCTION {table}_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {tests} RETURN NEW; END $$",
            f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_check()",
            f"CREATE TRIGGER {table}_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION life_refuse()",
        ]
    return made
