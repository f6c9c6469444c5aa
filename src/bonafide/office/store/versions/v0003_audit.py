"""The audit log, which the database itself keeps from being changed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQLITE: Final = (
    # An INSERT OR REPLACE deletes without asking the triggers on DELETE; this one it meets first.
    """CREATE TRIGGER audit_entries_insert BEFORE INSERT ON audit_entries
       WHEN NEW.number <> (SELECT entries - 1 FROM audit_head)
         OR EXISTS (SELECT 1 FROM audit_entries WHERE number = NEW.number)
       BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END""",
    """CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END""",
    """CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END""",
    """CREATE TRIGGER audit_head_insert BEFORE INSERT ON audit_head
       BEGIN SELECT RAISE(ABORT, 'the audit log has one head'); END""",
    """CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
       WHEN NEW.one <> OLD.one OR NEW.entries <> OLD.entries + 1
       BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END""",
    """CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
       BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END""",
)
_POSTGRESQL: Final = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the audit log is never changed'; END $$""",
    """CREATE FUNCTION audit_entries_grow() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF NEW.number IS DISTINCT FROM (SELECT entries - 1 FROM audit_head) THEN
           RAISE EXCEPTION 'the audit log only grows at its end';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE FUNCTION audit_head_grow() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF NEW.one IS DISTINCT FROM OLD.one OR NEW.entries IS DISTINCT FROM OLD.entries + 1 THEN
           RAISE EXCEPTION 'the audit log only grows at its end';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER audit_entries_insert BEFORE INSERT ON audit_entries
       FOR EACH ROW EXECUTE FUNCTION audit_entries_grow()""",
    """CREATE TRIGGER audit_entries_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
       FOR EACH ROW EXECUTE FUNCTION audit_head_grow()""",
    """CREATE TRIGGER audit_head_change BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)


def upgrade() -> None:
    """Make the log, its head and the triggers."""
    head = op.create_table(
        "audit_head",
        sa.Column("one", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_audit_head"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(160), nullable=False),
        sa.Column("what", sa.String(60), nullable=False),
        sa.Column("on_what", sa.String(200), nullable=False),
        sa.Column("from_where", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("leaf", sa.LargeBinary(32), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_who", "audit_entries", ["who", "made_ms"])
    op.bulk_insert(head, [{"one": 0, "entries": 0}])
    connection = op.get_bind()
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)
