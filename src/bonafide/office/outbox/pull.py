"""The outbox for those who ask: messages after a cursor, in the order of the log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import select

from bonafide.core.errors import UsageError
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_cursors, outbox_messages

PAGE_MAX: Final = 1_000
PAGE_DEFAULT: Final = 100


class Pulled(NamedTuple):
    """A message as it is pulled."""

    no: int
    id: str
    topic: str
    subject: str
    seq: int
    body: bytes
    """JSON: what a webhook would have carried."""


class Page(NamedTuple):
    """Some messages, and where the next ones begin."""

    messages: tuple[Pulled, ...]
    cursor: int
    """To be given as `after` the next time, also where nothing came."""
    has_more: bool


def pull(
    store: Store, after: int = 0, *, topics: Collection[str] | None = None, limit: int = PAGE_DEFAULT
) -> Page:  # fmt: skip
    """Messages after a cursor, 0 for the oldest that are kept; of some topics, or of all.

    Whoever asks again with the same cursor gets the same messages and perhaps more; who goes on with the page's misses
    none. Raises UsageError for what cannot be asked.
    """
    _check(after, topics, limit)
    table = outbox_messages.c
    asked = select(table.no, table.id, table.topic, table.subject, table.seq, table.body).where(table.no > after)
    if topics is not None:
        asked = asked.where(table.topic.in_(sorted(topics)))
    with store.reading() as connection:
        rows = [Pulled(*row) for row in connection.execute(asked.order_by(table.no).limit(limit + 1))]
        last = (connection.scalar(select(outbox_cursors.c.next_no)) or 1) - 1
    page, has_more = tuple(rows[:limit]), len(rows) > limit
    # At the end the cursor passes what was of other topics, so that it is not looked through again each time.
    return Page(page, page[-1].no if has_more else max(after, last), has_more)


def _check(after: int, topics: Collection[str] | None, limit: int) -> None:
    if not 0 <= after < 2**63:
        raise UsageError("after: give the cursor of the page before, or 0 to begin")
    if not 1 <= limit <= PAGE_MAX:
        raise UsageError(f"limit: give 1 to {PAGE_MAX}")
    if topics is not None and (not topics or not set(topics) <= set(TOPICS)):
        raise UsageError(f"topics: give some of {', '.join(TOPICS)}")
