"""Parquet files written piece by piece in bounded memory, and seen under their name only when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from bonafide.core.errors import StateError

ROWS_HELD_MAX: Final = 1_000_000
"""Rows that wait in memory before they go to a part file."""


class TableWriter:
    """Appends frames to one Parquet file.

    A table that fits in memory is written at once; a larger one goes to part files beside it, which are joined when
    it is finished. Until then nothing stands under the final name. StateError when the disk refuses.
    """

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self.path = path
        self._schema = schema
        self._held: list[pl.DataFrame] = []
        self._rows_held = 0
        self._parts: list[Path] = []
        self._whole = path.with_name(f".{path.name}.part")
        self.rows = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows; the frame has the table's columns."""
        if frame.is_empty():
            return
        self._held.append(frame.select(self._schema.names()))
        self._rows_held += frame.height
        self.rows += frame.height
        if self._rows_held >= ROWS_HELD_MAX:
            self._spill()

    def finish(self) -> None:
        """Write what is held, join the parts, and give the file its name."""
        if self._parts:
            self._spill()
        with self._writing():
            if self._parts:
                pl.scan_ipc(self._parts).sink_parquet(self._whole, maintain_order=True, statistics=False)
            else:
                self._held_rows().write_parquet(self._whole, statistics=False)
            self._whole.replace(self.path)
        self.discard()

    def discard(self) -> None:
        """Remove part files: all that there is to clear away when the run ends before `finish` did."""
        for part in (*self._parts, self._whole):
            part.unlink(missing_ok=True)
        self._parts.clear()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pl.exceptions.ComputeError) as error:
            # Polars tells of a full disk in a ComputeError whose text ends with the system's own words.
            told = str(error).strip().rsplit(": ", 1)[-1]
            raise StateError(f"{self.path}: cannot be written: {told}; make room or choose another folder") from None

    def _held_rows(self) -> pl.DataFrame:
        return pl.concat(self._held) if self._held else pl.DataFrame(schema=self._schema)

    def _spill(self) -> None:
        if self._held:
            part = self.path.with_name(f".{self.path.name}.{len(self._parts)}.part")
            self._parts.append(part)
            with self._writing():
                self._held_rows().write_ipc(part, compression="lz4")
            self._held.clear()
            self._rows_held = 0
