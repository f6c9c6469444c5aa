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
    case_events,
    case_links,
    case_looks,
    case_overdues,
    case_places,
    case_steps,
    case_subjects,
    case_ties,
    cases,
)
from bonafide.office.store.naming import metadata

__all__ = [
    "audit_entries",
    "audit_head",
    "bundle_outcomes",
    "bundle_steps",
    "case_accounts",
    "case_events",
    "case_links",
    "case_looks",
    "case_overdues",
    "case_places",
    "case_steps",
    "case_subjects",
    "case_ties",
    "cases",
    "family_versions",
    "forgotten_subjects",
    "intake_taken",
    "legal_holds",
    "list_approvals",
    "list_changes",
    "list_outcomes",
    "machine_keys",
    "metadata",
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
    "sessions",
    "sign_in_waits",
    "signing_keys",
    "subject_fields",
    "subject_texts",
    "subjects",
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

measure_place: Final = Table(
    "measure_place", metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("next_seq", BigInteger, nullable=False),
    Column("chain", LargeBinary(32)),
)  # fmt: skip
"""How far the log was read for measures that decisions propose."""

measures: Final = Table(
    "measures", metadata,
    Column("measure_id", String(60), primary_key=True),
    Column("measure", String(30), nullable=False),
    Column("subject_type", String(10), nullable=False),
    Column("subject", String(17), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("event_ms", BigInteger, nullable=False),
    Column("grade", String(20)),
    Column("facts", JSON, nullable=False),
    Column("hits", JSON, nullable=False),
    Column("told", Text, nullable=False),
    Column("is_hard", Boolean, nullable=False),
    Column("needs_person", Boolean, nullable=False),
    Column("machine_until_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("requested_ms", BigInteger),
    Column("applied_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("ended_by", String(60)),
    Column("platform_has", Boolean, nullable=False),
    Column("asks", BigInteger, nullable=False),
    Column("ask_ms", BigInteger),
    Column("raised_ms", BigInteger),
    Column("doubted_ms", BigInteger),
    Index("ix_measures_subject", "subject", "subject_type"),
    Index("ix_measures_state", "state", "until_ms"),
    Index("ix_measures_ask_ms", "ask_ms"),
)  # fmt: skip
"""Measures that decisions proposed and where each stands. `subject` is a token; `told` are the decision's texts for the
person concerned. `platform_has`: the platform was asked and has not said that it does not carry it out any more;
`ask_ms`: when it is asked again; `doubted_ms`: since when the engine proposes to lift it."""

measure_steps: Final = Table(
    "measure_steps", metadata,
    Column("measure_id", String(60), ForeignKey("measures.measure_id"), primary_key=True),
    Column("action", String(10), primary_key=True),
    Column("person", String(40), ForeignKey("people.name"), primary_key=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("note", LargeBinary, nullable=False),
)  # fmt: skip
"""What people did about a measure: confirm, lift, refuse, delay its notice. It only grows; `note` is sealed."""

notices: Final = Table(
    "notices", metadata,
    Column("measure_id", String(60), ForeignKey("measures.measure_id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("about", String(12), primary_key=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Column("content", Text, nullable=False),
    Index("ix_notices_sent_ms", "sent_ms", "due_ms"),
)  # fmt: skip
"""What somebody is told of a measure, in both languages, and when; it waits until `due_ms` where a person has logged a
legal reason. `about` is the appeal that it answers, or empty."""

appeals: Final = Table(
    "appeals", metadata,
    Column("appeal_id", String(12), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("measure_id", String(60), ForeignKey("measures.measure_id"), nullable=False),
    Column("subject_type", String(20), nullable=False),
    Column("pseudonym", BigInteger, nullable=False),
    Column("state", String(15), nullable=False),
    Column("submitted_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("submitted_by", String(160), nullable=False),
    Column("human_only", Boolean),
    Column("statement", LargeBinary),
    Column("assignee", String(40), ForeignKey("people.name")),
    Column("decided_ms", BigInteger),
    Column("note", LargeBinary),
    Index("ix_appeals_measure_id", "measure_id"),
    Index("ix_appeals_state", "state", "due_ms"),
    Index("ix_appeals_pseudonym", "pseudonym"),
)  # fmt: skip
"""Appeals against measures and answers to requests for information. `statement` and `note` are sealed under the
subject's key, so forgetting takes them."""

appeal_documents: Final = Table(
    "appeal_documents", metadata,
    Column("document_id", String(32), primary_key=True),
    Column("appeal_id", String(12), ForeignKey("appeals.appeal_id"), nullable=False),
    Column("media_type", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("ix_appeal_documents_appeal_id", "appeal_id"),
)  # fmt: skip
"""Documents that were handed in. `document_id` is random and names the sealed file; `name` is what the sender called
it, sealed, and never a path."""
