"""How fast pages of the console open in a real browser, and how much it slows decisions: `python -m benches.console`.

Pages: a service with 100,000 cases, among them one of 5,000 events and 500 subjects, and its console. Seconds from
asking for a page until what it is about stands in it, everything of page and socket included, with a browser (Debian's
chromium) on the same machine. Decisions: benches/console_beside.py. Both together take less than ten minutes;
`--part pages` and `--part decisions` take one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benches.cases import lists
from benches.console_beside import PAIRS, beside, keep_to, sign_in
from benches.speed.machine import this_machine
from benches.speed.service import Cores, cores
from bonafide.apps.cli.living import Living
from bonafide.core.pseudonym import show_token
from bonafide.office.access.keys import now_ms
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_subjects, cases

if TYPE_CHECKING:
    from playwright.sync_api import Page

CASES: Final = 100_000
EVENTS: Final = 5_000
USERS: Final = 470
MERCHANTS: Final = 30
SHOWN: Final = 1_000
ROUNDS: Final = 9
SOME: Final = 2_000
"""Cases of the service whose decisions are timed."""
EVENTS_USUAL: Final = 200
"""Of the case that is looked at meanwhile."""
FIRST: Final = "table tbody tr:first-child"
CHANGED: Final = "([at, before]) => (document.querySelector(at)?.innerText ?? before) !== before"
QUEUES: Final = (
    "/queue", "/queue?sort=money", "/queue?sort=due&state=open", "/queue?state=decided&sort=newest", "/queue?overdue=1",
    "/queue?typology=broker_ring", "/queue?assignee=p3", "/queue?subject=~0000000000000007",
)  # fmt: skip


def main() -> None:
    """Read the command line and measure."""
    read = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    read.add_argument("--part", choices=("pages", "decisions", "both"), default="both")
    read.add_argument("--cases", type=int, default=CASES, help="of the service whose pages are opened")
    read.add_argument("--pairs", type=int, default=PAIRS, help="of rounds of load, without and with the console open")
    read.add_argument("--free", action="store_true", help="let the system choose who runs on which core")
    asked = read.parse_args()
    if shutil.which("chromium") is None:
        sys.exit("there is no chromium; on Debian: apt-get install chromium")
    print(f"machine: {this_machine().line()}; load before: {os.getloadavg()[0]:.1f}", flush=True)
    if asked.part != "decisions":
        _pages(asked.cases)
    if asked.part != "pages":
        _decisions(asked.pairs, asked.free)


def _pages(number: int) -> None:
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory(prefix="bonafide-console-") as folder, Living(Path(folder) / "data") as living:
        guests, key = living.guests(), living.key()
        lists._fill(living.data / "office.db", number)
        large = _large(living, key, number + 1)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-US")
            sign_in(page, living.console(), guests[0])
            print(f"{number:,} cases; seconds in the browser, of {ROUNDS} times\n{'page':<44}{'median':>8}{'most':>8}")
            for path in QUEUES:
                _time(page, living.console_url, path, "table tbody tr, .empty")
            _time_in_place(page, living.console_url)
            for tab, awaited in (("", ".reasons"), ("?tab=events", "table tbody tr"), ("?tab=money", ".graph svg a")):
                _time(page, living.console_url, f"/cases/{large}{tab}", awaited)
            browser.close()


def _time_in_place(page: Page, url: str) -> None:
    """From choosing an order or a filter on the page until the list stands in it anew."""
    page.goto(f"{url}/queue")
    page.locator("tr.chosen").wait_for()
    for label, options in (("Sort", ("money", "newest", "number")), ("Typologies", ("broker ring", "bust-out", "any"))):
        told = []
        for number in range(ROUNDS):
            page.get_by_label(label).click()
            option = page.get_by_role("option", name=options[number % len(options)], exact=True)
            option.wait_for()
            before, begun = page.locator(FIRST).inner_text(), perf_counter()
            option.click()
            page.wait_for_function(CHANGED, arg=[FIRST, before])
            told.append(perf_counter() - begun)
        print(f"chosen on the page: {label:<24}{statistics.median(told):>8.2f}{max(told):>8.2f}", flush=True)


def _decisions(pairs: int, free: bool) -> None:
    chosen = Cores(None, None) if free else cores()
    usable = os.sched_getaffinity(0)
    with TemporaryDirectory(prefix="bonafide-beside-") as folder:
        keep_to(chosen.server)
        with Living(Path(folder) / "data") as living:
            keep_to(chosen.clients)
            guests, key = living.guests(), living.key()
            lists._fill(living.data / "office.db", SOME)
            number = _large(living, key, SOME + 1, EVENTS_USUAL, EVENTS_USUAL)
            living.console()
            beside(living, key, guests[:3], number, pairs)
    os.sched_setaffinity(0, usable)


def _time(page: Page, url: str, path: str, awaited: str) -> None:
    told = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        page.goto(url + path, wait_until="commit")
        page.locator(awaited).first.wait_for(state="attached")
        told.append(perf_counter() - begun)
    print(f"{path:<44}{statistics.median(told):>8.2f}{max(told):>8.2f}", flush=True)


def _large(living: Living, key: str, number: int, of: int = EVENTS, new: int = SHOWN) -> int:
    """A case of so many payments, the newest of them decided on just now; its number."""
    draw, now = random.Random(7), now_ms()
    payments: list[dict[str, Any]] = [
        {"type": "payment", "event_id": f"large-{at}", "time": now - 60_000 + at, "user_id": f"lu{at % USERS}",
         "merchant_id": f"lm{draw.randrange(MERCHANTS)}", "order_id": f"lo{at}", "amount": draw.randrange(100, 900_000),
         "currency": "CNY"}
        for at in range(new)
    ]  # fmt: skip
    living.send(key, payments)
    tokens = {
        name: show_token(draw.getrandbits(63)) for one in payments for name in (one["user_id"], one["merchant_id"])
    }
    rows = [lists._event(draw, number, now) | {"seq": 10**9 + at, "event_id": f"old-{at}"} for at in range(of - new)]
    rows += [
        lists._event(draw, number, now) | {
            "seq": 2 * 10**9 + at, "event_id": one["event_id"], "time_ms": one["time"], "amount": one["amount"],
            "user_id": tokens[one["user_id"]], "merchant_id": tokens[one["merchant_id"]],
        }
        for at, one in enumerate(payments)
    ]  # fmt: skip
    subjects = [
        {"number": number, "kind": "user" if name.startswith("lu") else "merchant", "token": token, "mentions": 2,
         "last_ms": now, "binds": True}
        for name, token in tokens.items()
    ]  # fmt: skip
    nobody = dict.fromkeys(
        ("assignee", "label", "grade", "decided_ms", "decided_by", "waits_until_ms", "merged_into"), None
    )  # fmt: skip
    told = {"state": "open", "closed": False, "events": of, "users": USERS, "merchants": MERCHANTS}
    case = lists._case(draw, number, now) | told | nobody
    with Store.open(living.data / "office.db") as store:
        with store.writing() as connection:
            connection.execute(cases.insert(), [case])
        for table, found in ((case_subjects, subjects), (case_events, rows)):
            lists._insert(store, table, iter(found))
    time.sleep(1)
    return number


if __name__ == "__main__":
    main()
