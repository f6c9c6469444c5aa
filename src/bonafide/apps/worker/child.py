"""A child process of the service, such as the worker, started again when it ends before it is told to."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from bonafide.apps.settings import encode_settings

if TYPE_CHECKING:
    from bonafide.apps.settings import Settings

GRACE_S: Final = 5.0
"""How long it may take to end; after that it is killed, and its work is done after the next start."""
WORKER: Final = "bonafide.apps.worker"
AGAIN_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""How long it is waited before it is started again; the last for all that follow."""
STEADY_S: Final = 60.0
"""One that ran so long counts as one that works."""


class Child:
    """Keeps one process running between `start` and `stop`."""

    def __init__(
        self, about: Path | Callable[[], str], settings: Settings, say: Callable[[str], None], module: str = WORKER
    ) -> None:
        """`module` is run with `about`: a folder, or what is known when it starts."""
        self._name = module.rpartition(".")[2]
        self._module = module
        self._about = about
        self._first = encode_settings(settings) + b"\n"
        self._say = say
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process that was started last; None where none was."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it; what it writes to stderr is ours."""
        self._thread.start()

    def stop(self) -> None:
        """End it: what waits is taken in and sends under way are finished, within GRACE_S."""
        with self._lock:
            self._ended.set()
            process = self._process
        if process is not None:
            _cut(process)
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while (process := self._begin()) is not None:
            try:
                status = process.wait(STEADY_S)
            except subprocess.TimeoutExpired:
                failures = 0
                status = process.wait()
            _cut(process)
            if self._ended.is_set():
                return
            again_s = AGAIN_S[min(failures, len(AGAIN_S) - 1)]
            failures += 1
            self._say(f"the {self._name} ended with {status}; it is started again in {again_s:.0f} s")
            self._ended.wait(again_s)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        """A new process; None where it is to end, so that none is started that nobody would stop."""
        with self._lock:
            if self._ended.is_set():
                return None
            about = str(self._about() if callable(self._about) else self._about)
            command = [sys.executable, "-m", self._module, about]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            with suppress(BrokenPipeError):  # it has ended already, and is started again
                _lifeline(self._process).write(self._first)
                _lifeline(self._process).flush()
            return self._process


def _cut(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):
        _lifeline(process).close()


def _lifeline(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """Its standard input: the settings come by it, and its end is the worker's."""
    assert process.stdin is not None
    return process.stdin
