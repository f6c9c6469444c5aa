"""What strace is told to do to a process at its system calls."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

STRACE_MISSING: Final = "strace is not installed (Debian: apt-get install strace), or may not trace here"
NOWHERE: Final = Path("/dev/null")


class Injection(NamedTuple):
    """One fault: at which calls, what, when.

    >>> Injection(("fdatasync",), signal="SIGKILL", when="7").argument
    'inject=?fdatasync:signal=SIGKILL:when=7'
    >>> Injection(("pwrite64", "write"), error="ENOSPC", when="30..90").argument
    'inject=?pwrite64,?write:error=ENOSPC:when=30..90'
    """

    calls: tuple[str, ...]
    """Names of system calls; those that a machine does not have are passed over."""
    signal: str | None = None
    """Sent as the call begins; SIGKILL ends the process before the call is made."""
    error: str | None = None
    """What the call answers instead of being made."""
    when: str = "1+"
    """Which calls of a thread, counted from 1: `7`, `7+` (the seventh and all later ones), `7..9`."""

    @property
    def argument(self) -> str:
        """As strace's option -e takes it."""
        what = f":error={self.error}" if self.error else ""
        what += f":signal={self.signal}" if self.signal else ""
        return f"inject={_names(self.calls)}{what}:when={self.when}"

    def shown(self) -> str:
        """For a plan that a person reads."""
        return f"{self.error or self.signal} at {'/'.join(self.calls)} {self.when}"


@cache
def has_strace() -> bool:
    """Whether strace is here and may stop processes: where it may not, it says so and runs them all the same."""
    if shutil.which("strace") is None or shutil.which("true") is None:
        return False
    tried = Injection(("exit_group",), signal="SIGKILL")
    told = subprocess.run(strace_command(["true"], [tried]), capture_output=True, check=False)
    return told.returncode == -signal.SIGKILL


def strace_command(
    command: Sequence[str], injections: Sequence[Injection] = (), *, calls: Sequence[str] = (), log: Path = NOWHERE
) -> list[str]:
    """A command under strace, which follows its threads and stands beside it, so that the process started is the
    command's own. `calls` are logged too, with the paths of open files and without what is written.

    Only the calls named stop the process (seccomp), unless a signal is to be sent: strace 6.1 sends none then.
    """
    named = dict.fromkeys([*calls, *(name for one in injections for name in one.calls)])
    quick = [] if any(one.signal for one in injections) else ["--seccomp-bpf"]
    told = [part for one in injections for part in ("-e", one.argument)]
    return [
        "strace", "-D", "-f", "-q", "-y", "-s", "0", *quick, "-o", str(log), "-e", f"trace={_names(named)}", *told,
        *command,
    ]  # fmt: skip


def _names(calls: Sequence[str] | dict[str, None]) -> str:
    return ",".join(f"?{name}" for name in calls)
