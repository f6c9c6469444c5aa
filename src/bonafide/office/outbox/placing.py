"""Messages that follow from the office's own tables rather than from the log: put in with whatever they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bonafide.office.outbox.messages import Message
from bonafide.office.outbox.tail import known_ids, put_messages, put_place, read_place

if TYPE_CHECKING:
    from sqlalchemy import Connection


def place_messages(connection: Connection, messages: Sequence[Message], now_ms: int) -> None:
    """Put messages behind all that are there, in the transaction that writes what they say; one that is there already
    is not put again. Whoever reads the log just then sees that the numbers have gone on, and reads its step again."""
    place = read_place(connection)
    known = known_ids(connection, [message.id for message in messages])
    fresh = [message for message in messages if message.id not in known]
    if fresh:
        put_messages(connection, place.next_no, fresh, now_ms)
        put_place(connection, place._replace(next_no=place.next_no + len(fresh)))
