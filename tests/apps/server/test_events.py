"""POST /v1/events: one event, an array, lines."""

from __future__ import annotations

import json

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
