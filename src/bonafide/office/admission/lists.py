"""The lists of a data directory: files that merchants are screened against, read again when they change."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bonafide.core.errors import BonafideError, StateError
from bonafide.office.merchants.lists_in import read_list
from bonafide.office.merchants.screening import Screening

FOLDER: Final = "screening"
SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".csv")
ENTITIES_MAX: Final = 500_000
"""Entries that are held in memory, some 2 kB each."""


class KeptLists:
    """The files of the folder `screening` in a data directory; where there is none, nothing is screened."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._screening = Screening()

    def screening(self) -> Screening:
        """The lists as the files say now. StateError where one cannot be read, or there is too much."""
        seen = tuple(
            (path.name, stat.st_mtime_ns, stat.st_size)
            for path in self.files()
            for stat in (path.stat(),)
        )  # fmt: skip
        if seen != self._seen:
            self._screening, self._seen = self._read(), seen
        return self._screening

    def files(self) -> list[Path]:
        """The files, in the order of their names."""
        if not self._folder.is_dir():
            return []
        return sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix.casefold() in SUFFIXES and not path.name.startswith(".")
        )

    def _read(self) -> Screening:
        found = Screening()
        for path in self.files():
            try:
                read = read_list(path)
            except (BonafideError, OSError) as error:
                raise StateError(f"{path.name}: this list cannot be read: {error}; mend it or take it away") from None
            if len(found) + len(read.entities) > ENTITIES_MAX:
                raise StateError(f"{path.name}: the lists have over {ENTITIES_MAX} entries; bring fewer")
            for entity in read.entities:
                found.add(entity)
        return found
