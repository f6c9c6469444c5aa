"""The clients: what they send is what a platform sends, what they remember is what they were told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.door import decode_event
from bonafide.testing.faults import Launch, Server
from bonafide.testing.load import (
    Asker,
    Feed,
    Latencies,
    Ledger,
    Load,
    Platform,
    arrays,
    probe,
    run_beside,
    run_load,
    singles,
)  # fmt: skip
from bonafide.testing.load.client import AGAIN
from bonafide.testing.load.empty import ANSWER

START_MS = 1_767_225_600_000
KEY = "bf_k_s"
STAND_IN = Launch((sys.executable, str(Path(__file__).with_name("stand_in.py"))))
EMPTY = Launch((sys.executable, "-m", "bonafide.testing.load.empty"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data", STAND_IN) as one:
        assert one.start() is not None
        yield one


def test_a_platform_makes_events_that_the_door_takes_and_the_same_again() -> None:
    made = list(islice(Platform(3, START_MS), 2_000))
    assert made == list(islice(Platform(3, START_MS), 2_000))
    events = [decode_event(one.body) for one in made]
    assert [event.event_id for event in events] == [one.event_id for one in made]
    assert len({one.event_id for one in made}) == len(made)
    assert [event.time for event in events] == sorted(event.time for event in events)
    types = {event.type: sum(other.type == event.type for other in events) for event in events}
    assert types.keys() == {"payment", "payment_status", "shipment"}
    assert types["payment"] > len(events) / 2
    assert not {one.event_id for one in made} & {one.event_id for one in islice(Platform(4, START_MS), 2_000)}


def test_statuses_and_parcels_name_payments_that_came_before() -> None:
    seen: set[str] = set()
    for made in islice(Platform(3, START_MS), 500):
        told = json.loads(made.body)
        assert told["type"] == "payment" or told["order_id"].removeprefix("o") in seen
        seen.add(told["event_id"])


def test_an_array_is_one_request_of_its_events() -> None:
    shots = list(arrays(islice(Platform(3, START_MS), 25), KEY, 10))
    assert [len(shot.ids) for shot in shots] == [10, 10, 5]
    head, body = shots[0].request.split(b"\r\n\r\n")
    assert [event["event_id"] for event in json.loads(body)] == list(shots[0].ids)
    assert f"Content-Length: {len(body)}".encode() in head
    assert f"Authorization: Bearer {KEY}".encode() in head


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=200), st.floats(0, 1))
def test_quantiles_are_those_of_the_sorted_values_within_two_per_cent(values: list[int], fraction: float) -> None:
    seen = Latencies()
    for value in values:
        seen.add(value)
    exact = sorted(values)[max(0, -(-fraction * len(values) // 1) - 1).__int__()]
    assert exact * 0.98 - 1 <= seen.quantile_us(fraction) <= exact
    assert seen.max_us == max(values)


def test_a_quantile_of_nothing_is_zero() -> None:
    assert Latencies().quantile_us(0.5) == 0


def decided(event_id: str, digit: str) -> bytes:
    return json.dumps({"event_id": event_id, "seq": 1, "digest": digit * 64}, separators=(",", ":")).encode()


def test_a_ledger_notes_each_id_once_and_sees_another_answer() -> None:
    ledger = Ledger()
    assert ledger.note(("p1",), False, 200, decided("p1", "a"))
    assert ledger.note(("p1",), False, 200, decided("p1", "a"))
    assert (ledger.acknowledged, ledger.again, ledger.changes) == (1, 1, 0)
    assert ledger.note(("p1",), False, 200, decided("p1", "b"))
    assert (ledger.acknowledged, ledger.changes, ledger.changed) == (1, 1, ["p1"])


def test_a_refusal_acknowledges_nothing() -> None:
    ledger = Ledger()
    assert not ledger.note(("p1",), False, 503, b"{}")
    assert not ledger.note(("p2",), False, 202, b'{"event_id":"p2"}')
    assert not ledger.note(("p3", "p4"), True, 503, b"{}")
    assert ledger.marks == {}
    assert ledger.refused == {503: 2, 202: 1}


def test_an_array_acknowledges_element_by_element() -> None:
    ledger = Ledger()
    body = b"[" + decided("p1", "a") + b',{"event_id":"p2","status":503},{"event_id":"p3","seq":9,"status":"taught"}]'
    assert not ledger.note(("p1", "p2", "p3"), True, 200, body)
    assert list(ledger.marks) == ["p1", "p3"]
    assert ledger.refused == {503: 1}
    assert not ledger.note(("p1", "p4"), True, 200, b"[" + decided("p1", "a") + b"]")


def test_a_ledger_keeps_a_part_of_the_ids_when_there_are_too_many() -> None:
    ledger = Ledger(limit=100)
    for i in range(1_000):
        ledger.note((f"p{i}",), False, 200, decided(f"p{i}", "a"))
    assert ledger.acknowledged == 1_000
    assert 10 < len(ledger.marks) <= 100
    assert len(list(ledger.ids(at_most=5))) <= 10
    ledger.note((next(iter(ledger.marks)),), False, 200, decided("x", "b"))
    assert ledger.changes == 1


def test_everything_sent_is_acknowledged_once(server: Server) -> None:
    ledger = Ledger()
    feed = Feed(singles(islice(Platform(3, START_MS), 200), KEY))
    tally = run_load(lambda: Load(server.port, feed, ledger, connections=8))
    assert len(ledger.marks) == ledger.acknowledged == tally.events == 200
    assert tally.statuses.keys() == {200, 202}
    assert tally.admitted.n == 200
    assert (tally.lost, tally.unreadable, tally.unsent) == (0, 0, 0)
    with Asker(server.port, KEY) as asker:
        name = next(iter(ledger.marks))
        assert asker.decision(name).status == 200
        assert asker.decision("nothing").status == 404


def test_arrays_are_acknowledged_too(server: Server) -> None:
    ledger = Ledger()
    feed = Feed(arrays(islice(Platform(3, START_MS), 200), KEY, 64))
    tally = run_load(lambda: Load(server.port, feed, ledger, connections=2))
    assert len(ledger.marks) == tally.events == 200


@pytest.mark.drill
def test_what_a_dying_server_left_open_is_sent_to_the_next_one(server: Server) -> None:
    ledger = Ledger()
    feed = Feed(singles(islice(Platform(3, START_MS), 400), KEY))

    def enough() -> bool:
        if ledger.acknowledged == 100:
            server.kill()
        return False

    first = run_load(lambda: Load(server.port, feed, ledger, connections=8), enough=enough)
    assert first.lost == len(feed.open) > 0
    assert server.start() is not None
    run_load(lambda: Load(server.port, feed, ledger, connections=8))
    assert len(ledger.marks) == 400
    assert ledger.changes == 0


def test_a_server_that_is_not_there_ends_the_load(tmp_path: Path) -> None:
    absent = Server(tmp_path / "data", STAND_IN)
    tally = run_load(lambda: Load(absent.port, Feed(singles(Platform(3, START_MS), KEY)), connections=4))
    assert tally.events == 0


def test_requests_at_a_rate_are_all_sent_and_timed(server: Server) -> None:
    feed = Feed(singles(islice(Platform(3, START_MS), 50), KEY))
    tally = run_load(lambda: Load(server.port, feed, connections=8, rate=1_000.0))
    assert tally.events == tally.admitted.n == 50


@pytest.mark.drill
def test_an_empty_server_answers_both_kinds_and_a_probe_beside_them(tmp_path: Path) -> None:
    assert len(ANSWER) == 400
    with Server(tmp_path / "none", EMPTY) as server:
        assert server.start() is not None
        ledger = Ledger()
        shots = singles(islice(Platform(3, START_MS), 100), KEY)
        tally, probed = run_beside(
            lambda: Load(server.port, Feed(shots), ledger, connections=4),
            lambda: Load(server.port, Feed(repeat(probe("/healthz"))), connections=1, rate=500.0),
        )
        assert tally.events == ledger.acknowledged == 100
        assert probed.statuses.keys() <= {200}
        many = arrays(islice(Platform(3, START_MS), 256), KEY, 256)
        assert run_load(lambda: Load(server.port, Feed(many))).events == 256


def test_what_is_refused_for_now_is_sent_again() -> None:
    assert {429, 503} == AGAIN
