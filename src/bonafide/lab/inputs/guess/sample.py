"""The first rows of a foreign file, and how it is laid out: format, delimiter, header, a time torn in two."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from bonafide.core.errors import BonafideError, InputError, UsageError
from bonafide.core.text import shorten, show_value
from bonafide.lab.inputs.lines import LONG_LINE, LineFile
from bonafide.lab.inputs.parquet import ParquetTable, open_parquet
from bonafide.lab.inputs.sniff import recognise
from bonafide.lab.inputs.table import read_header, read_rows

SAMPLE_ROWS: Final = 1_000
"""Rows that are looked at."""
_SNIFFED_LINES: Final = 200
_DELIMITERS: Final = (",", "\t", ";", "|", " ")
_NAMES_OFFERED_MAX: Final = 12
_COMMON_HAN_MIN: Final = 0.8
"""Of Chinese text that was read in its own encoding, at least this part is in everyday use."""

_DATE: Final = re.compile(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?")
_TIME: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_HAN: Final = re.compile("[\u4e00-\u9fff]")


class Sample(NamedTuple):
    """A file's first rows, as a mapping would see them."""

    path: Path
    form: str
    """How the file is laid out, in words."""
    delimiter: str | None
    """None for Parquet."""
    names: tuple[str, ...]
    """The columns; not always different from one another."""
    frame: pl.DataFrame
    """Their values; column `i` is named str(i)."""
    joins: dict[str, tuple[str, str]]
    """Columns that are made of two, by their names."""

    @property
    def rows(self) -> int:
        """Rows looked at."""
        return self.frame.height


class NoHeaderError(BonafideError):
    """The first row of a file holds values, not names, and a mapping goes by names."""


def take_sample(path: Path) -> Sample:
    """Looks at the first rows of a file.

    Raises UsageError for a file that needs no mapping or is not there, InputError for one that cannot be read,
    NoHeaderError for one whose first row is data.
    """
    file = recognise(path, has_mapping=True)
    if file.format == "parquet":
        return _of_parquet(open_parquet(path))
    if file.format != "csv":
        raise UsageError(f"{path}: holds JSON, which needs no mapping; replay it as it is")
    lines = _first_lines(path)
    delimiter = _delimiter_of(lines)
    header = read_header(path, delimiter)
    pieces = Counter(len(row) for row in _parsed(lines[1:], delimiter) if row)
    width = pieces.most_common(1)[0][0] if pieces else len(header)
    second = next((row for row in _parsed(lines[1:], delimiter) if len(row) == width), None)
    names, joins, torn = list(header), dict[str, tuple[str, str]](), None
    if second is not None and width == len(header) + 1:
        torn = next(
            (n for n in range(width - 1) if _DATE.fullmatch(second[n]) and _TIME.fullmatch(second[n + 1])), None
        )
    if torn is not None:
        joins[names[torn]] = _piece_names(names)
        names.insert(torn + 1, "")
    _check_header(path, header)
    places = [str(n) for n in range(len(names))]
    rows = next(read_rows(path, delimiter, places, places, SAMPLE_ROWS), None)
    frame = pl.DataFrame(schema=dict.fromkeys(places, pl.String)) if rows is None else rows.frame.select(places)
    frame = frame.head(SAMPLE_ROWS)
    if torn is not None:
        frame = frame.with_columns(pl.concat_str(str(torn), str(torn + 1), separator=" ").alias(str(torn)))
        frame = frame.drop(str(torn + 1))
        del names[torn + 1]
        frame.columns = [str(n) for n in range(len(names))]
    return Sample(path, _form_of(path, delimiter, len(names)), delimiter, tuple(names), frame, joins)


def _of_parquet(table: ParquetTable) -> Sample:
    if table.is_native:
        raise UsageError(
            f"{table.path}: has the columns event_id, type and time, so it needs no mapping; replay it as it is"
        )
    frame = next(table.batches(list(table.columns), SAMPLE_ROWS), pl.DataFrame(schema=table.columns))
    frame.columns = [str(n) for n in range(frame.width)]
    form = f"Parquet, {len(table.columns):,} columns, {table.rows:,} rows"
    return Sample(table.path, form, None, tuple(table.columns), frame, {})


def _first_lines(path: Path) -> list[str]:
    """The first lines that are not blank; InputError where they are no UTF-8, with the way out."""
    with LineFile(path) as source:
        raw = [
            line for line in islice((x for block in source.blocks() for x in block), 4 * _SNIFFED_LINES) if line.strip()
        ]
    raw = [line for line in raw if line is not LONG_LINE][:_SNIFFED_LINES]
    try:
        return [line.decode() for line in raw]
    except UnicodeDecodeError:
        raise _not_utf8(path, b"\n".join(raw)) from None


def _not_utf8(path: Path, head: bytes) -> InputError:
    text = head.decode("gb18030", "replace")
    han = _HAN.findall(text)
    # Other bytes also decode to Chinese, but to characters that hardly anybody writes.
    common = sum(1 for character in han if character.encode("gb2312", "ignore"))
    if not han or common < _COMMON_HAN_MIN * len(han) or "\ufffd" in text:
        return InputError("malformed", f"{path}: is not UTF-8 text; save it as UTF-8")
    way = f"iconv -f GB18030 -t UTF-8 {path.name} > utf8-{path.name}"
    if path.suffix.lower() == ".gz":
        way = f"zcat {path.name} | iconv -f GB18030 -t UTF-8 > utf8-{path.stem}"
    return InputError("malformed", f"{path}: is Chinese text in GBK (GB 18030), not UTF-8; convert it first: {way}")


def _parsed(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Lines as rows, as far as they are CSV."""
    rows: list[list[str]] = []
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows
        except csv.Error:
            continue
        if row:
            rows.append(row)


def _delimiter_of(lines: Sequence[str]) -> str:
    """The character that divides most rows into equally many pieces, more than one; a comma where none does."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        rows = _parsed(lines, delimiter)
        if not rows:
            continue
        body = Counter(len(row) for row in rows[1:] or rows)
        width, alike = body.most_common(1)[0]
        off = abs(len(rows[0]) - width)
        if width < 2 or off > 1:
            continue
        # A blank divides words of sentences too, so anything else that divides goes before it.
        score = alike / body.total() * (0.5 if delimiter == " " else 1.0) * (1.0 if off == 0 else 0.9) + width / 10_000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _piece_names(names: Sequence[str]) -> tuple[str, str]:
    """Names for the two pieces of a time, which no column has."""
    taken = {name.casefold() for name in names}
    date, time = "date", "time"
    while date in taken or time in taken:
        date, time = f"{date}_piece", f"{time}_piece"
    return date, time


def _check_header(path: Path, header: Sequence[str]) -> None:
    """Refuses a first row in which numbers or times stand, as names never are."""
    values = [cell for cell in header if _NUMBER.fullmatch(cell) or _DATE.match(cell)]
    if not values or (len(values) == 1 and len(header) > 2 and values[0].isdigit()):
        return  # one name may well be a number, such as a year
    names = [f"c{n}" for n in range(1, len(header) + 1)]
    shown = ", ".join(show_value(cell) for cell in header[:6])
    line = ",".join(names[:_NAMES_OFFERED_MAX]) + (",..." if len(names) > _NAMES_OFFERED_MAX else "")
    raise NoHeaderError(
        f"{path}: the first row holds values ({shown}{', ...' if len(header) > 6 else ''}), and a mapping goes by the "
        f"names of columns; put a line of names first, such as {shorten(line)} with the names that they have"
    )


def _form_of(path: Path, delimiter: str, columns: int) -> str:
    by = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "spaces"}[delimiter]
    with path.open("rb") as file:
        packed = "gzip, " if file.read(2) == b"\x1f\x8b" else ""
    if columns == 1:
        return f"{packed}text with one column"
    return f"{packed}text divided by {by}, {columns:,} columns"
