"""Rows that are written whether or not their primary key is there already, many in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, adding: Collection[str] = ()
) -> None:  # fmt: skip
    """Insert rows; of one whose primary key is there the other columns are replaced, those of `adding` added to."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    statement = insert(table)
    keys = [column.name for column in table.primary_key.columns]
    values = {
        name: table.c[name] + statement.excluded[name] if name in adding else statement.excluded[name]
        for name in rows[0] if name not in keys
    }  # fmt: skip
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)
