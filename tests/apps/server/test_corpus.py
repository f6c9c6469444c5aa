"""The input classes over HTTP: alone, in an array and in lines, each refused in words and none taken in."""

from __future__ import annotations

import pytest

from tests.apps.server.client import Client, encoded, payment
from tests.apps.server.corpus import CASES, GOOD, Case

BY_NAME = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


@BY_NAME
def test_a_bad_body_is_refused_with_its_field_and_kept(client: Client, case: Case) -> None:
    before = len(client.runtime.journal.letters)
    got = client.post(case.body)
    assert got.status == case.status
    assert got.problem == ("malformed" if case.status == 400 else got.problem)
    assert (got.json.get("field"), got.json["reason"]) == (case.field, case.reason)
    assert got.json["detail"]
    assert len(client.runtime.journal.letters) == before + 1
    assert not client.runtime.answers


@BY_NAME
def test_in_lines_it_stops_nothing(client: Client, case: Case) -> None:
    if b"\n" in case.body or not case.body.strip():
        pytest.skip("is no line")
    got = client.post_lines(case.body + b"\n" + case.body)
    assert [line["status"] for line in got.lines] == [case.status] * 2
    assert [line.get("field") for line in got.lines] == [case.field] * 2


# What has unmatched brackets or none, and commas of its own, spoils an array as a whole.
SPOILS = {"nested 100,000 deep", "an array nested 100,000 deep", "cut off", "a comment", "empty", "blank", "UTF-16"}


@BY_NAME
def test_in_an_array_it_stops_nothing(case: Case) -> None:
    client = Client()
    good = encoded(payment("good"))
    got = client.post(b"[" + good + b"," + case.body + b"," + encoded(payment("better")) + b"]")
    if case.name in SPOILS:
        assert got.status in (200, 400)
        return
    assert got.status == 200
    first, bad, last = got.json
    assert (first["event_id"], last["event_id"]) == ("good", "better")
    assert (bad["status"], bad.get("field")) == (case.status, case.field)
    assert set(client.runtime.answers) == {"good", "better"}


@pytest.mark.parametrize("name", [name for name, _ in GOOD])
def test_what_only_looks_odd_is_taken_in(name: str) -> None:
    got = Client().post(dict(GOOD)[name])
    assert got.status == 200
    assert got.json["event_id"] == "p1"


def test_refusals_leave_nothing_in_the_log_and_no_event(client: Client) -> None:
    for case in CASES:
        client.post(case.body)
    assert client.logged.getvalue() == ""
    assert client.runtime.engine.state.seq == 0
