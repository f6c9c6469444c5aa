"""What a power cut takes that a killed process leaves: writes that were not yet synced.

Read off a strace log of one run (`strace_command` with CALLS as calls): a range that was written after the last sync of
its file that succeeded is lost, and so is one whose sync failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.testing.faults.calls import SYNCS

_CALL: Final = re.compile(r"^(\d+)\s+(\w+)\(\d+<([^>]*)>(.*)$")
_RESUMED: Final = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")
_ANSWER: Final = re.compile(r"\)\s+=\s+(-?\d+)")
_NUMBERS: Final = re.compile(r", (\d+)(?:, (\d+))?(?:\)| <unfinished)")
"""Of a write: how many bytes, and where, if it says."""
_UNFINISHED: Final = "<unfinished ...>"
_WRITES: Final = frozenset({"write", "pwrite64"})


class Lost(NamedTuple):
    """Bytes of a file that are not on disk for sure."""

    path: Path
    start: int | None
    """None: at the file's end, one after another; calls without a place append."""
    length: int


class _Begun(NamedTuple):
    call: str
    path: str
    covered: frozenset[int]
    """Of a sync: the numbers of the writes that had been made when it began."""


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.inside = str(folder.resolve()) + "/"
        self.dirty: dict[str, dict[int, Lost]] = {}
        self.begun: dict[str, _Begun] = {}
        self.writes = 0

    def read(self, line: str) -> None:
        """One line of the log, in its order."""
        resumed = _RESUMED.match(line)
        if resumed is not None:
            one = self.begun.pop(resumed[1], None)
            if one is not None and one.call == resumed[2]:
                self._end(one, resumed[3])
            return
        called = _CALL.match(line)
        if called is None or not called[3].startswith(self.inside):
            return
        thread, call, path, rest = called.groups()
        written = self.dirty.setdefault(path, {})
        if call in SYNCS:
            one = _Begun(call, path, frozenset(written))
            if _UNFINISHED in rest:
                self.begun[thread] = one
            else:
                self._end(one, rest)
        elif call in _WRITES and (told := _NUMBERS.search(rest)) is not None:
            self.writes += 1
            place = int(told[2]) if told[2] is not None else None
            written[self.writes] = Lost(Path(path), place, int(told[1]))

    def _end(self, sync: _Begun, rest: str) -> None:
        answer = _ANSWER.search(rest)
        if answer is not None and answer[1] == "0":
            for number in sync.covered:
                self.dirty[sync.path].pop(number, None)


def unsynced(lines: Iterable[str], folder: Path) -> list[Lost]:
    """What of the files inside a folder was written and not synced, in the order of the writes of each file."""
    reader = _Reader(folder)
    for line in lines:
        reader.read(line)
    return [lost for path in sorted(reader.dirty) for lost in reader.dirty[path].values()]


def forget(lost: Iterable[Lost]) -> int:
    """Zero those bytes, as a disk may hold anything there; how many, of files that still exist."""
    gone = 0
    ends: dict[Path, int] = {}
    for one in lost:
        if not one.path.is_file():
            continue
        if one.start is None:
            ends[one.path] = ends.get(one.path, 0) + one.length
        else:
            gone += _zero(one.path, one.start, one.length)
    for path, length in ends.items():
        gone += _zero(path, max(0, path.stat().st_size - length), length)
    return gone


def _zero(path: Path, start: int, length: int) -> int:
    with path.open("r+b") as file:
        length = max(0, min(length, file.seek(0, 2) - start))
        file.seek(start)
        return file.write(bytes(length))
