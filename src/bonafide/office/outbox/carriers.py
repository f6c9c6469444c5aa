"""Which carrier brings a message, by how its receiver's URL begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bonafide.core.secret import Secret
from bonafide.office.outbox.carrier import Came, Parcel
from bonafide.office.outbox.kafka import SCHEME, Kafka, check_installed, read_topic
from bonafide.office.outbox.reach import Reach, read_url
from bonafide.office.outbox.webhooks import Webhooks


class Carriers(NamedTuple):
    """All of them, as one."""

    webhooks: Webhooks
    kafka: Kafka

    async def carry(self, parcel: Parcel, secrets: Sequence[Secret], now_ms: int) -> Came:
        """Send it once, the way that its URL says."""
        carrier = self.kafka if _is_kafka(parcel.url) else self.webhooks
        return await carrier.carry(parcel, secrets, now_ms)

    def close(self) -> None:
        """End what is kept open."""
        self.kafka.close()


def host_of(url: str, reach: Reach) -> str:
    """Where a URL leads that messages may be sent to: a host, a broker with its port for Kafka.

    Raises UsageError that says what is accepted.
    """
    if not _is_kafka(url):
        return read_url(url, reach).host
    broker = read_topic(url, reach).broker
    check_installed()
    return broker


def _is_kafka(url: str) -> bool:
    return url.startswith(f"{SCHEME}://")
