"""Messages that were tried to the end of the ladder: shown, and sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, select, update

from bonafide.core.moment import show_moment
from bonafide.office.audit.entry import Actor
from bonafide.office.audit.log import append
from bonafide.office.outbox.deliveries import DEAD
from bonafide.office.outbox.lines import QUEUED, promote
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries, outbox_messages

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

LISTED_MAX: Final = 1_000
RESENT_AT_ONCE: Final = 500
"""Dead letters that one transaction sends again, so that other writers wait for milliseconds."""
_table: Final = outbox_deliveries.c


class DeadLetter(NamedTuple):
    """A delivery that was tried to the end of the ladder."""

    destination_id: str
    no: int
    message_id: str
    topic: str
    subject: str
    """With a token, as everything at rest."""
    attempts: int
    done_ms: int
    error: str

    def to_wire(self) -> dict[str, Any]:
        """A dead letter as JSON shows it."""
        return {"receiver_id": self.destination_id, "number": self.no, "id": self.message_id, "topic": self.topic,
                "subject": self.subject, "tries": self.attempts, "given_up": show_moment(self.done_ms),
                "error": self.error}  # fmt: skip


class DeadLetters:
    """The dead letters of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, after_no: int = 0, limit: int = LISTED_MAX, destination_id: str | None = None) -> list[DeadLetter]:
        """Those of messages after a number, in their order; of one receiver, or of all."""
        columns = (_table.destination_id, _table.no, outbox_messages.c.id, outbox_messages.c.topic, _table.subject,
                   _table.attempts, _table.done_ms, _table.error)  # fmt: skip
        asked = (
            select(*columns)
            .join(outbox_messages, outbox_messages.c.no == _table.no)
            .where(_chosen(destination_id, None), _table.no > after_no)
            .order_by(_table.no, _table.destination_id)
            .limit(min(limit, LISTED_MAX))
        )
        with self._store.reading() as connection:
            return [DeadLetter(*row) for row in connection.execute(asked)]

    def count(self, destination_id: str | None = None) -> int:
        """How many there are, of one receiver or of all."""
        asked = select(func.count()).select_from(outbox_deliveries).where(_chosen(destination_id, None))
        with self._store.reading() as connection:
            return connection.scalar(asked) or 0

    def resend(self, actor: Actor, now_ms: int, destination_id: str | None = None, no: int | None = None) -> int:
        """Send some again, with the whole ladder before them: one, those of a receiver, or any. How many.

        At most RESENT_AT_ONCE at a time: whoever wants all asks until there are none. Later messages about the same
        subject may have been taken meanwhile; their `seq` says so.
        """
        again = {"state": QUEUED, "attempts": 0, "next_ms": now_ms, "done_ms": None, "error": None}
        asked = select(_table.destination_id, _table.no, _table.subject).where(_chosen(destination_id, no))
        with self._store.writing() as connection:
            found = connection.execute(asked.order_by(_table.no).limit(RESENT_AT_ONCE)).all()
            for row in found:
                ours = and_(_table.destination_id == row.destination_id, _table.no == row.no)
                connection.execute(update(outbox_deliveries).where(ours).values(**again))
            for line in dict.fromkeys((row.destination_id, row.subject) for row in found):
                promote(connection, *line, now_ms)
            if found:
                on_what = "receivers" if destination_id is None else f"receiver:{destination_id}"
                append(connection, actor, "receiver.resend", on_what, now_ms, details={"messages": len(found)})
            return len(found)


def _chosen(destination_id: str | None, no: int | None) -> ColumnElement[bool]:
    chosen = [_table.state == DEAD]
    chosen += [_table.destination_id == destination_id] if destination_id is not None else []
    chosen += [_table.no == no] if no is not None else []
    return and_(*chosen)
