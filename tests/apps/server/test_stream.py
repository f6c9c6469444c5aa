"""Lines both ways: cut, bounded, answered as they come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.server import stream
from bonafide.apps.server.bodies import LONG_LINE, Lines
from tests.apps.server.client import Client, encoded, lined, payment
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSender, TestSettings


def by_hand(text: bytes, limit: int) -> list[bytes]:
    """The lines of a text as one splits it who has it whole."""
    lines = [line for line in text.split(b"\n") if line and not line.isspace()]
    return [LONG_LINE if len(line) > limit else line for line in lines]


@given(st.lists(st.sampled_from([b"a", b"bb", b"\n", b" ", b"ccccc", b"\r\n"]), max_size=40), st.data())
def test_lines_are_the_same_however_they_come(parts: list[bytes], data: Any) -> None:
    text, limit = b"".join(parts), 6
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    lines = Lines(limit)
    found = []
    for first, last in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += lines.feed(text[first:last])
    found += lines.rest()
    blank_long = [line for line in by_hand(text, limit) if line is not LONG_LINE or line]
    assert [line is LONG_LINE or line for line in found if line is LONG_LINE or line.strip()] == [
        line is LONG_LINE or line for line in blank_long
    ]


def test_a_line_that_is_too_long_is_a_problem_of_its_own() -> None:
    client = Client()
    got = client.post_lines([lined(payment("p1")), *[b"x" * 65_536] * 20, b"\n", lined(payment("p2"))])
    assert [line.get("event_id", line.get("status")) for line in got.lines] == ["p1", 413, "p2"]
    assert client.service.admission.gate.bytes == 0


def test_no_lines_are_answered_with_none() -> None:
    got = Client().post_lines(b"\n\r\n  \n", "/v1/events:batch")
    assert (got.status, got.body) == (200, b"")


def test_the_batch_route_has_no_limit_in_all() -> None:
    client = Client(settings=TestSettings(body_bytes_max=1_000))
    pieces = [lined(*(payment(f"p{n}-{i}") for i in range(10))) for n in range(20)]
    assert len(client.post_lines(pieces, "/v1/events:batch").lines) == 200


def test_lines_are_decided_in_goes_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LINES_MAX", 7)
    client = Client()
    got = client.post_lines(lined(*(payment(f"p{i}") for i in range(20))))
    assert [line["event_id"] for line in got.lines] == [f"p{i}" for i in range(20)]
    assert client.runtime.calls == [7, 7, 6]


def test_answers_come_while_lines_are_sent() -> None:
    client = Client()
    answered = asyncio.Queue[bytes]()
    pieces = [lined(payment(f"p{i}")) for i in range(3)]

    async def talk() -> None:
        sent = 0

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                assert f'"p{sent - 1}"'.encode() in await answered.get()
            sent += 1
            return {"type": "http.request", "body": pieces[sent - 1], "more_body": sent < len(pieces)}

        async def send(message: Any) -> None:
            if message.get("body"):
                answered.put_nowait(message["body"])

        headers = [(b"authorization", b"Bearer " + KEY.encode()), (b"content-type", b"application/x-ndjson")]
        scope = {"type": "http", "method": "POST", "path": "/v1/events:batch", "headers": headers}
        await client.service(scope, receive, send)

    asyncio.run(talk())


def test_a_stream_waits_for_a_queue_that_is_full_for_a_moment() -> None:
    runtime = TestRuntime(full=True)
    client = Client(runtime)

    async def make_room() -> Any:
        asyncio.get_running_loop().call_later(0.005, setattr, runtime, "full", False)
        return await client.asked(
            "POST", "/v1/events:batch", lined(payment("p1")), content_type="application/x-ndjson"
        )  # fmt: skip

    assert asyncio.run(make_room()).lines[0]["event_id"] == "p1"


def test_a_stream_ends_with_a_problem_where_the_service_stops() -> None:
    client = Client()

    def stopping() -> Any:
        yield lined(payment("p1"))
        client.service.admission.stop()
        yield lined(payment("p2"))

    async def ask() -> Any:
        pieces = stopping()
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            piece = next(pieces, None)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", b"Bearer " + KEY.encode()), (b"content-type", b"application/x-ndjson")]
        scope = {"type": "http", "method": "POST", "path": "/v1/events:batch", "headers": headers}
        await client.service(scope, receive, send)
        return sent

    sent = asyncio.run(ask())
    body = b"".join(part.get("body", b"") for part in sent)
    first, last = body.splitlines()
    assert b'"p1"' in first
    assert b"problems/overloaded" in last
    assert not sent[-1].get("more_body")


def test_a_stream_is_slowed_to_its_keys_rate() -> None:
    client = Client(keys=TestKeys({KEY: TestSender(rate_per_s=1)}))
    slept: list[float] = []

    async def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
        sleep = asyncio.sleep

        async def noted(seconds: float) -> None:
            slept.append(seconds)
            client.seconds += seconds
            await sleep(0)

        monkeypatch.setattr(stream.asyncio, "sleep", noted)
        pieces = [lined(payment("p1"), payment("p2"), payment("p3")), lined(payment("p4"))]
        return await client.asked("POST", "/v1/events:batch", pieces, content_type="application/x-ndjson")

    with pytest.MonkeyPatch.context() as monkeypatch:
        got = asyncio.run(ask(monkeypatch))
    assert len(got.lines) == 4
    assert sum(slept) == pytest.approx(2.0)


def test_a_client_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ANSWER_BYTES_MAX", 1)
    monkeypatch.setattr(stream, "STALLED_S", 0.001)
    client = Client()

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": encoded(payment("p1")) + b"\n", "more_body": True}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        headers = [(b"authorization", b"Bearer " + KEY.encode()), (b"content-type", b"application/x-ndjson")]
        scope = {"type": "http", "method": "POST", "path": "/v1/events:batch", "headers": headers}
        await client.service(scope, receive, send)

    asyncio.run(ask())
    assert (client.service.admission.gate.requests, client.service.admission.gate.bytes) == (0, 0)


def test_lines_that_do_not_end_count_as_bytes_that_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    gate = client.service.admission.gate
    hold, held = gate.hold, list[int]()

    def noted(size: int) -> None:
        hold(size)
        held.append(gate.bytes)

    monkeypatch.setattr(gate, "hold", noted)
    pieces = [b" " * 700, b" " * 200, b"\n" + lined(payment("p1")), b" " * 2_000]
    assert [line.get("event_id") for line in client.post_lines(pieces, "/v1/events:batch").lines] == ["p1"]
    assert held[:2] == [700, 900]
    assert max(held) >= 2_000
    monkeypatch.setattr(gate, "bytes_max", 1_500)
    *_, last = client.post_lines(pieces, "/v1/events:batch").lines
    assert (last["status"], gate.bytes, gate.requests) == (503, 0, 0)
