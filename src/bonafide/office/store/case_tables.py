"""The tables of cases."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, false

from bonafide.office.store.naming import metadata

cases: Final = Table(
    "cases", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("assignee", String(40), ForeignKey("people.name")),
    Column("opened_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("rank_ms", BigInteger, nullable=False),
    Column("waits_until_ms", BigInteger),
    Column("asked", JSON(none_as_null=True)),
    Column("currency", String(3)),
    Column("stake", BigInteger, nullable=False),
    Column("caught", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("users", Integer, nullable=False),
    Column("merchants", Integer, nullable=False),
    Column("typologies", Integer, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("label", String(10)),
    Column("grade", String(15)),
    Column("measure", String(20)),
    Column("decided_ms", BigInteger),
    Column("decided_by", String(40), ForeignKey("people.name")),
    Column("second", String(40), ForeignKey("people.name")),
    Column("step", BigInteger),
    Column("merged_into", BigInteger),
    Index("ix_cases_undecided_rank", "closed", "rank_ms", "number"),
    Index("ix_cases_undecided_due", "closed", "due_ms", "number"),
    Index("ix_cases_undecided_opened", "closed", "opened_ms", "number"),
    Index("ix_cases_undecided_stake", "closed", "stake", "number"),
    Index("ix_cases_rank", "state", "rank_ms", "number"),
    Index("ix_cases_due", "state", "due_ms", "number"),
    Index("ix_cases_opened", "state", "opened_ms", "number"),
    Index("ix_cases_stake", "state", "stake", "number"),
    Index("ix_cases_queue", "queue", "state", "rank_ms", "number"),
    Index("ix_cases_assignee", "assignee", "state", "rank_ms", "number"),
)  # fmt: skip
"""One unit of human review. `typologies` are bits, `rank_ms` is what cases are sorted by: small is urgent. `closed`:
decided or merged. `step` is the decision that stands, `asked` one that waits for a second person."""

case_events: Final = Table(
    "case_events", metadata,
    Column("number", BigInteger, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(128), nullable=False),
    Column("type", String(30), nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("amount", BigInteger),
    Column("currency", String(3)),
    Column("outcome", String(10), nullable=False),
    Column("score_e6", Integer),
    Column("user_id", String(128)),
    Column("merchant_id", String(128)),
    Column("order_id", String(128)),
    Column("goods", String(10)),
    Column("shipped", Boolean, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("refund_to", String(10)),
    Column("loop_amount", BigInteger, nullable=False),
    Column("loop_home", BigInteger, nullable=False),
    Column("typologies", Integer, nullable=False, server_default="0"),
    Column("release_ms", BigInteger),
    Index("ix_case_events_event_id", "event_id"),
    Index("ix_case_events_order_id", "order_id"),
)  # fmt: skip
"""The decided events of a case, by their place in the log. Ids are tokens, as in the journal. `release_ms`: when a hold
ends by itself."""

case_named: Final = Table(
    "case_named", metadata,
    Column("number", BigInteger, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(10), primary_key=True),
    Column("token", String(128), primary_key=True),
    Column("binds", Boolean, nullable=False),
)  # fmt: skip
"""Whom each event of a case names, so that events can go to another case with what they say of subjects."""

case_subjects: Final = Table(
    "case_subjects", metadata,
    Column("number", BigInteger, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("kind", String(10), primary_key=True),
    Column("token", String(128), primary_key=True),
    Column("mentions", Integer, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("binds", Boolean, nullable=False),
    Index("ix_case_subjects_token", "kind", "token"),
)  # fmt: skip
"""Whom the events of a case name. `binds`: whether further events that name it belong to the case."""

case_beside: Final = Table(
    "case_beside", metadata,
    Column("account", String(128), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("token", String(128), primary_key=True),
)  # fmt: skip
"""Beside whom alerts have named an account, until it is public; nothing is added then."""

case_ties: Final = Table(
    "case_ties", metadata,
    Column("low", BigInteger, primary_key=True, autoincrement=False),
    Column("high", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(10), primary_key=True),
    Column("token", String(128), primary_key=True),
    Index("ix_case_ties_high", "high"),
)  # fmt: skip
"""Whom two open cases have in common."""

case_steps: Final = Table(
    "case_steps", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("case_number", BigInteger, ForeignKey("cases.number"), nullable=False),
    Column("action", String(10), nullable=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("about", JSON, nullable=False),
    Column("note", LargeBinary),
    Index("ix_case_steps_case_number", "case_number", "number"),
)  # fmt: skip
"""What people did with a case; notes are sealed. It only grows."""

case_files: Final = Table(
    "case_files", metadata,
    Column("file_id", String(32), primary_key=True),
    Column("case_number", BigInteger, ForeignKey("cases.number"), nullable=False),
    Column("media_type", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("person", String(40), ForeignKey("people.name"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("ix_case_files_case_number", "case_number"),
)  # fmt: skip
"""Files that people attached. `file_id` is random and names the sealed file; `name` is what somebody called it, sealed,
and never a path."""

case_links: Final = Table(
    "case_links", metadata,
    Column("low", BigInteger, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("high", BigInteger, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("person", String(40), ForeignKey("people.name")),
    Column("split", Boolean, nullable=False, server_default=false()),
    Index("ix_case_links_high", "high"),
)  # fmt: skip
"""Cases that have to do with one another; `person` is null where the grouping says so. `split`: a person has said that
they are not one."""

case_looks: Final = Table(
    "case_looks", metadata,
    Column("step", BigInteger, ForeignKey("case_steps.number"), primary_key=True, autoincrement=False),
    Column("case_number", BigInteger, ForeignKey("cases.number"), nullable=False),
    Column("label", String(10), nullable=False),
    Column("drawn_ms", BigInteger, nullable=False),
    Column("person", String(40), ForeignKey("people.name")),
    Column("second_label", String(10)),
    Column("looked_ms", BigInteger),
    Index("ix_case_looks_case_number", "case_number"),
)  # fmt: skip
"""Decisions that were drawn for a second look, and what it said."""

case_accounts: Final = Table(
    "case_accounts", metadata,
    Column("token", String(128), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("owner", String(128), nullable=False),
)  # fmt: skip
"""Whose an account is by the latest `account_link`; users and merchants alone."""

case_overdues: Final = Table(
    "case_overdues", metadata,
    Column("token", String(128), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("days", Integer),
    Column("time_ms", BigInteger, nullable=False),
)  # fmt: skip
"""Users whose latest repayment was missed; who pays leaves."""
