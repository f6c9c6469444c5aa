"""The tables of the office. Types and SQL are those that SQLite and PostgreSQL have in common."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bonafide.office.store.case_tables import (
    case_accounts,
    case_beside,
    case_events,
    case_files,
    case_links,
    case_looks,
    case_named,
    case_overdues,
    case_steps,
    case_subjects,
    case_ties,
    cases,
)
from bonafide.office.store.day_tables import day_counts, score_days, trade_days
from bonafide.office.store.measure_tables import (
    appeal_documents,
    appeals,
    measure_steps,
    measures,
    notices,
)
from bonafide.office.store.merchant_tables import (
    merchant_accounts,
    merchant_applications,
    merchant_cursor,
    merchant_devices,
    merchant_outcomes,
    merchant_reviews,
    merchant_trade,
    merchant_votes,
    merchants,
)
from bonafide.office.store.naming import metadata
from bonafide.office.store.told_tables import decided_subjects, education_given, education_subjects, told_decisions

__all__ = [
    "appeal_documents",
    "appeals",
    "audit_entries",
    "audit_head",
    "bundle_outcomes",
    "bundle_steps",
    "case_accounts",
    "case_beside",
    "case_events",
    "case_files",
    "case_links",
    "case_looks",
    "case_named",
    "case_overdues",
    "case_steps",
    "case_subjects",
    "case_ties",
    "cases",
    "day_counts",
    "decided_subjects",
    "education_given",
    "education_subjects",
    "family_versions",
    "forgotten_bases",
    "forgotten_subjects",
    "intake_taken",
    "legal_holds",
    "list_approvals",
    "list_changes",
    "list_outcomes",
    "log_places",
    "machine_keys",
    "measure_steps",
    "measures",
    "merchant_accounts",
    "merchant_applications",
    "merchant_cursor",
    "merchant_devices",
    "merchant_outcomes",
    "merchant_reviews",
    "merchant_trade",
    "merchant_votes",
    "merchants",
    "metadata",
    "notices",
    "oidc_identities",
    "oidc_used",
    "outbox_cursors",
    "outbox_deliveries",
    "outbox_destinations",
    "outbox_messages",
    "outbox_secrets",
    "people",
    "record_outcomes",
    "root_key",
    "score_days",
    "sessions",
    "sign_in_waits",
    "signing_keys",
    "subject_fields",
    "subject_texts",
    "subjects",
    "told_decisions",
    "trade_days",
    "wanted_records",
]

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
    Index("ix_audit_entries_who", "who", "made_ms"),
)  # fmt: skip
"""The audit log. `details` is canonical JSON; `leaf` is an entry's own hash, `chain` that of all up to it."""

root_key: Final = Table(
    "root_key", metadata,
    Column("one", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary(80), nullable=False),
)  # fmt: skip
"""The key that keys for single purposes are derived from, wrapped by the master key; it says which that is now."""

people: Final = Table(
    "people", metadata,
    Column("name", String(40), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", String(200), nullable=False),
    Column("password_ends_ms", BigInteger),
    Column("totp", LargeBinary(100)),
    Column("totp_step", BigInteger, nullable=False),
    Column("totp_confirmed", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
    Column("signed_in_ms", BigInteger),
)  # fmt: skip
"""People of the office. `password` is an argon2id hash; with `password_ends_ms` it is a one-time password. `totp` is
the secret of the second factor, sealed; `totp_step` the last step of time whose code was taken."""

sessions: Final = Table(
    "sessions", metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("vouched", Boolean, nullable=False),
    ForeignKeyConstraint(["name"], ["people.name"], name="fk_sessions_name"),
    Index("ix_sessions_name", "name"),
)  # fmt: skip
"""Who is signed in. `hash` is the SHA-256 of the token, which is nowhere else but with its holder. `vouched`: a
provider of identities said that a second factor was given there."""

oidc_identities: Final = Table(
    "oidc_identities", metadata,
    Column("issuer", String(512), primary_key=True),
    Column("claim", String(64), primary_key=True),
    Column("value", String(255), primary_key=True),
    Column("name", String(40), nullable=False),
    ForeignKeyConstraint(["name"], ["people.name"], name="fk_oidc_identities_name"),
    Index("ix_oidc_identities_name", "name"),
)  # fmt: skip
"""Whom a provider of identities means: of this issuer, this claim with this value is this person."""

oidc_used: Final = Table(
    "oidc_used", metadata,
    Column("state", LargeBinary(32), primary_key=True),
    Column("used_ms", BigInteger, nullable=False),
    Index("ix_oidc_used_used_ms", "used_ms"),
)  # fmt: skip
"""Sign-ins through a provider that came back, so that none comes back twice; `state` is a hash."""

sign_in_waits: Final = Table(
    "sign_in_waits", metadata,
    Column("bucket", String(64), primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("failed_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Index("ix_sign_in_waits_failed_ms", "failed_ms"),
)  # fmt: skip
"""How long who failed to sign in has to wait; `bucket` is a hash of a name, or of a name and where from."""

subjects: Final = Table(
    "subjects", metadata,
    Column("subject_type", String(20), primary_key=True),
    Column("pseudonym", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary(80), nullable=False),
    Column("retention", String(20), nullable=False),
    Column("remembered_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("restricted_ms", BigInteger),
    Index("ix_subjects_ended_ms", "ended_ms"),
)  # fmt: skip
"""Subjects whose clear data is kept. `wrapped` is the subject's own key in a box of the master key; from
`restricted_ms` on the data is stored for the law's sake and used for nothing."""

subject_fields: Final = Table(
    "subject_fields", metadata,
    Column("subject_type", String(20), primary_key=True),
    Column("pseudonym", BigInteger, primary_key=True, autoincrement=False),
    Column("field", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("blind", LargeBinary(32)),
    Column("changed_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["subject_type", "pseudonym"], ["subjects.subject_type", "subjects.pseudonym"],
        name="fk_subject_fields_subject_type",
    ),
    Index("ix_subject_fields_blind", "blind"),
)  # fmt: skip
"""Clear data, sealed under the subject's key; `blind` is a keyed hash to search by."""

subject_texts: Final = Table(
    "subject_texts", metadata,
    Column("subject_type", String(20), primary_key=True),
    Column("pseudonym", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(20), primary_key=True),
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("blind", LargeBinary(32)),
    ForeignKeyConstraint(
        ["subject_type", "pseudonym"], ["subjects.subject_type", "subjects.pseudonym"],
        name="fk_subject_texts_subject_type",
    ),
    Index("ix_subject_texts_hash", "hash", "kind"),
    Index("ix_subject_texts_blind", "blind"),
)  # fmt: skip
"""What events named together with a subject, such as its devices and addresses, sealed under the subject's key; `hash`
is what stands for the text in the journal."""

forgotten_subjects: Final = Table(
    "forgotten_subjects", metadata,
    Column("subject_type", String(20), primary_key=True),
    Column("pseudonym", BigInteger, primary_key=True, autoincrement=False),
    Column("intake_id", BigInteger, nullable=False),
)  # fmt: skip
"""Who was forgotten while texts waited in the journal's intake: of rows up to `intake_id` nothing of them is taken in.
A row goes away when those of the intake have gone."""

forgotten_bases: Final = Table(
    "forgotten_bases", metadata,
    Column("subject_type", String(20), primary_key=True),
    Column("pseudonym", BigInteger, primary_key=True, autoincrement=False),
    Column("forgotten_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Who was forgotten since the journal's bases were last looked through for them."""

intake_taken: Final = Table(
    "intake_taken", metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("intake_id", BigInteger, nullable=False),
    Column("seal", LargeBinary(32), nullable=False),
)  # fmt: skip
"""The newest row of the journal's intake whose texts, and those of all before it, are here; `seal` tells it from a row
of the same number in another journal."""

legal_holds: Final = Table(
    "legal_holds", metadata,
    Column("hold_id", String(12), primary_key=True),
    Column("subject_type", String(20), nullable=False),
    Column("pseudonym", BigInteger, nullable=False),
    Column("case_id", String(64), nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("placed_ms", BigInteger, nullable=False),
    Column("placed_by", String(160), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("lifted_ms", BigInteger),
    Index("ix_legal_holds_pseudonym", "pseudonym"),
)  # fmt: skip
"""What must not be forgotten, for which case and until when. `reason` is sealed: people write names into it."""

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

signing_keys: Final = Table(
    "signing_keys", metadata,
    Column("key_id", String(16), primary_key=True),
    Column("public", LargeBinary(32), nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Public halves of the keys that the office has signed with; the private one lies in the data directory."""

_OF_TWO: Final = text("action IN ('propose', 'approve')")
bundle_steps: Final = Table(
    "bundle_steps", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("action", String(10), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("proposal", BigInteger, nullable=False),
    Column("replaces", String(64), nullable=False),
    Column("waits_ms", BigInteger, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("about", Text, nullable=False),
    Column("about_digest", String(64), nullable=False),
    Column("statement", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key_id", String(16), ForeignKey("signing_keys.key_id"), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    UniqueConstraint("proposal", "action"),
    UniqueConstraint("digest"),
    Index("ix_bundle_steps_two_people", "proposal", "person", unique=True, sqlite_where=_OF_TWO,
          postgresql_where=_OF_TWO),
)  # fmt: skip
"""The history of bundles: who proposed, approved, activated, rolled back or refused what, as signed statements in a
chain. It only grows; triggers and checks of the database refuse what four eyes forbid."""

bundle_outcomes: Final = Table(
    "bundle_outcomes", metadata,
    Column("number", BigInteger, ForeignKey("bundle_steps.number"), primary_key=True, autoincrement=False),
    Column("outcome", String(10), nullable=False),
    Column("seq", BigInteger),
    Column("made_ms", BigInteger, nullable=False),
    Column("told", String(300), nullable=False),
)  # fmt: skip
"""What became of an activation or a rollback: from which event on it decides, or why it does not."""

list_changes: Final = Table(
    "list_changes", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("list", String(10), nullable=False),
    Column("action", String(10), nullable=False),
    Column("entry", String(17), nullable=False),
    Column("expires_ms", BigInteger),
    Column("reason", LargeBinary, nullable=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("needs_two", Boolean, nullable=False),
    Index("ix_list_changes_entry", "list", "entry"),
)  # fmt: skip
"""Who is to join or leave a list, until when and why. `entry` is a token, `reason` is sealed."""

list_approvals: Final = Table(
    "list_approvals", metadata,
    Column("number", BigInteger, ForeignKey("list_changes.number"), primary_key=True, autoincrement=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)  # fmt: skip
"""The second person of a change that does harm."""

list_outcomes: Final = Table(
    "list_outcomes", metadata,
    Column("number", BigInteger, ForeignKey("list_changes.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Where in the log the service wrote a change."""

wanted_records: Final = Table(
    "wanted_records", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(128), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Records that the office wants in the log: canonical JSON with tokens in place of ids."""

record_outcomes: Final = Table(
    "record_outcomes", metadata,
    Column("number", BigInteger, ForeignKey("wanted_records.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Where in the log the service wrote a record."""

log_places: Final = Table(
    "log_places", metadata,
    Column("name", String(40), primary_key=True),
    Column("next_seq", BigInteger, nullable=False),
    Column("chain", LargeBinary(32)),
)  # fmt: skip
"""How far the log was read, by the name of who reads it."""
