"""Files through the console: handed in and saved, the queue as a file; bounded, and never a page of ours."""

from __future__ import annotations

import httpx

from bonafide.apps.console.guard import BODY_BYTES_MAX, is_bounded
from tests.apps.console.kit import SCRIPT, Site
from tests.office.appeals.test_documents import png


def hand_in(browser: httpx.Client, number: int, name: str, content: bytes) -> httpx.Response:
    return browser.post(f"/cases/{number}/files", files={"file": (name, content, "text/html")})


def test_a_file_is_handed_in_listed_as_text_and_saved_as_what_it_is(site: Site) -> None:
    number = site.case()
    with site.signed_in("ann") as browser:
        got = hand_in(browser, number, f"..\\a/b/{SCRIPT}.png", png())
        assert (got.status_code, got.headers["location"]) == (303, f"/cases/{number}")
        (kept,) = site.ask("ann", f"/v1/cases/{number}")["files"]
        assert str(kept["name"]) == "script><img src=x onerror=window.stolen=1>.png"
        page = browser.get(got.headers["location"]).text
        assert f"/cases/{number}/files/{kept['file']}" in page
        assert "<img src=x" not in page
        saved = browser.get(f"/cases/{number}/files/{kept['file']}")
        assert (saved.status_code, saved.content, saved.headers["content-type"]) == (200, png(), "image/png")
        assert saved.headers["content-disposition"] == f"attachment; filename=case-{number}.png"
        assert saved.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in saved.headers.get_list("content-security-policy")[0]
        assert browser.get(f"/cases/{number}/files/..%2f1").status_code == 404
    with site.browser() as stranger:
        assert stranger.get(f"/cases/{number}/files/{kept['file']}").headers["location"] == "/sign-in"
        assert hand_in(stranger, number, "x.png", png()).headers["location"] == "/sign-in"


def test_what_the_api_does_not_take_is_told_once_on_the_page(site: Site) -> None:
    number = site.case()
    with site.signed_in("ann") as browser:
        assert hand_in(browser, number, "x.pdf", b"<html>").status_code == 303
        assert ["refusal" in browser.get(f"/cases/{number}").text for _ in range(2)] == [True, False]
        assert browser.post(f"/cases/{number}/files", data={"x": "1"}).status_code == 303
        assert ["Choose a file first" in browser.get(f"/cases/{number}").text for _ in range(2)] == [True, False]
    assert site.ask("ann", f"/v1/cases/{number}")["files"] == []


def test_a_request_is_no_longer_than_a_file_may_be_and_comes_from_here(site: Site) -> None:
    number = site.case()
    with site.signed_in("ann") as browser:
        for length, fits in ((BODY_BYTES_MAX, True), (BODY_BYTES_MAX + 1, False)):
            assert is_bounded([(b"content-length", b"%d" % length)]) == fits
        assert browser.post("/sign-in", content=iter([b"x"])).status_code == 413
        browser.headers["origin"] = "https://example.org"
        assert hand_in(browser, number, "x.png", png()).status_code == 403


def test_the_queue_is_saved_as_it_is_filtered(site: Site) -> None:
    number, other = site.case(), site.case()
    site.bureau.as_person(site.bureau.session("ann"), "POST", f"/v1/cases/{number}/assign", {})
    with site.signed_in("ann") as browser:
        got = browser.get("/queue.csv?assignee=@&sort=number")
        assert got.headers["content-disposition"] == "attachment; filename=cases.csv"
        numbers = [line.split(",")[0].strip('"') for line in got.text.splitlines()[1:]]
        assert str(number) in numbers
        assert str(other) not in numbers
        assert browser.get("/queue.xlsx?overdue=1").content[:2] == b"PK"
        assert browser.get("/queue.csv?sort=x").status_code == 422
