"""A day at the console, in a real browser: a measure that two people confirm, an appeal, what the subject is told."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps.console.browsing import launched, needs_chromium, sign_in, watched
from tests.apps.console.followed import PAGES as SUBJECTS
from tests.apps.console.followed import follow_some
from tests.apps.console.kit import SCRIPT, Site
from tests.apps.server.bureau import has_decided
from tests.apps.server.test_measure_routes import propose

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [needs_chromium, pytest.mark.drill]
PAGES = (
    "/", "/queue", "/measures", "/appeals", "/merchants", "/bundles", "/lists", "/audit", "/settings",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def test_a_freeze_two_people_confirm_an_appeal_that_is_upheld_and_the_notices(browser: Browser, site: Site) -> None:
    (name,) = propose(site.bureau, "freeze_credit")
    for person in ("ann", "bob"):
        with watched(browser, site) as page:
            sign_in(page, site, person, f"/measures/{name}")
            page.get_by_text("What its subject is told").wait_for()
            page.get_by_role("button", name="Confirm").click()
            page.locator(".dialog textarea").fill(f"looked at by {person}")
            page.locator(".dialog").get_by_role("button", name="Confirm").click()
            page.locator(".history").get_by_text(person).first.wait_for()
    with watched(browser, site) as page:
        sign_in(page, site, "lee", f"/measures/{name}")
        page.get_by_role("button", name="Hand in an appeal").click()
        page.locator(".dialog textarea").fill(SCRIPT)
        page.locator(".dialog").get_by_role("button", name="Send").click()
        page.wait_for_url("**/appeals/*")
        where = page.url.removeprefix(site.url)
        page.get_by_role("button", name="Assign").click()
        page.locator(".dialog input").fill("sue")
        page.locator(".dialog").get_by_role("button", name="Assign").click()
        page.locator(".title .appeal-assigned").wait_for()
    with watched(browser, site) as page:
        sign_in(page, site, "sue", where)
        page.locator(".note").get_by_text(SCRIPT).wait_for()
        page.get_by_role("button", name="Decide").click()
        page.get_by_text("The measure is lifted at once").wait_for()
        page.locator(".dialog textarea").fill("the bill is real")
        page.locator(".dialog").get_by_role("button", name="Decide").click()
        page.locator(".title .appeal-upheld").wait_for()
        page.goto(f"{site.url}/measures/{name}")
        page.locator(".title").get_by_text("lifted").wait_for()
        page.get_by_text("apology").wait_for()


def test_no_page_says_an_error_or_asks_elsewhere_for_anything(browser: Browser, site: Site) -> None:
    with watched(browser, site) as page:
        sign_in(page, site, "root")
        follow_some(site)
        for path in (*PAGES, *SUBJECTS):
            page.goto(f"{site.url}{path}")
            page.wait_for_load_state("networkidle")


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm, which axe-core comes by")
def test_axe_finds_nothing_serious(browser: Browser, site: Site, tmp_path: Path) -> None:
    """axe-core (MPL-2.0) is fetched for the test and is no part of the project."""
    subprocess.run(["npm", "pack", "axe-core", "--silent"], cwd=tmp_path, check=True, capture_output=True)
    (packed,) = tmp_path.glob("axe-core-*.tgz")
    subprocess.run(["tar", "xzf", packed.name, "package/axe.min.js"], cwd=tmp_path, check=True)
    axe, found = (tmp_path / "package" / "axe.min.js").read_text(encoding="utf-8"), []
    number = site.case()
    follow_some(site)
    first = has_decided(site.bureau.data)
    ours = (f"/bundles/{first}?rule=U-DRAIN", f"/bundles/edit?from={first}&line=3")
    for theme in ("light", "dark"):
        with watched(browser, site, color_scheme=theme, bypass_csp=True) as page:
            sign_in(page, site, "root")
            for path in (*PAGES, *SUBJECTS, *ours, f"/cases/{number}", f"/cases/{number}?tab=money", "/sign-in"):
                page.goto(f"{site.url}{path}")
                page.wait_for_load_state("networkidle")
                page.evaluate(axe)
                told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                grave = [one for one in told["violations"] if one["impact"] in ("serious", "critical")]
                found += [(theme, path, one["id"]) for one in grave]
    assert found == []
