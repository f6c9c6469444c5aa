"""The daily work with a case, in a real browser: split and merged, files, a date to wait for, notices read before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps.console.browsing import launched, needs_chromium, sign_in, watched
from tests.apps.console.kit import Site
from tests.office.appeals.test_documents import png

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [needs_chromium, pytest.mark.drill]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def test_a_case_is_split_by_a_subject_and_taken_back(browser: Browser, site: Site) -> None:
    number = site.case(payments=4, users=2)
    with watched(browser, site) as page:
        sign_in(page, site, "ann", f"/cases/{number}")
        page.get_by_role("button", name="Claim", exact=True).click()
        page.get_by_text("ann has it").wait_for()
        page.get_by_role("button", name="Split").click()
        page.get_by_text("Choose subjects or events that go.").wait_for()
        page.get_by_label("Subjects whose events go").fill("user")
        page.get_by_role("option").first.click()
        page.get_by_text("At least 2 of 4 events become a new case.").wait_for()
        page.locator(".dialog h2").click()  # closes the list of options
        page.locator(".dialog").get_by_role("button", name="Split").click()
        page.get_by_text("split off").wait_for()
        new = int(page.url.rpartition("/")[2])
        assert new != number
        page.get_by_role("button", name="Merge").click()
        page.locator(".dialog").get_by_role("button", name=f"#{number}").click()
        page.get_by_text(f"Case {number} (assigned, 2 events").wait_for()
        page.locator(".dialog").get_by_role("button", name="Merge").click()
        page.get_by_text("took another in").wait_for()
        page.goto(f"{site.url}/cases/{number}")
        page.get_by_role("link", name=f"part of case {new}").wait_for()
    told = site.ask("ivy", f"/v1/cases/{new}")
    assert (told["events"], told["assignee"]) == (4, "ann")


def test_a_file_a_date_and_a_list(browser: Browser, site: Site, tmp_path: Path) -> None:
    number = site.case()
    (tmp_path / "bill.png").write_bytes(png())
    (tmp_path / "bill.pdf").write_bytes(b"no such thing")
    with watched(browser, site) as page:
        sign_in(page, site, "ann", f"/cases/{number}")
        for name, awaited in (("bill.pdf", ".refusal"), ("bill.png", ".file-name")):
            page.get_by_label("Choose a file").set_input_files(tmp_path / name)
            page.get_by_role("button", name="Hand in").click()
            page.locator(awaited).wait_for()
        with page.expect_download() as saved:
            page.get_by_role("link", name="bill.png").click()
        assert saved.value.suggested_filename == f"case-{number}.png"
        page.keyboard.press("c")
        page.get_by_text("ann has it").wait_for()
        page.get_by_role("button", name="Wait").click()
        page.get_by_label("For how long").click()
        page.get_by_role("option", name="Until a date").click()
        page.get_by_label("Until (UTC)").fill("2026-01-20T09:30")
        page.locator(".dialog").get_by_role("button", name="Wait").click()
        page.locator(".title .state-waiting").wait_for()
        page.get_by_text("2026-01-20 09:30").wait_for()
        page.goto(f"{site.url}/queue?assignee=@")
        with page.expect_download() as saved:
            page.get_by_role("link", name="CSV").click()
        assert f'"{number}"' in Path(saved.value.path()).read_text(encoding="utf-8")


def test_what_its_subject_will_read_stands_before_the_button(browser: Browser, site: Site) -> None:
    number = site.case(payments=3)
    with watched(browser, site) as page:
        sign_in(page, site, "ann", f"/cases/{number}?do=decide")
        page.locator(".dialog").get_by_text("cash-out", exact=True).click()
        page.get_by_label("Measure asked for").click()
        page.get_by_role("option", name="freeze credit").click()
        page.locator(".preview").get_by_text("About your account: a freeze of the credit line.").wait_for()
        page.locator(".preview").get_by_text("关于您的账户：冻结信用额度。").wait_for()
        page.locator(".dialog").get_by_role("button", name="Decide").click()
        page.get_by_text("Waits for a second person").wait_for()
    with watched(browser, site, viewport={"width": 820, "height": 1000}, color_scheme="dark") as page:
        sign_in(page, site, "bob", f"/cases/{number}")
        page.keyboard.press("y")
        said = page.locator(".preview").get_by_text("About your account")
        said.wait_for()
        words = said.inner_text().split(" by 20")[0]
        page.locator(".dialog").get_by_role("button", name="Confirm").click()
        page.locator(".title .state-decided").wait_for()
    (made,) = [one for one in site.ask("ann", "/v1/measures?limit=100")["measures"]
               if str(one["measure_id"]).startswith(f"p{number}-")]  # fmt: skip
    (sent,) = site.ask("ann", f"/v1/measures/{made['measure_id']}")["notices"]
    assert str(sent["text"]["en"]).startswith(words)  # type: ignore[index]
