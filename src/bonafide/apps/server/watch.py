"""What runs beside requests: how late the loop is, what was refused, which state the service is in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool

from bonafide.apps.server.app import Service
from bonafide.apps.server.logs import Log
from bonafide.core.errors import StateError

TICK_S: Final = 0.05
"""How often the loop's lag is looked at."""
TELL_S: Final = 10.0
"""How often refusals are told, if there are any."""
STALL_S: Final = 0.1
"""A lag that is told at once."""
SLOW_COMMIT_S: Final = 0.25
"""Commits that took longer than the bound at or above this are told."""


class Watch:
    """The watcher of one service; `run` until it is cancelled."""

    def __init__(self, service: Service, log: Log, clock: Callable[[], float]) -> None:
        self._service = service
        self._log = log
        self._clock = clock
        self._told: Counter[tuple[str, str]] = Counter()
        self._away: Counter[str] = Counter()
        self._slow_commits = 0
        self._reads_failed = 0
        self._unusual_looks = 0
        self._state = ""

    async def run(self) -> None:
        """Look, now and then, for as long as the service runs."""
        tell_at = self._clock() + TELL_S
        while True:
            due, was_ready = self._clock() + TICK_S, self._state == "ready"
            await asyncio.sleep(TICK_S)
            now = self._clock()
            if was_ready:
                self.note_lag(max(now - due, 0.0))
            self.note_state()
            if now >= tell_at:
                tell_at = now + TELL_S
                self.tell()
                await self.tell_looks()

    def note_lag(self, lag_s: float) -> None:
        """Count a lag of the loop, and tell a stall."""
        counts = self._service.counts
        counts.loop_lag.add(lag_s)
        counts.loop_lag_max_s = max(counts.loop_lag_max_s, lag_s)
        if lag_s > STALL_S:
            self._log.warning("loop-stalled", milliseconds=round(lag_s * 1_000))

    def note_state(self) -> None:
        """Tell a change of state."""
        state, because = self._service.admission.standing()
        if state != self._state:
            level = self._log.info if state in ("starting", "ready", "stopping") else self._log.error
            level("state", state=state, before=self._state or None, because=None if state == "ready" else because)
            self._state = state

    def tell(self) -> None:
        """Tell what was refused, turned away or not readable since the last time, and whether commits were slow."""
        counts, figures = self._service.counts, self._service.runtime.figures
        refused = counts.refusals - self._told
        self._told = counts.refusals.copy()
        if refused:
            by = [{"reason": reason, "field": field, "records": n} for (reason, field), n in sorted(refused.items())]
            self._log.info("records-refused", by=by)
        away = figures.turned_away - self._away
        self._away = figures.turned_away.copy()
        if away:
            self._log.warning("events-turned-away", **{why.replace("-", "_"): n for why, n in sorted(away.items())})
        if counts.reads_failed > self._reads_failed:
            failed = counts.reads_failed - self._reads_failed
            self._log.warning("reads-failed", requests=failed, because=counts.reads_failed_because)
        self._reads_failed = counts.reads_failed
        commits = figures.commit_seconds
        slow = sum(n for bound, n in zip((0.0, *commits.bounds), commits.counts, strict=True) if bound >= SLOW_COMMIT_S)
        if slow > self._slow_commits:
            self._log.warning("commits-slow", commits=slow - self._slow_commits, slower_than_s=SLOW_COMMIT_S)
        self._slow_commits = slow

    async def tell_looks(self) -> None:
        """Tell that somebody looked at clear data unusually often; who it was stands in the audit log alone."""
        office = self._service.office
        if office is None:
            return
        try:
            total = await run_in_threadpool(office.unusual.count)
        except StateError:
            return  # it cannot be read now; nothing is lost, since it is counted from where it was left
        if total > self._unusual_looks:
            self._log.warning("unusual-looks", looks=total - self._unusual_looks, see="bonafide audit show")
        self._unusual_looks = total
