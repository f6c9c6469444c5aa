"""The tables of the office. Types and SQL are those that SQLite and PostgreSQL have in common."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, LargeBinary, MetaData, String, Table

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

outbox_cursors: Final = Table(
    "outbox_cursors", metadata,
    Column("name", String(40), primary_key=True),
    Column("next_seq", BigInteger, nullable=False),
    Column("chain", LargeBinary(32)),
    Column("next_no", BigInteger, nullable=False),
)  # fmt: skip
"""How far the log was read: the next event, the journal's chain before it, and the next message's number."""

outbox_messages: Final = Table(
    "outbox_messages", metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(80), nullable=False, unique=True),
    Column("topic", String(20), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)  # fmt: skip
"""What is to leave, in the order of the log. `id` follows from the log alone; `no` is given in order, without a gap."""

outbox_destinations: Final = Table(
    "outbox_destinations", metadata,
    Column("destination_id", String(12), primary_key=True),
    Column("url", String(2048), nullable=False),
    Column("topics", JSON, nullable=False),
    Column("note", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("why", String(300)),
    Column("created_ms", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("rests_until_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Receivers. `failures` counts the sends in a row that did not reach it; it is left in peace until `rests_until_ms`."""

outbox_secrets: Final = Table(
    "outbox_secrets", metadata,
    Column("secret_id", String(32), primary_key=True),
    Column("destination_id", String(12), ForeignKey("outbox_destinations.destination_id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger),
)  # fmt: skip
"""Names of the secrets that a receiver's messages are signed with, and until when. The secrets themselves are nowhere:
they follow from the name and the data directory's own secret."""

outbox_deliveries: Final = Table(
    "outbox_deliveries", metadata,
    Column("destination_id", String(12), ForeignKey("outbox_destinations.destination_id"), primary_key=True),
    Column("no", BigInteger, ForeignKey("outbox_messages.no"), primary_key=True, autoincrement=False),
    Column("subject", String(160), nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
    Column("error", String(300)),
    Index("ix_outbox_deliveries_line", "destination_id", "subject", "state", "no"),
    Index("ix_outbox_deliveries_turn", "destination_id", "state", "next_ms", "no"),
    Index("ix_outbox_deliveries_no", "no"),
    Index("ix_outbox_deliveries_done", "state", "done_ms"),
)  # fmt: skip
"""One row for each message and receiver. Of one receiver and subject all but the first that is unsettled are `queued`,
so that what is due is found without looking through what stands behind it."""
