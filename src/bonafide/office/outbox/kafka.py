"""Messages as records of a Kafka topic, by confluent-kafka (the extra `kafka`).

A record's key is whom the message is about, as it is at rest (`user:~0123456789abcdef`): so it goes to the same
partition whatever becomes known or is forgotten, and those about one subject stay in their order. The headers are those
of a webhook, signature included. The producer is idempotent and waits for all replicas (`acks=all`).

A Kafka client connects to whatever brokers the cluster names, and finds their addresses itself; so addresses cannot be
checked as those of webhooks are, and only brokers that the settings name are sent to.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from bonafide.core.errors import UsageError
from bonafide.core.secret import Secret
from bonafide.core.text import shorten
from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.reach import PORT_MAX, Reach
from bonafide.office.outbox.signing import sign

SCHEME: Final = "kafka"
USUAL_PORT: Final = 9_092
MESSAGE_TIMEOUT_S: Final = 15.0
"""How long the client tries by itself; then the message waits for its next step of the ladder."""
WHOLE_S: Final = MESSAGE_TIMEOUT_S + 5.0
POLL_S: Final = 0.05
QUEUED_MAX: Final = 1_000
PROPERTIES_BYTES_MAX: Final = 65_536
HOW_TO_INSTALL: Final = "Kafka needs confluent-kafka, which is not installed; pip install 'bonafide[kafka]'"
OURS: Final = {
    "acks": "all", "enable.idempotence": "true", "message.timeout.ms": str(int(1_000 * MESSAGE_TIMEOUT_S)),
    "queue.buffering.max.messages": str(QUEUED_MAX),
}  # fmt: skip
"""What the promises of the outbox rest on: properties of the client that a file may not set otherwise."""
_DEFAULTS: Final = {"client.id": "bonafide", "partitioner": "murmur2_random"}
"""The partitioner is that of Java's clients."""
_NOT_SET: Final = frozenset({*OURS, "bootstrap.servers", "metadata.broker.list"})
_BROKER: Final = re.compile(r"(?=.{1,253}:)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*:([0-9]{1,5})")
_TOPIC: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_WRONG_MESSAGE: Final = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_MSG_SIZE", "INVALID_RECORD"})
"""What brokers say of one message, not of themselves."""
_log: Final = logging.getLogger("bonafide.kafka")
_log.addHandler(logging.NullHandler())  # else the client writes to stderr what it is told here anyway


class Topic(NamedTuple):
    """A `kafka://` URL in its parts."""

    broker: str
    """`host:port`."""
    name: str


def read_brokers(text: str) -> frozenset[str]:
    """Brokers divided by commas, each with its port; ValueError for what is none.

    >>> sorted(read_brokers("kafka-1.example.org:9092, 10.0.0.7:9092"))
    ['10.0.0.7:9092', 'kafka-1.example.org:9092']
    """
    found = [part.strip().lower() for part in text.split(",")]
    for one in found:
        told = _BROKER.fullmatch(one)
        if told is None or not 1 <= int(told[2]) <= PORT_MAX:
            raise ValueError(f"{one} is no host with a port")
    return frozenset(found)


def read_topic(url: str, reach: Reach) -> Topic:
    """A URL `kafka://host:port/topic` that may be sent to, in its parts. Raises UsageError that says what is accepted.

    >>> read_topic("kafka://10.0.0.7/alerts", Reach(brokers=frozenset({"10.0.0.7:9092"})))
    Topic(broker='10.0.0.7:9092', name='alerts')
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    name = parts.path.removeprefix("/")
    if parts.query or parts.fragment or "@" in parts.netloc or url.endswith(("?", "#")) or not _TOPIC.fullmatch(name):
        raise _refused("give kafka://HOST:PORT/TOPIC; a name and a password go into the file of kafka_properties")
    broker = f"{parts.hostname or ''}:{USUAL_PORT if port is None else port}"
    if broker not in reach.brokers:
        told = ", ".join(sorted(reach.brokers)) or "none is named"
        raise _refused(f"{shorten(broker)} is not among the brokers of the setting kafka_brokers ({told})")
    return Topic(broker, name)


def check_installed() -> None:
    """UsageError that says how to install it where the client is not there."""
    if find_spec("confluent_kafka") is None:
        raise UsageError(HOW_TO_INSTALL)


def read_properties(path: Path) -> dict[str, str]:
    """The client's properties in a file, one `name=value` a line; UsageError where there are none to be had."""
    try:
        with path.open("rb") as file:
            text = file.read(PROPERTIES_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8'}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, equals, value = (part.strip() for part in line.partition("="))
            if not equals or not name:
                raise UsageError(f"{path}:{number}: give name=value, one property a line")
            if name in _NOT_SET:
                raise UsageError(f"{path}:{number}: {name} is set by Bonafide; leave it out")
            found[name] = value
    return found


class Kafka:
    """The carrier that produces to topics. One client for each broker; `close` ends them."""

    def __init__(self, reach: Reach, properties: Mapping[str, str] | None = None) -> None:
        self._reach = reach
        self._properties = {**_DEFAULTS, **(properties or {}), **OURS}
        self._producers: dict[str, Any] = {}

    async def carry(self, parcel: Parcel, secrets: Sequence[Secret], now_ms: int) -> Came:
        """Sign a message and produce it once; what goes wrong is told by kind."""
        if not secrets:
            return Came(Kind.UNREACHED, "no secret of the receiver holds; rotate it, and the message is sent")
        try:
            check_installed()
            topic = read_topic(parcel.url, self._reach)
            headers = {"content-type": "application/json"} | sign(
                secrets, parcel.message_id, now_ms // 1_000, parcel.body
            )
            async with asyncio.timeout(WHOLE_S):
                return await self._produce(topic, parcel, headers)
        except UsageError as error:
            return Came(Kind.UNREACHED, str(error))
        except TimeoutError:
            return Came(Kind.UNREACHED, "the broker did not answer in time")
        except BufferError:
            return Came(Kind.UNREACHED, "too many messages wait for the broker")

    def close(self) -> None:
        """Give up what was not taken, and end the clients."""
        for producer in self._producers.values():
            producer.purge()
            producer.poll(0)
        self._producers.clear()

    async def _produce(self, topic: Topic, parcel: Parcel, headers: Mapping[str, str]) -> Came:
        kafka = import_module("confluent_kafka")
        loop = asyncio.get_running_loop()
        came: asyncio.Future[Any] = loop.create_future()

        def settle(error: Any) -> None:
            if not came.done():
                came.set_result(error)

        def told(error: Any, _: Any) -> None:  # by the thread that polls
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, error)

        try:
            producer = self._producer(kafka, topic.broker)
            producer.produce(
                topic.name, parcel.body, key=parcel.subject, on_delivery=told,
                headers=[(name, value.encode()) for name, value in headers.items()],
            )  # fmt: skip
            while not came.done():
                await asyncio.to_thread(producer.poll, POLL_S)
                await asyncio.sleep(0)
            error = came.result()
        except kafka.KafkaException as raised:
            error = raised.args[0]
        if error is not None and error.fatal():
            self._producers.pop(topic.broker, None)
        return _came(error)

    def _producer(self, kafka: Any, broker: str) -> Any:
        found = self._producers.get(broker)
        if found is None:
            given = {**self._properties, "bootstrap.servers": broker, "logger": _log, "error_cb": lambda _: None}
            found = self._producers[broker] = kafka.Producer(given)
        return found


def _came(error: Any) -> Came:
    if error is None:
        return Came(Kind.TAKEN)
    kind = Kind.REFUSED if error.name() in _WRONG_MESSAGE else Kind.UNREACHED
    return Came(kind, f"Kafka: {error.name().lstrip('_').replace('_', ' ').lower()}")


def _refused(why: str) -> UsageError:
    return UsageError(f"url: this is not accepted: {why}")
