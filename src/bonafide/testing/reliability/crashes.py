"""Killed at chosen system calls, at moments of chance, and by the power."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from bonafide.testing.faults.calls import CALLS, CrashPoint, count_calls, crash_points
from bonafide.testing.faults.injection import STRACE_MISSING, has_strace
from bonafide.testing.faults.unsynced import forget, unsynced
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import Site

COUNTED_EVENTS: Final = 2_500
"""Acknowledged in the run that counts calls; crash runs give up after half as many again."""
AFTER_FIRST: Final = 100
KILLED: Final = "+++ killed by SIGKILL"
KILL_AFTER_S: Final = (0.05, 1.5)
CUT_AFTER: Final = (1, 4_000)
"""Events acknowledged before the power is cut."""


def at_calls(setting: Setting) -> Row:
    """Every crash point is one start: the run that recovers from one crash is the run that dies at the next.

    Calls that only the first start of all makes have a fresh data directory each.
    """
    row = Row("killed at a system call", "SIGKILL by strace before a write, sync, rename or send", "crash points")
    first, later = _counted(setting)
    points = crash_points(later, setting.trials(280, 10), setting.seed)
    points_of_first = crash_points(first, setting.trials(40, 2), setting.seed)
    for what, counts, chosen in (("first start", first, points_of_first), ("later", later, points)):
        setting.tell(f"  {what}, calls of a thread: {_listed(counts)}")
        setting.tell(f"  {what}, plan: {' '.join(f'{p.call}:{p.nth}' for p in chosen)}")
        row.note(f"{what}: calls of a thread that makes most of them: {_listed(counts)}; {len(chosen)} are points")
    unreached = [p for i, p in enumerate(points_of_first) if not _crashed_at_first(setting, row, i, p)]
    with setting.site(row, often=True) as site:
        unreached += [point for point in points if not _crashed(site, point)]
        row.trials = len(points) + len(points_of_first) - len(unreached)
        site.start(recovery=True)
        site.load(events=COUNTED_EVENTS // 4)
        site.check()
        site.server.kill()
        site.check_log()
    if unreached:
        row.note(f"{len(unreached)} planned points were not reached and are not counted: {_shown(unreached)}")
    row.note("recovery times under strace, which slows a start by a second or more")
    return row


def at_random(setting: Setting) -> Row:
    """Killed at moments of chance under load."""
    row = Row(
        "killed under load", f"SIGKILL {KILL_AFTER_S[0]} to {KILL_AFTER_S[1]} s after ready, 32 connections", "kills"
    )
    random = setting.random("kills")
    with setting.site(row, often=True) as site:
        for _ in range(setting.trials(100, 5)):
            site.start(recovery=row.trials > 0)
            row.failed += not site.check().good
            timer = threading.Timer(random.uniform(*KILL_AFTER_S), site.server.kill)
            timer.start()
            site.load(connections=32)
            timer.join()
            row.trials += 1
        site.start(recovery=True)
        site.load(events=500)
        site.check()
        site.server.kill()
        site.check_log()
    return row


def power_cut(setting: Setting) -> Row:
    """Killed, and what was written and not synced is overwritten with zeros: what a power cut may leave."""
    row = Row(
        "power cut, simulated", "SIGKILL under load, then every write since the last sync of its file is zeroed", "cuts"
    )  # fmt: skip
    random = setting.random("power")
    log = setting.folder / "calls.log"
    gone = 0
    with setting.site(row, often=True) as site:
        for _ in range(setting.trials(60, 4)):
            site.start(calls=CALLS, strace_log=log)
            row.failed += not site.check().good
            site.load_and_kill(random.randint(*CUT_AFTER))
            gone += forget(unsynced(site.server.calls(log), site.data))
            row.trials += 1
        site.start(recovery=True)
        site.check()
        site.server.kill()
        site.check_log()
    row.note(
        f"{gone:,} unsynced bytes were zeroed in all; a lost rename and a reordering inside the disk are not simulated"
    )
    return row


def _counted(setting: Setting) -> tuple[dict[str, int], dict[str, int]]:
    """Calls of a first start until it is ready, and of a later one that is loaded."""
    log = setting.folder / "calls.log"
    with setting.site(Row("counted", ""), "counted", often=True) as site:
        site.start(calls=CALLS, strace_log=log)
        site.server.kill()
        first = count_calls(site.server.calls(log))
        site.start(calls=CALLS, strace_log=log)
        site.load(events=COUNTED_EVENTS)
        site.server.kill()
        return first, count_calls(site.server.calls(log))


def _crashed(site: Site, point: CrashPoint) -> bool:
    """Run into one point; whether it was reached: by the server, or by a child of it that it outlives."""
    log = site.folder / "crash.log"
    if site.start([point.injection], strace_log=log, recovery=site.server.starts > 0):
        site.row.failed += not site.check().good
        site.load(events=COUNTED_EVENTS * 3 // 2)
    reached = not site.server.alive or KILLED in log.read_text(encoding="utf-8", errors="replace")
    site.server.kill()
    return reached


def _crashed_at_first(setting: Setting, row: Row, number: int, point: CrashPoint) -> bool:
    """Die in the first start on a fresh data directory; the next one must be ready, and keep what it takes."""
    with setting.site(row, f"first-{number}", often=True) as site:
        died = not site.start([point.injection])
        site.server.kill()
        if not site.start(recovery=True):
            row.failed += 1
            row.broke(f"not started after a crash of the first start at {point.call} {point.nth}: {_last(site)}")
            return died
        site.load(events=AFTER_FIRST)
        site.server.kill()
        row.failed += not site.check_log().good
    return died


def _last(site: Site) -> str:
    return site.server.last_words(1)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{call} {count}" for call, count in counts.items())


def _shown(points: Sequence[CrashPoint], at_most: int = 8) -> str:
    names = [f"{point.call} {point.nth}" for point in points]
    return ", ".join(names[:at_most]) + (" and others" if len(names) > at_most else "")


def _cannot() -> str:
    return "" if has_strace() else STRACE_MISSING


DRILLS: Final = (
    Drill("calls", at_calls, _cannot), Drill("kills", at_random), Drill("power", power_cut, _cannot),
)  # fmt: skip
