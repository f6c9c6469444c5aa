"""More than it can take, and the same thing many times."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from bonafide.testing.load import Feed, Ledger, Load, Tally, run_load
from bonafide.testing.load.platform import Made
from bonafide.testing.load.shots import shot
from bonafide.testing.reliability.disks import waited
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import LOAD_S, Site

TIMES: Final = 10
CONNECTIONS: Final = 3_072
"""More than a server works on at one time by default."""
FILES: Final = 8_192
"""Open at one time, here and in the server."""
CAPACITY_S: Final = 3.0
SAMPLE_S: Final = 0.5
CALM_FACTOR: Final = 2.0
CALM_S: Final = 30.0
"""Within which latency must be back at CALM_FACTOR times what it was before."""
CALM_SAMPLE_S: Final = 0.5
AT_ONCE: Final = 50
CONFLICT: Final = 409
GROWTH_MAX: Final = 512 << 20
"""Of memory under overload, in bytes, beyond what the engine remembers: more than bounded queues explain."""


def overload(setting: Setting) -> Row:
    """Ten times what it takes, for minutes: sheds, stays small, loses nothing, is calm again soon."""
    seconds = 10 if setting.sampled else 300
    how = f"requests due at {TIMES} times the measured capacity for {seconds} s, {CONNECTIONS:,} connections"
    row = Row(f"{TIMES} x overload", how, "overloads")
    _many_files()
    with setting.site(row, "overload") as site:
        site.start()
        site.load(seconds=1.0, again=False)  # a first second warms up
        calm = site.load(seconds=CAPACITY_S, connections=32, again=False)
        capacity, before, remembered = calm.events_per_second, site.server.rss_bytes(), site.server.state_bytes()
        with _Sampled(site.server.rss_bytes) as memory:
            tally = site.load(seconds=seconds, connections=CONNECTIONS, rate=TIMES * capacity, again=False)
        took_s = _calm_again(site, calm)
        # What the engine remembers of the events taken in is no queue: it grows with them until windows are full.
        remembered = site.server.state_bytes() - remembered
        grown = memory.most - before - remembered
        row.note(f"of the memory, {remembered >> 20} MB is what the engine remembers of the events taken in meanwhile")
        row.trials = 1
        for text in _told(capacity, calm, tally, before, memory.most):
            row.note(text)
        if took_s is None:
            row.broke(f"not calm again within {CALM_S:.0f} s")
        else:
            row.note(f"calm again after {took_s:.1f} s")
        if grown > GROWTH_MAX:
            row.broke(f"memory grew by {grown >> 20} MB beyond what the engine remembers")
        wrong = {status: n for status, n in tally.statuses.items() if status not in (200, 202, 429, 503)}
        if wrong:
            row.broke(f"answers that are neither taken nor shed: {wrong}")
        site.check()
        site.server.kill()
        site.check_log()
    return row


def duplicates(setting: Setting) -> Row:
    """One id by fifty clients at once, again after a restart, and with other content."""
    row = Row("the same id again", f"{AT_ONCE} clients at once, again after SIGKILL, with other content", "ids")
    with setting.site(row, "again") as site:
        site.start()
        sent = [(made, _sent_at_once(site, made)) for made in islice(site.platform, setting.trials(100, 10))]
        site.server.kill()
        site.start(recovery=True)
        with site.ask() as asker:
            for made, answers in sent:
                again, other = asker.send(made.body), asker.send(_changed(made.body))
                if len(answers) != 1:
                    row.broke(f"{made.event_id}: {len(answers)} different answers at once")
                if again.body not in answers:
                    row.broke(f"{made.event_id}: another answer after the restart")
                if other.status != CONFLICT:
                    row.broke(f"{made.event_id}: {other.status} for other content")
                row.trials += 1
        row.failed += not site.check().good
        site.server.kill()
        row.failed += not site.check_log().good
    return row


class _Bodies(Ledger):
    """Keeps the different answers too."""

    def __init__(self, kept: Ledger) -> None:
        super().__init__()
        self.kept = kept
        self.bodies: set[bytes] = set()

    def note(self, ids: Sequence[str], array: bool, status: int, body: bytes) -> bool:
        """As the ledger that it hands everything on to."""
        self.bodies.add(body)
        return self.kept.note(ids, array, status, body)


def _sent_at_once(site: Site, made: Made) -> set[bytes]:
    ledger = _Bodies(site.ledger)
    feed = Feed([shot(made, site.key)] * AT_ONCE)
    run_load(lambda: Load(site.server.port, feed, ledger, connections=AT_ONCE, again=True), LOAD_S)
    return ledger.bodies


def _changed(body: bytes) -> bytes:
    """The same event with another user."""
    event: dict[str, Any] = msgspec.json.decode(body)
    return msgspec.json.encode({**event, "user_id": event["user_id"] + "x"})


class _Sampled:
    """Reads a figure every SAMPLE_S beside what happens, and keeps the largest."""

    def __init__(self, read: Callable[[], int]) -> None:
        self._read = read
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.most = 0

    def __enter__(self) -> _Sampled:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self.most = max(self.most, self._read())


def _many_files() -> None:
    """Allow this process, and servers started from now on, as many open files as connections need."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))


def _calm_again(site: Site, calm: Tally) -> float | None:
    """Seconds until a short load like the one before has its old latency again; None when it takes too long."""
    limit_us = CALM_FACTOR * max(calm.admitted.quantile_us(0.5), 1)

    def is_calm() -> bool:
        told = site.load(seconds=CALM_SAMPLE_S, connections=32, again=False)
        return told.admitted.n > 0 and told.admitted.quantile_us(0.5) <= limit_us

    return waited(is_calm, CALM_S)


def _told(capacity: float, calm: Tally, tally: Tally, before: int, most: int) -> list[str]:
    due = sum(tally.statuses.values()) + tally.unsent + tally.lost
    shed = sum(count for status, count in tally.statuses.items() if status >= 400)
    return [
        f"capacity {capacity:,.0f} events/s with 32 connections (p50 {calm.admitted.quantile_ms(0.5):.1f} ms, p99 "
        f"{calm.admitted.quantile_ms(0.99):.1f} ms)",
        f"due {due:,} ({due / tally.seconds:,.0f}/s): taken {tally.admitted.n:,}, shed by the server {shed:,}, never "
        f"sent since all {CONNECTIONS} connections waited {tally.unsent:,}, connections lost {tally.lost:,}",
        f"admitted p50 {tally.admitted.quantile_ms(0.5):.1f} ms, p99 {tally.admitted.quantile_ms(0.99):.1f} ms, "
        f"longest {tally.admitted.max_us / 1e3:.0f} ms",
        f"memory {before >> 20} MB before, at most {most >> 20} MB under overload",
    ]  # fmt: skip


DRILLS: Final = (Drill("overload", overload), Drill("duplicates", duplicates))
