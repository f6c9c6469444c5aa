"""Everything beside the deciding route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.server.client import Client, encoded, payment
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSender

ROLES = ("platform", "analyst", "senior", "merchant_ops", "legal", "auditor", "admin", "partner")
READERS = set(ROLES) - {"partner"}
WHO_MAY = {
    ("GET", "/v1/decisions/p1"): READERS,
    ("GET", "/v1/dead-letters"): {"admin"},
    ("POST", "/v1/dead-letters/1/redrive"): {"admin"},
    ("GET", "/v1/degraded"): {"admin"},
    ("PUT", "/v1/degraded"): {"admin"},
    ("POST", "/v1/events"): set(ROLES) - {"auditor"},
}
ADMIN = TestKeys({KEY: TestSender(role="admin")})


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
@pytest.mark.parametrize("role", [None, *ROLES])
def test_who_may_ask_for_what(method: str, path: str, role: str | None) -> None:
    keys = TestKeys({} if role is None else {KEY: TestSender(role=role)})
    got = Client(keys=keys).ask(method, path, b"{}", content_type="application/json")
    assert (got.status not in (401, 403)) == (role in WHO_MAY[method, path])
    assert (got.status == 401) == (role is None)


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
def test_a_narrowed_key_reaches_nothing_else(method: str, path: str) -> None:
    keys = TestKeys({KEY: TestSender(role="admin", routes=frozenset({"/v1/elsewhere"}))})
    assert Client(keys=keys).ask(method, path, b"{}", content_type="application/json").status == 403


CLIENT = Client()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_a_decision_is_found_again_by_any_id(event_id: str) -> None:
    sent = CLIENT.post(encoded(payment(event_id, time="2026-01-05T08:29:00Z")))
    if sent.status == 409:  # an id that is another one in NFC
        return
    got = CLIENT.ask("GET", f"/v1/decisions/{event_id}".replace("?", "\ue000")) if "?" not in event_id else sent
    assert (got.status, got.body) == (200, sent.body)


def test_a_decision_that_there_is_not_is_a_problem() -> None:
    for path in ("/v1/decisions/p9", "/v1/decisions/", "/v1/decisions/a/b/"):
        assert CLIENT.ask("GET", path).problem == "not-found"


def test_alive_and_ready() -> None:
    client = Client()
    assert (client.ask("GET", "/healthz", key=None).status, client.ask("GET", "/readyz", key=None).status) == (200, 200)
    assert client.ask("HEAD", "/readyz", key=None).status == 200


@pytest.mark.parametrize("state", ["starting", "read-only", "stopping", "failed"])
def test_not_ready_says_which_state_and_why(state: str) -> None:
    client = Client(TestRuntime(state=state, not_ready_because="of that"))  # type: ignore[arg-type]
    got = client.ask("GET", "/readyz", key=None)
    assert (got.status, got.json["state"], got.json["detail"]) == (503, state, "of that")
    assert client.ask("GET", "/healthz", key=None).status == 200


def test_what_was_asked_to_stop_is_not_ready() -> None:
    client = Client()
    client.service.admission.stop()
    assert client.ask("GET", "/readyz").json["state"] == "stopping"
    assert client.post(encoded(payment())).status == 503


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/events", "/v1/events/", "/docs", "/redoc", "/openapi.yaml", "//", "/%00"]
)
def test_no_other_route_is_there(path: str) -> None:
    assert Client().ask("GET", path).problem == "not-found"


def test_another_method_is_told_which_are_taken() -> None:
    got = Client(keys=ADMIN).ask("DELETE", "/v1/dead-letters")
    assert (got.status, got.headers["allow"], got.problem) == (405, "GET", "malformed")


def test_dead_letters_are_listed_in_parts_and_given_in_again() -> None:
    client = Client(keys=ADMIN)
    for n in range(3):
        client.post(encoded(payment(f"p{n}", amount=-1)))
    first = client.ask("GET", "/v1/dead-letters?limit=2").json
    assert [letter["number"] for letter in first["dead_letters"]] == [1, 2]
    rest = client.ask("GET", f"/v1/dead-letters?limit=2&after={first['next_after']}").json
    assert ([letter["number"] for letter in rest["dead_letters"]], rest["next_after"]) == ([3], None)
    assert rest["dead_letters"][0]["field"] == "amount"
    assert client.ask("POST", "/v1/dead-letters/1/redrive").status == 422
    for number in ("9", "0", "x", "1e3", "-1", "٣", "9" * 30):
        assert client.ask("POST", f"/v1/dead-letters/{number}/redrive").problem == "not-found"


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("after=-1", "after")])
def test_a_wrong_parameter_is_named(query: str, field: str) -> None:
    got = Client(keys=ADMIN).ask("GET", f"/v1/dead-letters?{query}")
    assert (got.status, got.problem, got.json["field"]) == (422, "invalid-field", field)


def test_parts_are_said_not_to_answer_and_to_answer_again() -> None:
    client = Client(keys=ADMIN)
    for parts in (["model"], []):
        put = client.ask("PUT", "/v1/degraded", encoded({"parts": parts}), content_type="application/json")
        assert (put.status, put.json) == (200, {"parts": parts})
        assert client.ask("GET", "/v1/degraded").json == {"parts": parts}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b'{"parts": ["modle"]}', 422, "did you mean model?"),
        (b'{"parts": "model"}', 422, "parts"),
        (b'{"parts": [1]}', 422, "parts"),
        (b'{"part": []}', 422, "part"),
        (b"{", 400, "JSON"),
        (b"\xff", 400, "JSON"),
        (b"[" * 60_000, 422, "parts"),
        (b" " * 70_000, 413, "bytes"),
    ],
)
def test_wrong_parts_are_refused_in_words(body: bytes, status: int, says: str) -> None:
    client = Client(keys=ADMIN)
    got = client.ask("PUT", "/v1/degraded", body, content_type="application/json")
    assert got.status == status
    assert says in got.json["detail"]
    assert client.runtime.degraded == ()
    assert client.service.admission.gate.bytes == 0


def test_metrics_are_shown_here_and_elsewhere_to_those_who_watch() -> None:
    client = Client()
    client.post(encoded(payment("p1"), payment("p2", amount=-1)))
    got = client.ask("GET", "/metrics", key=None)
    assert got.headers["content-type"].startswith("text/plain")
    text = got.body.decode()
    for line in (
        'bonafide_state{state="ready"} 1.0', 'bonafide_events_total{outcome="allow",type="payment"} 1.0',
        'bonafide_refused_total{reason="invalid-field"} 1.0',
        'bonafide_answers_total{status="422"} 1.0',
        'bonafide_requests_total{route="events",status="200"} 1.0', "bonafide_log_events_total 1.0",
    ):  # fmt: skip
        assert line in text
    assert "p1" not in text
    for role in (None, "platform", "auditor", "admin"):
        keys = TestKeys({} if role is None else {KEY: TestSender(role=role)})
        allowed = role in ("auditor", "admin")
        assert (Client(keys=keys, metrics_open=False).ask("GET", "/metrics").status == 200) == allowed


def test_a_failure_of_the_disk_while_reading_is_told_without_its_text() -> None:
    from bonafide.core.errors import StateError

    client = Client()

    def fail(event_id: str) -> object:
        raise StateError(f"row of {event_id} is damaged")

    client.runtime.find = fail  # type: ignore[assignment, method-assign]
    got = client.ask("GET", "/v1/decisions/p1")
    assert (got.status, got.problem) == (503, "overloaded")
    assert "p1" not in got.json["detail"]
    assert "bonafide_failed_reads_total 1.0" in client.ask("GET", "/metrics").body.decode()
