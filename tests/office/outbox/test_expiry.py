"""What is past its time goes in portions, on both databases; what waits stays."""

from __future__ import annotations

import pytest

from bonafide.office.outbox import dead_letters, destinations, expiry
from bonafide.office.outbox.carrier import Came, Kind
from bonafide.office.outbox.ladder import LADDER, TRIES_MAX
from bonafide.office.outbox.pull import pull
from bonafide.office.store.database import Store
from tests.office.outbox.kit import ANN, Clock, MadeLog, Outbox, decided

URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def outbox(store: Store) -> Outbox:
    """One with ten alerts about ten users for a receiver, and then ten for two of them."""
    log = MadeLog()
    outbox = Outbox(store, log, Clock())
    outbox.destinations.add(ANN, URL)
    for begin in (0, 10):
        log.append(*(decided(seq, f"u{seq % 10}", alert=True) for seq in range(begin, begin + 10)))
        outbox.tail()
        outbox.clock.now_ms += 1_000
        outbox.destinations.add(ANN, URL)
    return outbox


def numbers(store: Store) -> list[int]:
    return [message.no for message in pull(store, None, 0, limit=1_000).messages]


def settle(outbox: Outbox, kind: Kind, tries: int) -> int:
    """Let every delivery that is due come to this, so many times."""
    settled = 0
    for _ in range(tries):
        claims = outbox.deliveries.claim(outbox.clock(), 100, 100)
        outbox.deliveries.settle([(claim, Came(kind, "no")) for claim in claims], outbox.clock())
        settled += len(claims)
        outbox.clock.now_ms += 2 * LADDER[-1].wait_ms
    return settled


def test_what_was_settled_goes_in_portions(store: Store, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(expiry, "PORTIONS_MAX", 2)
    young = outbox.clock() - 1_000
    assert settle(outbox, Kind.TAKEN, 2) == 30
    later = outbox.clock()
    steps = 1
    while outbox.expiry.step(young):  # deliveries were settled after that
        steps += 1
    assert numbers(store) == list(range(1, 21))
    while outbox.expiry.step(later):
        steps += 1
    assert (numbers(store), outbox.deliveries.counts()["delivered"]) == ([], 0)
    assert steps > 5
    assert not outbox.expiry.step(later)


def test_what_waits_stays_however_old(store: Store, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "ROWS_AT_ONCE", 4)
    first = outbox.destinations.list()[0].destination_id
    outbox.destinations.pause(ANN, first)
    settle(outbox, Kind.TAKEN, 1)
    while outbox.expiry.step(outbox.clock()):
        pass
    assert numbers(store) == list(range(1, 21))
    assert outbox.deliveries.counts() == {"queued": 10, "waiting": 10, "sending": 0, "delivered": 0, "dead": 0}
    assert outbox.destinations.remove(ANN, first) == 20
    while outbox.expiry.step(outbox.clock()):
        pass
    assert numbers(store) == []


def test_a_removal_and_a_resending_go_in_portions(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "RESENT_AT_ONCE", 7)
    monkeypatch.setattr(destinations, "GIVEN_UP_AT_ONCE", 7)
    settle(outbox, Kind.REFUSED, 2 * TRIES_MAX)
    assert outbox.deliveries.counts()["dead"] == 30
    resent = [outbox.dead_letters.resend(ANN, outbox.clock()) for _ in range(6)]
    assert resent == [7, 7, 7, 7, 2, 0]
    assert settle(outbox, Kind.TAKEN, 2) == 30
    first, second, _ = outbox.destinations.list()
    assert outbox.destinations.remove(ANN, first.destination_id) == 20
    assert outbox.destinations.remove(ANN, second.destination_id) == 10
    assert sum(outbox.deliveries.counts().values()) == 0
