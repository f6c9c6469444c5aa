"""The tour: every step has its page, its note in both languages, and a way on, back and out; the pace is the demo's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import Request

from bonafide.apps.console.tour import PACE_VARIABLE, PACES, STEPS, TOUR_COOKIE, read_pace, standing
from tests.apps.console.kit import Site


def test_the_tour_leads_through_every_step_and_out(site: Site) -> None:
    site.case(payments=4, users=2)
    with site.signed_in("ann") as browser:
        seen, at = [], "/tour"
        for number in range(1, len(STEPS) + 1):
            got = browser.get(at)
            assert (got.status_code, browser.cookies[TOUR_COOKIE].split(".")[0]) == (303, str(number - 1))
            page = browser.get(got.headers["location"])
            assert page.status_code == 200
            assert f"{number} of {len(STEPS)}" in page.text
            assert "tour/pace" not in page.text
            assert "Back to the tour" not in page.text
            seen.append(re.sub(r"/(measures|appeals)/.*|[0-9]+", r"N", got.headers["location"]))
            at = f"/tour?step={number + 1}"
        assert seen[:6] == ["/", "/queue", "/cases/N", "/cases/N", "/cases/N?tab=money", "/cases/N"]
        assert seen[6] in ("/measures", "N")
        assert seen[7] in ("/appeals", "N")
        assert seen[8] == "/bundles"
        elsewhere = browser.get("/lists").text
        assert "Back to the tour" in elsewhere
        assert f"tour-{STEPS[-1]}" not in elsewhere
        assert browser.get(at).headers["location"] == "/"
        assert TOUR_COOKIE not in browser.cookies
        assert "Leave the tour" not in browser.get("/queue").text


@pytest.mark.parametrize("cookie", ["99.1", "x", "1.", "-1.2", "1.2.3", "<b>"])
def test_a_cookie_of_another_making_leads_nowhere(cookie: str) -> None:
    scope = {"type": "http", "headers": [(b"cookie", f"{TOUR_COOKIE}={cookie}".encode())]}
    assert standing(Request(scope)) == (-1, 0)


def test_leaving_goes_on_where_one_is_and_nowhere_else(site: Site) -> None:
    with site.signed_in("ann") as browser:
        assert browser.get("/tour?step=0&to=/queue?sort=money").headers["location"] == "/queue?sort=money"
        assert browser.get("/tour?step=0&to=https://example.org").headers["location"] == "/"
    with site.browser() as stranger:
        assert stranger.get("/tour?step=3").headers["location"] == "/sign-in?to=/tour"


def test_the_pace_is_set_on_a_made_up_platform_alone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    file = tmp_path / "pace"
    with site.signed_in("ann") as browser:
        assert browser.post("/tour/pace", data={"pace": "60"}).status_code == 303
        monkeypatch.setenv(PACE_VARIABLE, str(file))
        assert read_pace(file) == 0
        for given in ("60", "61", "nan", "../x", ""):
            assert browser.post("/tour/pace?to=/queue", data={"pace": given}).headers["location"] == "/queue"
        assert read_pace(file) == 60
        page = browser.get(browser.get("/tour?step=2").headers["location"]).text
        assert len(re.findall(r"aria-pressed\W+true", page)) == 1
        with site.browser() as stranger:
            stranger.post("/tour/pace", data={"pace": str(PACES[-1])})
        assert read_pace(file) == 60
