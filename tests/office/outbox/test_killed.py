"""PostgreSQL killed in the middle, again and again: no effect is lost and none is doubled."""

from __future__ import annotations

import asyncio
from random import Random
from threading import Event, Thread

import pytest

from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.deliveries import STATES
from bonafide.office.outbox.ladder import LADDER
from bonafide.office.outbox.pull import pull
from bonafide.office.store.database import Store, StoreError
from tests.office.databases import running_cluster
from tests.office.outbox.kit import ANN, Clock, MadeLog, Outbox, decided

pytestmark = pytest.mark.drill
EVENTS = 6_000
AT_ONCE = 50
KILLS = 12


class Takes:
    """A receiver that takes everything, and counts."""

    def __init__(self) -> None:
        self.took: list[tuple[str, str]] = []

    async def carry(self, parcel: Parcel, *_: object) -> Came:
        await asyncio.sleep(0)
        self.took.append((parcel.subject, parcel.message_id))
        return Came(Kind.TAKEN)


def test_a_database_that_is_killed_loses_nothing_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.office.outbox.tail.EVENTS_AT_ONCE", AT_ONCE)
    log, clock, takes, failed = MadeLog(), Clock(), Takes(), 0
    for seq in range(0, EVENTS, AT_ONCE):
        log.append(*(decided(n, f"u{n % 97}", alert=True, n=n) for n in range(seq, seq + AT_ONCE)))
    with running_cluster() as cluster, Store.open(cluster.url()) as store:
        outbox = Outbox(store, log, clock, carrier=takes)
        row, _ = outbox.destinations.add(ANN, "http://127.0.0.1:9/")
        done = Event()

        def kill() -> None:
            chance = Random(7)
            for _ in range(KILLS):
                if done.wait(chance.uniform(0.2, 1.0)):
                    return
                cluster.kill()
                cluster.start()

        killer = Thread(target=kill)
        killer.start()
        try:
            while killer.is_alive() or log.next_seq() > outbox.tailer.place().next_seq or waiting(outbox):
                try:
                    outbox.tailer.step()
                    asyncio.run(send(outbox))
                except StoreError:
                    failed += 1
                    clock.now_ms += 2 * LADDER[0].wait_ms + 120_000
        finally:
            done.set()
            killer.join()
        check(outbox, store, takes, row.destination_id)
        print(f"kills {KILLS}, transactions that failed {failed}, sends {len(takes.took)}, messages {EVENTS}")


async def send(outbox: Outbox) -> None:
    """Send what is due; what cannot be noted is lost with this loop, as with a process that ends."""
    sender = outbox.sender
    try:
        await sender.drain()
    finally:
        sender._under_way.clear()


def waiting(outbox: Outbox) -> int:
    try:
        counts = outbox.deliveries.counts()
    except StoreError:
        return 1
    if counts["waiting"] == 0:
        outbox.clock.now_ms += 120_000
    return counts["queued"] + counts["waiting"] + counts["sending"]


def check(outbox: Outbox, store: Store, takes: Takes, destination_id: str) -> None:
    found, cursor = [], 0
    while messages := pull(store, None, 0, cursor, limit=1_000).messages:
        found += messages
        cursor = messages[-1].no
    assert [message.seq for message in found] == list(range(EVENTS))  # lost 0, doubled 0
    assert [message.no for message in found] == list(range(1, EVENTS + 1))
    assert outbox.deliveries.counts() == dict.fromkeys(STATES, 0) | {"delivered": EVENTS}
    firsts = dict.fromkeys(takes.took)
    assert {message_id for _, message_id in firsts} == {message.id for message in found}
    numbers = {message.id: message.no for message in found}
    for subject in {message.subject for message in found}:
        came = [numbers[message_id] for about, message_id in firsts if about == subject]
        assert came == sorted(came)
