"""The outbox for those who ask: messages after a cursor, in the order of the log, with clear ids."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import select

from bonafide.core.errors import UsageError
from bonafide.office.outbox.clear import ClearTexts, Draft, put_in
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
    created_ms: int
    body: bytes
    """JSON: what a webhook would have carried."""

    def to_wire(self) -> dict[str, Any]:
        """A message as JSON shows it, in a page of its own kind: its body is the object that it holds."""
        return {"number": self.no, "id": self.id, "topic": self.topic, "subject": self.subject, "seq": self.seq,
                "message": msgspec.Raw(self.body)}  # fmt: skip


class Page(NamedTuple):
    """Some messages, and where the next ones begin."""

    messages: tuple[Pulled, ...]
    cursor: int
    """To be given as `after` the next time, also where nothing came."""
    has_more: bool


def pull(
    store: Store, clear_texts: ClearTexts | None, now_ms: int, after: int = 0, *,
    topics: Collection[str] | None = None, limit: int = PAGE_DEFAULT,
) -> Page:  # fmt: skip
    """Messages after a cursor, 0 for the oldest that are kept; of some topics, or of all.

    Whoever asks again with the same cursor gets the same messages and perhaps more; who goes on with the page's misses
    none. `clear_texts` puts clear ids in the place of tokens, and a page ends before a message that waits for one;
    None leaves messages as they are at rest. Raises UsageError for what cannot be asked, StateError where the store or
    the vault cannot be read.
    """
    page = _read(store, after, topics, limit)
    if clear_texts is None:
        return page
    drafts = [Draft(message.subject, message.body) for message in page.messages]
    given: list[Pulled] = []
    for message, clear in zip(page.messages, put_in(drafts, clear_texts), strict=True):
        if clear.waits_ms(message.created_ms, now_ms):
            return Page(tuple(given), given[-1].no if given else after, has_more=False)
        given.append(message._replace(subject=clear.subject, body=clear.body))
    return page._replace(messages=tuple(given))


def _read(store: Store, after: int, topics: Collection[str] | None, limit: int) -> Page:
    """A page as it is at rest."""
    _check(after, topics, limit)
    table = outbox_messages.c
    columns = (table.no, table.id, table.topic, table.subject, table.seq, table.created_ms, table.body)
    asked = select(*columns).where(table.no > after)
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
