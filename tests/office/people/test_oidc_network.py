"""The provider over the network: what is kept of it, and that whatever it answers costs no more than a little."""

from __future__ import annotations

import json

import pytest
from joserfc import jwt

from bonafide.core.errors import UsageError
from bonafide.office.people import oidc_fetch
from bonafide.office.people.oidc_fetch import FetchError, fetch, read_place
from bonafide.office.people.oidc_provider import FAILED_REST_MS, KEPT_MS, REST_MS, ProviderError
from bonafide.office.people.oidc_token import NO_LIBRARY
from tests.office.people.door import UNKNOWN_KEY, Door, session_of
from tests.office.people.issuer import MADE, NOW_S, Issuer, rsa_key
from tests.office.people.kit import Office


def test_description_and_keys_are_kept_and_asked_for_again(door: Door) -> None:
    door.invited()
    clock, told = door.office.clock, door.issuer.told
    for _ in range(3):
        door.come()
    assert [told.count(path) for path in ("/.well-known/openid-configuration", "/keys")] == [1, 1]
    door.issuer.keys.append(rsa_key("second"))
    door.issuer.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "second"}, claims, rsa_key("second"))
    assert door.refused() == UNKNOWN_KEY  # it was asked for a moment ago
    assert told.count("/keys") == 1
    clock.now_ms += REST_MS
    assert session_of(door.come()).name == "ann"
    for _ in range(5):
        door.issuer.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "made-up"}, claims, rsa_key("other"))
        door.refused(origin=f"192.0.2.{told.count('/token')}")
    assert told.count("/keys") == 2
    clock.now_ms += KEPT_MS
    door.issuer.sign = lambda claims: jwt.encode(MADE, claims, rsa_key())
    assert session_of(door.come(iat=NOW_S + 3_600, exp=NOW_S + 3_900)).name == "ann"
    assert [told.count(path) for path in ("/.well-known/openid-configuration", "/keys")] == [2, 3]


DESCRIPTION, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"
BAD: dict[str, tuple[str, tuple[int, dict[str, str], bytes]]] = {
    "an error": (DESCRIPTION, (500, {}, b"no")),
    "a redirect": (DESCRIPTION, (302, {"location": "/keys"}, b"")),
    "no JSON": (DESCRIPTION, (200, {}, b"<html>")),
    "something else": (DESCRIPTION, (200, {}, b"[]")),
    "nothing": (DESCRIPTION, (200, {}, b"")),
    "too much": (DESCRIPTION, (200, {}, b" " * 300_000)),
    "a head without end": (DESCRIPTION, (200, {f"x-{n}": "y" * 1_000 for n in range(40)}, b"{}")),
    "less than it says": (DESCRIPTION, (200, {"content-length": "900"}, b"{}")),
    "no keys": (KEYS, (200, {}, b'{"keys": 7}')),
    "too many keys": (KEYS, (200, {}, json.dumps({"keys": [{}] * 99}).encode())),
    "keys that cannot be had": (KEYS, (404, {}, b"")),
    "no token": (TOKEN, (200, {}, b"{}")),
    "a token that is no text": (TOKEN, (200, {}, b'{"id_token": 7}')),
    "a token that cannot be had": (TOKEN, (503, {}, b"")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_provider_that_answers_nonsense_is_told_as_such(office: Office, issuer: Issuer, name: str) -> None:
    door = Door(office, issuer)
    door.invited()
    path, issuer.answers[path] = BAD[name]
    with pytest.raises(ProviderError, match=f"^the provider {issuer.url}: "):
        door.come()
    asked = len(issuer.told)
    if path != TOKEN:
        with pytest.raises(ProviderError):
            door.come()
        assert issuer.told.count(path) == 1, "it is left in peace for a while"
        assert len(issuer.told) - asked <= 1
    del issuer.answers[path]
    office.clock.now_ms += FAILED_REST_MS
    assert session_of(door.come()).name == "ann"


@pytest.mark.parametrize(
    "described",
    [{"issuer": "https://evil.example.org"}, {"token_endpoint": "http://evil.example.org/token"},
     {"jwks_uri": "file:///etc/passwd"}, {"authorization_endpoint": "https://u:p@evil.example.org/"},
     {"jwks_uri": "https://evil.example.org/#x"}],
)  # fmt: skip
def test_a_description_of_something_else_is_refused(office: Office, issuer: Issuer, described: dict[str, str]) -> None:
    issuer.described = described
    with pytest.raises(ProviderError, match=r"its description (is of another issuer|names URLs that are not safe)"):
        Door(office, issuer).desk.start()
    assert issuer.told == [DESCRIPTION]


def test_a_provider_that_does_not_answer_is_waited_for_within_bounds(
    office: Office, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_fetch, "WHOLE_S", 0.05)
    issuer.hangs.clear()
    with pytest.raises(ProviderError, match="it did not answer in time"):
        Door(office, issuer).desk.start()


def test_a_provider_that_is_away_is_told(office: Office, issuer: Issuer) -> None:
    door = Door(office, issuer)
    issuer.close()
    with pytest.raises(ProviderError, match="it cannot be reached: Connection refused"):
        door.desk.start()


@pytest.mark.parametrize(
    "url",
    ["", "http://id.example.org/", "ftp://id.example.org/", "https://", "https://u@id.example.org/", "//id.example.org",
     "https://id.example.org/#x", "https://id.example.org:x/", "https://id.example.org/a b", "https://é.example.org/",
     "https://id.example.org\\@evil.example.org/", "https://id.example.org/" + "x" * 3_000, "https://[::1", "x"],
)  # fmt: skip
def test_a_url_that_is_not_safe_is_asked_nothing(url: str) -> None:
    with pytest.raises(FetchError, match="give an https:// URL"):
        fetch(url)


def test_loopback_may_be_asked_in_the_clear() -> None:
    assert read_place("http://127.0.0.1:8/x?y=1") == ("http", "127.0.0.1", 8, "/x?y=1")
    assert read_place("http://[::1]/").host == "::1"


def test_without_the_library_it_is_said_how_to_install_it(
    office: Office, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    import sys

    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(UsageError) as caught:
        Door(office, issuer)
    assert str(caught.value) == NO_LIBRARY
