"""The mark: how far the journal was acknowledged, noted beside it after each commit.

SQLite recovers from its write-ahead log whatever is whole there, and drops in silence what comes after the first frame
that is not. After a power cut that is right: only the last commit can be torn, and nobody was answered. After any other
damage it would lose acknowledged events. The mark tells the two apart: it is written once a commit is durable and is
not synced itself, so it is never ahead of what was acknowledged, and behind it only after a power cut.
"""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

MARK_FILE: Final = "journal.mark"
_MAGIC: Final = b"bnfdmrk1"
_FORM: Final = struct.Struct(">8sq32sqq")
_SEAL_BYTES: Final = 16
_BYTES: Final = _FORM.size + _SEAL_BYTES


class Marked(NamedTuple):
    """What was acknowledged."""

    next_seq: int
    chain: bytes
    conflicts: int
    """How many were ever recorded."""
    dead_letters: int
    """How many were ever kept."""


def read_mark(folder: Path) -> Marked | None:
    """The mark of a data directory; None where there is none, or none that is whole."""
    try:
        told = (folder / MARK_FILE).read_bytes()
    except OSError:
        return None
    body = told[: _FORM.size]
    if len(told) != _BYTES or _seal(body) != told[_FORM.size :] or not told.startswith(_MAGIC):
        return None
    return Marked(*_FORM.unpack(body)[1:])


class Mark:
    """The mark of a data directory, for whoever appends to its journal."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / MARK_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, marked: Marked) -> None:
        """Note what is durable by now. Where that fails the mark stays behind, which is no harm."""
        body = _FORM.pack(_MAGIC, *marked)
        with suppress(OSError):
            os.pwrite(self._file, body + _seal(body), 0)

    def close(self) -> None:
        """Let go of the file, synced: what was closed in order is not in doubt."""
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def _seal(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_SEAL_BYTES]
