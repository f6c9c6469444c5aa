"""Pages as they leave the console: who gets in, what they say, and that nothing from outside becomes part of a page."""

from __future__ import annotations

import re

import httpx
import pytest

from bonafide.apps.backtests.told import ASKED, BACKTESTS, ENDED, FIGURES, Asked, Ended, report_name, write_json
from bonafide.apps.console.doors import COOKIE
from bonafide.apps.console.held import IDLE_MS
from tests.apps.console.kit import PEOPLE, SCRIPT, Site
from tests.apps.server.bureau import PASSWORD, has_decided
from tests.apps.server.test_measure_routes import propose

NONCE = re.compile(r"'nonce-([^']+)'")


def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(site: Site) -> None:
    with site.browser() as browser:
        got = browser.get("/cases/1?tab=money")
        assert (got.status_code, got.headers["location"]) == (303, "/sign-in?to=/cases/1%3Ftab%3Dmoney")
        form = {"name": "ann", "password": PASSWORD.reveal(), "code": site.code("ann")}
        got = browser.post(got.headers["location"], data=form)
        assert got.status_code == 303, got.text
        assert got.headers["location"] == "/cases/1?tab=money"


def test_a_wrong_password_says_the_same_as_a_wrong_code_and_keeps_neither(site: Site) -> None:
    with site.browser() as browser:
        said = [
            browser.post("/sign-in", data={"name": "bob", "password": password, "code": code})
            for password, code in (("something long and wrong", site.code("bob")), (PASSWORD.reveal(), "000000"))
        ]
        assert [got.status_code for got in said] == [401, 401]
        assert said[0].text == said[1].text
        assert "something long" not in said[0].text
        assert COOKIE not in browser.cookies


def test_the_first_admins_way_leads_over_password_and_device(site: Site) -> None:
    from tests.apps.server.bureau import ROOT
    from tests.office.people.kit import secret_in

    first, _ = site.bureau.people.create(ROOT, "newcomer", "analyst")
    with site.browser() as browser:
        got = browser.post("/sign-in?to=/queue", data={"name": "newcomer", "password": first.reveal(), "code": ""})
        assert got.headers["location"] == "/sign-in/password?to=/queue"
        assert browser.get("/queue").headers["location"].startswith("/sign-in")
        got = browser.post(got.headers["location"], data={"old": first.reveal(), "new": PASSWORD.reveal()})
        assert got.headers["location"] == "/sign-in/device?to=/queue"
        page = browser.get(got.headers["location"]).text
        key = re.search(r'name="key" value="([A-Z2-7]+)"', page)
        assert key
        from bonafide.core.secret import Secret

        code = site.bureau.code(secret_in(Secret(f"otpauth://totp/x?secret={key[1]}")))
        got = browser.post("/sign-in/device?to=/queue", data={"code": code, "key": key[1]})
        assert got.headers["location"] == "/queue"
        assert browser.get("/queue").status_code == 200


def test_the_browser_never_holds_what_the_api_gave(site: Site) -> None:
    with site.signed_in("ann") as browser:
        page = browser.get("/queue")
        assert set(browser.cookies) == {COOKIE}
        assert "csrf" not in page.text.lower()
        assert "x-csrf-token" not in page.text


def test_two_people_are_never_taken_for_one_another(site: Site) -> None:
    with site.signed_in("ann") as one, site.signed_in("ivy") as other:
        for _ in range(2):
            assert "ann" in one.get("/queue").text
            assert "ivy" in other.get("/queue").text
            assert "ann ·" not in other.get("/queue").text


def test_signing_out_ends_the_session_here_and_at_the_api(site: Site) -> None:
    with site.signed_in("lee") as browser:
        kept = browser.cookies[COOKIE]
        assert browser.get("/queue").status_code == 200
        assert browser.post("/sign-out").headers["location"] == "/sign-in"
        with httpx.Client(base_url=site.url, cookies={COOKIE: kept}) as thief:
            assert thief.get("/queue").status_code == 303
    assert ("person:lee", "session.sign_out", "person:lee", "done") in site.bureau.deeds()


def test_a_session_that_nobody_used_is_over(site: Site) -> None:
    with site.signed_in("ann") as browser:
        site.bureau.now_ms += IDLE_MS
        assert browser.get("/queue").status_code == 303


def test_what_comes_from_elsewhere_changes_nothing(site: Site) -> None:
    form = {"name": "ann", "password": PASSWORD.reveal(), "code": site.code("ann")}
    for headers in (
        {"origin": "https://example.org"}, {"origin": "null"}, {"sec-fetch-site": "cross-site", "origin": site.url},
    ):  # fmt: skip
        got = httpx.post(f"{site.url}/sign-in", data=form, headers=headers)
        assert (got.status_code, got.cookies) == (403, {})


def test_every_page_says_where_all_of_it_comes_from(site: Site) -> None:
    with site.signed_in("ann") as browser:
        numbers = set()
        for path in ("/sign-in", "/", "/queue", f"/cases/{site.case()}", "/console/console.css"):
            got = browser.get(path)
            assert got.status_code == 200, path
            said = got.headers["content-security-policy"]
            assert "default-src 'none'" in said
            assert "script-src 'self' 'nonce-" in said
            assert "'unsafe-inline'" not in said.split("style-src")[0]
            nonce = NONCE.search(said)
            assert nonce
            numbers.add(nonce[1])
            scripts = re.findall(r"<script[^>]*>", got.text)
            assert all(f'nonce="{nonce[1]}"' in one for one in scripts), scripts
            assert not re.search(r'(?:src|href)="(?:https?:)?//', got.text)
            assert got.headers["x-frame-options"] == "DENY"
        assert len(numbers) == 5


def test_a_stored_script_stays_a_text(site: Site) -> None:
    number = site.case()
    who = site.bureau.session("ann")
    assert site.bureau.as_person(who, "POST", f"/v1/cases/{number}/assign", {"note": SCRIPT}).status == 200
    assert site.bureau.as_person(who, "POST", f"/v1/cases/{number}/note", {"note": SCRIPT}).status == 200
    with site.signed_in("ann") as browser:
        page = browser.get(f"/cases/{number}").text
        assert "window.stolen" in page
        assert "<script>window" not in page
        assert "<img src=x" not in page
        door = browser.post("/sign-in", data={"name": SCRIPT, "password": "x" * 12, "code": ""}).text
        assert "&lt;script&gt;" in door
        assert "<script>window" not in door


@pytest.mark.parametrize("path", ["/cases/0", "/cases/999999", "/cases/x'\"><b>"])
def test_what_is_not_there_is_said_in_the_frame(site: Site, path: str) -> None:
    with site.signed_in("ann") as browser:
        got = browser.get(path)
        assert got.status_code == 200
        assert "Not found" in got.text
        assert "<b>" not in got.text.split("<body>")[1].replace("<body>", "")


def test_the_same_page_in_the_language_of_whoever_asks(site: Site) -> None:
    with site.signed_in("ann") as browser:
        assert "Money undecided" in browser.get("/", headers={"accept-language": "en"}).text
        chinese = browser.get("/", headers={"accept-language": "zh-CN"}).text
        assert 'lang="zh-CN"' in chinese
        assert r"\u672a\u5b9a\u6848\u91d1\u989d" in chinese or "未定案金额" in chinese
        got = browser.get("/choose?language=zh&theme=dark&to=https://example.org/")
        assert got.headers["location"] == "/"
        assert "const dark = True" in browser.get("/").text or "const dark = true" in browser.get("/").text


def test_where_there_is_no_page_it_says_so_and_quotes_nothing(site: Site) -> None:
    with site.signed_in("ann") as browser:
        got = browser.get("/nowhere-secret")
        assert got.status_code == 404
        assert "Not found" in got.text
        assert "secret" not in got.text


def test_a_page_that_fails_says_neither_how_nor_where(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from bonafide.apps.console import faults, show

    told: list[str] = []
    faults.forward_logs(told.append)

    def broken(*_: object) -> str:
        raise ValueError("u17 is a secret")

    monkeypatch.setattr(show, "brief_money", broken)
    with site.signed_in("ann") as browser:
        got = browser.get("/")
        assert got.status_code == 500
        assert "secret" not in got.text
        assert "ValueError" not in got.text
    assert any("ValueError at test_pages.py" in one for one in told), told
    assert not any("secret" in one for one in told)


def test_pages_of_bundles_show_rules_texts_and_what_to_change(site: Site) -> None:
    first = has_decided(site.bureau.data)
    with site.signed_in("ann") as browser:
        for path in ("/bundles", f"/bundles/{first}", f"/bundles/{first}?rule=X-NONE", f"/bundles/edit?from={first}"):
            got = browser.get(path)
            assert (got.status_code, "starter" in got.text) == (200, True), path
        assert "there is none" not in browser.get(f"/bundles/{first}").text
        assert "Not found" in browser.get(f"/bundles/{'f' * 64}").text
    with site.signed_in("ivy") as browser:
        assert "/bundles/edit" not in browser.get("/bundles").text


def bundle_told(name: str, warned: int) -> dict[str, object]:
    """One bundle of a back-test."""
    figure = {"value": 0.5, "interval": [0.25, 0.75], "change": 0.25, "change_interval": [-0.125, 0.375]}
    shares = ("money_caught_fraction", "precision", "recall", "honest_disturbed_per_10000", "honest_stopped_per_10000")
    judged = dict.fromkeys(shares, figure) | {
        "money_caught": 123_400, "money_missed": 100, "honest_disturbed": 3, "honest_users_disturbed": 2,
    }  # fmt: skip
    rule = {"id": "U-DRAIN", "hits": warned, "hits_alone": 1, "alerts": 2, "precision": 0.5, "alerts_lost": None,
            "cash_out_lost": 0, "honest_spared": 0}  # fmt: skip
    return {"name": name, "hash": name * 64, "by_outcome": {"warn": warned, "verify": 1, "hold": 0, "decline": 0},
            "days": {"alerts": [1, 0, 4], "mean": 1.5, "most": 4, "over_budget": 1}, "judged": judged,
            "rules": [rule]}  # fmt: skip


def test_a_back_test_shows_before_and_after_and_its_report_runs_nothing(site: Site) -> None:
    folder = site.bureau.data.folder / BACKTESTS / "00000000000000aa"
    folder.mkdir(parents=True)
    asked = Asked(id=folder.name, person="ann", asked_ms=0, champion="a" * 64, challenger="b" * 64, name=SCRIPT,
                  days=None, fresh=False)  # fmt: skip
    swap = {"before": "allow", "after": "warn", "events": 9, "money": 5_000, "cash_out": 1, "honest": 2,
            "examples": [{"event_id": SCRIPT}]}  # fmt: skip
    figures = {
        "events": 40, "decided": 30, "first_day": "2026-01-01", "last_day": "2026-01-03", "currency": "CNY",
        "budget_per_day": 2, "labels": "arrived", "labelled": 5, "cash_out": 4, "cached": True,
        "bundles": [bundle_told("a", 11), bundle_told("b", 18)],
        "swap_sets": [{"changed": 9, "alerts_new": 0, "alerts_gone": 0, "swaps": [swap]}],
    }  # fmt: skip
    write_json(folder / ASKED, asked)
    write_json(folder / ENDED, Ended(done=True, begun_ms=0, ended_ms=1))
    write_json(folder / FIGURES, figures)
    (folder / report_name("en")).write_text("<h1>whole</h1><script>1</script>", encoding="utf-8")
    with site.signed_in("ivy") as browser:
        text = browser.get(f"/bundles/backtests/{folder.name}").text
        assert SCRIPT not in text
        for said in ("¥1,234.00", "+7", "5 payments: 4 cash-out, 1 honest", "U-DRAIN", "the same"):
            assert said in text, said
        report = f"/bundles/backtests/{folder.name}/report"
        got = browser.get(report)
        assert (got.status_code, "<h1>whole</h1>" in got.text) == (200, True)
        assert any("sandbox" in one and "script-src" not in one
                   for one in got.headers.get_list("content-security-policy"))  # fmt: skip
        assert browser.get(f"{report}?save=true").headers["content-disposition"].startswith("attachment")
        assert browser.get("/bundles/backtests/ffffffffffffffff/report").status_code == 404
    with site.browser() as stranger:
        assert stranger.get(report).status_code == 303


def test_what_a_role_is_not_told_keeps_no_page_from_it(site: Site) -> None:
    number = site.case(payments=2)
    measure = propose(site.bureau, "limit_credit")[0]
    for person in ("ann", "bob"):
        site.step(person, f"/v1/measures/{measure}/confirm", {"note": "looked at"})
    given = {"measure_id": measure, "kind": "appeal", "statement": "the parcel is here"}
    appeal = site.step("lee", "/v1/appeals", given)["appeal_id"]
    pages = ["/audit", "/settings", f"/cases/{number}", f"/measures/{measure}", f"/appeals/{appeal}"]
    for name in PEOPLE:
        with site.signed_in(name) as browser:
            assert {page: browser.get(page).status_code for page in pages} == dict.fromkeys(pages, 200), name
