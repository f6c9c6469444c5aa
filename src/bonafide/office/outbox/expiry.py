"""What was settled long ago, and messages that nobody waits for, go in portions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, delete, exists, select, tuple_

from bonafide.office.outbox.deliveries import DEAD, DELIVERED
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_messages

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROWS_AT_ONCE: Final = 1_000
"""Rows that one transaction deletes, so that other writers wait for milliseconds."""
PORTIONS_MAX: Final = 20
"""Transactions of one call."""


class Expiry:
    """Deletes what is past its time in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._after_no = 0

    def step(self, before_ms: int) -> bool:
        """Delete some of what was settled, dead letters too, before a moment, and some of the messages of before that
        nobody waits for. Whether there may be more: then it is asked again. What was not settled stays, however old.
        """
        for _ in range(PORTIONS_MAX):
            with self._store.writing() as connection:
                if not self._deliveries(connection, before_ms) and not self._messages(connection, before_ms):
                    return False
        return True

    @staticmethod
    def _deliveries(connection: Connection, before_ms: int) -> bool:
        table = outbox_deliveries.c
        over = and_(table.state.in_((DELIVERED, DEAD)), table.done_ms < before_ms)
        some = select(table.destination_id, table.no).where(over).limit(ROWS_AT_ONCE)
        mine = tuple_(table.destination_id, table.no)
        return bool(connection.execute(delete(outbox_deliveries).where(mine.in_(some))).rowcount)

    def _messages(self, connection: Connection, before_ms: int) -> bool:
        """Look at the next of the oldest messages; False, and from the first again, where the next are young."""
        table = outbox_messages.c
        asked = select(table.no, table.created_ms).where(table.no > self._after_no).order_by(table.no)
        old = [row.no for row in connection.execute(asked.limit(ROWS_AT_ONCE)) if row.created_ms < before_ms]
        if not old:
            self._after_no = 0
            return False
        waited_for = exists().where(outbox_deliveries.c.no == table.no)
        some = and_(table.no > self._after_no, table.no <= old[-1], table.created_ms < before_ms)
        connection.execute(delete(outbox_messages).where(some, ~waited_for))
        self._after_no = old[-1]
        return True
