"""What stands in dialogs and in the tour is reached by keyboard alone, and axe finds nothing serious in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bonafide.apps.console.tour import STEPS
from tests.apps.console.browsing import launched, needs_chromium, sign_in, watched
from tests.apps.console.kit import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [needs_chromium, pytest.mark.drill]

DRAWN = "!document.querySelector('[class*=-enter-active], [class*=-leave-active]')"
"""Nothing comes or goes any more."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def tab_to(page: Page, words: str, most: int = 60) -> None:
    """Press Tab until what has the focus says these words."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == words:
            return
    raise AssertionError(f"{words} is not reached by Tab")


def test_the_tour_is_walked_and_left_by_keyboard(browser: Browser, site: Site) -> None:
    site.case(payments=4, users=2)
    with watched(browser, site, viewport={"width": 820, "height": 1100}) as page:
        sign_in(page, site, "ann", "/tour")
        for number in range(1, len(STEPS)):
            page.get_by_text(f"{number} of {len(STEPS)}").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            tab_to(page, "Next")
            page.keyboard.press("Enter")
        page.get_by_text(f"{len(STEPS)} of {len(STEPS)}").wait_for()
        tab_to(page, "Leave the tour")
        page.keyboard.press("Enter")
        page.locator(".tour").wait_for(state="detached")
        assert page.url == f"{site.url}/bundles"


def test_a_case_is_worked_on_by_keyboard_alone(browser: Browser, site: Site) -> None:
    number = site.case(payments=4, users=2)
    with watched(browser, site) as page:
        sign_in(page, site, "ann", "/queue?sort=newest")
        page.wait_for_selector("tr.chosen")
        page.keyboard.press("?")
        page.locator(".dialog.keys").wait_for()
        page.keyboard.press("Escape")
        page.locator(".dialog.keys").wait_for(state="detached")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cases/{number}")
        page.keyboard.press("c")
        page.get_by_text("ann has it").wait_for()
        for key, title in (("s", "Split"), ("m", "Merge"), ("l", "Link a case"), ("w", "Wait"), ("h", "Hand over")):
            page.keyboard.press(key)
            page.locator(".dialog h2").get_by_text(title).wait_for()
            page.keyboard.press("Escape")
            page.locator(".dialog:visible").wait_for(state="detached")
        for key, tab in (("2", "events"), ("3", "money"), ("4", "lawyers")):
            page.keyboard.press(key)
            page.wait_for_url(f"**/cases/{number}?tab={tab}")
        page.keyboard.press("u")
        page.wait_for_url("**/queue")


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm, which axe-core comes by")
def test_axe_finds_nothing_serious_in_dialogs_and_the_tour(browser: Browser, site: Site, tmp_path: Path) -> None:
    """axe-core (MPL-2.0) is fetched for the test and is no part of the project."""
    subprocess.run(["npm", "pack", "axe-core", "--silent"], cwd=tmp_path, check=True, capture_output=True)
    (packed,) = tmp_path.glob("axe-core-*.tgz")
    subprocess.run(["tar", "xzf", packed.name, "package/axe.min.js"], cwd=tmp_path, check=True)
    axe, found = (tmp_path / "package" / "axe.min.js").read_text(encoding="utf-8"), []
    number, mine = site.case(payments=4, users=2), site.case(payments=4, users=2)
    site.step("bob", f"/v1/cases/{mine}/assign", {})
    for theme in ("light", "dark"):
        with watched(browser, site, color_scheme=theme, bypass_csp=True) as page:
            for person, path, act in views(number, mine):
                if page.url == "about:blank" or f"{person} ·" not in page.content():
                    page.context.clear_cookies()
                    sign_in(page, site, person)
                page.goto(f"{site.url}{path}")
                page.wait_for_load_state("networkidle")
                act(page)
                page.evaluate(axe)
                told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                grave = [one for one in told["violations"] if one["impact"] in ("serious", "critical")]
                found += [(theme, path, one["id"], [node["html"][:200] for node in one["nodes"]]) for one in grave]
    assert found == []


def views(number: int, mine: int) -> list[tuple[str, str, Callable[[Page], None]]]:
    """Who looks at which page, and what is open there."""
    return [
        ("bob", "/tour?step=4", rest), ("bob", "/tour?step=0", rest), ("bob", "/queue?sort=money", rest),
        ("bob", f"/cases/{number}?do=decide", decide), ("bob", f"/cases/{mine}", pressed("s")),
        ("bob", f"/cases/{mine}", pressed("w")), ("bob", f"/cases/{mine}", pressed("m")),
        ("bob", "/queue", pressed("?")), ("root", "/settings", clicked("Make a key")),
        ("root", "/settings", clicked("Add a receiver")),
    ]  # fmt: skip


def rest(page: Page) -> None:
    page.locator("main h1").wait_for()


def pressed(key: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.keyboard.press(key)
        page.locator(".dialog:visible").wait_for()
        page.wait_for_function(DRAWN)

    return act


def clicked(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("button", name=name).click()
        page.locator(".dialog:visible").wait_for()
        page.wait_for_function(DRAWN)

    return act


def decide(page: Page) -> None:
    page.locator(".dialog").get_by_text("cash-out", exact=True).click()
    page.get_by_label("Measure asked for").click()
    page.get_by_role("option", name="freeze credit").click()
    page.get_by_label("About whom").click()
    page.get_by_role("option", name="user").first.click()
    page.locator(".preview").get_by_text("About your account").wait_for()
    page.locator(".dialog h2").click()
    page.wait_for_function(DRAWN)


def test_a_filter_shows_the_list_anew_in_place_and_in_the_address(browser: Browser, site: Site) -> None:
    number = site.case(payments=4, users=2)
    with watched(browser, site) as page:
        sign_in(page, site, "ann", "/queue")
        page.wait_for_selector("tr.chosen")
        page.evaluate("window.stays = 1")
        page.get_by_label("Sort").click()
        page.get_by_role("option", name="newest").click()
        page.wait_for_url("**/queue?sort=newest")
        page.locator("tr.chosen").get_by_text(f"#{number}", exact=True).wait_for()
        page.get_by_label("State").click()
        page.get_by_role("option", name="merged").click()
        page.wait_for_url("**/queue?state=merged&sort=newest")
        page.get_by_label("Name of this filter").wait_for()
        assert page.evaluate("window.stays") == 1
        page.reload()
        page.get_by_label("Name of this filter").fill("parts")
        page.get_by_role("button", name="Keep this filter").click()
        page.get_by_role("link", name="parts").wait_for()
        assert page.url == f"{site.url}/queue?state=merged&sort=newest"
