"""Receivers and their secrets, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bonafide.core.errors import UsageError
from bonafide.office.audit.log import AuditLog
from bonafide.office.outbox import destinations
from bonafide.office.outbox.destinations import DESTINATIONS_MAX, OVERLAP_DEFAULT_MS, SECRETS_MAX
from bonafide.office.outbox.messages import TOPICS
from bonafide.office.store.database import Store
from bonafide.office.store.tables import metadata
from tests.office.outbox.kit import ANN, Clock, MadeLog, Outbox, decided

URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store, MadeLog(), Clock())


def test_a_receiver_is_added_listed_and_removed(outbox: Outbox) -> None:
    row, secret = outbox.destinations.add(ANN, URL, ["notice", "alert"], note="the app's backend")
    assert outbox.destinations.list() == [row] == [outbox.destinations.get(row.destination_id)]
    assert (row.topics, row.state, row.failures) == (("alert", "notice"), "active", 0)
    assert [held.matches(secret) for held in outbox.destinations.secrets_of(row.destination_id, outbox.clock())] == [
        True
    ]
    outbox.destinations.remove(ANN, row.destination_id)
    assert outbox.destinations.list() == []
    assert outbox.destinations.secrets_of(row.destination_id, outbox.clock()) == ()
    for ask in (outbox.destinations.pause, outbox.destinations.resume, outbox.destinations.rotate):
        with pytest.raises(UsageError, match="is none"):
            ask(ANN, row.destination_id)
    with pytest.raises(UsageError, match="is none"):
        outbox.destinations.get(row.destination_id)
    with pytest.raises(UsageError, match="is none"):
        outbox.destinations.remove(ANN, "nobody")
    assert outbox.destinations.remove(ANN, row.destination_id) == 0  # again, as after a removal that was cut short


def test_a_receiver_has_every_topic_unless_some_are_named(outbox: Outbox) -> None:
    assert outbox.destinations.add(ANN, URL)[0].topics == TOPICS


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://10.0.0.1/", {}),
        ("kafka://broker/topic", {}),
        (URL, {"topics": []}),
        (URL, {"topics": ["gossip"]}),
        (URL, {"note": "a\nb"}),
        (URL, {"note": "x" * 201}),
    ],
)
def test_what_cannot_be_is_refused(outbox: Outbox, url: str, more: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"give|accepted"):
        outbox.destinations.add(ANN, url, **more)  # type: ignore[arg-type]
    assert outbox.destinations.list() == []


def test_there_are_not_more_receivers_than_are_said(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "DESTINATIONS_MAX", 2)
    assert DESTINATIONS_MAX == 100
    rows = [outbox.destinations.add(ANN, URL)[0] for _ in range(2)]
    with pytest.raises(UsageError, match="2 receivers already"):
        outbox.destinations.add(ANN, URL)
    outbox.destinations.remove(ANN, rows[0].destination_id)
    outbox.destinations.add(ANN, URL)


def test_a_rotated_secret_holds_beside_the_new_one_for_its_time(outbox: Outbox) -> None:
    row, first = outbox.destinations.add(ANN, URL)
    outbox.clock.now_ms += 1
    second = outbox.destinations.rotate(ANN, row.destination_id)

    def held() -> list[bool]:
        found = outbox.destinations.secrets_of(row.destination_id, outbox.clock())
        return [any(one.matches(secret) for one in found) for secret in (first, second)]

    assert held() == [True, True]
    outbox.clock.now_ms += OVERLAP_DEFAULT_MS - 1
    assert held() == [True, True]
    outbox.clock.now_ms += 1
    assert held() == [False, True]


def test_a_secret_that_leaked_is_ended_at_once(outbox: Outbox) -> None:
    row, first = outbox.destinations.add(ANN, URL)
    outbox.destinations.rotate(ANN, row.destination_id)
    last = outbox.destinations.rotate(ANN, row.destination_id, 0)
    (held,) = outbox.destinations.secrets_of(row.destination_id, outbox.clock())
    assert held.matches(last)
    assert not held.matches(first)


def test_secrets_that_hold_at_one_time_are_bounded(outbox: Outbox) -> None:
    row, _ = outbox.destinations.add(ANN, URL)
    for _ in range(SECRETS_MAX - 1):
        outbox.destinations.rotate(ANN, row.destination_id)
    with pytest.raises(UsageError, match="4 secrets hold already"):
        outbox.destinations.rotate(ANN, row.destination_id)
    outbox.destinations.rotate(ANN, row.destination_id, 0)
    assert len(outbox.destinations.secrets_of(row.destination_id, outbox.clock())) == 1
    with pytest.raises(UsageError, match="overlap"):
        outbox.destinations.rotate(ANN, row.destination_id, -1)


def test_no_secret_lies_in_the_store(outbox: Outbox, store: Store) -> None:
    row, first = outbox.destinations.add(ANN, URL)
    second = outbox.destinations.rotate(ANN, row.destination_id)
    with store.reading() as connection:
        told = "".join(str(one) for table in metadata.sorted_tables for one in connection.execute(select(table)))
    for secret in (first, second):
        assert secret.reveal().removeprefix("whsec_") not in told


def test_what_waits_for_a_removed_receiver_is_given_up(outbox: Outbox, store: Store) -> None:
    row, _ = outbox.destinations.add(ANN, URL)
    log = MadeLog()
    log.append(decided(0, alert=True))
    Outbox(store, log, outbox.clock).tail()
    assert outbox.deliveries.counts()["waiting"] == 1
    outbox.destinations.remove(ANN, row.destination_id)
    assert sum(outbox.deliveries.counts().values()) == 0


def test_every_change_of_a_receiver_has_its_entry_with_no_more_of_the_url_than_its_host(store: Store) -> None:
    outbox = Outbox(store, MadeLog(), Clock())
    log = AuditLog(store)
    before = log.verify().size
    row, _ = outbox.destinations.add(ANN, "http://127.0.0.1:9/hooks/secret-canary?key=secret-canary")
    outbox.destinations.pause(ANN, row.destination_id)
    outbox.destinations.resume(ANN, row.destination_id)
    outbox.destinations.rotate(ANN, row.destination_id)
    outbox.destinations.remove(ANN, row.destination_id)
    found = log.entries(after=before - 1)
    assert [entry.what for entry in found] == [
        f"receiver.{one}" for one in ("add", "pause", "resume", "rotate", "remove")
    ]
    assert {entry.on_what for entry in found} == {f"receiver:{row.destination_id}"}
    assert {entry.who for entry in found} == {"person:ann"}
    assert "canary" not in str(found)
    assert found[0].details == {"host": "127.0.0.1", "topics": "alert,measure,notice,merchant_review,education"}
