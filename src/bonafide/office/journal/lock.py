"""The locks of a data directory: one process writes its journal, and one does the office's work."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError

LOCK_FILE: Final = "lock"
WORKER_LOCK_FILE: Final = "worker.lock"


class FolderLock:
    """Holds a data directory for this process until `release`, or until the process ends however it ends."""

    def __init__(self, folder: Path, name: str = LOCK_FILE) -> None:
        self.path = folder / name
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            if not isinstance(error, BlockingIOError):
                raise
            who = f"process {holder}" if holder.isdigit() else "another process"
            told = "only one may; stop that one, or choose another with --data"
            raise StateError(f"{folder}: {who} is using this data directory; {told}") from None
        try:  # the pid is for people: a full disk may leave it out
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except OSError:
            pass

    def release(self) -> None:
        """Give the directory back; the file stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
