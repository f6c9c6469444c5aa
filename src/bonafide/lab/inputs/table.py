"""CSV, plain or gzip, as frames of text; a row that does not fit is refused and the next one is read.

A quote that is never closed would swallow the rest of a file. So a record that spans lines and turns out wrong (too
many lines, a stray quote, another number of pieces than the header) is refused as its first line alone, and the lines
after it are read again as records of their own.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import polars as pl

from bonafide.core.errors import InputError
from bonafide.core.text import show_value
from bonafide.lab.inputs.chunks import CHUNK_BYTES_MAX
from bonafide.lab.inputs.lines import LONG_LINE, LineFile, long_line
from bonafide.lab.inputs.rejects import Refusal

RECORD_LINES_MAX: Final = 32
"""Most lines that one record may span by quoted line breaks."""
LEAF_ROWS: Final = 1024
"""Rows that are turned into columns together: lists of many more keep the garbage collector busier than reading."""
LEAF_BYTES: Final = 4 << 20
"""Bytes of text after which fewer rows do."""
LINE: Final = "row\nline"
"""Int64: where a row stands, as `line` of a `Chunk`. No column of a file has this name."""
NUMBER: Final = "row\nnumber"
"""Int64: which row of the file it is, from 1, refused rows counted."""


_Record: TypeAlias = tuple[int, list[str] | InputError]
"""A record's first line, and its pieces or why it is none."""


class Rows(NamedTuple):
    """Some consecutive rows of a table, as they lie in the file."""

    frame: pl.DataFrame
    """`LINE`, `NUMBER` and the wanted columns."""
    refusals: list[Refusal]
    bytes_done: int

    @property
    def read(self) -> int:
        """Rows read, refused ones too."""
        return self.frame.height + len(self.refusals)


def read_header(path: Path, delimiter: str) -> list[str]:
    """The names in the first line that is not blank, without space around them; InputError when it is no header."""
    with LineFile(path) as source:
        _, row = next(_records(_Feed(source), delimiter, None), (0, InputError("malformed", "there is no header")))
    if isinstance(row, InputError):
        raise InputError("malformed", f"{path}: the header cannot be read: {row.message}", None, row.value)
    return [name.strip() for name in row]


def read_rows(
    path: Path, delimiter: str, names: Sequence[str], wanted: Sequence[str], chunk_rows: int
) -> Iterator[Rows]:
    """The rows below the header, `chunk_rows` at most at a time, with the `wanted` ones of the columns `names`.

    `names` has one name for every piece of a row. Blank lines are no rows. A file that breaks off gives one refusal
    more, at the line that it breaks off in.
    """
    places = {name: names.index(name) for name in wanted}
    with LineFile(path) as source:
        feed = _Feed(source)
        records = _records(feed, delimiter, len(names))
        next(records, None)  # the header, which was read before
        frames, refusals, number, before = [_columns([], places, 1)], list[Refusal](), 1, 0
        while leaf := _leaf(records, source, min(LEAF_ROWS, chunk_rows)):
            frames.append(_columns(leaf, places, number))
            refusals += [Refusal(line, row) for line, row in leaf if isinstance(row, InputError)]
            number += len(leaf)
            read = len(refusals) + sum(frame.height for frame in frames)
            if read > chunk_rows - LEAF_ROWS or source.bytes_given - before >= CHUNK_BYTES_MAX:
                yield Rows(pl.concat(frames, rechunk=True), refusals, source.bytes_done)
                frames, refusals, before = frames[:1], [], source.bytes_given
        if source.fault is not None:
            refusals.append(Refusal(feed.number + 1, InputError("malformed", source.fault)))
        yield Rows(pl.concat(frames, rechunk=True), refusals, source.bytes_done)


def _leaf(records: Iterator[_Record], source: LineFile, rows: int) -> list[_Record]:
    """The next records, so many that they are not too much to hold."""
    leaf: list[_Record] = []
    bytes_max = source.bytes_given + LEAF_BYTES
    for record in records:
        leaf.append(record)
        if len(leaf) >= rows or source.bytes_given > bytes_max:
            break
    return leaf


def _columns(leaf: Sequence[_Record], places: dict[str, int], first: int) -> pl.DataFrame:
    """The rows of some records, the first of which is row number `first`, refused ones left out."""
    kept = [(line, number, row) for number, (line, row) in enumerate(leaf, first) if not isinstance(row, InputError)]
    rows = [row for _, _, row in kept]
    return pl.DataFrame(
        [
            pl.Series(LINE, [line for line, _, _ in kept], pl.Int64),
            pl.Series(NUMBER, [number for _, number, _ in kept], pl.Int64),
            *(pl.Series(name, list(map(itemgetter(place), rows)), pl.String) for name, place in places.items()),
        ]
    )


class _LineError(Exception):
    """A line that cannot belong to a record."""

    def __init__(self, error: InputError) -> None:
        super().__init__(error.message)
        self.error = error


class _Feed:
    """Gives the csv module its lines and remembers those of the record at hand, so that they can be read again."""

    def __init__(self, source: LineFile) -> None:
        self._source = (line for block in source.blocks() for line in block)
        self._again: deque[bytes] = deque()
        self.record: list[bytes] = []
        """The lines of the record at hand."""
        self.number = 0
        """Lines given so far, those to be read again not counted."""

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.record) == RECORD_LINES_MAX:
            told = f"a quote is not closed within {RECORD_LINES_MAX} lines; close it, or double a quote inside a value"
            raise _LineError(InputError("malformed", told))
        line = self._again.popleft() if self._again else next(self._source)
        self.number += 1
        self.record.append(line)
        if line is LONG_LINE:
            raise _LineError(long_line())
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError as error:
            told = f"byte {error.start} (0x{line[error.start]:02x}) is not UTF-8; save the text as UTF-8"
            raise _LineError(InputError("malformed", told)) from None

    def reread(self) -> bytes:
        """Takes back all lines of the record but its first, which is returned."""
        first, *others = self.record
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        return first


def _records(feed: _Feed, delimiter: str, width: int | None) -> Iterator[_Record]:
    """Every record of a file; after the header, of `width` pieces each."""
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    header = True
    while True:
        feed.record.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except _LineError as wrong:
            error = wrong.error
        except csv.Error as wrong:
            error = InputError("malformed", f"the row is not CSV: {wrong}")
        else:
            if not row:
                continue
            if header or len(row) == width:
                header = False
                yield feed.number - len(feed.record) + 1, row
                continue
            error = InputError("malformed", f"pieces in the row: {len(row)}, in the header: {width}; give one for each")
        line = feed.reread()
        error.value = None if line is LONG_LINE else show_value(line.decode("utf-8", "replace"))
        yield feed.number, error
