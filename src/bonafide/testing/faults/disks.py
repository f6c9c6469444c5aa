"""Disks of a chosen size, and disks that cannot be written to: tmpfs, where we may mount."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

MOUNT_REFUSED: Final = "mounting is not allowed here (it needs root, or CAP_SYS_ADMIN)"


def can_mount() -> bool:
    """Whether a tmpfs can be mounted here."""
    with TemporaryDirectory(prefix="bonafide-mount-") as folder:
        try:
            with small_disk(Path(folder), 1 << 20):
                return True
        except OSError:
            return False


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A disk of this size mounted on a folder, which exists and is empty; unmounted at the end.

    Raises OSError where that is not allowed.
    """
    _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "bonafide-drill", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def remount(folder: Path, *, read_only: bool) -> None:
    """Make a mounted disk read-only, or writable again. Raises OSError, also while a file is open for writing."""
    _run("mount", "-o", "remount,ro" if read_only else "remount,rw", str(folder))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise OSError(f"{command[0]} is not installed") from error
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
