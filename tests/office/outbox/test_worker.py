"""The outbox's thread, from a journal that is appended to, to a receiver, through trouble."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bonafide.core.errors import StateError
from bonafide.office.journal import Journal
from bonafide.office.outbox import worker as worker_module
from bonafide.office.outbox.deliveries import LEASE_MS
from bonafide.office.outbox.ladder import LADDER
from bonafide.office.outbox.log import open_log
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.worker import OutboxWorker
from bonafide.office.store.database import Store
from tests.office.outbox.kit import ANN, HERE, KEY, Clock, MadeLog, Outbox, Receiver, decided

WITHIN_S = 30.0


class Listening(Receiver):
    """A receiver in a thread of its own, which can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Semaphore(0)

    async def _takes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._takes(reader, writer)
        self.came.release()

    def wait(self) -> None:
        assert self.came.acquire(timeout=WITHIN_S)


@contextmanager
def listening() -> Iterator[Listening]:
    receiver, loop = Listening(), asyncio.new_event_loop()
    loop.run_until_complete(receiver.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(receiver.stop(), loop).result(WITHIN_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def worker_of(outbox: Outbox, tailer: Tailer | None = None) -> OutboxWorker:
    return OutboxWorker(tailer or outbox.tailer, outbox.sender, outbox.deliveries, outbox.expiry, outbox.clock)


@contextmanager
def working(worker: OutboxWorker) -> Iterator[None]:
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        assert not worker.is_running


def test_what_is_appended_arrives(store: Store, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "data")
    journal.append([decided(0, alert=True)], bundle="ab" * 32)
    outbox = Outbox(store, MadeLog(), Clock())
    with listening() as receiver, open_log(tmp_path / "data") as log:
        row, _ = outbox.destinations.add(ANN, receiver.url())
        worker = worker_of(outbox, Tailer(store, log, KEY, outbox.clock))
        with working(worker):
            receiver.wait()
            journal.append([decided(1, alert=True)])
            worker.wake()
            receiver.wait()
        assert [seen.id.split("_")[1] for seen in receiver.seen] == ["0", "1"]
        assert all(outbox.is_signed(row.destination_id, seen) for seen in receiver.seen)
    assert outbox.deliveries.counts()["delivered"] == 2
    journal.close()


def test_trouble_is_told_and_everything_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "TROUBLE_S", 0.01)
    log = MadeLog()
    outbox = Outbox(store, log, Clock())
    told: list[str | None] = []
    step, turn, worker = outbox.tailer.step, outbox.deliveries.turn, worker_of(outbox)

    settled = threading.Event()

    def fails_once(really: Callable[..., int | None]) -> Callable[..., int | None]:
        failed: list[bool] = []

        def run(*given: object) -> int | None:
            told.append(worker.trouble)
            if not failed:
                failed.append(True)
                raise StateError("the disk is full")
            answer = really(*given)
            if really == turn and given[0]:
                settled.set()
            return answer

        return run

    monkeypatch.setattr(outbox.tailer, "step", fails_once(step))
    monkeypatch.setattr(outbox.deliveries, "turn", fails_once(turn))
    log.append(decided(0, alert=True))
    with listening() as receiver:
        outbox.destinations.add(ANN, receiver.url())
        with working(worker):
            receiver.wait()
            assert settled.wait(WITHIN_S)
    assert "the disk is full" in told
    assert worker.trouble is None
    assert outbox.deliveries.counts()["delivered"] == 1
    assert len(receiver.seen) == 1


def test_a_mistake_of_ours_ends_it_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(store, MadeLog(), Clock())
    monkeypatch.setattr(outbox.tailer, "step", lambda: 1 // 0)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    worker = worker_of(outbox)
    worker.start()
    worker._thread.join(WITHIN_S)
    assert not worker.is_running
    assert "ZeroDivisionError" in (worker.trouble or "")
    worker.wake()
    worker.stop()


def test_what_the_one_before_had_is_sent_soon_by_the_next(store: Store) -> None:
    log = MadeLog()
    log.append(decided(0, alert=True))
    outbox = Outbox(store, log, Clock())
    with listening() as receiver:
        outbox.destinations.add(ANN, receiver.url())
        outbox.tail()
        assert len(outbox.deliveries.claim(outbox.clock(), 9, 9)) == 1  # and then it ended
        worker = worker_of(outbox)
        began = threading.Event()
        step = outbox.sender.step
        outbox.sender.step = lambda: (began.set(), step())[1]  # type: ignore[method-assign,func-returns-value]
        with working(worker):
            assert began.wait(WITHIN_S)
            outbox.clock.now_ms += 2 * LADDER[0].wait_ms  # long before its time would be over
            worker.wake()
            receiver.wait()
    assert 2 * LADDER[0].wait_ms < LEASE_MS


def test_one_that_was_never_started_leaves_nothing_open(store: Store) -> None:
    worker = worker_of(Outbox(store, MadeLog(), Clock()))
    worker.stop()
    assert worker._loop.is_closed()
    worker.stop()


def test_a_stop_waits_for_nobody_who_is_slow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "GRACE_S", 0.05)
    log = MadeLog()
    log.append(decided(0, alert=True))
    began = threading.Event()

    class Slow:
        async def carry(self, *_: object) -> None:
            began.set()
            await asyncio.sleep(1_000)

    outbox = Outbox(store, log, Clock(), HERE, carrier=Slow())  # type: ignore[arg-type]
    outbox.destinations.add(ANN, "http://127.0.0.1:9/")
    with working(worker_of(outbox)):
        assert began.wait(WITHIN_S)
    assert outbox.deliveries.counts()["sending"] == 1  # whoever comes next sends it again, when its time is over
