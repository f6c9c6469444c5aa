"""People over HTTP: from the first one-time password to a key, what a session must bring, and when it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bonafide.apps.server.answers import Refused
from bonafide.apps.server.browser import Browser as Cookies
from bonafide.apps.server.office_routes.session import SIGN_INS_WAITING_MAX
from bonafide.apps.server.turns import Turns
from bonafide.core.moment import SECOND_MS
from bonafide.core.secret import Secret
from bonafide.office.people.first_admin import ensure_first_admin
from bonafide.office.people.passwords import HASHING_MAX, Passwords
from bonafide.office.people.sessions import ABSOLUTE_MS, IDLE_MS
from bonafide.office.people.totp import STEP_MS
from tests.apps.server.bureau import PASSWORD, ROOT, Bureau, cookie_of, opened
from tests.apps.server.client import Answer, encoded, payment
from tests.apps.server.standin import TestSettings
from tests.office.people.kit import secret_in

NEW = "a sentence that nobody guesses"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("sessions")) as one:
        one.settle("ann", "admin")
        yield one


def sign_in(bureau: Bureau, name: str, password: str, code: str | None = None, **headers: str) -> Answer:
    body = {"name": name, "password": password} | ({} if code is None else {"code": code})
    return bureau.ask("POST", "/v1/session", encoded(body), key=None, content_type="application/json", **headers)


def test_from_the_first_password_to_a_key_that_works_and_is_revoked(bureau: Bureau) -> None:
    path = ensure_first_admin(bureau.people, bureau.data)
    assert path is not None
    first = path.read_text().strip()
    begun = sign_in(bureau, "admin", first)
    assert (begun.status, begun.json["pending"], begun.json["role"]) == (200, "password", "admin")
    admin = cookie_of(begun)
    assert bureau.as_person(admin, "POST", "/v1/keys", {"role": "platform"}).status == 403

    chosen = bureau.as_person(admin, "POST", "/v1/session/password", {"old": first, "new": NEW})
    assert (chosen.status, chosen.json["pending"], path.exists()) == (200, "totp", False)
    assert bureau.as_person(admin, "GET", "/v1/session").status == 401  # the session of before has ended
    admin = cookie_of(chosen)

    url = Secret(bureau.as_person(admin, "POST", "/v1/session/totp", {}).json["enrolment_url"])
    secret = secret_in(url)
    assert bureau.as_person(admin, "POST", "/v1/session/totp", {"code": "000000"}).status == 401
    held = bureau.as_person(admin, "POST", "/v1/session/totp", {"code": bureau.code(secret)})
    assert (held.status, held.json["pending"]) == (200, None)

    assert sign_in(bureau, "admin", NEW).status == 401  # from now on the code is asked for
    bureau.now_ms += STEP_MS
    admin = cookie_of(sign_in(bureau, "admin", NEW, bureau.code(secret)))
    made = bureau.as_person(admin, "POST", "/v1/keys", {"role": "platform", "note": "till"})
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    key, key_id = made.json["key"], made.json["key_id"]
    event = payment(time=bureau.now_ms)
    assert bureau.as_machine(key, "POST", "/v1/events", event).status == 200
    assert bureau.as_person(admin, "POST", f"/v1/keys/{key_id}/revoke").json["state"] == "revoked"
    assert bureau.as_machine(key, "POST", "/v1/events", event).status == 401

    assert bureau.as_person(admin, "DELETE", "/v1/session").status == 204
    assert bureau.as_person(admin, "GET", "/v1/session").status == 401
    told = [(who, what, outcome) for who, what, _, outcome in bureau.deeds()]
    assert told == [
        ("bonafide:service", "person.create", "done"),
        ("person:admin", "session.sign_in", "done"), ("person:admin", "password.change", "done"),
        ("person:admin", "totp.begin", "done"), ("person:admin", "totp.enrol", "refused"),
        ("person:admin", "totp.enrol", "done"), ("person:admin", "session.sign_in", "refused"),
        ("person:admin", "session.sign_in", "done"), ("person:admin", "key.create", "done"),
        ("person:admin", "key.revoke", "done"), ("person:admin", "session.sign_out", "done"),
    ]  # fmt: skip
    assert {entry.from_where for entry in bureau.log.entries()} == {"", "127.0.0.1"}


def test_a_session_that_is_not_complete_may_do_one_thing(bureau: Bureau) -> None:
    first, _ = bureau.people.create(ROOT, "bob", "admin")
    bob = cookie_of(sign_in(bureau, "bob", first.reveal()))
    for path in ("/v1/people", "/v1/keys", "/v1/audit", "/v1/decisions/p1"):
        got = bureau.as_person(bob, "GET", path)
        assert (got.status, got.json["detail"]) == (403, "choose a password first")
    assert bureau.as_person(bob, "POST", "/v1/events", payment()).status == 403
    assert bureau.as_person(bob, "POST", "/v1/session/totp", {}).status == 403
    bob = cookie_of(bureau.as_person(bob, "POST", "/v1/session/password", {"old": first.reveal(), "new": NEW}))
    again = bureau.as_person(bob, "POST", "/v1/session/password", {"old": NEW, "new": f"{NEW}!"})
    assert (again.status, again.json["detail"]) == (403, "set up the second factor first")
    assert bureau.as_person(bob, "GET", "/v1/session").json["pending"] == "totp"


@pytest.mark.parametrize("csrf", [None, "", "wrong", "Ω".encode().decode("latin-1")])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/keys"), ("DELETE", "/v1/session"), ("PUT", "/v1/degraded"),
                         ("POST", "/v1/events"), ("POST", "/v1/people/ann/disable")]
)  # fmt: skip
def test_what_changes_something_comes_with_the_sessions_own_token(
    shared: Bureau, csrf: str | None, method: str, path: str
) -> None:
    got = shared.as_person(shared.session("ann"), method, path, {}, csrf=csrf)
    assert (got.status, got.problem) == (403, "forbidden")
    assert "CSRF" in got.json["detail"]


def test_the_token_of_another_session_is_none(shared: Bureau) -> None:
    one, other = shared.signed_in("tom"), shared.signed_in("ann")
    assert shared.as_person(one, "POST", "/v1/audit/verify", {}, csrf=other.csrf).status == 403
    assert shared.as_person(one, "POST", "/v1/audit/verify", {}).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "cross-site"}, 403), ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "none"}, 200), ({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9"}, 403), ({"origin": "https://127.0.0.1:8321"}, 200),
        ({"origin": "http://127.0.0.1:8321.evil.example"}, 403), ({"host": "elsewhere"}, 403),
    ],
)  # fmt: skip
def test_a_request_from_another_site_is_refused(shared: Bureau, headers: dict[str, str], status: int) -> None:
    ann = shared.session("ann")
    for method, path in (("POST", "/v1/audit/verify"), ("GET", "/v1/people")):
        assert shared.as_person(ann, method, path, {}, **headers).status == status
    here = {"host": "127.0.0.1:8321", "origin": "http://127.0.0.1:8321"}
    assert sign_in(shared, "ann", "x", **here | headers).status == (401 if status == 200 else 403)


def test_sessions_end(shared: Bureau) -> None:
    idle, old = shared.signed_in("sam"), shared.signed_in("sam")
    begun = shared.now_ms
    try:
        shared.now_ms = begun + IDLE_MS - 1
        assert shared.as_person(old, "GET", "/v1/session").status == 200
        shared.now_ms = begun + IDLE_MS
        assert "not used" in shared.as_person(idle, "GET", "/v1/session").json["detail"]
        while shared.now_ms + IDLE_MS < begun + ABSOLUTE_MS:
            shared.now_ms += IDLE_MS - SECOND_MS
            assert shared.as_person(old, "GET", "/v1/session").status == 200
        shared.now_ms = begun + ABSOLUTE_MS
        got = shared.as_person(old, "GET", "/v1/session")
        assert (got.status, "12 hours" in got.json["detail"]) == (401, True)
        assert got.headers["www-authenticate"] == "Bearer"
    finally:
        shared.now_ms = begun


def test_who_is_disabled_is_out_at_once(bureau: Bureau) -> None:
    ann, eve = bureau.signed_in("ann"), bureau.signed_in("eve", "auditor")
    assert bureau.as_person(eve, "GET", "/v1/audit").status == 200
    assert bureau.as_person(ann, "POST", "/v1/people/eve/disable").json["state"] == "disabled"
    assert bureau.as_person(eve, "GET", "/v1/audit").status == 401
    assert bureau.as_person(ann, "POST", "/v1/people/eve/enable").json["state"] == "active"
    assert bureau.as_person(eve, "GET", "/v1/audit").status == 401  # that session is gone for good
    last = bureau.as_person(ann, "POST", "/v1/people/ann/disable")
    assert (last.problem, last.json["detail"]) == ("conflict", "is the last admin; make another before")


@pytest.mark.parametrize(
    "cookie", ["bonafide=", "bonafide=bfs_x", "bonafide=bfs_" + "a" * 43, "__Host-bonafide={}",
               "bonafide={}; bonafide=x", "xbonafide={}", "Bonafide={}"]
)  # fmt: skip
def test_what_is_no_session_lets_nobody_in(shared: Bureau, cookie: str) -> None:
    token = shared.session("ann").cookie.partition("=")[2]
    got = shared.ask("GET", "/v1/people", key=None, cookie=cookie.format(token))
    assert (got.status, got.problem) == (401, "unauthenticated")


def test_a_session_among_other_cookies_is_found(shared: Bureau) -> None:
    cookie = shared.session("ann").cookie
    assert shared.ask("GET", "/v1/people", key=None, cookie=f"a=b; {cookie};c=d").status == 200


def test_a_key_comes_before_a_cookie(shared: Bureau) -> None:
    cookie = shared.session("ann").cookie
    assert shared.ask("GET", "/v1/people", key="bf_wrong", cookie=cookie).status == 401
    assert shared.ask("GET", "/v1/session", key=shared.key("admin"), cookie=cookie).status == 403


@pytest.mark.parametrize(
    ("settings", "name", "ends"),
    [
        (TestSettings(), "bonafide", "; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"),
        (TestSettings(tls_certificate="c", tls_key="k"), "__Host-bonafide",
         "; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=43200"),
        (TestSettings(host="0.0.0.0"), "__Host-bonafide",
         "; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=43200"),
    ],
)  # fmt: skip
def test_the_cookie_is_as_strict_as_can_be(tmp_path: Path, settings: TestSettings, name: str, ends: str) -> None:
    with opened(tmp_path, settings=settings) as bureau:
        first, _ = bureau.people.create(ROOT, "bob", "admin")
        got = sign_in(bureau, "bob", first.reveal())
        cookie, _, rest = got.headers["set-cookie"].partition(";")
        assert (cookie.partition("=")[0], f";{rest}") == (name, ends)
        assert got.headers["cache-control"] == "no-store"
        assert cookie.partition("=")[2] not in got.body.decode()


def test_over_tls_no_page_without_it_is_ours() -> None:
    headers = [(b"host", b"bonafide.example"), (b"origin", b"http://bonafide.example")]
    Cookies(is_secure=False).check_origin(headers)
    with pytest.raises(Refused):
        Cookies(is_secure=True).check_origin(headers)
    Cookies(is_secure=True).check_origin([headers[0], (b"origin", b"https://Bonafide.example")])


def test_who_signs_in_again_ends_the_session_of_that_browser(bureau: Bureau) -> None:
    first, _ = bureau.people.create(ROOT, "bob", "admin")
    before = cookie_of(sign_in(bureau, "bob", first.reveal()))
    after = cookie_of(sign_in(bureau, "bob", first.reveal(), cookie=before.cookie))
    assert bureau.as_person(before, "GET", "/v1/session").status == 401
    assert bureau.as_person(after, "GET", "/v1/session").status == 200


def test_who_keeps_failing_waits_and_is_told_for_how_long(bureau: Bureau) -> None:
    bureau.settle("ann", "admin")
    answers = [sign_in(bureau, name, "wrong") for name in ["ann", "nobody"] for _ in range(6)]
    assert [answer.status for answer in answers] == [401, 401, 401, 401, 401, 429] * 2
    assert len({answer.body for answer in answers if answer.status == 401}) == 1
    assert (answers[5].problem, answers[5].headers["retry-after"]) == ("rate-limited", "1")


def test_sign_ins_wait_in_a_bounded_line(tmp_path: Path) -> None:
    class Slow(Passwords):
        def matches(self, password: Secret, kept: str) -> bool:
            assert let_go.wait(30)
            return False

    let_go, inside = threading.Event(), HASHING_MAX + SIGN_INS_WAITING_MAX
    with opened(tmp_path, passwords=Slow(1, 8, 1)) as bureau:

        async def crowd() -> list[Answer]:
            body = encoded({"name": "nobody", "password": "x"})
            asked = [
                asyncio.create_task(bureau.asked("POST", "/v1/session", body, key=None)) for _ in range(inside + 3)
            ]
            refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            probe = await bureau.asked("GET", "/v1/decisions/p1", key=bureau.key("platform"))
            let_go.set()
            done = await asyncio.gather(*asked)
            return [*done, probe, *(one.result() for one in refused)]

        answers = asyncio.run(crowd())
    statuses = sorted(answer.status for answer in answers[: inside + 3])
    assert statuses.count(503) == 3
    assert set(statuses) <= {401, 429, 503}
    assert answers[inside + 3].status == 404  # while they waited, others did not
    assert answers[-1].headers["retry-after"] == "1"


def test_turns_are_given_back_when_work_fails() -> None:
    turns = Turns(1, 0, "things")

    async def run() -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await turns.run(lambda: 1 // 0)

    asyncio.run(run())


def test_somebody_who_is_signed_in_sends_what_their_role_may(bureau: Bureau) -> None:
    ann = bureau.signed_in("ann", "analyst")
    verdict = {"type": "verdict", "event_id": "v1", "time": bureau.now_ms, "subject_type": "user", "subject_id": "u1",
               "label": "cash_out", "source": "court"}  # fmt: skip
    assert bureau.as_person(ann, "POST", "/v1/events", verdict).status == 202
    assert bureau.as_person(ann, "POST", "/v1/events", payment()).status == 403
    assert bureau.ask("POST", "/v1/events", b"{}", key=None).json["detail"].startswith("the request has no key")


def test_the_secret_password_is_right(bureau: Bureau) -> None:
    secret = bureau.settle("ann", "admin")
    bureau.now_ms += STEP_MS
    assert sign_in(bureau, "ann", PASSWORD.reveal(), bureau.code(secret)).status == 200
