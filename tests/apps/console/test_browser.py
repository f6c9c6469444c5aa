"""What a person does at a real browser, from the door to a decision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.apps.console.browsing import launched, needs_chromium, sign_in, watched
from tests.apps.console.kit import SCRIPT, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def test_a_case_from_the_queue_to_a_decision_that_a_second_person_confirms(browser: Browser, site: Site) -> None:
    number = site.case(payments=3)
    with watched(browser, site) as page:
        sign_in(page, site, "ann", "/queue?sort=newest")
        page.wait_for_selector("tr.chosen")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cases/{number}")
        page.get_by_text("Why it was decided so").wait_for()
        page.get_by_text(SCRIPT).first.wait_for()
        page.get_by_role("link", name="Money and links").click()
        page.locator("svg a").first.wait_for()
        page.keyboard.press("c")
        page.get_by_text("ann has it").wait_for()
        page.keyboard.press("n")
        page.get_by_role("textbox", name="Note").fill(SCRIPT)
        page.locator(".dialog").get_by_role("button", name="Add a note").click()
        page.locator(".note").get_by_text(SCRIPT).wait_for()
        page.keyboard.press("d")
        page.locator(".dialog").get_by_text("cash-out", exact=True).click()
        page.get_by_text("Verdicts of cash-out for 3 events, at once.").wait_for()
        page.get_by_label("Measure asked for").click()
        page.get_by_text("freeze credit", exact=True).click()
        page.get_by_text("A second person has to confirm").wait_for()
        page.locator(".dialog .q-chip").wait_for()  # the one user of the case
        page.locator(".dialog").get_by_role("button", name="Decide").click()
        page.get_by_text("Waits for a second person").wait_for()
    with watched(browser, site) as page:
        sign_in(page, site, "bob", f"/cases/{number}")
        page.get_by_role("button", name="Confirm").click()
        page.locator(".dialog").get_by_role("button", name="Confirm").click()
        page.locator(".title .state-decided").wait_for()
    told = site.ask("ivy", f"/v1/cases/{number}")
    assert (told["state"], told["decided_by"], told["second"]) == ("decided", "ann", "bob")


def test_a_case_is_dismissed_in_four_clicks_and_undone(browser: Browser, site: Site) -> None:
    number = site.case()
    with watched(browser, site, locale="zh-CN", color_scheme="dark") as page:
        sign_in(page, site, "ann", "/queue?sort=newest")
        page.get_by_role("link", name=f"#{number}").click()
        page.get_by_role("button", name="领取并定案").click()
        page.locator(".dialog").get_by_text("真实交易", exact=True).click()
        page.locator(".dialog").get_by_role("button", name="定案").click()
        page.locator(".title .label-genuine").wait_for()
        page.get_by_role("button", name="撤销定案").click()
        page.locator(".dialog").get_by_role("button", name="撤销定案").click()
        page.locator(".title .state-reopened").wait_for()
