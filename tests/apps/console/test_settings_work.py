"""Settings by clicks, in a real browser: people, keys and receivers, with every secret shown once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bonafide.office.outbox.deliveries import DEAD
from bonafide.office.store.tables import outbox_deliveries
from tests.apps.console.browsing import launched, needs_chromium, sign_in, watched
from tests.apps.console.kit import Site
from tests.apps.server.test_outbox_routes import filled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [needs_chromium, pytest.mark.drill]
URL = "https://hooks.example.org/bonafide"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def press(page: Page, name: str) -> None:
    """Ask for a step, and take it in its dialog."""
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()
    page.locator(".dialog").get_by_role("button", name=name, exact=True).wait_for()


def go(page: Page, name: str) -> None:
    page.locator(".dialog").get_by_role("button", name=name, exact=True).click()


def once(page: Page) -> str:
    """The secret that is shown, and never again."""
    secret = page.locator(".dialog .door-key").inner_text()
    page.get_by_role("button", name="I have it").click()
    page.locator(".dialog").wait_for(state="detached")
    assert secret not in page.content()
    return secret


def choose(page: Page, label: str, option: str) -> None:
    page.locator(".dialog").get_by_label(label).click()
    page.get_by_role("option", name=re.compile(option)).click()


def test_a_person_is_made_ended_let_in_again_and_begins_anew(browser: Browser, site: Site) -> None:
    with watched(browser, site) as page:
        sign_in(page, site, "root", "/settings")
        press(page, "Add somebody")
        page.locator(".dialog").get_by_label("Name").fill("kim")
        go(page, "Add somebody")
        first = once(page)
        for step, chip in (("Disable", "disabled"), ("Enable", "invited")):
            press(page, step)
            choose(page, "Name", "^kim$")
            go(page, step)
            page.get_by_role("row", name="kim").get_by_text(chip).wait_for()
        press(page, "Reset")
        choose(page, "Name", "^kim$")
        go(page, "Reset")
        assert once(page) != first
    people = {str(one["name"]): one for one in site.ask("root", "/v1/people")["people"]}
    assert (people["kim"]["role"], people["kim"]["state"]) == ("analyst", "invited")


def test_a_key_is_made_replaced_and_ended(browser: Browser, site: Site) -> None:
    with watched(browser, site) as page:
        sign_in(page, site, "root", "/settings")
        press(page, "Make a key")
        choose(page, "It holds", "90 days")
        page.locator(".dialog").get_by_label("Note").fill("till")
        go(page, "Make a key")
        made = once(page)
        assert made.startswith("bf_")
        ident = made.split("_")[1]
        press(page, "Rotate")
        if not page.locator(".dialog").get_by_text(ident).count():
            choose(page, "Id", ident)
        choose(page, "The old one still holds", "1 hours")
        go(page, "Rotate")
        again = once(page)
        assert again != made
        press(page, "Revoke")
        choose(page, "Id", again.split("_")[1])
        go(page, "Revoke")
        page.get_by_role("row", name=again.split("_")[1]).get_by_text("revoked").wait_for()
    keys = {str(one["key_id"]): one for one in site.ask("root", "/v1/keys")["keys"]}
    assert keys[ident]["expires"] is not None


def test_a_receiver_is_added_paused_given_a_new_secret_and_removed(browser: Browser, site: Site) -> None:
    with watched(browser, site, viewport={"width": 820, "height": 1100}) as page:
        sign_in(page, site, "root", "/settings")
        page.get_by_text("There is none yet. Add one").wait_for()
        press(page, "Add a receiver")
        page.locator(".dialog").get_by_label("URL").fill("http://127.0.0.1/x")
        go(page, "Add a receiver")
        page.locator(".q-notification").wait_for()  # the API says what it takes
        press(page, "Add a receiver")
        page.locator(".dialog").get_by_label("URL").fill(URL)
        go(page, "Add a receiver")
        first = once(page)
        for step, then in (("Pause", "paused"), ("Resume", "active")):
            page.get_by_role("button", name=f"{step}: {URL}").click()
            go(page, step)
            page.locator(".receivers .chip").get_by_text(then).wait_for()
        page.get_by_role("button", name=f"New secret: {URL}").click()
        go(page, "New secret")
        assert once(page) != first
        page.get_by_role("button", name=f"Remove: {URL}").click()
        go(page, "Remove")
        page.get_by_text("There is none yet. Add one").wait_for()
    assert site.ask("root", "/v1/receivers")["receivers"] == []


def test_what_nobody_took_is_sent_again(browser: Browser, site: Site) -> None:
    made = site.step("root", "/v1/receivers", {"url": URL})
    filled(site.bureau)
    gone = {"state": DEAD, "attempts": 11, "done_ms": site.bureau.now_ms, "error": "answered 500"}
    with site.bureau.store.writing() as connection:
        connection.execute(update(outbox_deliveries).values(**gone))
    with watched(browser, site) as page:
        sign_in(page, site, "root", "/settings")
        page.get_by_text("answered 500").first.wait_for()
        press(page, "Send again")
        go(page, "Send again")
        page.get_by_text("answered 500").first.wait_for(state="detached")
    assert site.ask("root", "/v1/messages/dead-letters")["dead_letters"] == []
    site.step("root", f"/v1/receivers/{made['receiver_id']}/remove", {})
