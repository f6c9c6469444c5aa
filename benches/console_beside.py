"""How much the console slows decisions: the same load with three people who look at live pages, and with none.

One service with its worker and its console on one core, where they take from one another what they take; the clients of
the load, and a browser at the lowest priority, on another. Rounds of as many single, durable events as fit alternate,
with the console stopped as a process, and with it open: one person stays on the overview, which asks every three
seconds, two go from page to page of queue and case. A round without stands beside each round with, so that what else
the machine does meets both.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import statistics
import time
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benches.speed.service import CONNECTIONS
from bonafide.apps.cli.living import PASSWORD, Guest, Living
from bonafide.testing.load import Feed, Load, Platform, Tally, run_load, singles

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

    from playwright.sync_api import Page

PAIRS: Final = 12
EVENTS: Final = 24_000
"""Of one round: some five seconds."""
WARM: Final = 6_000
SEED: Final = 7
BEHIND_MS: Final = 600_000
EACH_S: Final = 10.0
"""How often somebody opens the next page: brisk, for who reads it."""
SETTLE_S: Final = 1.5
"""Before a round: for who looks to come back, or to be gone."""
BAR: Final = 0.05
RESAMPLES: Final = 2_000


class Round(NamedTuple):
    """What one round of load saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    service_ms: float
    """Of processor, for a thousand events: what the console asks of the service is in it."""
    console_share: float
    """Of a core."""


class Lookers:
    """A browser with three people in a process of its own, who look while they are told to; use it as a context."""

    def __init__(self, url: str, guests: list[Guest], walks: list[list[str]]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._looking, self._over, self._ready = spawn.Event(), spawn.Event(), spawn.Event()
        self.opened: Synchronized[int] = spawn.Value("i", 0)
        people = [(guest.name, guest.role, guest.secret) for guest in guests]
        told = (url, people, walks, self._looking, self._over, self._ready, self.opened)
        self._process = spawn.Process(target=_look, args=told, daemon=True)

    def __enter__(self) -> Lookers:
        self._process.start()
        if not self._ready.wait(120):
            raise RuntimeError("nobody was let in at the console")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.set()
        self._process.join(30)
        self._process.kill()

    def look(self, looking: bool) -> None:
        """Have them look, or rest."""
        (self._looking.set if looking else self._looking.clear)()


def beside(living: Living, key: str, guests: list[Guest], case: int, pairs: int = PAIRS) -> None:
    """Measure and print. The service runs already on the core that it is to have."""
    console, service = _console_of(living), living.pid
    platform = Platform(SEED, time.time_ns() // 1_000_000 - BEHIND_MS)
    port = int(living.url.rpartition(":")[2])
    walks = [["/"], ["/queue", f"/cases/{case}"], ["/queue?sort=money", f"/cases/{case}?tab=money"]]
    _load(port, list(singles(islice(platform, WARM), key)), service, console)
    told: dict[bool, list[Round]] = {False: [], True: []}
    with Lookers(living.console(), guests, walks) as lookers:
        for number in range(pairs):
            for looked in (number % 2 == 1, number % 2 == 0):  # each goes first as often as the other
                shots = list(singles(islice(platform, EVENTS), key))
                os.kill(console, signal.SIGCONT if looked else signal.SIGSTOP)
                lookers.look(looked)
                time.sleep(SETTLE_S)
                told[looked].append(_load(port, shots, service, console))
        os.kill(console, signal.SIGCONT)
        _show(told, lookers.opened.value)


def _show(told: dict[bool, list[Round]], opened: int) -> None:
    ratios = [one.per_second / other.per_second for one, other in zip(told[True], told[False], strict=True)]
    print(
        f"\n{len(ratios)} pairs of rounds of {EVENTS:,} events, {CONNECTIONS} connections; {opened} pages were opened"
    )
    print(f"{'':<12}{'events/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'service, ms/1,000':>19}{'console, of a core':>20}")
    for looked, name in ((False, "without"), (True, "with")):
        rate, p50, p99, used, share = (statistics.median(one[at] for one in told[looked]) for at in range(5))
        print(f"{name:<12}{rate:>10,.0f}{p50:>9.2f}{p99:>9.2f}{used:>19.1f}{100 * share:>18.1f} %")
    costs = {looked: statistics.median(one.service_ms for one in told[looked]) for looked in told}
    rate = statistics.median(one.per_second for one in told[True])
    asked, drawn = (costs[True] - costs[False]) * rate / 1e6, statistics.median(one.console_share for one in told[True])
    print(
        f"of one core the console's questions took {100 * asked:.1f} % in the service, the console {100 * drawn:.1f} %"
    )
    middle = statistics.median(ratios)
    low, high = _spread(ratios)
    print(f"decisions a second with / without: {middle:.3f}, 95 % between {low:.3f} and {high:.3f}; "
          f"pairs from {min(ratios):.3f} to {max(ratios):.3f}")  # fmt: skip
    print(f"slowed by {100 * (1 - middle):.1f} % (bar: {100 * BAR:.0f} %)", flush=True)


def _spread(ratios: list[float]) -> tuple[float, float]:
    """Between what the median of the pairs lies, by resampling them."""
    draw = random.Random(1)
    found = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return found[RESAMPLES // 40], found[-RESAMPLES // 40]


def _load(port: int, shots: list[Any], service: int, console: int) -> Round:
    before = _cpu_s(service), _cpu_s(console)
    tally: Tally = run_load(lambda: Load(port, Feed(shots), connections=CONNECTIONS, again=True))
    if tally.events < len(shots):
        raise RuntimeError(f"{len(shots) - tally.events} events were not taken: {dict(tally.statuses)}")
    used, shown = _cpu_s(service) - before[0], _cpu_s(console) - before[1]
    return Round(
        tally.events_per_second, tally.admitted.quantile_ms(0.5), tally.admitted.quantile_ms(0.99),
        used * 1e6 / len(shots), shown / tally.seconds,
    )  # fmt: skip


def _cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def keep_to(core: int | None) -> None:
    """Keep this process, and what it starts from now on, to one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def _console_of(living: Living) -> int:
    """The process of the console, a child of the service."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = found.read_bytes().split(b"\0")
            if b"bonafide.apps.console" in words and living.url.encode() in words:
                return int(found.parent.name)
    raise RuntimeError("the console's process was not found; this takes /proc")


def _look(url: str, people: list[Any], walks: list[list[str]], looking: Event, over: Event, ready: Event,
          opened: Synchronized[int]) -> None:  # fmt: skip
    """Three people at one browser, each opening the next page of their walk when it is due."""
    import shutil

    from playwright.sync_api import Error, sync_playwright

    os.nice(19)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = []
        for name, role, secret in people:
            pages.append(browser.new_context(viewport={"width": 1280, "height": 860}).new_page())
            sign_in(pages[-1], url, Guest(name, role, secret))
        ready.set()
        turns = cycle(list(zip(pages, map(cycle, walks), walks, strict=True)))
        while not over.is_set():
            looking.wait()
            page, walk, whole = next(turns)
            begun = time.monotonic()
            if len(whole) > 1 or page.url != url + whole[0]:
                with suppress(Error):  # the console was stopped meanwhile, or all is over
                    page.goto(url + next(walk), timeout=10_000)
                    with opened.get_lock():
                        opened.value += 1
            over.wait(max(EACH_S / len(pages) - (time.monotonic() - begun), 0))


def sign_in(page: Page, url: str, guest: Guest) -> None:
    """At the door."""
    page.goto(url)
    for name, value in (("name", guest.name), ("password", PASSWORD), ("code", guest.code())):
        page.fill(f"[name={name}]", value)
    page.click("button[type=submit]")
    page.wait_for_selector(".figures")
