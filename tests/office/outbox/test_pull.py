"""The outbox for those who ask, on both databases."""

from __future__ import annotations

import pytest

from bonafide.core.errors import UsageError
from bonafide.office.outbox.pull import PAGE_MAX, pull
from bonafide.office.store.database import Store
from tests.office.outbox.kit import Clock, MadeLog, Outbox, decided


@pytest.fixture
def filled(store: Store) -> Store:
    log = MadeLog()
    log.append(*(decided(seq, alert=seq % 2 == 0, measures=[("notice", "user", "u1")]) for seq in range(10)))
    Outbox(store, log, Clock()).tail()
    return store


def test_who_goes_on_with_the_cursor_gets_each_message_once(filled: Store) -> None:
    found, cursor, more = [], 0, True
    while more:
        page = pull(filled, None, 0, cursor, limit=4)
        found += page.messages
        cursor, more = page.cursor, page.has_more
    assert [message.no for message in found] == list(range(1, 16))
    assert [message.seq for message in found] == sorted(message.seq for message in found)
    assert pull(filled, None, 0, cursor).messages == ()
    assert pull(filled, None, 0, cursor).cursor == cursor == 15


def test_topics_choose_and_the_cursor_passes_the_others(filled: Store) -> None:
    page = pull(filled, None, 0, topics=["alert"])
    assert [message.topic for message in page.messages] == ["alert"] * 5
    assert (page.cursor, page.has_more) == (15, False)
    assert pull(filled, None, 0, 14, topics=["alert"]).messages == ()
    first = pull(filled, None, 0, topics=["alert"], limit=2)
    assert (first.messages[-1].no, first.cursor, first.has_more) == (4, 4, True)


def test_an_empty_outbox_has_a_cursor_too(store: Store) -> None:
    assert pull(store, None, 0) == ((), 0, False)
    assert pull(store, None, 0, 7).cursor == 7


@pytest.mark.parametrize("asked", [{"after": -1}, {"after": 2**63}, {"limit": 0}, {"limit": PAGE_MAX + 1},
                                   {"topics": []}, {"topics": ["gossip"]}])  # fmt: skip
def test_what_cannot_be_asked_is_refused(store: Store, asked: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="give"):
        pull(store, None, 0, **asked)  # type: ignore[arg-type]
