"""Told to end, told twice, and stopped without being told."""

from __future__ import annotations

import signal
import subprocess
import threading
from time import perf_counter
from typing import Final

from bonafide.testing.faults.server import Server
from bonafide.testing.reliability.disks import CANNOT_GO_ON
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import Site

EXIT_S: Final = 10.0
UNDER_LOAD_S: Final = (0.2, 1.0)
FROZEN_S: Final = 3.0
BETWEEN_S: Final = 0.05
AFTERWARDS: Final = 500


def told(setting: Setting) -> Row:
    """SIGTERM under load: ends by itself, soon, having kept every promise."""
    return _ended(setting, Row("SIGTERM under load", f"must end with exit 0 within {EXIT_S:.0f} s"), "term", 1)


def told_twice(setting: Setting) -> Row:
    """SIGTERM twice in a row."""
    return _ended(setting, Row("SIGTERM twice under load", f"{BETWEEN_S * 1e3:.0f} ms apart"), "term-twice", 2)


def frozen(setting: Setting) -> Row:
    """SIGSTOP of the writer; a second server on the same data is refused; SIGCONT."""
    row = Row("the writer is stopped", f"SIGSTOP for {FROZEN_S:.0f} s, a second server on the same data, SIGCONT")
    with setting.site(row, "frozen") as site:
        for _ in range(setting.trials(20, 1)):
            site.start()
            thawed = threading.Event()
            timer = threading.Timer(UNDER_LOAD_S[0], _freeze, (site, thawed))
            timer.start()
            site.load(enough=thawed.is_set)
            timer.join()
            site.load(events=AFTERWARDS)
            if not site.server.alive:
                row.broke(f"exit {site.server.wait()} after SIGCONT: {site.server.last_words(1)}")
            row.failed += not site.check().good
            site.server.kill()
            row.trials += 1
        row.failed += not site.check_log().good
    return row


def _freeze(site: Site, thawed: threading.Event) -> None:
    site.server.signal(signal.SIGSTOP)
    began = perf_counter()
    second = Server(site.data, site.launch, log=site.folder / "second.log")
    try:
        if second.start() is not None:
            site.row.broke("a second server started on the same data")
        elif (code := second.wait()) != CANNOT_GO_ON:
            site.row.broke(f"the second server: exit {code}: {second.last_words(1)}")
    except TimeoutError as error:
        site.row.broke(f"the second server: {error}")
    finally:
        second.kill()
        threading.Event().wait(max(0.0, FROZEN_S - (perf_counter() - began)))
        site.server.signal(signal.SIGCONT)
        thawed.set()


def _ended(setting: Setting, row: Row, name: str, times: int) -> Row:
    random = setting.random(name)
    longest = 0.0
    with setting.site(row, name) as site:
        for _ in range(setting.trials(50, 3)):
            site.start(recovery=row.trials > 0)
            row.failed += not site.check().good
            timer = threading.Timer(random.uniform(*UNDER_LOAD_S), _tell, (site.server, times))
            timer.start()
            site.load(connections=32)
            timer.join()
            longest = max(longest, _ended_well(site, times))
            row.trials += 1
        site.start(recovery=True)
        site.check()
        site.server.kill()
        site.check_log()
    row.note(f"the longest end took {longest:.1f} s")
    return row


def _tell(server: Server, times: int) -> None:
    for i in range(times):
        if i:
            threading.Event().wait(BETWEEN_S)
        server.signal(signal.SIGTERM)


def _ended_well(site: Site, times: int) -> float:
    """Wait for the end; how long it took after the load was over, in seconds."""
    began = perf_counter()
    try:
        code = site.server.wait(EXIT_S)
    except subprocess.TimeoutExpired:
        site.row.broke(f"still there {EXIT_S:.0f} s after SIGTERM")
        site.server.kill()
        return EXIT_S
    if code not in ((0,) if times == 1 else (0, -signal.SIGTERM)):
        site.row.broke(f"exit {code} after SIGTERM: {site.server.last_words(1)}")
    return perf_counter() - began


DRILLS: Final = (Drill("term", told), Drill("twice", told_twice), Drill("frozen", frozen))
