"""Cases: whom each event names, and beside whom accounts were named, so that cases can be grouped anew and
be split; files of cases; measures that people open."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KNOWN = """INSERT INTO case_named (number, seq, kind, token, binds)
    SELECT number, seq, '{kind}', {kind}_id, {true} FROM case_events WHERE {kind}_id IS NOT NULL"""
"""What events of before say of users and merchants; which accounts and devices they named is not known any more."""


_ALONE: Final = """NEW.state IN ('requested', 'applied', 'confirmed') AND NEW.is_hard AND NEW.opened_by IS NOT NULL
    AND (SELECT COUNT(*) FROM measure_steps s WHERE s.measure_id = NEW.measure_id AND s.action = 'confirm') < 2"""
_TOLD: Final = "what a person opens and limits somebody takes two people"
_SQLITE: Final = (
    f"CREATE TRIGGER measures_opened BEFORE UPDATE ON measures WHEN {_ALONE} BEGIN SELECT RAISE(ABORT, '{_TOLD}'); END",
)
_POSTGRESQL: Final = (
    "CREATE FUNCTION measures_opened() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF {_ALONE} THEN RAISE EXCEPTION '{_TOLD}'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER measures_opened BEFORE UPDATE ON measures FOR EACH ROW EXECUTE FUNCTION measures_opened()",
)


def upgrade() -> None:
    """Make the tables and fill them as far as it is known."""
    op.create_table(
        "case_named",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("token", sa.String(128), nullable=False),
        sa.Column("binds", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", "kind", "token", name="pk_case_named"),
        sa.ForeignKeyConstraint(["number"], ["cases.number"], name="fk_case_named_number"),
    )
    op.create_table(
        "case_beside",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("token", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "token", name="pk_case_beside"),
    )
    op.create_table(
        "case_files",
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("case_number", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("file_id", name="pk_case_files"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name="fk_case_files_case_number"),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_case_files_person"),
    )
    op.create_index("ix_case_files_case_number", "case_files", ["case_number"])
    op.add_column("case_events", sa.Column("typologies", sa.Integer, nullable=False, server_default="0"))
    op.add_column("case_events", sa.Column("release_ms", sa.BigInteger, nullable=True))
    op.add_column("measures", sa.Column("opened_by", sa.String(40), nullable=True))
    for column in ("case_number", "case_step"):
        op.add_column("measures", sa.Column(column, sa.BigInteger, nullable=True))
    op.add_column("case_links", sa.Column("split", sa.Boolean, nullable=False, server_default=sa.false()))
    connection = op.get_bind()
    connection.exec_driver_sql(
        "UPDATE case_events SET typologies = (SELECT c.typologies FROM cases c WHERE c.number = case_events.number)"
    )
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)
    true = "1" if connection.dialect.name == "sqlite" else "true"
    for kind in ("user", "merchant"):
        connection.exec_driver_sql(_KNOWN.format(kind=kind, true=true))
