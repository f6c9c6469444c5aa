"""Rows of days: written whether or not their primary key is there already, and let go of when their time is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, tuple_

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

LET_GO_AT_ONCE: Final = 8_192
"""More than a step of following the log writes, so that what is over never grows; few enough to keep nobody waiting."""


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


def let_go(connection: Connection, table: Table, until: int) -> None:
    """Let go of rows of days up to `until`, some at a time. The table has an index by its column `day`."""
    keys = list(table.primary_key.columns)
    over = select(*keys).where(table.c.day <= until).limit(LET_GO_AT_ONCE)
    if connection.execute(over.limit(1)).first() is not None:
        connection.execute(delete(table).where(tuple_(*keys).in_(over)))
