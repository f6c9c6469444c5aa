"""The outbox's worker killed in the middle of sending, again and again, and started again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from bonafide.office.audit.entry import ITSELF
from bonafide.office.journal import Journal
from bonafide.office.outbox.deliveries import DELIVERED, Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.ladder import LADDER
from bonafide.office.outbox.signing import is_signed
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.made import KEY, Vault, decided, token_of
from bonafide.testing.webhooks.play import judge
from bonafide.testing.webhooks.process import STORE, WORKING, MovedClock
from bonafide.testing.webhooks.receivers import Receiver
from bonafide.testing.webhooks.result import Row
from bonafide.testing.webhooks.site import HOST, OUTSIDE, REACH

NAME: Final = "killed"
HOW: Final = "kill -9 of the worker's process at a moment of chance while it sends, and another is started"
COMMIT_EVENTS: Final = 10
WITHIN_S: Final = 60.0
"""How long the next message may take to come."""


class Counting(Receiver):
    """A receiver that another thread waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.ids: set[str] = set()
        self._came = threading.Condition()

    async def _takes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._came:
            self.requests += 1
            self.ids.add(self.seen[-1].id)
            self._came.notify_all()
        await super()._takes(reader, writer)

    def wait(self, *, requests: int = 0, messages: int = 0) -> None:
        """Wait for so many requests and messages in all; TimeoutError where none comes for WITHIN_S."""
        with self._came:
            while self.requests < requests or len(self.ids) < messages:
                if not self._came.wait(WITHIN_S):
                    raise TimeoutError(f"{self.requests} requests with {len(self.ids)} messages came, and no more")


@contextmanager
def listening() -> Iterator[Counting]:
    """A receiver in a thread of its own."""
    receiver, loop = Counting(), asyncio.new_event_loop()
    loop.run_until_complete(receiver.start(OUTSIDE))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(receiver.stop(), loop).result(WITHIN_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def play_killed(folder: Path, messages: int, users: int, kills: int, seed: int = 7) -> Row:
    """Kill the worker so many times while it sends so many messages about so many users."""
    began, row, chance = perf_counter(), Row(NAME, HOW), Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    clock, journal = MovedClock(folder), Journal.open(folder)
    with Store.open(folder / STORE) as store, listening() as receiver:
        destinations = Destinations(store, KEY, REACH, clock)
        receiver_row, _ = destinations.add(ITSELF, f"http://{HOST}:{receiver.port}/hooks")
        for number in range(kills + 1):
            _append(journal, messages * number // (kills + 1), messages * (number + 1) // (kills + 1), users)
            if number < kills:
                _kill(folder, users, receiver, messages // (2 * (kills + 1)), chance)
                clock.move(2 * LADDER[0].wait_ms)  # by which what the one before had is tried again
        _finish(folder, users, receiver, clock, messages)
        judge(row, None, store, Vault(("merchant", "m1"), *(("user", f"u{n}") for n in range(users))), receiver.seen)
        secrets = destinations.secrets_of(receiver_row.destination_id, clock())
        row.differing += sum(
            not is_signed(secrets, one.headers, one.body, int(one.headers["webhook-timestamp"]))
            for one in receiver.seen
        )
        counts = Deliveries(store, chance).counts()
        row.expect(counts == dict.fromkeys(counts, 0) | {DELIVERED: messages}, f"deliveries are {counts}")
        row.expect(row.messages == messages, f"{row.messages} messages were made of {messages} alerts")
        row.tries = len(receiver.seen)
    journal.close()
    row.seconds = perf_counter() - began
    return row


def _append(journal: Journal, begin: int, end: int, users: int) -> None:
    """Let alerts with these numbers be raised, some in each commit."""
    for first in range(begin, end, COMMIT_EVENTS):
        some = range(first, min(first + COMMIT_EVENTS, end))
        alerts = [decided(n, token_of(f"u{n % users}"), alert=True, n=n) for n in some]
        journal.append(alerts, bundle=None if first else "ab" * 32)


def _start(folder: Path, users: int) -> subprocess.Popen[str]:
    """A worker that has begun."""
    command = [sys.executable, "-m", "bonafide.testing.webhooks.process", str(folder), str(users)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline().strip() != WORKING:
        process.kill()
        process.communicate()
        raise RuntimeError("the worker did not begin")
    return process


def _kill(folder: Path, users: int, receiver: Counting, requests: int, chance: Random) -> None:
    """Start a worker, let up to so many requests come, and kill it in the middle of the next."""
    before = receiver.requests
    process = _start(folder, users)
    try:
        receiver.wait(requests=before + chance.randint(1, max(1, requests)))
    finally:
        process.kill()
        process.communicate()


def _finish(folder: Path, users: int, receiver: Counting, clock: MovedClock, messages: int) -> None:
    """Let a last worker send the rest, and end it in order."""
    process = _start(folder, users)
    try:
        clock.move(2 * LADDER[0].wait_ms)
        receiver.wait(messages=messages)
    finally:
        process.communicate("")
