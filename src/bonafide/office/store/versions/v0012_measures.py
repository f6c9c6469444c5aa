"""Measures, notices and appeals: where each stands, with what the database itself does not let happen."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MACHINE_MS: Final = 72 * 3_600_000
"""As the ladder has it; a migration does not change when code does."""
_FRICTION: Final = "('notice', 'request_information')"
_IN_FORCE: Final = "('applied', 'confirmed')"
_ENDED: Final = "('expired', 'lifted', 'refused')"
_MAY_ACT: Final = """NOT EXISTS (SELECT 1 FROM people WHERE people.name = NEW.person AND people.disabled_ms IS NULL
    AND people.password_ends_ms IS NULL AND people.totp_confirmed)"""
_CONFIRMED: Final = """(SELECT COUNT(*) FROM measure_steps s WHERE s.measure_id = NEW.measure_id
    AND s.action = 'confirm')"""
_STATE_OF: Final = "(SELECT m.state FROM measures m WHERE m.measure_id = NEW.measure_id)"
_NOTICED: Final = "EXISTS (SELECT 1 FROM notices n WHERE n.measure_id = NEW.measure_id AND n.kind = 'begun')"
_FIXED: Final = (
    "measure_id", "measure", "subject_type", "subject", "seq", "event_ms", "is_hard", "needs_person",
    "machine_until_ms", "made_ms",
)  # fmt: skip
_JUDGED: Final = "('upheld', 'rejected', 'satisfactory', 'partial', 'unsatisfactory', 'withdrawn')"

# (table, verb) -> what is said where a condition on a new row holds.
_RULES: Final[dict[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("measures", "INSERT"): (("a measure begins as a proposal", "NEW.state <> 'proposed'"),),
    ("measures", "UPDATE"): (
        ("what a measure is does not change", " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _FIXED)),
        ("a measure does not go this way",
         """NEW.state <> OLD.state AND NOT ((OLD.state = 'proposed' AND NEW.state IN ('requested', 'expired', 'lifted',
         'refused')) OR (OLD.state = 'requested' AND NEW.state IN ('applied', 'expired', 'lifted', 'refused'))
         OR (OLD.state = 'applied' AND NEW.state IN ('confirmed', 'expired', 'lifted'))
         OR (OLD.state = 'confirmed' AND NEW.state IN ('expired', 'lifted')))"""),
        ("every measure has a notice", f"NEW.state = 'requested' AND OLD.state = 'proposed' AND NOT {_NOTICED}"),
        ("only a person brings this about",
         f"NEW.state IN ('requested', 'applied', 'confirmed') AND NEW.needs_person AND {_CONFIRMED} < 1"),
        ("beyond 72 hours two people have confirmed it",
         f"""NEW.is_hard AND NEW.state NOT IN {_ENDED} AND {_CONFIRMED} < 2
         AND (NEW.state = 'confirmed' OR NEW.until_ms > NEW.machine_until_ms)"""),
    ),
    ("measure_steps", "INSERT"): (
        ("whoever acts is a person who may sign in", _MAY_ACT),
        ("only what is open and harder than a request is confirmed",
         """NEW.action = 'confirm' AND NOT EXISTS (SELECT 1 FROM measures m WHERE m.measure_id = NEW.measure_id
         AND m.is_hard AND m.state IN ('proposed', 'requested', 'applied') AND NEW.made_ms < m.machine_until_ms)"""),
        ("what has ended takes no step", f"{_STATE_OF} IN {_ENDED}"),
        ("its notice is not delayed any more", f"NEW.action = 'delay' AND {_NOTICED}"),
    ),
    ("appeals", "INSERT"): (("an appeal begins as one", "NEW.state <> 'acknowledged'"),),
    ("appeals", "UPDATE"): (
        ("what was decided stays", f"OLD.state IN {_JUDGED} AND NEW.state <> OLD.state"),
        ("an appeal is decided by who was given it",
         "NEW.state IN ('upheld', 'rejected') AND (NEW.assignee IS NULL OR OLD.state <> 'assigned')"),
        ("nobody judges what they have confirmed",
         """NEW.assignee IS NOT NULL AND OLD.state IN ('acknowledged', 'assigned') AND EXISTS (SELECT 1
         FROM measure_steps s WHERE s.measure_id = NEW.measure_id AND s.action = 'confirm'
         AND s.person = NEW.assignee)"""),
        ("an upheld appeal has lifted its measure",
         f"NEW.state = 'upheld' AND OLD.state <> 'upheld' AND {_STATE_OF} NOT IN {_ENDED}"),
    ),
}  # fmt: skip
_KEPT: Final = ("measures", "measure_steps", "notices", "appeals")
"""Tables whose rows are not taken away; of steps no row is changed either."""
_KEPT_TOLD: Final = "this is never taken away"


def upgrade() -> None:
    """Make the tables and the triggers."""
    _make_measures()
    _make_notices()
    _make_appeals()
    connection = op.get_bind()
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.exec_driver_sql(statement)


def _make_measures() -> None:
    op.create_table(
        "measures",
        sa.Column("measure_id", sa.String(60), nullable=False),
        sa.Column("measure", sa.String(30), nullable=False),
        sa.Column("subject_type", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(17), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("event_ms", sa.BigInteger, nullable=False),
        sa.Column("grade", sa.String(20)),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("hits", sa.JSON, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("is_hard", sa.Boolean, nullable=False),
        sa.Column("needs_person", sa.Boolean, nullable=False),
        sa.Column("machine_until_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("requested_ms", sa.BigInteger),
        sa.Column("applied_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("ended_by", sa.String(60)),
        sa.Column("platform_has", sa.Boolean, nullable=False),
        sa.Column("asks", sa.BigInteger, nullable=False),
        sa.Column("ask_ms", sa.BigInteger),
        sa.Column("raised_ms", sa.BigInteger),
        sa.Column("doubted_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("measure_id", name="pk_measures"),
        sa.CheckConstraint(
            "state IN ('proposed', 'requested', 'applied', 'confirmed', 'expired', 'lifted', 'refused')",
            name="ck_measures_state",
        ),
        sa.CheckConstraint(f"is_hard = (measure NOT IN {_FRICTION})", name="ck_measures_is_hard"),
        sa.CheckConstraint("measure <> 'refer' OR needs_person", name="ck_measures_refer"),
        sa.CheckConstraint(
            f"NOT is_hard OR machine_until_ms <= event_ms + {_MACHINE_MS}", name="ck_measures_machine_until_ms"
        ),
        sa.CheckConstraint(f"(ended_ms IS NOT NULL) = (state IN {_ENDED})", name="ck_measures_ended_ms"),
        sa.CheckConstraint(f"state NOT IN {_IN_FORCE} OR applied_ms IS NOT NULL", name="ck_measures_applied_ms"),
    )
    op.create_index("ix_measures_subject", "measures", ["subject", "subject_type"])
    op.create_index("ix_measures_state", "measures", ["state", "until_ms"])
    op.create_index("ix_measures_ask_ms", "measures", ["ask_ms"])
    op.create_table(
        "measure_steps",
        sa.Column("measure_id", sa.String(60), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("measure_id", "action", "person", name="pk_measure_steps"),
        sa.UniqueConstraint("measure_id", "number", name="uq_measure_steps_measure_id"),
        sa.ForeignKeyConstraint(["measure_id"], ["measures.measure_id"], name="fk_measure_steps_measure_id"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_measure_steps_person"),
        sa.CheckConstraint("action IN ('confirm', 'lift', 'refuse', 'delay')", name="ck_measure_steps_action"),
        sa.CheckConstraint("action <> 'delay' OR until_ms IS NOT NULL", name="ck_measure_steps_until_ms"),
    )


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("measure_id", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("about", sa.String(12), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_ms", sa.BigInteger),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("measure_id", "kind", "about", name="pk_notices"),
        sa.ForeignKeyConstraint(["measure_id"], ["measures.measure_id"], name="fk_notices_measure_id"),
        sa.CheckConstraint("kind IN ('begun', 'prolonged', 'ended', 'apology', 'rejected')", name="ck_notices_kind"),
    )
    op.create_index("ix_notices_sent_ms", "notices", ["sent_ms", "due_ms"])


def _make_appeals() -> None:
    op.create_table(
        "appeals",
        sa.Column("appeal_id", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("measure_id", sa.String(60), nullable=False),
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("pseudonym", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(15), nullable=False),
        sa.Column("submitted_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("submitted_by", sa.String(160), nullable=False),
        sa.Column("human_only", sa.Boolean),
        sa.Column("statement", sa.LargeBinary),
        sa.Column("assignee", sa.String(40)),
        sa.Column("decided_ms", sa.BigInteger),
        sa.Column("note", sa.LargeBinary),
        sa.PrimaryKeyConstraint("appeal_id", name="pk_appeals"),
        sa.ForeignKeyConstraint(["measure_id"], ["measures.measure_id"], name="fk_appeals_measure_id"),
        sa.ForeignKeyConstraint(["assignee"], ["people.name"], name="fk_appeals_assignee"),
        sa.CheckConstraint("kind IN ('appeal', 'answer')", name="ck_appeals_kind"),
        sa.CheckConstraint(
            "state IN ('acknowledged', 'assigned', 'withdrawn') OR (kind = 'appeal' AND state IN ('upheld', "
            "'rejected')) OR (kind = 'answer' AND state IN ('satisfactory', 'partial', 'unsatisfactory'))",
            name="ck_appeals_state",
        ),
        sa.CheckConstraint(f"(decided_ms IS NOT NULL) = (state IN {_JUDGED})", name="ck_appeals_decided_ms"),
    )
    op.create_index("ix_appeals_measure_id", "appeals", ["measure_id"])
    op.create_index("ix_appeals_state", "appeals", ["state", "due_ms"])
    op.create_index("ix_appeals_pseudonym", "appeals", ["pseudonym"])
    op.create_table(
        "appeal_documents",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("appeal_id", sa.String(12), nullable=False),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_appeal_documents"),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeals.appeal_id"], name="fk_appeal_documents_appeal_id"),
    )
    op.create_index("ix_appeal_documents_appeal_id", "appeal_documents", ["appeal_id"])


def _sqlite() -> list[str]:
    made = [
        f"CREATE TRIGGER {table}_{verb.lower()}_{i} BEFORE {verb} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
        for (table, verb), rules in _RULES.items()
        for i, (told, condition) in enumerate(rules)
    ]
    verbs = [(table, "DELETE") for table in _KEPT] + [("measure_steps", "UPDATE")]
    return made + [
        f"CREATE TRIGGER {table}_kept_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_KEPT_TOLD}'); END"
        for table, verb in verbs
    ]


def _postgresql() -> list[str]:
    made = [
        "CREATE FUNCTION measures_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_KEPT_TOLD}'; END $$"
    ]
    for (table, verb), rules in _RULES.items():
        name = f"{table}_{verb.lower()}_check"
        tests = "".join(f"IF {condition} THEN RAISE EXCEPTION '{told}'; END IF; " for told, condition in rules)
        made += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {tests} RETURN NEW; END $$",
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    for table in _KEPT:
        verbs = "UPDATE OR DELETE" if table == "measure_steps" else "DELETE"
        made.append(
            f"CREATE TRIGGER {table}_kept BEFORE {verbs} ON {table} FOR EACH ROW EXECUTE FUNCTION measures_keep()"
        )
    return made
