"""A real browser: Debian's Chromium, driven by Playwright, which watches what a page says and asks for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.apps.console.kit import Site
from tests.apps.server.bureau import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here, so no page was looked at; on Debian: apt-get install chromium"
)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser that this machine has; nothing is downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, site: Site, **wanted: object) -> Iterator[Page]:
    """A page in a browser of its own. At its end: it has written no error and asked nobody else for anything."""
    faults: list[str] = []
    socket = site.url.replace("http", "ws", 1)
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, "locale": "en-US"} | wanted)
    page = context.new_page()
    page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith((site.url, "data:")) else faults.append(one.url))
    page.on("websocket", lambda one: None if one.url.startswith(socket) else faults.append(one.url))
    page.set_default_timeout(20_000)
    yield page
    stolen = page.evaluate("window.stolen")
    context.close()
    assert faults == []
    assert stolen is None


def sign_in(page: Page, site: Site, name: str, to: str = "/") -> None:
    """With name, password and the code of the device."""
    page.goto(f"{site.url}{to}")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD.reveal())
    page.fill("[name=code]", site.code(name))
    page.click("button[type=submit]")
    page.wait_for_selector("main h1")
