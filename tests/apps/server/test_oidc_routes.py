"""A browser goes to the provider and comes back: cookies, pages, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bonafide.apps.server.browser import SECURE_COOKIE
from bonafide.apps.server.browser import Browser as Cookies
from bonafide.apps.server.oidc_routes import Carried
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.people.identities import Identity
from bonafide.office.people.oidc_provider import Provider
from tests.apps.server.bureau import ROOT, Bureau, opened
from tests.apps.server.client import NOW_MS, Answer
from tests.office.people.issuer import Issuer, running_issuer
from tests.office.people.kit import secret_in

NOW_S = NOW_MS // SECOND_MS
START, CALLBACK, CODE = "/v1/session/oidc/start", "/v1/session/oidc/callback", "/v1/session/oidc/code"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as one:
        yield one


@pytest.fixture
def bureau(tmp_path: Path, issuer: Issuer) -> Iterator[Bureau]:
    settings = issuer.settings(second_factors=frozenset({"mfa"}))
    with opened(tmp_path, provider=Provider(settings, lambda: NOW_MS)) as one:
        one.people.invite(ROOT, "ann", "admin", Identity(issuer.url, "sub", "ann-at-home"))
        yield one


def cookies(answer: Answer) -> dict[str, Any]:
    return dict(SimpleCookie(answer.headers["set-cookie"]))


def begin(bureau: Bureau, to: str = "") -> Answer:
    return bureau.ask("GET", f"{START}{'?' + urlencode({'to': to}) if to else ''}", key=None)


def come_back(bureau: Bureau, begun: Answer, answer: dict[str, str], **headers: str) -> Answer:
    carried = begun.headers["set-cookie"].partition(";")[0]
    return bureau.ask("GET", f"{CALLBACK}?{urlencode(answer)}", key=None, **{"cookie": carried} | headers)


def test_a_browser_is_sent_there_and_comes_back_with_a_session(bureau: Bureau, issuer: Issuer) -> None:
    begun = begin(bureau, "/cases?open=1&x=<b>")
    assert begun.status == 303
    assert begun.headers["location"].startswith(f"{issuer.url}/authorize?tenant=7&response_type=code&")
    (carried,) = cookies(begun).values()
    assert (carried.key, carried["httponly"], carried["samesite"], carried["path"]) == (
        "bonafide-oidc",
        True,
        "Lax",
        "/",
    )
    came = come_back(bureau, begun, issuer.consent(begun.headers["location"], amr=["mfa"]))
    assert came.status == 200
    assert came.headers["content-type"].startswith("text/html")
    assert 'content="0;url=/cases?open=1&amp;x=&lt;b&gt;"' in came.body.decode()
    token = came.cookies["bonafide"]
    assert "SameSite=Strict" in token
    assert "Max-Age=0" in came.cookies["bonafide-oidc"]
    session = bureau.ask("GET", "/v1/session", key=None, cookie=token.partition(";")[0])
    assert (session.json["name"], session.json["role"], session.json["pending"]) == ("ann", "admin", None)


def test_nothing_of_it_is_told_or_kept(bureau: Bureau, issuer: Issuer) -> None:
    begun = begin(bureau)
    answer = issuer.consent(begun.headers["location"])
    came = come_back(bureau, begun, answer)
    again = come_back(bureau, begun, answer)
    assert (again.status, again.problem) == (401, "unauthenticated")
    seen = [answer["code"], answer["state"], issuer.settings().client_secret.reveal(),  # type: ignore[union-attr]
            came.cookies["bonafide"].partition(";")[0].partition("=")[2]]  # fmt: skip
    told = [again.body.decode(), bureau.logged.getvalue(), bureau.ask("GET", "/metrics").body.decode(),
            str([entry.to_wire() for entry in bureau.log.entries()])]  # fmt: skip
    assert [(one, text) for one in seen for text in told if one in text] == []
    assert again.headers["cache-control"] == "no-store"


def test_our_own_code_is_given_where_the_provider_vouches_for_none(bureau: Bureau, issuer: Issuer) -> None:
    begun = begin(bureau)
    came = come_back(bureau, begun, issuer.consent(begun.headers["location"]))
    ann = Secret(came.cookies["bonafide"].partition(";")[0].partition("=")[2])
    secret = secret_in(bureau.desk.begin_totp(ann, "x"))
    bureau.desk.confirm_totp(ann, bureau.code(secret), "x")

    begun = begin(bureau)
    came = come_back(bureau, begun, issuer.consent(begun.headers["location"]))
    assert came.json == {"pending": "code", "to": "/"}
    ticket = came.cookies["bonafide-oidc"].partition(";")[0]
    send = {"content_type": "application/json", "cookie": ticket}
    assert bureau.ask("POST", CODE, b'{"code": "000000"}', key=None, **send).status == 401
    elsewhere = bureau.ask("POST", CODE, b'{"code": "1"}', key=None, **send, sec_fetch_site="cross-site")
    assert elsewhere.status == 403
    code = bureau.code(secret, steps=1)
    done = bureau.ask("POST", CODE, f'{{"code": "{code}"}}'.encode(), key=None, **send)
    assert (done.status, done.json) == (200, {"to": "/"})
    session = bureau.ask("GET", "/v1/session", key=None, cookie=done.cookies["bonafide"].partition(";")[0])
    assert session.json["pending"] is None


def test_what_does_not_belong_together_is_refused_in_words(bureau: Bureau, issuer: Issuer) -> None:
    begun = begin(bureau)
    answer = issuer.consent(begun.headers["location"])
    assert come_back(bureau, begun, answer, cookie="").status == 401
    twice = f"{CALLBACK}?{urlencode(answer)}&state=x"
    assert bureau.ask("GET", twice, key=None, cookie=begun.headers["set-cookie"].partition(";")[0]).status == 422
    assert bureau.ask("GET", f"{CALLBACK}?code={'x' * 3_000}", key=None).status == 422
    for to in ("//evil.example.org", "https://evil.example.org", "/\\evil.example.org"):
        got = begin(bureau, to)
        assert (got.status, got.problem, got.json["field"]) == (422, "invalid-field", "to")
        assert "evil" not in got.body.decode()


def test_a_provider_that_is_away_is_told_and_when_to_come_again(bureau: Bureau, issuer: Issuer) -> None:
    issuer.close()
    got = begin(bureau)
    assert (got.status, got.problem, got.headers["retry-after"]) == (503, "overloaded", "5")
    assert "cannot be reached" in got.json["detail"]


def test_without_a_provider_there_is_no_such_way(tmp_path: Path) -> None:
    with opened(tmp_path) as one:
        for method, path in (("GET", START), ("GET", CALLBACK), ("POST", CODE)):
            got = one.ask(method, path, b"{}", key=None, content_type="application/json")
            assert (got.status, got.problem) == (404, "not-found")


def test_over_tls_the_cookie_is_for_this_very_host() -> None:
    carried = Carried(Cookies(is_secure=True))
    assert carried.given(Secret("x")).startswith(f"{SECURE_COOKIE}-oidc=x; Path=/; HttpOnly; SameSite=Lax; Secure; ")
    assert carried.of([(b"cookie", b"__Host-bonafide-oidc=a; x=y")]).reveal() == "a"  # type: ignore[union-attr]
    assert carried.of([(b"cookie", b"__Host-bonafide-oidc=a; __Host-bonafide-oidc=b")]) is None
