"""Where refused records go: one JSON object a line, as INTERFACE.md says, and a count for each reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

import msgspec

from bonafide.core.errors import InputError, Reason, StateError


class Refusal(NamedTuple):
    """A record that was not accepted, and why."""

    line: int
    """Where it stands, as `line` of a `Chunk`."""
    error: InputError


class RejectWriter:
    """Writes rejects.ndjson; without a path it only counts. A context manager; StateError when the disk refuses."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._encode = msgspec.json.Encoder().encode
        self.counts: Counter[Reason] = Counter()
        """Refused records by reason."""
        if path is not None:
            with self._writing():
                self._file = path.open("wb")

    @property
    def total(self) -> int:
        """Refused records of all reasons."""
        return self.counts.total()

    def write(self, file: str, refusals: Iterable[Refusal]) -> None:
        """Adds refused records of one file: `file, line, event_id?, field, value, reason, message` each."""
        name = file.encode(errors="backslashreplace").decode()  # a file's name need not be UTF-8
        lines = []
        for line, error in refusals:
            self.counts[error.reason] += 1
            record: dict[str, str | int | None] = {"file": name, "line": line}
            if error.event_id is not None:
                record["event_id"] = error.event_id
            record |= {"field": error.field, "value": error.value, "reason": error.reason, "message": error.message}
            lines.append(self._encode(record) + b"\n")
        if self._file is not None:
            with self._writing():
                self._file.writelines(lines)

    def close(self) -> None:
        """Writes out what is buffered and closes the file."""
        if self._file is not None:
            with self._writing():
                self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            told = f"{self._path}: cannot be written: {error.strerror or error}; make room or choose another folder"
            raise StateError(told) from None

    def __enter__(self) -> RejectWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
