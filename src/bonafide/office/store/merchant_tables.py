"""The tables of merchants and their admission."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from bonafide.office.store.naming import metadata

merchants: Final = Table(
    "merchants", metadata,
    Column("merchant", BigInteger, primary_key=True, autoincrement=False),
    Column("standing", String(10), nullable=False),
    Column("application", BigInteger, nullable=False),
    Column("review", BigInteger),
    Column("changed_ms", BigInteger, nullable=False),
    Index("ix_merchants_changed_ms", "changed_ms", "merchant"),
)  # fmt: skip
"""Merchants that have applied, by pseudonym: where each stands, its newest application and its newest review."""

merchant_applications: Final = Table(
    "merchant_applications", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant", BigInteger, nullable=False),
    Column("event_id", String(128), nullable=False, unique=True),
    Column("seq", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("ix_merchant_applications_merchant", "merchant", "number"),
)  # fmt: skip
"""What merchants said when they applied, as the log has it: with tokens in place of personal texts."""

merchant_reviews: Final = Table(
    "merchant_reviews", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant", BigInteger, nullable=False),
    Column("application", BigInteger, ForeignKey("merchant_applications.number"), nullable=False),
    Column("cause", String(12), nullable=False),
    Column("trigger", String(160), nullable=False, unique=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("proposed", String(20), nullable=False),
    Column("findings", LargeBinary, nullable=False),
    Column("lapsed_ms", BigInteger),
    Index("ix_merchant_reviews_merchant", "merchant", "number"),
    Index("ix_merchant_reviews_proposed", "proposed", "made_ms"),
)  # fmt: skip
"""Reviews. `findings` is sealed under the merchant's own key, which goes when the merchant is forgotten; `trigger` says
what a review was made of, so that none is made twice; `lapsed_ms` is when the hold of a proposed refusal ended."""

merchant_votes: Final = Table(
    "merchant_votes", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("review", BigInteger, ForeignKey("merchant_reviews.number"), nullable=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("decision", String(20), nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    UniqueConstraint("review", "person", "decision"),
)  # fmt: skip
"""What people decided about a review, each with a note, sealed as findings are. It only grows."""

merchant_outcomes: Final = Table(
    "merchant_outcomes", metadata,
    Column("review", BigInteger, ForeignKey("merchant_reviews.number"), primary_key=True, autoincrement=False),
    Column("decision", String(20), nullable=False),
    Column("first", BigInteger, ForeignKey("merchant_votes.number"), nullable=False),
    Column("second", BigInteger, ForeignKey("merchant_votes.number")),
    Column("made_ms", BigInteger, nullable=False),
)  # fmt: skip
"""What people settled on. It only grows; the database refuses a refusal that two people have not voted for."""

merchant_accounts: Final = Table(
    "merchant_accounts", metadata,
    Column("account", BigInteger, primary_key=True, autoincrement=False),
    Column("owner_type", String(10), nullable=False),
    Column("owner", BigInteger, nullable=False),
)  # fmt: skip
"""Whose accounts are, as the newest `account_link` says; hashes throughout."""

merchant_devices: Final = Table(
    "merchant_devices", metadata,
    Column("merchant", BigInteger, primary_key=True, autoincrement=False),
    Column("device", BigInteger, primary_key=True, autoincrement=False),
)  # fmt: skip
"""Devices that merchants log in with."""

merchant_trade: Final = Table(
    "merchant_trade", metadata,
    Column("merchant", BigInteger, primary_key=True, autoincrement=False),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("told", LargeBinary, nullable=False),
    Index("ix_merchant_trade_day", "day"),
)  # fmt: skip
"""A day's orders of a merchant, counted by size, hour and category; days since 1970 UTC."""

merchant_cursor: Final = Table(
    "merchant_cursor", metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("next_seq", BigInteger, nullable=False),
    Column("chain", LargeBinary(32)),
    Column("day", BigInteger, nullable=False),
)  # fmt: skip
"""How far the log was read for the tables above, and the newest day of trade in it."""
