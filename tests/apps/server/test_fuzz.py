"""Whatever comes over HTTP: bodies in pieces of any size, and queries of any text. `make fuzz` plays it for long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from bonafide.apps.server.openapi import document
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from tests.apps.server.bureau import Bureau, opened
from tests.apps.server.client import Answer, Client, encoded, payment
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSender, TestSettings
from tests.fuzzing import briefly, for_long

PATHS = ("/v1/events", "/v1/events:batch")
KINDS = ("application/json", "application/x-ndjson", "application/json; charset=utf-8", "text/plain", "", "a/b/c")
BODY_BYTES_MAX = 4_096
BUNDLE = shipped_bundle("paylater")

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12)
    | st.sampled_from(["CNY", "u1", "2026-01-05T08:29:00Z", "NaN", "~00000000000000ff", "credit", "\ud800", "x" * 200]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
_FIELDS = [*sorted({name for kind in EVENT_CLASS.values() for name in kind.__struct_fields__}), "type", "x"]
_EVENTS = st.builds(
    lambda number, more: payment(f"p{number}") | more,
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=2)
    | st.fixed_dictionaries({"type": st.sampled_from([*EVENT_CLASS, *CONTROL_TYPES, "x", ""])}),
)
_ONE = st.one_of(
    _EVENTS.map(lambda event: json.dumps(event).encode()), st.just(encoded(payment("p1"))),
    _VALUES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"{", b"}", b"[]", b"[[", b"[" * 5_000, b'{"a":' * 600, b"null", b"\xff\xfe",
                     b"\xef\xbb\xbf{}",
                     b'"\xf0\x9f', b"{}{}", b"\r", b" ", b"\x00", b"1e999", b'{"type":"payment","type":"tick"}']),
    st.binary(max_size=30),
)  # fmt: skip


def _flipped(text: bytes, at: int, bits: int) -> bytes:
    if not text:
        return text
    place = at % len(text)
    return text[:place] + bytes([text[place] ^ bits]) + text[place + 1 :]


_BODIES = st.builds(
    lambda parts, glue, closed, at, bits: _flipped((b"[" + b",".join(parts) + b"]") if closed else glue.join(parts),
                                                   at, bits),
    st.lists(_ONE, max_size=6), st.sampled_from([b"\n", b"\r\n", b"\n\n", b",", b"", b"\n \n"]), st.booleans(),
    st.integers(0, 10_000), st.integers(0, 255) | st.just(0),
)  # fmt: skip


def ask(body: bytes, pieces: list[bytes], kind: str, path: str) -> Answer:
    """The answer of a service that has seen nothing yet."""
    sender = TestSender(role="admin", source="analyst")
    client = Client(
        TestRuntime(engine=Engine(BUNDLE)), TestKeys({KEY: sender}), TestSettings(body_bytes_max=BODY_BYTES_MAX)
    )
    if kind:
        return client.ask("POST", path, pieces or body, content_type=kind)
    return client.ask("POST", path, pieces or body)


def play_bodies(body: bytes, cuts: list[int], kind: str, path: str) -> None:
    """It is answered, as it would be in one piece, and each element or line has an answer of its own."""
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [body[first:last] for first, last in pairwise(places)]
    whole, parts = ask(body, [], kind, path), ask(body, pieces, kind, path)
    assert whole.status < 500, whole
    if len(body) <= BODY_BYTES_MAX or path == PATHS[1]:
        assert (parts.status, _told(parts)) == (whole.status, _told(whole))
    if whole.status >= 400:
        assert whole.problem
    elif "x-ndjson" in kind:
        lines = [line for line in body.split(b"\n") if line.strip()]
        assert len(whole.lines) == len(lines)
        assert all(_is_answer(one) for one in whole.lines)
    elif body.lstrip()[:1] == b"[":
        with suppress(ValueError):  # of what is JSON to some alone, only the answers' form is held
            assert len(whole.json) == len(json.loads(body))
        assert all(_is_answer(one) for one in whole.json)
    else:
        assert _is_answer(whole.json)


def _told(answer: Answer) -> Any:
    return answer.lines if "ndjson" in answer.headers.get("content-type", "") else answer.body


def _is_answer(one: dict[str, Any]) -> bool:
    """A decision, an acknowledgement, or a problem that says of what kind."""
    if "outcome" in one:
        return "digest" in one
    return one.get("status") == "taught" or (one["status"] in range(400, 500) and one["title"] != "")


BODIES = {
    "body": _BODIES, "cuts": st.lists(st.integers(0, 10_000), max_size=6), "kind": st.sampled_from(KINDS),
    "path": st.sampled_from(PATHS),
}  # fmt: skip


def test_bodies_in_any_pieces() -> None:
    briefly(play_bodies, 20, **BODIES)


@pytest.mark.fuzz
def test_bodies_in_any_pieces_for_long() -> None:
    for_long(play_bodies, **BODIES)


# Queries


ROUTES = sorted(
    (method.upper(), path)
    for path, item in document()["paths"].items() for method, operation in item.items()
    if method == "get" or operation.get("parameters")
)  # fmt: skip
_NAMES = st.sampled_from(["after", "limit", "newest", "what", "who", "on", "case", "topic", "receiver", "to", "state",
                          "code", "iss", "error", "x", "", "%61fter"])  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from(["", "0", "-1", "1", "1000", "1001", "9" * 19, "9" * 400, "true", "%00", "%ff", "%", "%zz", "+",
                     "a b",
                     "%0d%0ax:y", "//evil", "/", "NaN", "1e3", "0x1", "\u0661", "person:ann", "subject.look", "alert"]),
    st.text(max_size=10),
)  # fmt: skip
_QUERIES = st.one_of(
    st.lists(st.builds(lambda name, text: f"{name}={text}", _NAMES, _TEXTS), max_size=4).map("&".join),
    st.text(alphabet=st.sampled_from("af=&;%+?/#\\\"'<>\x00\x7fé "), max_size=20),
)
_PARTS = st.one_of(
    st.sampled_from(["user", "00000000000000ff", "ann", "p1", "1", "..", ".", "%2e%2e", "-1", "9" * 30, "a/b", "\x00"]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="?"), min_size=1, max_size=8),
)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("fuzz"), settings=TestSettings(rate_events_per_s=10**9)) as one:
        one.settle("ann", "admin")
        yield one


def queries(bureau: Bureau) -> dict[str, Any]:
    """What is played, and with whom."""
    ann, keys = bureau.session("ann").sent(), {role: bureau.key(role) for role in ("admin", "legal", "platform")}
    ways = [(key, {}) for key in keys.values()] + [(None, ann), (None, {})]

    def play_queries(route: tuple[str, str], parts: list[str], query: str, way: int) -> None:
        """No failure of ours, whoever asks: an answer, or a problem that says what is accepted."""
        method, template = route
        drawn = iter(parts * 3)
        path = "/".join(next(drawn) if part.startswith("{") else part for part in template.split("/"))
        key, headers = ways[way % len(ways)]
        got = bureau.ask(method, f"{path}?{query}", b"", key=key, content_type="application/json", **headers)
        assert got.status < 500, (got, method, path, query)
        assert got.status < 400 or got.problem

    drawn = {"route": st.sampled_from(ROUTES), "parts": st.lists(_PARTS, min_size=1, max_size=3), "query": _QUERIES,
             "way": st.integers(0, 4)}  # fmt: skip
    return {"play": play_queries, **drawn}


def test_queries_of_any_text(bureau: Bureau) -> None:
    briefly(examples=80, **queries(bureau))


@pytest.mark.fuzz
def test_queries_of_any_text_for_long(bureau: Bureau) -> None:
    for_long(**queries(bureau))


def test_the_property_sees_a_lost_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bonafide.apps.server import stream

    monkeypatch.setattr(stream.Lines, "rest", lambda self: [])
    with pytest.raises(AssertionError):
        play_bodies(encoded(payment("p1")), [], "application/x-ndjson", PATHS[1])
