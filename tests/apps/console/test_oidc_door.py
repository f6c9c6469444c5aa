"""The console's door through a provider: the browser carries what only the API can open, and gets a token of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

from bonafide.apps.console.api import Api
from bonafide.apps.console.doors import COOKIE, add_doors
from bonafide.apps.console.guard import Guard
from bonafide.apps.console.held import Holder
from bonafide.apps.console.oidc_door import CALLBACK, CARRIED_COOKIE, add_oidc_door
from bonafide.core.secret import Secret
from bonafide.office.people.identities import Identity
from bonafide.office.people.oidc_provider import Provider
from tests.apps.server.bureau import ROOT, Bureau, opened
from tests.apps.server.client import NOW_MS
from tests.office.people.issuer import Issuer, running_issuer
from tests.office.people.kit import secret_in

HOME = "https://console.example.org"
Visit = Callable[[httpx.AsyncClient, Holder], Awaitable[None]]


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


def visit(bureau: Bureau, act: Visit, returns_to: str | None = HOME + CALLBACK) -> None:
    """Somebody at a browser, at the doors alone."""

    async def run() -> None:
        app, holder = FastAPI(), Holder(lambda: bureau.now_ms)
        api = Api("http://127.0.0.1:8321", transport=httpx.ASGITransport(bureau.service))  # type: ignore[arg-type]
        add_oidc_door(app, api, add_doors(app, api, holder, returns_to), returns_to)
        transport = httpx.ASGITransport(Guard(app))  # type: ignore[arg-type]
        async with httpx.AsyncClient(base_url=HOME, transport=transport) as browser:
            await act(browser, holder)
        await api.close()

    asyncio.run(run())


def test_somebody_goes_there_and_comes_back_signed_in(bureau: Bureau, issuer: Issuer) -> None:
    async def act(browser: httpx.AsyncClient, holder: Holder) -> None:
        door = await browser.get("/sign-in?to=/cases/7")
        assert "/sign-in/provider?to=/cases/7" in door.text
        begun = await browser.get("/sign-in/provider?to=/cases/7")
        assert begun.headers["location"].startswith(f"{issuer.url}/authorize?")
        cookie = begun.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=lax", "secure", "max-age=600"))
        answer = issuer.consent(begun.headers["location"], amr=["mfa"])
        came = await browser.get(f"{CALLBACK}?{urlencode(answer)}", headers={"sec-fetch-site": "cross-site"})
        assert (came.status_code, came.headers["location"]) == (303, "/cases/7")
        held = holder.find(browser.cookies[COOKIE])
        assert held is not None
        assert (held.session.name, held.session.role, held.session.pending) == ("ann", "admin", None)
        assert CARRIED_COOKIE not in browser.cookies
        told = f"{came.headers} {came.text}"
        assert held.session.cookie.reveal().partition("=")[2] not in told
        again = await browser.get(f"{CALLBACK}?{urlencode(answer)}")
        assert again.status_code == 401

    visit(bureau, act)


def test_our_own_code_is_asked_for_where_the_provider_vouches_for_none(bureau: Bureau, issuer: Issuer) -> None:
    async def act(browser: httpx.AsyncClient, holder: Holder) -> None:
        for round in range(2):
            begun = await browser.get("/sign-in/provider?to=https://example.org/")
            answer = issuer.consent(begun.headers["location"])
            came = await browser.get(f"{CALLBACK}?{urlencode(answer)}")
            if round == 0:  # nothing is set up yet
                assert came.headers["location"] == "/sign-in/device?to=/"
                held = holder.find(browser.cookies[COOKIE])
                assert held is not None
                token = Secret(held.session.cookie.reveal().partition("=")[2])
                secret = secret_in(bureau.desk.begin_totp(token, "x"))
                bureau.desk.confirm_totp(token, bureau.code(secret), "x")
        assert came.headers["location"] == "/sign-in/code"
        assert 'name="code"' in (await browser.get("/sign-in/code")).text
        here = {"origin": HOME}
        assert (await browser.post("/sign-in/code", data={"code": "000000"}, headers=here)).status_code == 401
        elsewhere = await browser.post("/sign-in/code", data={"code": "1"}, headers={"origin": "https://x.example"})
        assert elsewhere.status_code == 403
        done = await browser.post("/sign-in/code", data={"code": bureau.code(secret, steps=1)}, headers=here)
        assert (done.status_code, done.headers["location"]) == (303, "/")

    visit(bureau, act)


def test_an_answer_of_another_browser_lets_nobody_in(bureau: Bureau, issuer: Issuer) -> None:
    async def act(browser: httpx.AsyncClient, holder: Holder) -> None:
        begun = await browser.get("/sign-in/provider")
        answer = urlencode(issuer.consent(begun.headers["location"], amr=["mfa"]))
        browser.cookies.clear()
        for cookie in ("", "x", "carried%3Da%253Db%26to%3D%252F", "carried%3Dbonafide-oidc%253Dx%253B%2520y%253Dz"):
            headers = {"cookie": f"{CARRIED_COOKIE}={cookie}"}
            got = await browser.get(f"{CALLBACK}?{answer}", headers=headers)
            assert (got.status_code, COOKIE in browser.cookies) == (401, False)
        assert (await browser.get(f"{CALLBACK}?state={'x' * 9_000}")).status_code == 401
        assert len(holder) == 0

    visit(bureau, act)


@pytest.mark.parametrize("returns_to", [None, "https://api.example.org" + CALLBACK])
def test_where_people_come_back_elsewhere_the_door_is_not_shown(bureau: Bureau, returns_to: str | None) -> None:
    async def act(browser: httpx.AsyncClient, holder: Holder) -> None:
        assert "/sign-in/provider" not in (await browser.get("/sign-in")).text
        assert (await browser.get("/sign-in/provider")).status_code in (303, 404)
        assert not browser.cookies

    visit(bureau, act, returns_to)
