"""Pictures of the console for README and docs: `python -m tools.screenshots` (Debian's chromium, pip's playwright).

A simulated platform is served with its console, people do some of their work over HTTP, and a browser takes the
pictures: docs/console/*.png, each at most 150 kB. It takes about two minutes and touches nothing else.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bonafide.apps.cli.living import PASSWORD, Guest, Living, events_of, flow, split
from bonafide.core.errors import StateError
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "console"
BYTES_MAX = 150_000
COLOURS = 192
"""A page has few; with a palette a picture weighs a third."""
RULES = "rules.yaml"
SEED = 1
SPEED = 900
"""Seconds of the platform that pass in one."""
LOOKED_S = 30
"""How long the overview is looked at before its picture is taken."""
READ_S = 300.0
"""How long the worker may take to read what came before."""
WIDE, TABLET = (1280, 860), (834, 1112)


class Shot(NamedTuple):
    """One picture."""

    name: str
    path: str
    language: str
    theme: str
    size: tuple[int, int] = WIDE


def shots(found: dict[str, Any]) -> list[Shot]:
    """Which pictures; `found` names a case, a measure and a merchant that are worth one."""
    return [
        Shot("overview", "/", "en", "light"),
        Shot("queue", "/queue", "en", "light"),
        Shot("case", f"/cases/{found['case']}", "en", "light"),
        Shot("money-dark", f"/cases/{found['case']}?tab=money", "en", "dark"),
        Shot("measure", f"/measures/{found['measure']}", "en", "light"),
        Shot("case-zh", f"/cases/{found['case']}?tab=events", "zh", "light"),
        Shot("queue-zh-dark-tablet", "/queue", "zh", "dark", TABLET),
        Shot("merchant-zh", f"/merchants/{found['merchant']}", "zh", "light"),
        Shot("user-dark-zh", f"/subjects/user/{quote(found['user'])}", "zh", "dark"),
        Shot("rules", f"/bundles/edit?from={found['bundle']}", "en", "light"),
        Shot("backtest", f"/bundles/backtests/{found['backtest']}", "en", "light"),
        Shot("tour", "/tour?step=5", "en", "light"),  # the last: its note stays until somebody leaves
    ]


def work(living: Living, ann: tuple[str, str], key: str) -> dict[str, Any]:
    """A day at the desk of somebody who is signed in: cases taken, decided and dismissed, measures confirmed."""
    cases = living.ask("GET", "/v1/cases?limit=20", None, *ann)[0]["cases"]
    for place, one in enumerate(cases[3:9]):
        path = f"/v1/cases/{one['number']}"
        living.ask("POST", f"{path}/assign", {"note": "looked at the orders"}, *ann)
        label = ("genuine", "cash_out", "cash_out", "unsure", "genuine", "")[place]
        if label:
            grade = {"grade": "confirmed"} if label == "cash_out" else {}
            living.ask("POST", f"{path}/decide", {"label": label, "note": "bills and parcels fit", **grade}, *ann)
    living.carry_out(key)
    measures = living.ask("GET", "/v1/measures?state=applied&limit=200", None, *ann)[0]["measures"]
    hard = [one for one in measures if one["measure"] not in ("notice", "request_information")] or measures
    with suppress(StateError):  # its end may be near
        living.ask("POST", f"/v1/measures/{hard[0]['measure_id']}/confirm", {"note": "the loop is closed"}, *ann)
    merchants = living.ask("GET", "/v1/merchants?limit=100", None, *ann)[0]["merchants"]
    found = max(merchants, key=lambda one: len(one["reviews"][0]["findings"]) if one["reviews"] else 0)
    biggest = max(cases[:3], key=lambda one: one["money_at_stake"])["number"]
    people = living.ask("GET", f"/v1/cases/{biggest}", None, *ann)[0]["subjects"]
    return {
        "case": biggest, "measure": hard[0]["measure_id"], "merchant": found["merchant_id"],
        "user": next(one["id"] for one in people if one["type"] == "user"), **judge(living, ann),
    }  # fmt: skip


def judge(living: Living, ann: tuple[str, str]) -> dict[str, str]:
    """A rule made heavier, and what a back-test says of it."""
    bundle = living.ask("GET", "/v1/bundles", None, *ann)[0]["decides"]
    rules = living.ask("GET", f"/v1/bundles/{bundle}/files", None, *ann)[0]["files"][RULES]
    changed = rules.replace("weight: 0.34", "weight: 0.6", 1)
    name = living.ask("POST", "/v1/backtests", {"base": bundle, "files": {RULES: changed}}, *ann)[0]["id"]
    until_s = time.monotonic() + READ_S
    while living.ask("GET", f"/v1/backtests/{name}", None, *ann)[0]["state"] in ("queued", "running"):
        if time.monotonic() > until_s:
            raise SystemExit("the back-test does not end")
        time.sleep(1)
    return {"bundle": bundle, "backtest": name}


def sign_in(page: Page, url: str, guest: Guest) -> None:
    """At the door; a code is taken once, so another is waited for where this one was used."""
    for _ in range(4):
        page.goto(url)
        page.fill("[name=name]", guest.name)
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=code]", guest.code())
        page.click("button[type=submit]")
        if "/sign-in" not in page.url:
            return
        page.wait_for_timeout(10_000)
    raise SystemExit("nobody was let in")


def take(browser: Browser, url: str, guest: Guest, wanted: list[Shot], folder: Path) -> None:
    """Take the pictures in one browser."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, url, guest)
    for shot in wanted:
        page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
        page.goto(f"{url}/choose?language={shot.language}&theme={shot.theme}&to=/")
        page.goto(f"{url}{shot.path}")
        page.wait_for_selector("main h1")
        page.wait_for_load_state("load")
        page.wait_for_timeout(1_500)
        page.evaluate("document.fonts.ready")
        if shot.path == "/":
            page.wait_for_timeout(LOOKED_S * 1_000)
        path = folder / f"{shot.name}.png"
        drawn = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        size = path.stat().st_size
        print(f"{path.name}: {size / 1_000:.0f} kB")
        if size > BYTES_MAX:
            raise SystemExit(f"{path.name} is larger than {BYTES_MAX} bytes")


def main() -> None:
    """Simulate, serve, work, take pictures."""
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    read.add_argument("--out", type=Path, default=FOLDER)
    out = read.parse_args().out
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium; on Debian: apt-get install chromium fonts-noto-cjk")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bonafide-pictures-") as folder:
        write_run(Simulation(scenario("small", None, None, None), SEED), Path(folder), lambda done, total: None)
        with Living(Path(folder) / "data") as living:
            guests, key = living.guests(), living.key()
            before, now = split(events_of(Path(folder) / EVENTS), days=1)
            living.send(key, before)
            ann = living.session(guests[0])  # once: a code is taken once
            living.caught_up(ann, READ_S)
            found = work(living, ann, key)
            Thread(target=_flow, args=(living, key, now), daemon=True).start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                take(browser, living.console(), guests[1], shots(found), out)
                browser.close()


def _flow(living: Living, key: str, events: list[dict[str, Any]]) -> None:
    """The last day comes while pictures are taken, so that the overview has something to show."""
    with suppress(StateError, OSError):  # the pictures are taken, and the service has ended
        for due in flow(events, lambda: SPEED):
            living.send(key, due)


if __name__ == "__main__":
    main()
