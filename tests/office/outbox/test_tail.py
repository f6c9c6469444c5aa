"""From the log to the outbox, on both databases: each record once, whatever stops in the middle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bonafide.core.errors import StateError, UsageError
from bonafide.office.journal import Journal
from bonafide.office.outbox import tail
from bonafide.office.outbox.log import open_log
from bonafide.office.outbox.pull import pull
from bonafide.office.outbox.tail import Tailer
from bonafide.office.store.database import Store
from bonafide.office.store.tables import outbox_deliveries
from tests.office.outbox.kit import ANN, KEY, Clock, MadeLog, Outbox, decided, taught

URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def log() -> MadeLog:
    return MadeLog()


def seqs(store: Store) -> list[int]:
    return [message.seq for message in pull(store, None, 0, limit=1_000).messages]


def test_every_record_becomes_its_messages_once(store: Store, log: MadeLog) -> None:
    outbox = Outbox(store, log, Clock())
    log.append(decided(0, alert=True), taught(1), decided(2))
    log.append(decided(3, alert=True))
    assert (outbox.tail(), outbox.tail()) == (4, 0)
    assert Outbox(store, log, Clock()).tail() == 0
    log.append(decided(4, alert=True))
    assert outbox.tail() == 1
    assert seqs(store) == [0, 3, 4]
    assert [message.no for message in pull(store, None, 0).messages] == [1, 2, 3]


def test_a_delivery_is_made_for_each_receiver_of_the_topic(store: Store, log: MadeLog) -> None:
    outbox = Outbox(store, log, Clock())
    both, _ = outbox.destinations.add(ANN, URL)
    alerts, _ = outbox.destinations.add(ANN, URL, ["alert"])
    notices, _ = outbox.destinations.add(ANN, URL, ["notice"])
    outbox.destinations.pause(ANN, both.destination_id)
    log.append(decided(0, alert=True, measures=[("freeze_credit", "user", "u1")]))
    outbox.tail()
    with store.reading() as connection:
        found = connection.execute(select(outbox_deliveries.c.destination_id, outbox_deliveries.c.no)).all()
    made = {(both.destination_id, 1), (both.destination_id, 2), (alerts.destination_id, 1)}
    assert {tuple(row) for row in found} == made
    assert notices.topics == ("notice",)


@pytest.mark.parametrize("part", ["put_messages", "put_place"])
@pytest.mark.parametrize("after", [False, True])
def test_what_stops_in_the_middle_leaves_nothing_and_is_done_again(
    store: Store, log: MadeLog, monkeypatch: pytest.MonkeyPatch, part: str, after: bool
) -> None:
    outbox = Outbox(store, log, Clock())
    log.append(decided(0, alert=True))
    monkeypatch.setattr(tail, part, pulled(getattr(tail, part), after))
    with pytest.raises(RuntimeError, match="pulled"):
        outbox.tail()
    assert seqs(store) == []
    monkeypatch.undo()
    assert outbox.tail() == 1
    assert seqs(store) == [0]


def pulled(really: Callable[..., None], after: bool) -> Callable[..., None]:
    def stops(*given: object) -> None:
        if after:
            really(*given)
        raise RuntimeError("the plug was pulled")

    return stops


def test_two_that_read_the_same_write_it_once(store: Store, log: MadeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Outbox(store, log, Clock()), Outbox(store, log, Clock())
    log.append(decided(0, alert=True))
    chain_at = log.chain_at

    def meanwhile(seq: int) -> bytes | None:
        monkeypatch.undo()
        assert second.tail() == 1
        return chain_at(seq)

    first.tailer.step()
    log.append(decided(1, alert=True))
    monkeypatch.setattr(log, "chain_at", meanwhile)
    assert first.tailer.step() == 0
    assert seqs(store) == [0, 1]
    assert first.tail() == 0


def test_a_long_log_is_read_in_steps(store: Store, log: MadeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(tail, "IDS_AT_ONCE", 2)
    for seq in range(0, 10, 2):
        log.append(decided(seq, alert=True), decided(seq + 1, alert=True))
    outbox = Outbox(store, log, Clock())
    assert [outbox.tailer.step() for _ in range(4)] == [4, 4, 2, 0]
    assert seqs(store) == list(range(10))


def test_a_journal_that_was_restored_is_noticed_and_nothing_comes_twice(store: Store, log: MadeLog) -> None:
    log.append(decided(0, alert=True))
    log.append(decided(1, alert=True))
    Outbox(store, log, Clock()).tail()
    restored = MadeLog()
    restored.append(decided(0, alert=True))
    outbox = Outbox(store, restored, Clock())
    with pytest.raises(StateError, match=r"has read 2 events of another journal.*begin it anew at event 1"):
        outbox.tail()
    restored.append(decided(1, "another", alert=True))
    restored.append(decided(2, alert=True))
    with pytest.raises(StateError, match="begin it anew at event 3"):
        outbox.tail()
    with pytest.raises(UsageError, match="no commit of the journal ends at event 9"):
        outbox.tailer.begin_at(ANN, 9)
    outbox.tailer.begin_at(ANN, 0)
    assert outbox.tail() == 3
    assert seqs(store) == [0, 1, 1, 2]  # what came again as it was is there once; the other event 1 is another


def test_a_real_journal_is_followed_while_it_is_appended_to(store: Store, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "data")
    journal.append([decided(0, alert=True)], bundle="ab" * 32)
    with open_log(tmp_path / "data") as log:
        tailer = Tailer(store, log, KEY, Clock())
        assert (tailer.step(), tailer.step()) == (1, 0)
        for seq in range(1, 40):
            journal.append([decided(seq, alert=seq % 2 == 0)])
            assert tailer.step() == 1
        assert seqs(store) == list(range(0, 40, 2))
        assert tailer.place().chain == journal.chain
    journal.close()


def test_messages_that_nobody_waits_for_expire(store: Store, log: MadeLog) -> None:
    outbox = Outbox(store, log, Clock())
    log.append(decided(0, alert=True))
    outbox.tail()
    outbox.destinations.add(ANN, URL)
    log.append(decided(1, alert=True))
    outbox.tail()
    assert not outbox.expiry.step(outbox.clock() + 1)
    assert seqs(store) == [1]
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(outbox_deliveries)) == 1
    log.append(decided(2, alert=True))
    outbox.tail()
    assert [message.no for message in pull(store, None, 0).messages] == [2, 3]
