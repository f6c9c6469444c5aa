"""The tables of measures, notices and appeals."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)  # fmt: skip

from bonafide.office.store.naming import metadata

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
    Column("opened_by", String(40)),
    Column("case_number", BigInteger),
    Column("case_step", BigInteger),
    Index("ix_measures_subject", "subject", "subject_type"),
    Index("ix_measures_state", "state", "until_ms"),
    Index("ix_measures_ask_ms", "ask_ms"),
)  # fmt: skip
"""Measures that decisions proposed and where each stands. `subject` is a token; `told` are the decision's texts for the
person concerned. `platform_has`: the platform was asked and has not said that it does not carry it out any more;
`ask_ms`: when it is asked again; `doubted_ms`: since when the engine proposes to lift it. `opened_by`: the person who
opened it, on the basis of `case_number`; `case_step` is the case's decision that it follows from."""

measure_steps: Final = Table(
    "measure_steps", metadata,
    Column("measure_id", String(60), ForeignKey("measures.measure_id"), primary_key=True),
    Column("action", String(10), primary_key=True),
    Column("person", String(40), ForeignKey("people.name"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("note", LargeBinary, nullable=False),
    UniqueConstraint("measure_id", "number"),
)  # fmt: skip
"""What people did about a measure, in the order of `number`: confirm, lift, refuse, delay its notice. It only grows;
`note` is sealed."""

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
