"""Kafka: what is accepted, and messages through the client's own mock cluster, which has real sockets on loopback.

A broker cannot be had in tests; librdkafka's mock cluster speaks its protocol, partitions and offsets included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.core.errors import UsageError
from bonafide.office.outbox import kafka
from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.carriers import Carriers, host_of
from bonafide.office.outbox.kafka import HOW_TO_INSTALL, OURS, Kafka, read_brokers, read_properties, read_topic
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.signing import is_signed, secret_for
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.store.database import Store
from tests.office.outbox.kit import (
    ANN,
    HERE,
    KEY,
    PATIENT,
    START_MS,
    Clock,
    MadeLog,
    Outbox,
    Vault,
    decided,
    run,
    token_of,
)

SECRET = secret_for(KEY, "s")
NAMED = Reach(brokers=frozenset({"kafka-1.example.org:9092", "10.0.0.7:9093"}))
has_kafka = pytest.mark.skipif(
    find_spec("confluent_kafka") is None,
    reason="confluent-kafka is not installed (pip install 'bonafide[kafka]'), so Kafka is not tested",
)
WITHIN_S = 30.0


@pytest.mark.parametrize(
    ("url", "broker", "name"),
    [
        ("kafka://kafka-1.example.org/alerts", "kafka-1.example.org:9092", "alerts"),
        ("kafka://Kafka-1.example.org:9092/a.b_c-1", "kafka-1.example.org:9092", "a.b_c-1"),
        ("kafka://10.0.0.7:9093/x", "10.0.0.7:9093", "x"),
    ],
)
def test_a_topic_is_read(url: str, broker: str, name: str) -> None:
    assert read_topic(url, NAMED) == (broker, name)


@pytest.mark.parametrize(
    "url",
    ["kafka://kafka-1.example.org", "kafka://kafka-1.example.org/", "kafka://kafka-1.example.org/a/b",
     "kafka://kafka-1.example.org/..", "kafka://kafka-1.example.org/a%20b", "kafka://kafka-1.example.org/a?b=c",
     "kafka://kafka-1.example.org/a#b", "kafka://u:p@kafka-1.example.org/a", "kafka://kafka-2.example.org/a",
     "kafka://kafka-1.example.org:9093/a", "kafka://kafka-1.example.org:x/a", "kafka:///a", "kafka://127.0.0.1/a",
     "kafka://kafka-1.example.org/" + "x" * 250, "kafka://a,b/x", "kafka://[::1/x"],
)  # fmt: skip
def test_what_is_no_topic_of_a_broker_that_is_named_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="this is not accepted"):
        read_topic(url, NAMED)


def test_brokers_and_properties_are_read(tmp_path: Path) -> None:
    for text in ("", "a", "a:0", "a:65536", "a:b", "a:1,,b:2", "a b:1", "a.:1", "x" * 254 + ":1"):
        with pytest.raises(ValueError, match="host with a port"):
            read_brokers(text)
    file = tmp_path / "kafka.properties"
    file.write_text("# how we get in\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b #c\n", encoding="utf-8")
    assert read_properties(file) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b #c"}
    for name in (*OURS, "bootstrap.servers"):
        file.write_text(f"{name}=x")
        with pytest.raises(UsageError, match="is set by Bonafide"):
            read_properties(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_properties(tmp_path / "nothing")
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no UTF-8"):
        read_properties(file)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'bonafide\[kafka\]'"):
        host_of("kafka://kafka-1.example.org/alerts", NAMED)
    parcel = Parcel("kafka://kafka-1.example.org/alerts", "msg_1", "user:u1", b"{}")
    assert run(Kafka(NAMED).carry(parcel, [SECRET], START_MS)) == Came(Kind.UNREACHED, HOW_TO_INSTALL)


class Broker:
    """A mock cluster, and what was written to it."""

    def __init__(self, **settings: Any) -> None:
        self._kafka: Any = import_module("confluent_kafka")
        self._host = self._kafka.Producer({"test.mock.num.brokers": 1, "logger": kafka._log, **settings})
        (broker,) = self._host.list_topics(timeout=WITHIN_S).brokers.values()
        self.address = f"{broker.host}:{broker.port}"
        self.reach = HERE._replace(brokers=frozenset({self.address}))
        self._consumer: Any = None

    def url(self, topic: str = "alerts") -> str:
        return f"kafka://{self.address}/{topic}"

    def read(self, records: int, topic: str = "alerts") -> list[Any]:
        """So many records of a topic, from its beginning, by partition and offset."""
        consumer = self._kafka.Consumer(
            {"bootstrap.servers": self.address, "group.id": "g", "logger": kafka._log, "enable.auto.commit": False}
        )
        try:
            partitions = consumer.list_topics(topic, timeout=WITHIN_S).topics[topic].partitions
            consumer.assign([self._kafka.TopicPartition(topic, number, 0) for number in partitions])
            found = consumer.consume(records, timeout=WITHIN_S)
        finally:
            consumer.close()
        assert [one.error() for one in found] == [None] * records
        return sorted(found, key=lambda one: (one.partition(), one.offset()))


@pytest.fixture
def broker() -> Iterator[Broker]:
    found = Broker()
    yield found
    found._host.flush(0)


@has_kafka
def test_messages_become_signed_records_in_the_order_of_their_subjects(store: Store, broker: Broker) -> None:
    log, vault = MadeLog(), Vault(*(("user", f"u{n}") for n in range(3)))
    carriers = Carriers(Webhooks(broker.reach, timeouts=PATIENT), Kafka(broker.reach))
    outbox = Outbox(store, log, Clock(), broker.reach, carriers, clear_texts=vault)
    row, _ = outbox.destinations.add(ANN, broker.url())
    log.append(*(decided(seq, token_of(f"u{seq % 3}"), alert=True, n=seq) for seq in range(12)))
    outbox.tail()
    run(outbox.sender.drain())
    assert outbox.deliveries.counts()["delivered"] == 12
    records = broker.read(12)
    for record in records:
        headers = {name: value.decode() for name, value in record.headers()}
        assert is_signed(outbox.destinations.secrets_of(row.destination_id, START_MS), headers, record.value(),
                         START_MS // 1_000)  # fmt: skip
        data = msgspec.json.decode(record.value())["data"]
        assert record.key().decode() == f"user:{token_of(data['user_id'])}"  # the same whatever becomes known
    assert len({dict(record.headers())["webhook-id"] for record in records}) == 12
    partition_of: dict[bytes, int] = {}
    for record in records:
        assert partition_of.setdefault(record.key(), record.partition()) == record.partition()
    for user in ("u0", "u1", "u2"):
        told = [msgspec.json.decode(record.value())["data"] for record in records]
        seqs = [data["seq"] for data in told if data["user_id"] == user]
        assert seqs == sorted(seqs)
        assert len(seqs) == 4
    carriers.close()


@has_kafka
def test_a_broker_that_is_away_is_not_reached_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    url, reach = broker.url(), broker.reach
    parcel = Parcel(url, "msg_1", "user:u1", b"{}")
    patient = Kafka(reach)
    assert run(patient.carry(parcel, [SECRET], START_MS)) == Came(Kind.TAKEN)
    patient.close()
    del broker._host
    monkeypatch.setitem(OURS, "message.timeout.ms", "200")
    carrier = Kafka(reach)
    came = run(carrier.carry(parcel, [SECRET], START_MS))
    assert came.kind is Kind.UNREACHED
    assert came.told.startswith("Kafka: ")
    carrier.close()


@has_kafka
def test_a_message_that_the_broker_does_not_want_is_refused(broker: Broker) -> None:
    async def sent() -> list[Came]:
        carrier = Kafka(broker.reach, {"message.max.bytes": "1000"})
        small = Parcel(broker.url(), "msg_1", "user:u1", b"{}")
        came = [await carrier.carry(small._replace(body=b"x" * 2_000), [SECRET], START_MS)]
        came += await asyncio.gather(*(carrier.carry(small, [SECRET], START_MS) for _ in range(3)))
        came.append(await carrier.carry(small, [], START_MS))
        carrier.close()
        return came

    too_large, *taken, unsigned = run(sent())
    assert (too_large.kind, too_large.told) == (Kind.REFUSED, "Kafka: msg size too large")
    assert taken == [Came(Kind.TAKEN)] * 3
    assert unsigned.kind is Kind.UNREACHED


@has_kafka
def test_properties_that_the_client_does_not_know_are_told(broker: Broker) -> None:
    carrier = Kafka(broker.reach, {"no.such.property": "x"})
    came = run(carrier.carry(Parcel(broker.url(), "msg_1", "user:u1", b"{}"), [SECRET], START_MS))
    assert came.kind is Kind.UNREACHED
    assert "invalid" in came.told
