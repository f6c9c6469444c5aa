"""An outbox for tests: a made-up log, a clock that is moved, and receivers that behave as badly as is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from ipaddress import ip_network
from random import Random
from typing import Any, TypeVar

from bonafide.office.audit.entry import Actor
from bonafide.office.outbox.carrier import Carrier
from bonafide.office.outbox.clear import ClearTexts, one_by_one
from bonafide.office.outbox.dead_letters import DeadLetters
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.expiry import Expiry
from bonafide.office.outbox.post import Timeouts
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.signing import is_signed
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.made import KEY, START_MS, Clock, MadeLog, Vault, decided, status, taught, token_of
from bonafide.testing.webhooks.receivers import Receiver, Seen

__all__ = [
    "KEY",
    "START_MS",
    "Clock",
    "MadeLog",
    "Receiver",
    "Seen",
    "Vault",
    "decided",
    "status",
    "taught",
    "token_of",
]

T = TypeVar("T")
ANN = Actor("person:ann", "::1")
HERE = Reach(networks=(ip_network("127.0.0.1/32"),), ports=None, plain_http=True)
"""Receivers on this machine, at one address of it: the rest of loopback stands for what is private."""
PRIVATE = "127.0.0.2"
PATIENT = Timeouts()
"""For receivers that answer: on a busy machine that may take them seconds."""
HASTY = Timeouts(connect=2.0, first_byte=0.05, whole=2.0)
"""For receivers that are slow again and again; on a busy machine one that is not may seem so too."""


KNOWS_ALL: ClearTexts = one_by_one(lambda kind, value: f"{kind}{value % 1_000}")


class Outbox:
    """Everything of one process over a store: a new one is what a restart makes."""

    def __init__(
        self,
        store: Store,
        log: MadeLog,
        clock: Clock,
        reach: Reach = HERE,
        carrier: Carrier | None = None,
        seed: int = 1,
        clear_texts: ClearTexts = KNOWS_ALL,
    ) -> None:
        self.clock = clock
        self.tailer = Tailer(store, log, KEY, clock)
        self.destinations = Destinations(store, KEY, reach, clock)
        self.deliveries = Deliveries(store, Random(seed))
        self.dead_letters = DeadLetters(store)
        self.expiry = Expiry(store)
        carrier = carrier or Webhooks(reach, timeouts=PATIENT)
        self.sender = Sender(self.deliveries, self.destinations, carrier, clock, clear_texts)

    def tail(self) -> int:
        """Read all that there is."""
        read = 0
        while step := self.tailer.step():
            read += step
        return read

    def is_signed(self, destination_id: str, seen: Seen) -> bool:
        """Whether a request carries a signature of its receiver's."""
        secrets = self.destinations.secrets_of(destination_id, self.clock())
        return is_signed(secrets, seen.headers, seen.body, self.clock() // 1_000)


class DiedError(Exception):
    """A process that ended."""


def dies(*_: object) -> None:
    """Stands for a step that is not finished."""
    raise DiedError


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)
