"""What others may have damaged or made up: boxes, rows of the audit log, tokens, answers of receivers and providers.

Every run plays it for a moment, `make fuzz` for long.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from bonafide.core.errors import BonafideError, StateError
from bonafide.core.secret import Secret
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.audit.checkpoint import Checkpoint
from bonafide.office.audit.entry import BEGINNING, Entry, chained
from bonafide.office.audit.log import TamperedError, _details_text, _followed
from bonafide.office.outbox import post
from bonafide.office.outbox.carrier import Kind, Parcel
from bonafide.office.outbox.webhooks import Webhooks
from bonafide.office.people import oidc_fetch
from bonafide.office.people.oidc_fetch import FetchError, fetch
from bonafide.office.people.oidc_token import TokenError, Wanted, key_for, key_id_of, read_keys, read_token
from bonafide.office.store.database import Store
from bonafide.office.vault.boxes import box_key_id, seal, unseal
from tests.engine import test_pseudonyms as tokens
from tests.fuzzing import briefly, for_long
from tests.office.audit.kit import START_MS
from tests.office.outbox.kit import HERE
from tests.office.people.door import Door
from tests.office.people.issuer import CLIENT, MADE, NOW_S, b64, ec_key, rsa_key, running_issuer
from tests.office.people.kit import Office

KEYS = (bytes(range(32)), bytes(range(1, 33)))


def changed(text: bytes, way: str, at: int, more: bytes) -> bytes:
    """A text with one thing wrong."""
    place = at % (len(text) + 1)
    ways: dict[str, Callable[[], bytes]] = {
        "cut": lambda: text[:place], "beginning": lambda: text[place:], "more": lambda: text + more,
        "between": lambda: text[:place] + more + text[place:], "over": lambda: text[:place] + more + text[place + 1 :],
        "else": lambda: more, "bit": lambda: text[:place] + bytes(b ^ 1 << at % 8 for b in text[place : place + 1])
        + text[place + 1 :],
    }  # fmt: skip
    return ways[way]()


CHANGES = {
    "way": st.sampled_from(["cut", "beginning", "more", "between", "over", "else", "bit"]), "at": st.integers(0, 10**6),
    "more": st.binary(max_size=40),
}  # fmt: skip


# Boxes


def play_boxes(content: bytes, place: str, way: str, at: int, more: bytes, other: str) -> None:
    """A box opens as it was sealed, with its key and in its place; everything else is refused in words."""
    box = seal(KEYS[0], content, place, lambda length: bytes(length))
    assert unseal(KEYS[0], box, place) == content
    wrong = changed(box, way, at, more)
    for key, one, where in ((KEYS[0], wrong, place), (KEYS[1], box, place), (KEYS[0], box, place + other)):
        if (key, one, where) == (KEYS[0], box, place):
            continue
        with pytest.raises(StateError) as caught:
            unseal(key, one, where)
        assert str(caught.value).startswith("the vault: ")
    with suppress(StateError):
        assert len(box_key_id(wrong)) == 8


BOXES = {"content": st.binary(max_size=40), "place": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
         "other": st.sampled_from(["", "x", "\x00", "é"]), **CHANGES}  # fmt: skip


# The audit log

WRITTEN = Entry(
    number=0, made_ms=START_MS, who="person:ann", what="subject.look", on_what="subject:user/1", from_where="127.0.0.1",
    outcome="done", details={"n": 1, "case": None},
)  # fmt: skip
_COLUMNS = (*Entry.__struct_fields__, "leaf", "chain")
_ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20),
    st.binary(max_size=40),
    st.sampled_from(["{}", "[]", "null", "1", "{", '{"n":1}', '{"n":1,"n":2}', '{"n":1e400}', '{"a":' * 3_000,
                     "[" * 100_000, '{"n":NaN}', '{"n":"\\ud800"}', '{"n":[1]}', '{"n":' + "9" * 400 + "}"]),
)  # fmt: skip


def row_of(entry: Entry) -> dict[str, Any]:
    leaf = entry.leaf()
    held = msgspec.structs.asdict(entry) | {"details": _details_text(entry), "leaf": leaf}
    return held | {"chain": chained(BEGINNING, leaf)}


def play_rows(names: list[str], values: list[Any]) -> None:
    """Whatever stands in a row that somebody wrote, the verifier says that it is not what was written."""
    row = row_of(WRITTEN)
    assert _followed(SimpleNamespace(**row), 0, BEGINNING) == row["chain"]
    wrong = row | dict(zip(names, values, strict=False))
    assume(any(type(wrong[name]) is not type(row[name]) or wrong[name] != row[name] for name in row))
    with pytest.raises(TamperedError):
        _followed(SimpleNamespace(**wrong), 0, BEGINNING)


ROWS = {"names": st.lists(st.sampled_from(_COLUMNS), min_size=1, max_size=3),
        "values": st.lists(_ANYTHING, min_size=3, max_size=3)}  # fmt: skip


def play_checkpoints(way: str, at: int, more: bytes) -> None:
    """What was kept is read as it was shown; anything else is refused, or is another checkpoint in its one form."""
    shown = Checkpoint(17, bytes(range(32))).show()
    text = changed(shown.encode(), way, at, more).decode("utf-8", "surrogateescape")
    try:
        assert Checkpoint.read(text).show() == text
    except BonafideError as error:
        assert "this is no checkpoint" in str(error)


# What a receiver of webhooks answers

_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"content-length", b"transfer-encoding", b"retry-after", b"connection", b"x", b"", b" x",
                         b"content-encoding", b"location", b"upgrade"]),
        st.sampled_from([b"0", b"5", b"-1", b"99999999999999999999", b"chunked", b"gzip, chunked", b"120", b"9" * 50,
                         b"",
                         b"close", b"x\x00y", b"\xff", b"y" * 3_000, b"Wed, 21 Oct 2026 07:28:00 GMT", b"5, 5"]),
    ),
    max_size=5,
)  # fmt: skip
_STARTS = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No", b"HTTP/1.0 200 OK", b"HTTP/1.1 503 No",
                           b"HTTP/1.1 429 x",
                           b"HTTP/1.1 302 There", b"HTTP/1.1 410 Gone", b"HTTP/1.1 100 Go", b"HTTP/1.1 101 No",
                           b"HTTP/1.1 103 Hints", b"HTTP/1.1 999 x", b"HTTP/2 200", b"HTTP/1.1 2", b"HTTP/9.9 200 x",
                           b"SSH-2.0", b"", b"HTTP/1.1 -1 x", b"HTTP/1.1 0200 OK", b"\x16\x03\x01"])  # fmt: skip
_AFTER = st.sampled_from([b"", b"{}", b"hello", b"x" * 9_000, b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n",
                          b"-5\r\n",
                          b"5;x=y\r\nhel", b"0\r\nx: y\r\n\r\n", b"zz\r\n",
                          b"0\r\n" + b"x: y\r\n" * 3_000])  # fmt: skip


def _head(start: bytes, headers: list[tuple[bytes, bytes]], end: bytes) -> bytes:
    return end.join([start, *(name + b": " + value for name, value in headers), b"", b""])


_ANSWERS = st.builds(
    lambda interim, start, headers, end, after, way, at, more, damaged: changed(
        _head(b"HTTP/1.1 103 Hints", [], b"\r\n") * interim + _head(start, headers, end) + after,
        way if damaged else "more", at, more if damaged else b"",
    ),
    st.sampled_from([0, 0, 0, 1, 7, 700]), _STARTS, _HEADERS, st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]), _AFTER,
    CHANGES["way"], CHANGES["at"], CHANGES["more"], st.booleans(),
)  # fmt: skip
ANSWERS = {"answer": _ANSWERS, "piece": st.sampled_from([1, 7, 1_000, 10**6])}
READ_MAX = post.HEAD_BYTES_MAX + post.BODY_BYTES_MAX + 4 * post.READ_BYTES
TARGET = Parcel("http://127.0.0.1:9/hooks", "msg_1", "user/1", b"{}")


class Line:
    """A connection on which an answer lies ready, in pieces."""

    def __init__(self, answer: bytes, piece: int) -> None:
        self.pieces = [answer[at : at + piece] for at in range(0, min(len(answer), 400 * piece), piece)]
        self.read = 0
        self.transport = self

    async def get(self, size: int) -> bytes:
        return self.recv(size)

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            return b""
        first = self.pieces.pop(0)
        if len(first) > size:
            self.pieces.insert(0, first[size:])
        self.read += len(first[:size])
        return first[:size]

    def write(self, text: bytes) -> None:
        pass

    sendall = settimeout = write

    async def drain(self) -> None:
        pass

    def abort(self) -> None:
        self.pieces = []

    close = abort


def play_receivers(answer: bytes, piece: int) -> None:
    """Whatever a receiver answers: one of the kinds, in words that hold nothing of it, and little of it is read."""
    line = Line(answer, piece)

    async def connected(*_: object) -> tuple[Any, Any]:
        return SimpleNamespace(read=line.get), line

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(post, "_connect", connected)
        came = asyncio.run(Webhooks(HERE).carry(TARGET, [Secret("whsec_AAAA")], START_MS))
    assert came.kind in Kind
    assert 0 <= came.retry_after_ms < 10**9
    assert came.told.isascii()
    assert len(came.told) < 120
    assert line.read <= READ_MAX


def play_providers(answer: bytes, piece: int) -> None:
    """Whatever a provider answers: the whole of a small answer, or a refusal that quotes nothing of it."""
    line = Line(answer, piece)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(oidc_fetch, "_connected", lambda *_: line)
        try:
            found = fetch("https://id.example.org/keys")
            assert len(found.body) <= oidc_fetch.BODY_BYTES_MAX
            assert 100 <= found.status <= 999
        except FetchError as error:
            assert str(error).startswith(("its answer", "it "))


# Tokens of identity, and key sets

CLAIMS = {"iss": "https://id", "aud": CLIENT, "sub": "ann", "nonce": "n", "iat": NOW_S, "exp": NOW_S + 60}
WANTED = Wanted("https://id", CLIENT, "n", START_MS)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6)
    | st.sampled_from(["RSA", "EC", "P-256", "RS256", "none", "HS256", "AQAB", "first"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=4,
)  # fmt: skip


def play_identities(way: str, at: int, more: bytes, header: dict[str, Any], claims: dict[str, Any], keys: Any) -> None:
    """Of a token that was changed, and of one that says anything at all, nothing is believed; keys are keys or none."""
    from joserfc import jwt

    right = jwt.encode(MADE, CLAIMS, rsa_key())
    assert read_token(right, rsa_key(), "RS256", WANTED)["sub"] == "ann"
    made = jwt.encode(MADE, CLAIMS | claims, rsa_key())
    body = made.split(".")[1]
    texts = [changed(right.encode(), way, at, more).decode("latin-1"), made,
             f"{_part(MADE | header)}.{body}.{right.split('.')[2]}"]  # fmt: skip
    for text in texts:
        try:
            kid, alg = key_id_of(text)
            key = key_for([rsa_key(), ec_key()], kid, alg)
            said = read_token(text, key, alg, WANTED) if key is not None else None
        except TokenError as error:
            assert more.decode("latin-1") not in str(error) or len(more) < 4
            continue
        assert said is None or said == CLAIMS | (claims if text == made else {})
    with suppress(TokenError):
        assert all(key.key_type in ("RSA", "EC") for key in read_keys(keys))


def _part(header: dict[str, Any]) -> str:
    return b64(json.dumps(header).encode())


_KEYS = st.dictionaries(st.sampled_from(["kty", "kid", "n", "e", "crv", "x", "y", "use", "alg"]), _JSON, max_size=6)
IDENTITIES = {
    "header": st.dictionaries(st.sampled_from(["alg", "kid", "crit", "jwk", "typ", "b64", "x5u"]), _JSON, max_size=2),
    "claims": st.dictionaries(st.sampled_from([*CLAIMS, "azp", "nbf", "x"]), _JSON, max_size=2),
    "keys": _JSON | st.fixed_dictionaries({"keys": st.lists(_KEYS, max_size=3)}), **CHANGES,
}  # fmt: skip


# Everything, for a moment and for long

LOGS = st.lists(tokens.events(awkward=True), max_size=30)
PLAYED: dict[str, tuple[Callable[..., None], int, dict[str, Any]]] = {
    "boxes": (play_boxes, 60, BOXES), "rows": (play_rows, 100, ROWS), "checkpoints": (play_checkpoints, 60, CHANGES),
    "receivers": (play_receivers, 100, ANSWERS), "providers": (play_providers, 60, ANSWERS),
    "identities": (play_identities, 25, IDENTITIES),
}  # fmt: skip
LONG: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    **{name: (play, drawn) for name, (play, _, drawn) in PLAYED.items()},
    "tokens in the journal": (
        tokens.test_contents_are_the_events_with_tokens_for_personal_texts.hypothesis.inner_test,  # type: ignore[attr-defined]
        {"log": LOGS},
    ),
    "tokens in rows": (
        tokens.test_rows_of_tokens_are_the_rows_of_clear_texts.hypothesis.inner_test,  # type: ignore[attr-defined]
        {"log": LOGS},
    ),
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("name", PLAYED)
def test_whatever_comes_is_answered_in_words(name: str) -> None:
    play, examples, drawn = PLAYED[name]
    briefly(play, examples, **drawn)


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("name", LONG)
def test_whatever_comes_is_answered_in_words_for_long(name: str) -> None:
    play, drawn = LONG[name]
    for_long(play, **drawn)


def test_a_cookie_that_was_changed_opens_nothing(tmp_path: Path) -> None:
    with running_issuer() as issuer, Store.open(tmp_path / "office.db") as store:
        _play_cookies(Door(Office(store), issuer))


def _play_cookies(door: Door) -> None:
    def play_cookies(way: str, at: int, more: bytes) -> None:
        begun = door.desk.start()
        wrong = Secret(changed(begun.cookie.reveal().encode(), way, at, more).decode("latin-1"))
        assume(not wrong.matches(begun.cookie) and not wrong.reveal().startswith(begun.cookie.reveal()))
        with pytest.raises(UnauthenticatedError, match="begin again"):
            door.desk.come_back(wrong, {"state": "x", "code": "y"}, "x")

    briefly(play_cookies, 60, **CHANGES)
