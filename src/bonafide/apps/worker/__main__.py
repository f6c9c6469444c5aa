"""The worker as a child of the service: `python -m bonafide.apps.worker DATA`.

Its standard input is its lifeline: the first line has the settings, and when it ends, the service has, and so does the
worker.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from bonafide.apps.server.logs import open_log
from bonafide.apps.settings import decode_settings
from bonafide.apps.worker.work import Work
from bonafide.office.store.datadir import DataDir
from bonafide.office.vault.master import MASTER_KEY_VARIABLE

NICENESS: Final = 19
"""Decisions come first: where there is one core for both, the worker gets what is left over, and a sixtieth."""


def main(folder: str) -> None:
    """Work until the lifeline ends."""
    with open(0, "rb", buffering=0, closefd=False) as lifeline:
        settings = decode_settings(lifeline.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the service is told too, and tells us
    os.nice(NICENESS)
    log, stop = open_log(settings.log_level, settings.log_format), threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    data = DataDir.open(Path(folder), create=False)
    say = lambda told: log.warning("worker", told=told)
    Work(data, settings, os.environ.get(MASTER_KEY_VARIABLE), say).run(stop)


def _wait_for_end(stop: threading.Event) -> None:
    while os.read(0, 1_024):
        pass
    stop.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
