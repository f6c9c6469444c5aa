"""POST /v1/events: one event, an array, lines."""

from __future__ import annotations

import json
import time

import pytest

from tests.apps.server.client import Client, encoded, lined, payment


@pytest.fixture
def client() -> Client:
    return Client()


def test_a_payment_is_decided(client: Client) -> None:
    got = client.post(encoded(payment()))
    assert got.status == 200
    assert got.headers["content-type"] == "application/json"
    assert got.json["event_id"] == "p1"
    assert got.json["seq"] == 0
    assert got.json["outcome"] == "allow"


def test_an_event_that_only_teaches_is_accepted(client: Client) -> None:
    login = {"type": "login", "event_id": "l1", "time": 1_767_600_000_000, "subject_type": "user", "subject_id": "u1"}
    got = client.post(encoded(login))
    assert (got.status, got.json) == (202, {"event_id": "l1", "seq": 0, "status": "taught"})


def test_an_array_is_answered_in_its_order_and_a_bad_element_stops_nothing(client: Client) -> None:
    got = client.post(encoded(payment("p1"), payment("p2", amount=-5), payment("p3")))
    assert got.status == 200
    first, bad, last = got.json
    assert (first["event_id"], first["seq"]) == ("p1", 0)
    assert (bad["status"], bad["field"], bad["event_id"]) == (422, "amount", "p2")
    assert (last["event_id"], last["seq"]) == ("p3", 1)


def test_lines_are_answered_line_by_line(client: Client) -> None:
    text = lined(payment("p1"), payment("p2")) + b"nonsense\n\n" + json.dumps(payment("p3")).encode()
    got = client.post_lines(text)
    assert got.headers["content-type"] == "application/x-ndjson"
    assert [line.get("event_id", line.get("status")) for line in got.lines] == ["p1", "p2", 400, "p3"]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_lines_may_come_in_pieces_of_any_size(client: Client, size: int) -> None:
    text = lined(payment("p1"), payment("p2"), payment("p3"))
    got = client.post_lines([text[at : at + size] for at in range(0, len(text), size)], "/v1/events:batch")
    assert [line["event_id"] for line in got.lines] == ["p1", "p2", "p3"]


HOSTILE = {
    "quotes behind backslashes": b"[" + b'"\\' * ((1 << 19) - 2) + b"]",
    "brackets that never close": b"[" * (1 << 20),
    "many small objects": b"[" + b"{}" * ((1 << 19) - 2) + b"]",
    "many small texts": b"[" + b'""' * ((1 << 19) - 2) + b"]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_an_array_that_is_none_is_refused_in_no_time(client: Client, body: bytes) -> None:
    begun = time.perf_counter()
    assert client.post(body).status == 400
    assert time.perf_counter() - begun < 5  # it took hours once


def test_a_thousand_full_events_are_taken_apart_where_one_is_not_json(client: Client) -> None:
    full = payment() | {
        "credit_limit": 500_000, "credit_used": 0, "device_id": "d1", "ip": "10.0.0.1", "address_id": "a1",
        "pay_with": "credit", "category": "phones", "goods": "physical", "channel": "app", "instalments": 3,
        "traffic_source": "search",
    }  # fmt: skip
    events = [json.dumps(full | {"event_id": f"p{number}"}).encode() for number in range(999)]
    got = client.post(b"[NaN," + b",".join(events) + b"]")
    assert [told.get("status", 200) for told in got.json] == [400, *[200] * 999]
