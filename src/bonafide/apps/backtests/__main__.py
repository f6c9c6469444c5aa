"""A back-test as a child of the service: `python -m bonafide.apps.backtests DATA ID`.

Its standard input is its lifeline, as the worker's: when it ends, the service has, and so does this. How far it has
come goes to its standard output, a line each time; the last line says how it ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from bonafide.apps.backtests.run import run_backtest
from bonafide.apps.backtests.told import Progress
from bonafide.core.errors import BonafideError

NICENESS: Final = 19
"""Decisions come first."""
EVERY_S: Final = 0.2


def main(data: str, name: str) -> int:
    """Run it; 0 where it came to its end, else 1 with the reason on the last line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the service is told too
    os.nice(NICENESS)
    threading.Thread(target=_wait_for_end, daemon=True).start()
    try:
        run_backtest(Path(data), name, time.time_ns() // 1_000_000, _Teller())
    except BonafideError as error:
        _say({"failed": error.message.replace(f"{data}/", "")})
        return 1
    except MemoryError:
        _say({"failed": "there is not enough memory for it; judge fewer bundles or use a larger machine"})
        return 1
    _say({"done": True})
    return 0


class _Teller:
    """Says how far it has come, now and then."""

    def __init__(self) -> None:
        self._said_s = 0.0
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage != self._stage or now - self._said_s >= EVERY_S:
            self._stage, self._said_s = progress.stage, now
            _say(progress)


def _say(told: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def _wait_for_end() -> None:
    while os.read(0, 1_024):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
