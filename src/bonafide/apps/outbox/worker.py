"""The outbox of a data directory, put together: what reads the log, what sends, and what looks after both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import SystemRandom
from typing import TYPE_CHECKING, NamedTuple

from bonafide.office.outbox.carrier import Carrier
from bonafide.office.outbox.carriers import Carriers
from bonafide.office.outbox.clear import ClearTexts
from bonafide.office.outbox.dead_letters import DeadLetters
from bonafide.office.outbox.deliveries import Deliveries
from bonafide.office.outbox.destinations import Destinations
from bonafide.office.outbox.expiry import Expiry
from bonafide.office.outbox.log import open_log
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.sender import Sender
from bonafide.office.outbox.tail import Tailer
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.outbox.worker import OutboxWorker
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir

if TYPE_CHECKING:
    from bonafide.apps.settings import Settings

__all__ = ["Outbox", "OutboxWorker", "open_outbox", "reach_of"]


class Outbox(NamedTuple):
    """Everything over one store and one log."""

    worker: OutboxWorker
    tailer: Tailer
    destinations: Destinations
    deliveries: Deliveries
    dead_letters: DeadLetters


def reach_of(settings: Settings) -> Reach:
    """Where messages may be sent, as the settings say."""
    from bonafide.office.outbox.kafka import read_brokers
    from bonafide.office.outbox.reach import read_networks, read_ports

    return Reach(
        networks=read_networks(settings.webhook_networks) if settings.webhook_networks else (),
        ports=read_ports(settings.webhook_ports),
        plain_http=settings.webhook_http == "allowed",
        brokers=read_brokers(settings.kafka_brokers) if settings.kafka_brokers else frozenset(),
    )


@contextmanager
def open_outbox(
    data: DataDir, store: Store, settings: Settings, clear_texts: ClearTexts, clock: Callable[[], int]
) -> Iterator[Outbox]:
    """The outbox of a data directory; its worker is to be started, and is stopped when the block ends.

    `clear_texts` is the vault's (`office.outbox.clear`). StateError where there is no journal yet.
    """
    from pathlib import Path

    from bonafide.office.outbox.kafka import Kafka, read_properties

    key, reach = data.read_secret(), reach_of(settings)
    with ExitStack() as stack:
        log = stack.enter_context(open_log(data.folder))
        properties = read_properties(Path(settings.kafka_properties)) if settings.kafka_properties else None
        carriers = Carriers(Webhooks(reach), Kafka(reach, properties))
        stack.callback(carriers.close)
        carrier: Carrier = carriers
        tailer, destinations = Tailer(store, log, key, clock), Destinations(store, key, reach, clock)
        deliveries = Deliveries(store, SystemRandom())
        sender = Sender(deliveries, destinations, carrier, clock, clear_texts)
        worker = OutboxWorker(
            tailer, sender, deliveries, Expiry(store), clock, keep_days=settings.message_days
        )  # fmt: skip
        stack.callback(worker.stop)
        yield Outbox(worker, tailer, destinations, deliveries, DeadLetters(store))
