"""The process that runs a back-test: niced, bounded in time, and gone with the service."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from bonafide.apps.backtests.told import BACKTESTS, Progress

MODULE: Final = "bonafide.apps.backtests"
TIMEOUT_S: Final = 1_800.0
LOOK_S: Final = 0.5
"""How often it is looked at whether the service ends."""
_THREADS: Final = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""One core at most: the others decide."""


class _Last(msgspec.Struct):
    """The last line of one."""

    done: bool = False
    failed: str = ""


def run_child(data: Path, name: str, tell: Callable[[Progress], None], stop: threading.Event) -> str | None:
    """Run one to its end; why it failed, or None."""
    command = [sys.executable, "-m", MODULE, str(data), name]
    with (data / BACKTESTS / name / "stderr.txt").open("wb") as trouble:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=trouble, env={**os.environ, **_THREADS}
        )  # fmt: skip
    with process:
        last, late = _listen(process, tell, stop)
    if last.done and process.returncode == 0:
        return None
    if late:
        return f"it took longer than {TIMEOUT_S / 60:.0f} minutes; ask for fewer days or run it at a terminal"
    return last.failed or f"its process ended with {process.returncode}"


def _listen(
    process: subprocess.Popen[bytes], tell: Callable[[Progress], None], stop: threading.Event
) -> tuple[_Last, bool]:  # fmt: skip
    """Hear it to its end; its last word, and whether it was ended for taking too long."""
    late = threading.Event()

    def watch() -> None:
        """End it where it takes too long, or the service ends."""
        ends_s = time.monotonic() + TIMEOUT_S
        while process.poll() is None and not stop.wait(LOOK_S):
            if time.monotonic() > ends_s:
                late.set()
                break
        process.kill()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    last = _Last()
    assert process.stdout is not None
    for line in process.stdout:
        try:
            tell(msgspec.json.decode(line, type=Progress))
        except msgspec.MsgspecError:
            last = msgspec.json.decode(line, type=_Last)
    process.wait()
    watching.join()
    return last, late.is_set()
