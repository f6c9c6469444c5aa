"""The tables of the office. Types and SQL are those that SQLite and PostgreSQL have in common."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Date, LargeBinary, MetaData, String, Table, Text

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}  # fmt: skip
"""Constraints get names, so that a later migration can change them."""

metadata: Final = MetaData(naming_convention=NAMING)

family_versions: Final = Table(
    "family_versions", metadata,
    Column("family", String(40), primary_key=True),
    Column("version", BigInteger, nullable=False),
)  # fmt: skip
"""How often a family of tables has changed: who keeps a copy in memory asks this one number whether it still holds."""

machine_keys: Final = Table(
    "machine_keys", metadata,
    Column("key_id", String(12), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("role", String(20), nullable=False),
    Column("types", JSON(none_as_null=True)),
    Column("routes", JSON(none_as_null=True)),
    Column("rate_per_s", BigInteger),
    Column("note", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("replaced_by", String(12)),
    Column("last_used", Date),
)  # fmt: skip
"""`hash` is the SHA-256 of the whole key text; the key itself is nowhere. Times are milliseconds since 1970 UTC."""

audit_head: Final = Table(
    "audit_head", metadata,
    Column("one", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", BigInteger, nullable=False),
)  # fmt: skip
"""How many entries the audit log has. Whoever appends takes this row first, so that writers stand in one line."""

audit_entries: Final = Table(
    "audit_entries", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("who", String(160), nullable=False),
    Column("what", String(60), nullable=False),
    Column("on_what", String(200), nullable=False),
    Column("from_where", String(100), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("details", Text, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
)  # fmt: skip
"""The audit log. `details` is canonical JSON; `leaf` is an entry's own hash, `chain` that of all up to it."""
