"""The console as a child of the service: `python -m bonafide.apps.console URL`.

Its standard input is its lifeline, as the worker's: the first line has the settings, of which it takes its own, and
when it ends, so does this.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final

import msgspec

from bonafide.apps.console.faults import forward_logs
from bonafide.apps.console.run import Plan, run
from bonafide.apps.server.logs import open_log
from bonafide.core.errors import BonafideError

NICENESS: Final = 10
"""Decisions come first; people who look come before what the worker does by itself."""
WRONG: Final = 2
"""Exit code where it cannot start."""


def main(url: str) -> int:
    """Serve until the lifeline ends; the exit code."""
    with open(0, "rb", buffering=0, closefd=False) as lifeline:
        plan = msgspec.json.decode(lifeline.readline(), type=Plan)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the service is told too, and tells us
    os.nice(NICENESS)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    return serve(url, plan, stop)


def serve(url: str, plan: Plan, stop: threading.Event) -> int:
    """Serve the console of the API at `url` until `stop` is set; the exit code."""
    log = open_log(plan.log_level, plan.log_format)
    forward_logs(lambda told: log.warning("console", told=told))
    try:
        run(url, plan, lambda where: log.info("console", url=where), stop)
    except BonafideError as error:
        log.error("console", told=error.message)
        return WRONG
    return 0


def _wait_for_end(stop: threading.Event) -> None:
    while os.read(0, 1_024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
