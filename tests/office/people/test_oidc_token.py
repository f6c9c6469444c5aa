"""Tokens that prove nothing, and codes that are not ours, let nobody in; and nothing of them is told."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from bonafide.core.moment import HOUR_MS
from bonafide.office.access.errors import UnauthenticatedError
from bonafide.office.audit.log import AuditLog
from tests.office.people.door import UNKNOWN_KEY, Door, session_of
from tests.office.people.issuer import CLIENT, KEY_ID, MADE, NOW_S, Issuer, b64, ec_key, rsa_key, unsigned
from tests.office.people.kit import HERE, Office

ALGORITHM = "the token is signed in a way that is not accepted"
SIGNATURE = "the token's signature is not the provider's"


def mac(claims: dict[str, Any], secret: bytes) -> str:
    """A token under a MAC made with what everybody can read, the public key."""
    text = unsigned({"alg": "HS256", "kid": KEY_ID}, claims).rpartition(".")[0]
    return f"{text}.{b64(hmac.digest(secret, text.encode(), sha256))}"


def tampered(claims: dict[str, Any]) -> str:
    head, body, signature = jwt.encode(MADE, claims, rsa_key()).split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{b64(json.dumps(said | {'sub': 'the-admin'}).encode())}.{signature}"


FORGED: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "none": (lambda c: unsigned({"alg": "none"}, c), ALGORITHM),
    "None": (lambda c: unsigned({"alg": "None", "kid": KEY_ID}, c), ALGORITHM),
    "no algorithm": (lambda c: unsigned({"kid": KEY_ID}, c), "the token cannot be read"),
    "a MAC with the public key as PEM": (lambda c: mac(c, rsa_key().as_pem(private=False)), ALGORITHM),
    "a MAC with the public key as JWK": (
        lambda c: mac(c, json.dumps(rsa_key().as_dict(private=False)).encode()), ALGORITHM
    ),
    "a MAC with the client's secret": (
        lambda c: jwt.encode({"alg": "HS256"}, c, OctKey.import_key("client & secret: ü" * 2)), ALGORITHM
    ),
    "RS512": (lambda c: jwt.encode(MADE | {"alg": "RS512"}, c, rsa_key(), algorithms=["RS512"]), ALGORITHM),
    "PS256": (lambda c: jwt.encode(MADE | {"alg": "PS256"}, c, rsa_key(), algorithms=["PS256"]), ALGORITHM),
    "the key of another issuer": (lambda c: jwt.encode(MADE, c, rsa_key("other")), SIGNATURE),
    "another key's id": (lambda c: jwt.encode(MADE | {"kid": "other"}, c, rsa_key("other")), UNKNOWN_KEY),
    "a key of another type": (lambda c: jwt.encode({"alg": "ES256", "kid": KEY_ID}, c, ec_key()), UNKNOWN_KEY),
    "the key in the token itself": (
        lambda c: jwt.encode(MADE | {"jwk": rsa_key("other").as_dict(private=False)}, c, rsa_key("other")),
        "the token cannot be read",
    ),
    "changed afterwards": (tampered, SIGNATURE),
    "without a signature": (lambda c: unsigned(MADE, c), SIGNATURE),
    "what must be understood and is not": (
        lambda c: unsigned(MADE | {"crit": ["x"], "x": 1}, c, b"x" * 256), SIGNATURE
    ),
    "no token": (lambda c: "nonsense", "the token cannot be read"),
    "empty": (lambda c: "", "the token cannot be read"),
    "not ASCII": (lambda c: "é.é.é", "the token is too long"),
    "too long": (lambda c: jwt.encode(MADE, c | {"x": "x" * 40_000}, rsa_key()), "the token is too long"),
    "no claims": (lambda c: jwt.encode(MADE, {}, rsa_key()), "the token is of another issuer"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_lets_nobody_in(office: Office, issuer: Issuer, name: str) -> None:
    door = Door(office, issuer)
    door.invited()
    issuer.sign, why = FORGED[name]
    assert door.refused() == why
    assert "sub" not in json.dumps(AuditLog(office.store).newest(1)[0].to_wire())


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"aud": "another"}, "the token is for another audience"),
    "more audiences": ({"aud": [CLIENT, "another"]}, "the token is for another audience"),
    "no audience": ({"aud": None}, "the token is for another audience"),
    "an empty audience": ({"aud": []}, "the token is for another audience"),
    "another party": ({"azp": "another"}, "the token was given to another party"),
    "another issuer": ({"iss": "https://evil.example.org"}, "the token is of another issuer"),
    "no issuer": ({"iss": None}, "the token is of another issuer"),
    "a swapped nonce": ({"nonce": "of another sign-in"}, "the token is of another sign-in"),
    "no nonce": ({"nonce": None}, "the token is of another sign-in"),
    "a nonce that is a list": ({"nonce": ["x"]}, "the token is of another sign-in"),
    "expired": ({"exp": NOW_S - 60}, "the token has expired"),
    "old": ({"iat": NOW_S - 660}, "the token has expired"),
    "no end": ({"exp": None}, "the token does not say when it was made and until when it holds"),
    "no beginning": ({"iat": None}, "the token does not say when it was made and until when it holds"),
    "a moment that is none": ({"exp": True}, "the token does not say when it was made and until when it holds"),
    "a moment in words": ({"exp": "tomorrow"}, "the token does not say when it was made and until when it holds"),
    "an end without end": ({"exp": 1e300}, "the token does not say when it was made and until when it holds"),
    "of tomorrow": ({"iat": NOW_S + 61}, "the token holds only later"),
    "not before": ({"nbf": NOW_S + 61}, "the token holds only later"),
    "nobody": ({"sub": None}, "the token names nobody"),
    "an empty name": ({"sub": ""}, "the token names nobody"),
    "a name without end": ({"sub": "x" * 256}, "the token names nobody"),
    "a number": ({"sub": 7}, "the token names nobody"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_says_something_else_lets_nobody_in(office: Office, issuer: Issuer, name: str) -> None:
    door = Door(office, issuer)
    door.invited()
    claims, why = WRONG[name]
    assert door.refused(**claims) == why


def test_tokens_of_both_kinds_and_within_the_skew_are_taken(door: Door) -> None:
    door.invited()
    for claims in ({"exp": NOW_S - 59}, {"iat": NOW_S + 59}, {"iat": NOW_S - 600}, {"aud": [CLIENT]}, {"azp": CLIENT}):
        assert session_of(door.come(**claims)).name == "ann"
    door.issuer.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "curve"}, claims, ec_key())
    assert session_of(door.come()).name == "ann"
    door.issuer.sign = lambda claims: jwt.encode({"alg": "ES256"}, claims, ec_key())  # the only one of its type
    assert session_of(door.come()).name == "ann"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_keys_that_are_too_weak_or_of_other_kinds_are_passed_over(office: Office, issuer: Issuer) -> None:
    door = Door(office, issuer)
    door.invited()
    weak, oct_key = rsa_key("weak", 1_024), OctKey.generate_key(256, {"kid": "oct"})
    used = rsa_key("enc").as_dict(private=False) | {"use": "enc"}
    issuer.keys = [weak, ec_key("big", "P-384"), oct_key.as_dict(), used, {"kty": "RSA"}, {"kty": 7}, "x", None,
                   {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "bad"}]  # fmt: skip
    issuer.keys = [one for one in issuer.keys if not isinstance(one, str | None)] + [{}]
    for kid, key in (("weak", weak), ("enc", rsa_key("enc"))):
        issuer.sign = lambda claims, kid=kid, key=key: jwt.encode(  # type: ignore[misc]
            {"alg": "RS256", "kid": kid}, claims, key
        )
        assert door.refused() == UNKNOWN_KEY
        office.clock.now_ms += HOUR_MS


def test_a_code_is_worth_nothing_without_its_verifier(door: Door) -> None:
    door.invited()
    ours, theirs = door.desk.start(), door.desk.start()
    stolen = door.issuer.consent(theirs.url)["code"]
    answer = door.issuer.consent(ours.url) | {"code": stolen}
    with pytest.raises(UnauthenticatedError, match="lets nobody in"):
        door.desk.come_back(ours.cookie, answer, HERE)
    assert AuditLog(door.office.store).newest(1)[0].details["wrong"] == "the provider does not take the code"


@pytest.mark.parametrize("way", ["basic", "post", "public"])
def test_a_client_proves_itself_as_the_provider_wants(office: Office, issuer: Issuer, way: str) -> None:
    if way == "post":
        issuer.described["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    if way == "public":
        issuer.secret = None
    door = Door(office, issuer)
    door.invited()
    assert session_of(door.come()).name == "ann"
    assert "client & secret" not in f"{door.provider.settings}"


@pytest.mark.parametrize("code", ["", "x" * 3_000, "é", "a\nb"])
def test_what_is_no_code_is_not_sent_on(door: Door, code: str) -> None:
    begun = door.desk.start()
    answer = door.issuer.consent(begun.url) | {"code": code}
    with pytest.raises(UnauthenticatedError, match="lets nobody in"):
        door.desk.come_back(begun.cookie, answer, HERE)
    assert "/token" not in door.issuer.told
