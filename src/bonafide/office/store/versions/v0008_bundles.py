"""The life of bundles and the changes of lists: signed steps that the database itself keeps from being bent."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DAY_MS: Final = 86_400_000
PROPOSAL_MS: Final = 14 * _DAY_MS
APPROVAL_MS: Final = 14 * _DAY_MS
ROLLBACK_MS: Final = 7 * _DAY_MS
"""As office/bundles/steps.py has them; a migration does not change when code does."""
_ZEROS: Final = "0" * 64

_STATEMENT: Final = """statement = '{"about":"' || about_digest || '","action":"' || action || '","hash":"' || hash
    || '","key":"' || key_id || '","number":' || number || ',"person":"' || person || '","previous":"' || previous
    || '","proposal":' || proposal || ',"replaces":"' || replaces || '","time":' || made_ms || ',"waits":' || waits_ms
    || '}'"""
_MAY_ACT: Final = """NOT EXISTS (SELECT 1 FROM people WHERE people.name = NEW.person AND people.disabled_ms IS NULL
    AND people.password_ends_ms IS NULL AND people.totp_confirmed)"""
_IN_FORCE: Final = """(SELECT f.number FROM bundle_steps f WHERE f.action IN ('activate', 'rollback')
    AND NOT EXISTS (SELECT 1 FROM bundle_outcomes o WHERE o.number = f.number AND o.outcome = 'failed')
    ORDER BY f.number DESC LIMIT 1)"""
_OF_THIS: Final = "EXISTS (SELECT 1 FROM bundle_steps r WHERE r.proposal = NEW.proposal AND r.action = "
_REFUSED, _ACTIVATED = f"{_OF_THIS} 'refuse')", f"{_OF_THIS} 'activate')"
_SAME: Final = """s.proposal = NEW.proposal AND s.hash = NEW.hash AND s.replaces = NEW.replaces
    AND s.waits_ms = NEW.waits_ms"""

# Table -> what is said where a condition on a new row holds.
_RULES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "bundle_steps": (
        ("the history of bundles only grows at its end",
         f"""NEW.number <> (SELECT COALESCE(MAX(number), -1) + 1 FROM bundle_steps)
         OR NEW.previous <> COALESCE((SELECT digest FROM bundle_steps WHERE number = NEW.number - 1), '{_ZEROS}')
         OR NEW.made_ms < COALESCE((SELECT MAX(made_ms) FROM bundle_steps), 0)"""),
        ("whoever acts is a person who may sign in", _MAY_ACT),
        ("a proposal begins with itself", "NEW.action = 'propose' AND NEW.proposal <> NEW.number"),
        ("nobody approves what they proposed, and an approval fits a proposal that stands",
         f"""NEW.action = 'approve' AND ({_REFUSED} OR NOT EXISTS (SELECT 1 FROM bundle_steps s WHERE {_SAME}
         AND s.action = 'propose' AND s.person <> NEW.person AND NEW.made_ms < s.made_ms + {PROPOSAL_MS}))"""),
        ("a bundle is activated when somebody else has approved it and its waiting period is over",
         f"""NEW.action = 'activate' AND ({_REFUSED} OR NOT EXISTS (SELECT 1 FROM bundle_steps s WHERE {_SAME}
         AND s.action = 'approve' AND NEW.made_ms >= s.made_ms + s.waits_ms
         AND NEW.made_ms < s.made_ms + {APPROVAL_MS}))"""),
        ("another bundle is in force than the proposal was made against",
         f"""NEW.action = 'activate'
         AND NEW.replaces <> (SELECT g.hash FROM bundle_steps g WHERE g.number = {_IN_FORCE})"""),
        ("a rollback goes back to what the last activation replaced, for a week",
         f"""NEW.action = 'rollback' AND NOT EXISTS (SELECT 1 FROM bundle_steps a WHERE a.number = {_IN_FORCE}
         AND a.action = 'activate' AND a.proposal = NEW.proposal AND a.replaces = NEW.hash AND a.hash = NEW.replaces
         AND NEW.made_ms < a.made_ms + {ROLLBACK_MS})"""),
        ("what is refused is a proposal that stands",
         f"""NEW.action = 'refuse' AND ({_ACTIVATED} OR NOT EXISTS (SELECT 1 FROM bundle_steps s WHERE {_SAME}
         AND s.action = 'propose'))"""),
    ),
    "bundle_outcomes": (
        ("only what was to be in force has an outcome",
         """NOT EXISTS (SELECT 1 FROM bundle_steps s WHERE s.number = NEW.number
         AND s.action IN ('activate', 'rollback'))"""),
    ),
    "signing_keys": (),
    "list_changes": (
        ("changes of lists only grow at their end",
         "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM list_changes)"),
        ("whoever acts is a person who may sign in", _MAY_ACT),
    ),
    "list_approvals": (
        ("whoever acts is a person who may sign in", _MAY_ACT),
        ("nobody approves what they asked for",
         f"""NOT EXISTS (SELECT 1 FROM list_changes c WHERE c.number = NEW.number AND c.needs_two
         AND c.person <> NEW.person AND NEW.made_ms >= c.made_ms AND NEW.made_ms < c.made_ms + {APPROVAL_MS})"""),
    ),
    "list_outcomes": (
        ("a change takes effect when a second person has approved it",
         """EXISTS (SELECT 1 FROM list_changes c WHERE c.number = NEW.number AND c.needs_two)
         AND NOT EXISTS (SELECT 1 FROM list_approvals a WHERE a.number = NEW.number)"""),
    ),
}  # fmt: skip
_UNCHANGED: Final = "this is never changed"


def upgrade() -> None:
    """Make the tables and the triggers."""
    _make_keys_and_steps()
    _make_lists()
    connection = op.get_bind()
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.exec_driver_sql(statement)


def _make_keys_and_steps() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("public", sa.LargeBinary(32), nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )
    op.create_table(
        "bundle_steps",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("proposal", sa.BigInteger, nullable=False),
        sa.Column("replaces", sa.String(64), nullable=False),
        sa.Column("waits_ms", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("about_digest", sa.String(64), nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_bundle_steps"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_bundle_steps_person"),
        sa.ForeignKeyConstraint(["key_id"], ["signing_keys.key_id"], name="fk_bundle_steps_key_id"),
        sa.UniqueConstraint("proposal", "action", name="uq_bundle_steps_proposal"),
        sa.UniqueConstraint("digest", name="uq_bundle_steps_digest"),
        sa.CheckConstraint(
            "action IN ('propose', 'approve', 'activate', 'rollback', 'refuse')", name="ck_bundle_steps_action"
        ),
        sa.CheckConstraint("length(hash) = 64 AND hash <> replaces", name="ck_bundle_steps_hash"),
        sa.CheckConstraint(f"waits_ms >= 0 AND waits_ms < {APPROVAL_MS}", name="ck_bundle_steps_waits"),
        sa.CheckConstraint(_STATEMENT, name="ck_bundle_steps_statement"),
        sa.CheckConstraint("length(signature) = 64", name="ck_bundle_steps_signature"),
    )
    # Author and approver of a proposal are two people, whatever keys and sessions they have.
    two = sa.text("action IN ('propose', 'approve')")
    op.create_index(
        "ix_bundle_steps_two_people", "bundle_steps", ["proposal", "person"], unique=True, sqlite_where=two,
        postgresql_where=two,
    )  # fmt: skip
    op.create_table(
        "bundle_outcomes",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("told", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_bundle_outcomes"),
        sa.ForeignKeyConstraint(["number"], ["bundle_steps.number"], name="fk_bundle_outcomes_number"),
        sa.CheckConstraint("outcome IN ('done', 'failed')", name="ck_bundle_outcomes_outcome"),
    )


def _make_lists() -> None:
    op.create_table(
        "list_changes",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("list", sa.String(10), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("entry", sa.String(17), nullable=False),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("needs_two", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_list_changes"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_list_changes_person"),
        sa.CheckConstraint("list IN ('allow', 'block', 'watch')", name="ck_list_changes_list"),
        sa.CheckConstraint(
            "(action = 'add' AND expires_ms IS NOT NULL AND expires_ms > made_ms) "
            "OR (action = 'remove' AND expires_ms IS NULL)",
            name="ck_list_changes_action",
        ),
        sa.CheckConstraint(
            "needs_two = ((list = 'block' AND action = 'add') OR (list = 'allow' AND action = 'remove'))",
            name="ck_list_changes_needs_two",
        ),
    )
    op.create_index("ix_list_changes_entry", "list_changes", ["list", "entry"])
    op.create_table(
        "list_approvals",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_list_approvals"),
        sa.ForeignKeyConstraint(["number"], ["list_changes.number"], name="fk_list_approvals_number"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_list_approvals_person"),
    )
    op.create_table(
        "list_outcomes",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_list_outcomes"),
        sa.ForeignKeyConstraint(["number"], ["list_changes.number"], name="fk_list_outcomes_number"),
    )


def _sqlite() -> list[str]:
    made = []
    for table, rules in _RULES.items():
        # An INSERT OR REPLACE deletes without asking the triggers on DELETE; this one it meets first.
        key = "key_id" if table == "signing_keys" else "number"
        there = (_UNCHANGED, f"EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = NEW.{key})")
        for i, (told, condition) in enumerate((there, *rules)):
            made.append(
                f"CREATE TRIGGER {table}_insert_{i} BEFORE INSERT ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
            )
        made += [
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_UNCHANGED}'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return made


def _postgresql() -> list[str]:
    made = [
        "CREATE FUNCTION life_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_UNCHANGED}'; END $$"
    ]
    for table, rules in _RULES.items():
        tests = "".join(f"IF {condition} THEN RAISE EXCEPTION '{told}'; END IF; " for told, condition in rules)
        made += [
            f"CREATE FUNCTION {table}_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {tests} RETURN NEW; END $$",
            f"CREATE TRIGGER {table}_insert BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_check()",
            f"CREATE TRIGGER {table}_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION life_refuse()",
        ]
    return made
