"""Whatever is sent to the office's routes: no failure of ours, and no secret or personal text where none may stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bonafide.apps.server.openapi import document
from bonafide.apps.server.openapi_office import SHAPES, TABLE
from bonafide.core.secret import Secret
from tests.apps.server.bureau import PASSWORD, ROOT, Bureau, cookie_of, has_decided, opened
from tests.apps.server.client import Answer, encoded
from tests.office.people.kit import secret_in

SEEDS = {
    "password": "Seed correct horse", "one_time": "seed-one-time-word", "code": "987123", "value": "13812340077",
    "name": "张伟种子", "reason": "seeded reason 77", "id": "zhangwei-seed", "note": "seed: call 7788",
    "url_password": "seed-hook-token",
}  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from([*SEEDS.values(), "", "x", "user", "id", "name", "platform", "admin", "2027-01-31T00:00:00Z"]),
    st.text(max_size=30),
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_FIELDS = sorted({name for shape in SHAPES for name in shape.__struct_encode_fields__})
_BODIES = st.one_of(
    st.dictionaries(st.sampled_from(_FIELDS) | _TEXTS, _VALUES, max_size=6).map(lambda one: json.dumps(one).encode()),
    _VALUES.map(lambda one: json.dumps(one).encode()),
    st.binary(max_size=40),
)
_QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "after",
            "limit",
            "newest",
            "what",
            "who",
            "on",
            "case",
            "topic",
            "receiver",
            "list",
            "standing",
            "before",
            "x",
        ]
    ),
    _TEXTS,
    max_size=3,
)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("fuzz")) as one:
        one.admin_key = one.key("admin")  # type: ignore[attr-defined]
        one.legal_key = one.key("legal")  # type: ignore[attr-defined]
        one.settle("ann", "admin")
        has_decided(one.data)
        yield one


_PARTS = ("user", "00000000000000ff", "ann", "nobody", "7c2f" * 16, "1")
PROPOSALS = ("POST /v1/bundles", "POST /v1/bundles:check", "POST /v1/backtests")
"""Their problems show lines of the bundle that was sent, as `bundle check` does: they are nobody's data."""


def filled(route: str, draw: Any) -> tuple[str, str]:
    """A method and a path whose parts are drawn."""
    method, template = route.split(" ")
    parts = [
        quote(draw(st.sampled_from(_PARTS) | st.text(min_size=1, max_size=20)))
        if part.startswith("{") else part
        for part in template.split("/")
    ]  # fmt: skip
    return method, unquote("/".join(parts))


def leaked(answer: Answer) -> list[str]:
    """The seeds that a problem says, in its body or its head."""
    told = answer.body.decode("utf-8", "replace") + json.dumps(answer.headers, ensure_ascii=False)
    return [seed for seed in SEEDS.values() if seed in told] if answer.status >= 400 else []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), body=_BODIES, query=_QUERIES)
def test_nothing_that_is_sent_makes_it_fail_or_is_said_again(
    bureau: Bureau, data: st.DataObject, body: bytes, query: dict[str, str]
) -> None:
    method, path = filled(data.draw(st.sampled_from(sorted(TABLE))), data.draw)
    asked = f"{path.replace('?', '_')}?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
    who = data.draw(st.sampled_from(["admin", "legal", "person", "nobody"]))
    if who == "person":
        got = bureau.ask(method, asked, body, key=None, **bureau.session("ann").sent())
    else:
        key = getattr(bureau, f"{who}_key", None)
        got = bureau.ask(method, asked, body, key=key)
    assert got.status < 500, got
    assert got.status < 400 or got.problem
    assert leaked(got) == [] or f"{method} {path}" in PROPOSALS
    assert got.headers["cache-control"] == "no-store"


def test_secrets_and_personal_texts_stand_in_no_log_metric_problem_or_path(bureau: Bureau) -> None:
    one, key = bureau, bureau.key("legal")
    seen: list[str] = [key]
    path = f"/v1/subjects/{one.vault.remember(ROOT, 'user', SEEDS['id'], {'name': SEEDS['name']})}"
    first, _ = one.people.create(ROOT, "bob", "admin")
    begun = one.ask("POST", "/v1/session", encoded({"name": "bob", "password": first.reveal()}), key=None)
    bob = cookie_of(begun)
    chosen = one.as_person(bob, "POST", "/v1/session/password",
                           {"old": first.reveal(), "new": SEEDS["password"]})  # fmt: skip
    bob = cookie_of(chosen)
    url = one.as_person(bob, "POST", "/v1/session/totp", {}).json["enrolment_url"]
    bob = cookie_of(one.as_person(bob, "POST", "/v1/session/totp", {"code": one.code(secret_in(Secret(url)))}))
    made = one.as_person(bob, "POST", "/v1/keys", {"role": "platform"}).json
    seen += [first.reveal(), SEEDS["password"], url, bob.cookie.partition("=")[2], bob.csrf, made["key"]]
    seen += [secret_in(Secret(url)).hex(), PASSWORD.reveal(), SEEDS["name"], SEEDS["id"], SEEDS["reason"]]
    hold = {"case_id": "C", "reason": SEEDS["reason"], "expires": "2027-01-01T00:00:00Z"}
    problems = [
        one.ask("POST", "/v1/session", encoded({"name": SEEDS["password"], "password": SEEDS["name"]}), key=None),
        one.as_person(bob, "POST", "/v1/session/password", {"old": SEEDS["password"], "new": SEEDS["password"]}),
        one.as_person(bob, "POST", "/v1/people", {"name": SEEDS["password"], "role": "admin"}),
        one.as_machine(key, "POST", "/v1/subjects:search", {"field": SEEDS["name"], "value": SEEDS["id"]}),
        one.as_machine(key, "POST", f"{path}/holds", hold | {"expires": SEEDS["reason"]}),
        one.as_machine(key, "POST", f"{path}/holds", hold | {"reason": SEEDS["reason"] + "\n"}),
    ]
    assert [one.status for one in problems] == [401, 422, 422, 422, 422, 422]
    assert one.as_machine(key, "POST", f"{path}/holds", hold).status == 201
    assert one.as_machine(key, "GET", path).json["fields"]["name"] == SEEDS["name"]
    problems.append(one.as_machine(key, "POST", f"{path}/forget"))
    log = json.dumps([entry.to_wire() for entry in one.log.entries()], ensure_ascii=False)
    told = [answer.body.decode() for answer in problems]
    told += [one.ask("GET", "/metrics").body.decode(), one.logged.getvalue(), log, path]
    assert [(secret, text) for secret in seen for text in told if secret in text] == []


def test_no_route_takes_a_personal_text_or_a_secret_in_its_path_or_query() -> None:
    said = {
        parameter["name"]
        for item in document()["paths"].values() for operation in item.values()
        for parameter in operation["parameters"] if parameter.get("in") in ("path", "query")
    }  # fmt: skip
    assert said == {
        "event_id", "number", "after", "limit", "newest", "what", "who", "on", "case", "type", "pseudonym", "name",
        "id", "topic", "receiver", "hash", "list", "standing", "before",
        # Tokens, people of the office, random names, words of cases.
        "subject", "assignee", "document", "file", "waiting", "queue", "typology", "overdue", "drawn", "sort", "days",
        "about", "measure", "aggregates",
        # A language.
        "lang",
        # How OpenID Connect comes back: worth nothing but once, to who also has the cookie and the client's secret.
        "to", "state", "code", "iss", "error", "inputs",
    }  # fmt: skip
