"""Where documents lie: in a folder of the data directory, sealed, under random names that nobody sent."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Final

from bonafide.core.errors import StateError
from bonafide.office.store.datadir import FILE_MODE, FOLDER_MODE, sync

FOLDER: Final = "documents"
_NAME: Final = re.compile("[0-9a-f]{32}")


class Files:
    """The folder of one data directory. Names are made here; a name that was made elsewhere is no path."""

    def __init__(self, data: Path, folder: str = FOLDER) -> None:
        self.folder = data / folder

    def keep(self, sealed: bytes, name: str | None = None) -> str:
        """Write sealed bytes, durable, under a name of `secrets.token_hex(16)`, which it returns."""
        name = name or secrets.token_hex(16)
        try:
            self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            with open(os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            sync(self.folder)
        except OSError as error:
            raise StateError(f"{self.folder}: a document cannot be kept: {error.strerror}") from None
        return name

    def read(self, name: str) -> bytes:
        """Sealed bytes; StateError where they are gone."""
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise StateError(f"{self.folder}: a document cannot be read: {error.strerror}") from None

    def drop(self, name: str) -> None:
        """Let go of one."""
        self._path(name).unlink(missing_ok=True)

    def sweep(self, known: Collection[str], older_than_s: float) -> int:
        """Let go of what nothing names any more and was written before: left by a crash, or by forgetting; how many."""
        gone = 0
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if _NAME.fullmatch(path.name) and path.name not in known and path.stat().st_mtime < older_than_s:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StateError(f"{self.folder}: no document has such a name")
        return self.folder / name
