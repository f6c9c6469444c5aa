"""The tables of days: how a subject's score went, what was decided each day, what each merchant sold and was paid."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from bonafide.office.store.naming import metadata

score_days: Final = Table(
    "score_days", metadata,
    Column("subject_type", String(10), primary_key=True),
    Column("subject", String(17), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("credit_score", Integer),
    Column("risk_level", String(10)),
    Index("ix_score_days_day", "day"),
)  # fmt: skip
"""What the last decision of a UTC day (days since 1970) said of its subject, for days on which that changed."""

day_counts: Final = Table(
    "day_counts", metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("what", String(10), primary_key=True),
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)  # fmt: skip
"""Decisions of each UTC day, counted: by outcome, by band of score and of credit score, and alerts."""

trade_days: Final = Table(
    "trade_days", metadata,
    Column("merchant", String(17), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("currency", String(3), primary_key=True),
    Column("payments", BigInteger, nullable=False),
    Column("pay_later", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("paid_out", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Index("ix_trade_days_day", "day"),
)  # fmt: skip
"""What was asked for on credit at a merchant on a UTC day and not declined, what was refunded, and its payouts that
were let pass or held; in minor units."""
