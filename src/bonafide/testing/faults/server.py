"""A server as a child: started, perhaps under strace, waited for, measured, signalled, and never left behind."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import IO, Final, NamedTuple
from urllib.request import urlopen

from bonafide.office.journal.lock import WORKER_LOCK_FILE
from bonafide.testing.faults.injection import NOWHERE, Injection, strace_command

READY: Final = re.compile(r"^ready http://[^ ]+:(\d+)$")
READY_S: Final = 60.0
"""How long a start may take, compiled kernels given."""
END_S: Final = 60.0
ALONE: Final = ("--role", "api")
_HERE: Final = "127.0.0.1"


class Launch(NamedTuple):
    """The program whose servers are started, and what is added to their environment."""

    tool: tuple[str, ...] = (sys.executable, "-c", "from bonafide.apps.cli import main; main()")
    environment: Mapping[str, str] = {}

    def serve(self, data: Path, port: int) -> list[str]:
        """The command that serves one data directory on one port."""
        return [*self.tool, "serve", "--data", str(data), "--port", str(port)]

    def run(self, *arguments: str) -> str:
        """Run another of its commands; what it printed. Raises RuntimeError with what it said when it failed."""
        done = subprocess.run(
            [*self.tool, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind((_HERE, 0))
        return int(taken.getsockname()[1])


class Server:
    """One server on one data directory and one port, started as often as wanted. What it writes goes to `log`."""

    def __init__(self, data: Path, launch: Launch | None = None, *, log: Path | None = None) -> None:
        self.data = data
        self.launch = launch or Launch()
        self.port = free_port()
        self.log = log or data.with_name(data.name + ".log")
        self.starts = 0
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_all()

    def start(
        self, injections: Sequence[Injection] = (), *, core: int | None = None, calls: Sequence[str] = (),
        strace_log: Path = NOWHERE,
    ) -> float | None:  # fmt: skip
        """Start and wait until it is ready: in how many seconds it was; None when it ended before.

        `core`: the one it may run on. `calls` are logged to `strace_log`. Raises TimeoutError after READY_S.
        """
        began = perf_counter()
        self.spawn(injections, core=core, calls=calls, strace_log=strace_log)
        while not self._ready.wait(0.005):
            if not self.alive:
                return None
            if perf_counter() - began > READY_S:
                self.kill()
                raise TimeoutError(f"the server was not ready after {READY_S:.0f} s; it wrote: {self.last_words()}")
        return perf_counter() - began

    def spawn(
        self, injections: Sequence[Injection] = (), *, core: int | None = None, calls: Sequence[str] = (),
        strace_log: Path = NOWHERE,
    ) -> None:  # fmt: skip
        """Start without waiting."""
        assert not self.alive
        command = self.launch.serve(self.data, self.port)
        if injections or calls:
            # Without the worker: a fault is to strike the process that decides, at a call that can be counted.
            command = strace_command([*command, *ALONE], injections, calls=calls, log=strace_log)
        self._ready.clear()
        self.starts += 1
        with self.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, "BONAFIDE_CONSOLE": "off", **self.launch.environment}, start_new_session=True,
            )  # fmt: skip
        if core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, {core})
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the server itself, also under strace."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self.alive:
            assert self._process is not None
            self._process.send_signal(number)

    def wait(self, seconds: float = END_S) -> int:
        """Wait for its end; its exit code, negative for a signal. Raises subprocess.TimeoutExpired."""
        assert self._process is not None
        code = self._process.wait(seconds)
        if self._reader is not None:
            self._reader.join(seconds)
        return code

    def calls(self, strace_log: Path) -> list[str]:
        """What strace logged of the server that has ended. Raises TimeoutError when the log stays unfinished."""
        end, deadline = re.compile(rf"^{self.pid} +\+\+\+ ", re.MULTILINE), perf_counter() + END_S
        while not end.search(text := strace_log.read_text(encoding="utf-8", errors="replace")):
            if perf_counter() > deadline:
                raise TimeoutError(f"{strace_log}: does not say how {self.pid} ended")
            sleep(0.01)
        return text.splitlines()

    def kill(self) -> None:
        """SIGKILL, and wait; also one that is stopped ends."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self.wait()

    def kill_all(self) -> None:
        """The same for whatever it has started, such as its worker, which else goes on until it finds itself alone.

        Nobody changes the data directory any more after it, the workers of earlier starts included. Raises
        TimeoutError when one stays.
        """
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it leads a session of its own
            self.wait()
            _wait_until_free(self.data / WORKER_LOCK_FILE)

    def rss_bytes(self) -> int:
        """Memory it has now; 0 when it has ended."""
        return self._memory("VmRSS")

    def state_bytes(self) -> int:
        """What its engine remembers, by its own metrics; 0 of a server that has none."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
                found = re.search(rb"^bonafide_state_bytes (\S+)$", answer.read(), re.MULTILINE)
        except OSError:
            return 0
        return int(float(found[1])) if found else 0

    def peak_rss_bytes(self) -> int:
        """The most memory it has had; 0 when it has ended."""
        return self._memory("VmHWM")

    def last_words(self, lines: int = 5) -> str:
        """The end of what it has written to stderr."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _memory(self, name: str) -> int:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    def _read(self, lines: IO[str]) -> None:
        ready = self._ready
        with lines:
            for line in lines:
                if READY.match(line.strip()):
                    ready.set()


def _wait_until_free(lock: Path) -> None:
    """Without taking it as a worker does, which writes: the directory may be read-only, or compared with another."""
    if not lock.exists():
        return
    deadline = perf_counter() + END_S
    with lock.open() as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if perf_counter() > deadline:
                    raise TimeoutError(f"{lock}: a worker is still there after {END_S:.0f} s") from None
                sleep(0.01)
            else:
                return
