"""What a request must pass before it is read, and the head of the answers that refuse it."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.server.admission import BURST_S, Buckets
from bonafide.apps.server.answers import Refused
from bonafide.core.errors import StateError
from tests.apps.server.client import Answer, Client, encoded, payment
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSender, TestSettings

GOOD = encoded(payment())


def only(**sender: object) -> TestKeys:
    return TestKeys({KEY: TestSender(**sender)})  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/events:batch"])
def test_another_method_is_told_which_one_is_taken(method: str, path: str) -> None:
    got = Client().ask(method, path)
    assert (got.status, got.headers["allow"], got.problem) == (405, "POST", "malformed")


def test_without_a_key_nothing_is_read() -> None:
    client = Client()
    for got in (client.post(GOOD, key=None), client.post(GOOD, key="bf_other")):
        assert (got.status, got.problem, got.headers["www-authenticate"]) == (401, "unauthenticated", "Bearer")
    assert client.runtime.calls == []


def test_two_keys_are_none() -> None:
    async def twice() -> Answer:
        return await Client().asked("POST", "/v1/events", GOOD, authorization="Bearer other")

    assert asyncio.run(twice()).status == 401


def test_keys_that_cannot_be_read_let_nobody_in() -> None:
    class Broken(TestKeys):
        def verify(self, authorization: bytes | None, now_ms: int) -> TestSender:
            raise StateError("the store cannot be read")

    got = Client(keys=Broken()).post(GOOD)
    assert (got.status, got.problem, got.headers["retry-after"]) == (503, "overloaded", "1")


@pytest.mark.parametrize(
    ("sender", "says"),
    [({"role": "auditor", "types": frozenset()}, "auditor"), ({"routes": frozenset({"/v1/decisions"})}, "narrowed")],
)
def test_a_key_that_does_not_reach_the_route_is_forbidden(sender: dict[str, object], says: str) -> None:
    got = Client(keys=only(**sender)).post(GOOD)
    assert (got.status, got.problem) == (403, "forbidden")
    assert says in got.json["detail"]


def test_a_type_that_the_sender_may_not_send_is_its_elements_own_problem() -> None:
    client = Client(keys=only(types=frozenset({"payment"})))
    login = {"type": "login", "event_id": "l1", "time": 0, "subject_type": "user", "subject_id": "u1"}
    got = client.post(encoded(payment("p1"), login, payment("p2")))
    assert [element["status"] if "outcome" not in element else 200 for element in got.json] == [200, 403, 200]
    assert (got.json[1]["field"], got.json[1]["event_id"]) == ("type", "l1")
    assert client.post(encoded(login)).status == 403
    assert client.runtime.journal.letters == []


@pytest.mark.parametrize("role", ["platform", "admin", "partner"])
def test_control_records_are_taken_from_nobody(role: str) -> None:
    client = Client(keys=only(role=role, types=frozenset({"tick", "payment"})))
    got = client.post(encoded({"type": "tick", "event_id": "t1", "time": 0}))
    assert (got.status, got.problem, got.json["field"]) == (403, "forbidden", "type")


VERDICT = {
    "type": "verdict", "event_id": "v1", "time": 0, "subject_type": "user", "subject_id": "u1", "label": "cash_out"
}  # fmt: skip


@pytest.mark.parametrize("said", [{}, {"source": "court"}])
@pytest.mark.parametrize("many", [False, True])
def test_who_sends_a_verdict_is_its_source(said: dict[str, str], many: bool) -> None:
    client = Client(keys=only(role="partner", source="partner"))
    seen: list[str] = []
    decide = client.runtime.decide

    async def watched(events: list[object], raw: list[bytes], sender: object) -> object:
        seen.extend(event.source for event in events)  # type: ignore[attr-defined]
        assert all(b'"source":"partner"' in body for body in raw)
        return await decide(events, raw, sender)  # type: ignore[arg-type]

    client.runtime.decide = watched  # type: ignore[assignment, method-assign]
    one = {**VERDICT, **said}
    client.post(encoded(one, {**one, "event_id": "v2"}) if many else encoded(one))
    assert seen == ["partner"] * (2 if many else 1)


def test_what_is_kept_of_a_refused_verdict_claims_no_other_source() -> None:
    client = Client(keys=only(role="partner", source="partner"))
    got = client.post(encoded({**VERDICT, "source": "court", "time": "2030-01-01T00:00:00Z"}))
    assert got.status == 422
    assert b'"source":"partner"' in client.runtime.journal.letters[0].letter.body


def test_too_many_requests_at_once_are_turned_away() -> None:
    client = Client(settings=TestSettings(in_flight_requests_max=1))

    async def both() -> list[Answer]:
        gate = client.service.admission.gate
        gate.enter()
        turned_away = await client.asked("POST", "/v1/events", GOOD)
        probes = await client.asked("GET", "/healthz")
        gate.leave(0)
        return [turned_away, probes, await client.asked("POST", "/v1/events", GOOD)]

    turned_away, probe, let_in = asyncio.run(both())
    assert (turned_away.status, turned_away.problem, turned_away.headers["retry-after"]) == (503, "overloaded", "1")
    assert (probe.status, let_in.status) == (200, 200)
    assert client.service.admission.gate.requests == 0


def test_bytes_are_bounded_and_given_back() -> None:
    client = Client()
    gate = client.service.admission.gate
    gate.bytes_max = 2 * len(GOOD)
    assert client.post(GOOD).status == 200
    gate.hold(len(GOOD) + 1)
    got = client.post(GOOD)
    assert (got.status, got.problem) == (503, "overloaded")
    assert gate.bytes == len(GOOD) + 1


@pytest.mark.parametrize(
    ("state", "name"), [("starting", "overloaded"), ("stopping", "overloaded"), ("read-only", "read-only")]
)
def test_a_service_that_is_not_ready_says_so_and_when_to_come_again(state: str, name: str) -> None:
    runtime = TestRuntime(state=state, not_ready_because=f"it is {state} for a reason")  # type: ignore[arg-type]
    got = Client(runtime).post(GOOD)
    assert (got.status, got.problem, got.headers["retry-after"]) == (503, name, "1")
    assert "for a reason" in got.json["detail"]


def test_a_full_queue_is_answered_at_once() -> None:
    got = Client(TestRuntime(full=True)).post(GOOD)
    assert (got.status, got.problem, got.headers["retry-after"]) == (503, "overloaded", "1")


def test_a_key_that_sent_its_share_waits() -> None:
    client = Client(keys=only(rate_per_s=10))
    assert client.post(encoded(*(payment(f"p{i}") for i in range(25)))).status == 200
    got = client.post(GOOD)
    assert (got.status, got.problem, got.headers["retry-after"]) == (429, "rate-limited", "2")
    client.seconds += 1.51
    assert client.post(GOOD).status == 200


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 3)), min_size=1, max_size=60), st.integers(1, 100))
def test_over_time_no_key_passes_its_rate(sent: list[tuple[int, float]], rate: int) -> None:
    now, events, last = 0.0, 0, 0
    buckets = Buckets(lambda: now)
    for number, pause in sent:
        now += pause
        now += buckets.wait_s("k")
        assert buckets.wait_s("k") < 1e-6  # it is told exactly how long
        buckets.charge("k", number, rate)
        events, last = events + number, number
    assert events <= rate * (now + BURST_S) + last + rate * 1e-6


def test_rates_of_a_bounded_number_of_keys_are_remembered() -> None:
    buckets = Buckets(lambda: 0.0, keys_max=2)
    for key in ("a", "b", "c"):
        buckets.charge(key, 100, 1)
    assert [buckets.wait_s(key) > 0 for key in ("a", "b", "c")] == [False, True, True]


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"content_type": "text/plain"}, "application/json"),
        ({"content_type": "application/x-www-form-urlencoded"}, "application/json"),
        ({"content_type": "application/json; charset=gbk"}, "UTF-8"),
        ({"content_encoding": "gzip"}, "compressed"),
        ({"content_encoding": "br"}, "compressed"),
    ],
)
def test_what_cannot_be_read_is_told_what_can(headers: dict[str, str], says: str) -> None:
    got = Client().post(GOOD, **headers)
    assert (got.status, got.problem) == (415, "malformed")
    assert says in got.json["detail"]


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", 'Application/JSON;charset="utf-8"', ""])
def test_json_is_recognised_as_it_is_written(kind: str) -> None:
    assert Client().post(GOOD, content_type=kind).status == 200


def test_the_batch_route_takes_lines_only() -> None:
    assert Client().post(GOOD, "/v1/events:batch").status == 415


def test_a_large_body_is_refused_by_its_stated_length_before_it_is_read() -> None:
    client = Client(settings=TestSettings(body_bytes_max=1_000))
    got = client.post(b"", length=1_001)
    assert (got.status, got.problem) == (413, "too-large")
    assert client.runtime.calls == []


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_a_large_body_without_a_stated_length_is_refused_by_counting(kind: str) -> None:
    client = Client(settings=TestSettings(body_bytes_max=1_000))
    got = client.post([b" " * 400] * 3, content_type=kind)
    lines = got.lines if got.status == 200 else [got.json]
    assert lines[-1]["status"] == 413
    assert client.service.admission.gate.bytes == 0


@pytest.mark.parametrize("length", ["-1", "1e3", "", "9" * 20])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    async def ask() -> Answer:
        return await Client().asked("POST", "/v1/events", [GOOD], content_length=length)

    assert asyncio.run(ask()).status == 400


def test_more_elements_than_an_array_may_have_are_refused() -> None:
    client = Client()
    assert client.post(b"[" + b",".join([b"1"] * 1_001) + b"]").problem == "too-large"
    assert client.post(b"[" + b",".join([b"1"] * 1_000) + b"]").status == 200
    assert client.post(b"[" + b",".join([b"1"] * 4_000_000) + b"]").problem == "too-large"
    assert client.post(b"{" + b",".join([b'"a":1'] * 200_000) + b"}").problem == "too-large"


def test_an_empty_array_is_answered_with_one() -> None:
    got = Client().post(b" [ ] ")
    assert (got.status, got.json) == (200, [])


def test_a_body_that_does_not_come_is_given_up() -> None:
    client = Client(settings=TestSettings(body_timeout_ms=1))
    sent = []

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/events",
             "headers": [(b"authorization", b"Bearer " + KEY.encode()), (b"content-length", b"9")]}  # fmt: skip
    asyncio.run(client.service(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]  # type: ignore[operator]
    assert client.service.admission.gate.bytes == 0


def test_a_client_that_hangs_up_gets_nothing_and_holds_nothing() -> None:
    client = Client()
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/events",
             "headers": [(b"authorization", b"Bearer " + KEY.encode()), (b"content-length", b"9")]}  # fmt: skip
    asyncio.run(client.service(scope, receive, send))  # type: ignore[arg-type]
    assert sent == []
    assert (client.service.admission.gate.requests, client.service.admission.gate.bytes) == (0, 0)


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("path", ["/v1/events", "/healthz", "/nowhere"])
@pytest.mark.parametrize("trace", [TRACE, TRACE.upper(), f"ff{TRACE[2:]}", "00-" + "0" * 32 + TRACE[35:], "x\r\ny: z"])
def test_every_answer_has_its_headers_and_hands_a_valid_trace_back(path: str, trace: str) -> None:
    got = Client().ask("POST" if path == "/v1/events" else "GET", path, GOOD, traceparent=trace)
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (got.headers["x-frame-options"], got.headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control-") for name in got.headers)
    assert got.headers.get("traceparent") == (TRACE if trace == TRACE else None)


def test_a_fault_of_ours_is_a_problem_without_a_trace_of_what_it_was_about() -> None:
    client = Client()

    async def failing(*_: object) -> object:
        raise ValueError("Zhang San")

    client.runtime.decide = failing  # type: ignore[assignment, method-assign]
    got = client.post(GOOD, traceparent=TRACE)
    assert (got.status, got.problem) == (500, "internal")
    logged = client.logged.getvalue()
    assert "Zhang San" not in logged + got.body.decode()
    assert '"failed": "ValueError"' in logged
    assert TRACE in logged


def test_refusals_can_be_raised_and_told() -> None:
    with pytest.raises(Refused, match="503"):
        Client(TestRuntime(state="stopping")).service.admission.require_intake()


@pytest.mark.parametrize("many", [False, True], ids=["one", "array"])
def test_what_teaches_says_every_field_once(many: bool) -> None:
    client = Client(keys=only(role="analyst", source="analyst"))
    twice = json.dumps(VERDICT).encode()[:-1] + b', "l\\u0061bel": "genuine"}'
    got = client.post(b"[" + twice + b"," + encoded(VERDICT | {"event_id": "v2"}) + b"]" if many else twice)
    told, *others = got.json if many else [got.json]
    assert (told["status"], told["field"], told["event_id"]) == (400, "label", "v1")
    assert [other["status"] for other in others] == ["taught"] * many
    (kept,) = client.runtime.journal.letters
    assert (kept.letter.reason, kept.letter.body) == ("malformed", twice)


def test_what_does_not_teach_counts_by_the_last_value() -> None:
    client = Client()
    got = client.post(encoded(payment())[:-1] + b', "amount": 7}')
    assert got.status == 200
