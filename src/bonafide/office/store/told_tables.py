"""The tables of whom decisions were about, and of what people were told so that they refuse cash-out."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from bonafide.office.store.naming import metadata

decided_subjects: Final = Table(
    "decided_subjects", metadata,
    Column("subject_type", String(10), primary_key=True),
    Column("subject", String(17), primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("last_event_id", String(128), nullable=False),
    Column("credit_score", Integer),
    Column("risk_level", String(10)),
    Column("score_day", Integer),
)  # fmt: skip
"""Everybody about whom something was decided: the first and the newest decision, and what `score_days` said last;
`score_day` is the newest day of the history. `subject` is a token."""

told_decisions: Final = Table(
    "told_decisions", metadata,
    Column("event_id", String(128), primary_key=True),
    Column("subject_type", String(10), nullable=False),
    Column("subject", String(17), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("event_ms", BigInteger, nullable=False),
    Column("type", String(30), nullable=False),
    Column("outcome", String(10), nullable=False),
    Index("ix_told_decisions_subject", "subject", "subject_type", "seq"),
)  # fmt: skip
"""The newest decisions about each that did not simply let an event pass."""

education_subjects: Final = Table(
    "education_subjects", metadata,
    Column("subject", String(17), primary_key=True),
    Column("salt", String(64), primary_key=True),
    Column("arm", String(10), nullable=False),
    Column("level", String(2), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("reoffended_ms", BigInteger),
    Column("abandoned_ms", BigInteger),
    Column("cash_out_ms", BigInteger),
    Index("ix_education_subjects_until_ms", "salt", "until_ms"),
)  # fmt: skip
"""Users who were to be told something, shown or held out, under one salt: when first, at which level, and what came of
it until `until_ms`. `cash_out_ms`: when somebody judged that it was cash-out."""

education_given: Final = Table(
    "education_given", metadata,
    Column("event_id", String(128), primary_key=True),
    Column("subject", String(17), nullable=False),
    Column("salt", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("level", String(2), nullable=False),
    Column("piece", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("event_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("ix_education_given_subject", "subject", "event_ms"),
)  # fmt: skip
"""What each was to be told, in the order of `number`; of who is held out, what it would have been."""
