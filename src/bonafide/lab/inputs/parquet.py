"""Parquet: batches in bounded memory, and native files, whose columns are the fields of the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from bonafide.core.errors import InputError
from bonafide.core.fields import DATES, FIELDS
from bonafide.lab.inputs.cast import rfc3339
from bonafide.lab.inputs.check import settle
from bonafide.lab.inputs.chunks import Batch
from bonafide.lab.inputs.rejects import Refusal
from bonafide.lab.inputs.sniff import InputFile

WINDOW_ROWS: Final = 1 << 20
"""Rows asked of the reader at a time. It decodes a whole row group at once, and some writers make only one; of a
window it decodes no more than the window."""

_BROKEN: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""How polars answers damaged files; it panics on some."""
_NATIVE: Final = frozenset({"event_id", "type", "time"})


class ParquetTable(NamedTuple):
    """A Parquet file's columns and number of rows."""

    path: Path
    columns: dict[str, pl.DataType]
    rows: int

    @property
    def is_native(self) -> bool:
        """Whether it has the columns that every event has."""
        return self.columns.keys() >= _NATIVE

    def scan(self) -> pl.LazyFrame:
        """The file, not yet read; its name is taken literally."""
        return pl.scan_parquet(self.path, glob=False, hive_partitioning=False)

    def batches(self, columns: Sequence[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
        """All rows in file order, at most `chunk_rows` at a time; raises InputError where the file is damaged."""
        selected = self.scan().select(columns)
        for start in range(0, self.rows, WINDOW_ROWS):
            window = selected.slice(start, WINDOW_ROWS)
            missing = min(WINDOW_ROWS, self.rows - start)
            try:
                for batch in window.collect_batches(chunk_size=chunk_rows, maintain_order=True, engine="streaming"):
                    missing -= batch.height
                    yield from batch.iter_slices(chunk_rows)
            except _BROKEN:
                missing = -1
            if missing:  # a damaged footer may also promise rows that are not there
                raise InputError("malformed", "the Parquet data are damaged from here on; get the file again")


def open_parquet(path: Path) -> ParquetTable:
    """Reads a file's footer; InputError when it is cut off or damaged."""
    table = ParquetTable(path, {}, 0)
    try:
        columns = dict(table.scan().collect_schema())
        rows = int(table.scan().select(pl.len()).collect().item())
    except _BROKEN:
        told = "begins like Parquet but is cut off or damaged; get the whole file"
        raise InputError("malformed", f"{path}: {told}") from None
    return ParquetTable(path, columns, rows)


def read_batches(
    file: InputFile, table: ParquetTable, columns: Sequence[str], chunk_rows: int,
    make: Callable[[pl.DataFrame, int], Batch],
) -> Iterator[Batch]:  # fmt: skip
    """What `make` makes of each batch and the number of rows before it; damage ends the file with one refusal."""
    done = 0
    try:
        for frame in table.batches(columns, chunk_rows):
            batch = make(frame, done)
            done += frame.height
            yield batch._replace(bytes_done=file.size * done // table.rows)
    except InputError as error:
        none = pl.DataFrame(schema={"line": pl.Int64, "type": pl.String})
        yield Batch(none, [Refusal(done + 1, error)], 1, file.size)


class NativeColumn(NamedTuple):
    """How one column of a native file is read."""

    name: str
    reading: pl.Expr | None
    """Null where a value has no place in a frame; None where no value has."""
    exact: bool
    """Whether the reading takes every value that the column can hold."""


def native_columns(table: ParquetTable) -> list[NativeColumn]:
    """How the columns of a native file are read. A column of another type than its field's stops no row that has
    nothing in it."""
    return [_column(name, dtype) for name, dtype in table.columns.items() if dtype != pl.Null or name in _NATIVE]


def read_native(
    file: InputFile, table: ParquetTable, columns: Sequence[NativeColumn], chunk_rows: int
) -> Iterator[Batch]:
    """Batches of a native file; the rows that are not events are refused one by one."""

    def make(frame: pl.DataFrame, done: int) -> Batch:
        return _settled(frame, columns, done)

    return read_batches(file, table, [column.name for column in columns], chunk_rows, make)


def _settled(frame: pl.DataFrame, columns: Sequence[NativeColumn], done: int) -> Batch:
    lines = pl.int_range(done + 1, done + 1 + frame.height, dtype=pl.Int64).alias("line")
    readings = [column.reading.alias(column.name) for column in columns if column.reading is not None]
    rows = frame.select(lines, *readings)
    unsure = [column.name for column in columns if not column.exact]
    misfits = [
        frame[name].is_not_null() & rows[name].is_null() if name in rows.columns else frame[name].is_not_null()
        for name in unsure
    ]
    doubts = pl.select(pl.any_horizontal(misfits)).to_series() if misfits else None
    settled = settle(rows, doubts, frame.select(unsure) if unsure else None)
    return Batch(settled.frame, settled.refusals, frame.height, 0)


def _column(name: str, dtype: pl.DataType) -> NativeColumn:
    raw = pl.col(name)
    is_text = dtype in (pl.String, pl.Null) or isinstance(dtype, pl.Categorical | pl.Enum)
    kind = "word" if name == "type" else FIELDS[name].kind if name in FIELDS else None
    match kind:
        case "text" | "word" if is_text:
            return NativeColumn(name, raw.cast(pl.String), exact=True)
        case "money" | "integer" | "moment" if dtype.is_integer():
            return NativeColumn(name, raw.cast(pl.Int64, strict=False), exact=dtype not in (pl.UInt64, pl.Int128))
        case "moment" if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            return NativeColumn(name, raw.dt.epoch("ms"), exact=True)
        case "moment" if name in DATES and dtype == pl.Date:
            return NativeColumn(name, raw.cast(pl.Datetime("ms")).dt.epoch("ms"), exact=True)
        case "moment" if name in DATES and is_text:
            return NativeColumn(name, None, exact=False)
        case "moment" if is_text:
            return NativeColumn(name, rfc3339(raw.cast(pl.String)), exact=False)
        case "fraction" if dtype.is_numeric():
            return NativeColumn(name, raw.cast(pl.Float64), exact=True)
        case "flag" if dtype == pl.Boolean:
            return NativeColumn(name, raw, exact=True)
        case "word" if name == "type":  # every row has one, if only a missing one
            return NativeColumn(name, pl.lit(None, pl.String), exact=False)
        case _:  # the door reads each value by itself: a list, and what is not of the field's type
            return NativeColumn(name, None, exact=False)
