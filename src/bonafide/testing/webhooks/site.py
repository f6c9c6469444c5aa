"""An outbox over a made-up log, a receiver that stands for the public internet, and listeners that nobody may reach."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from bonafide.core.errors import StateError
from bonafide.core.secret import Secret
from bonafide.office.audit.entry import ITSELF
from bonafide.office.outbox.carrier import Came, Parcel
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import PAUSED, Destinations
from bonafide.office.outbox.post import Timeouts
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.made import KEY, Clock, MadeLog, Vault, decided, token_of
from bonafide.testing.webhooks.receivers import Receiver

OUTSIDE: Final = "127.0.0.9"
"""Stands for the public internet; every other address is one that nothing may connect to."""
REACH: Final = Reach(networks=(ip_network(f"{OUTSIDE}/32"),), ports=None, plain_http=True)
HOST: Final = "pay.example.org"
INSIDE: Final = ("127.0.0.1", "127.0.0.2", "::1")
"""Where somebody listens, at the receiver's own port, whom no message may reach."""
QUICK: Final = Timeouts(connect=1.0, first_byte=0.1, whole=0.3)
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Names:
    """A resolver whose answers are given, one after another and then from the first again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[(self.asked - 1) % len(self.answers)]


class Try(NamedTuple):
    """A send and what came of it."""

    at_ms: int
    message_id: str
    came: Came


class Site:
    """One outbox and its receiver. `open` and `close` are to be called in the loop that sends."""

    def __init__(self, folder: Path, subjects: int, *, timeouts: Timeouts = QUICK, seed: int = 1) -> None:
        self.store = Store.open(folder / "office.db")
        self.clock, self.log = Clock(), MadeLog()
        self.users = [f"u{number}" for number in range(subjects)]
        self.vault = Vault(("merchant", "m1"), *(("user", user) for user in self.users))
        self.names = Names([OUTSIDE])
        self.receiver = Receiver()
        self.inside: list[Receiver] = []
        self.tries: list[Try] = []
        self.deliveries = Deliveries(self.store, Random(seed))
        self.destinations = Destinations(self.store, KEY, REACH, self.clock)
        self.tailer = Tailer(self.store, self.log, KEY, self.clock)
        self._timeouts = timeouts

    async def open(self, server: ssl.SSLContext | None = None, client: ssl.SSLContext | None = None) -> None:
        """Let everybody listen, and add the receiver."""
        port = await self.receiver.start(OUTSIDE, tls=server)
        for address in INSIDE:
            listener = Receiver()
            with suppress(OSError):  # a machine without IPv6
                await listener.start(address, port)
                self.inside.append(listener)
        self._webhooks = Webhooks(REACH, timeouts=self._timeouts, resolver=self._resolve, tls=client)
        self.sender = Sender(self.deliveries, self.destinations, self, self.clock, self.vault)
        scheme = "http" if server is None else "https"
        self.row, _ = self.destinations.add(ITSELF, f"{scheme}://{HOST}:{port}/hooks")

    async def close(self) -> None:
        """End all of it."""
        for one in (self.receiver, *self.inside):
            await one.stop()
        self.store.close()

    async def carry(self, parcel: Parcel, secrets: Sequence[Secret], now_ms: int) -> Came:
        """Send a message as a webhook, and note what came of it."""
        came = await self._webhooks.carry(parcel, secrets, now_ms)
        self.tries.append(Try(now_ms, parcel.message_id, came))
        return came

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        return await self.names(host, port)

    def happen(self, alerts: int) -> None:
        """Alerts are raised about users in turn, and become messages."""
        begin = self.log.next_seq()
        users = [self.users[seq % len(self.users)] for seq in range(begin, begin + alerts)]
        self.log.append(*(decided(begin + i, token_of(user), alert=True, n=i) for i, user in enumerate(users)))
        while self.tailer.step():
            pass

    async def send(self, wait_ms: int = 0) -> int:
        """Send all that is due after a time; how many sends there were. What cannot be sent for the vault waits."""
        self.clock.now_ms += wait_ms
        before = len(self.tries)
        with suppress(StateError):
            await self.sender.drain()
        return len(self.tries) - before

    def recover(self) -> None:
        """The receiver, its name and the vault are what they should be; a person lets a paused one go on."""
        self.receiver.mode, self.names, self.vault.is_away = "takes", Names([OUTSIDE]), False
        self.vault.texts = Vault(("merchant", "m1"), *(("user", user) for user in self.users)).texts
        if self.destinations.get(self.row.destination_id).state == PAUSED:
            self.destinations.resume(ITSELF, self.row.destination_id)


class Memory:
    """The most resident memory that this process had while the block ran, looked at all the time."""

    def __init__(self) -> None:
        self.begun_bytes = self.most_bytes = resident_bytes()

    @property
    def growth_bytes(self) -> int:
        """By how much it grew."""
        return self.most_bytes - self.begun_bytes

    async def __aenter__(self) -> Memory:
        self.begun_bytes = self.most_bytes = resident_bytes()
        self._looking = asyncio.ensure_future(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._looking.cancel()
        self.most_bytes = max(self.most_bytes, resident_bytes())

    async def _look(self) -> None:
        while True:
            self.most_bytes = max(self.most_bytes, resident_bytes())
            await asyncio.sleep(0.01)


def resident_bytes() -> int:
    """The resident memory of this process; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES if statm.exists() else 0
