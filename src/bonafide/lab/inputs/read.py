"""Any input files, as one stream of chunks: accepted records onwards, refused ones to the reject file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from bonafide.core.door import FUTURE_MAX_MS, check_future
from bonafide.core.errors import InputError, UsageError
from bonafide.lab.inputs.chunks import CHUNK_ROWS, Batch, Chunk, frame_of_events, in_order
from bonafide.lab.inputs.lookup import load_lookups
from bonafide.lab.inputs.mapped import apply_plan, make_plan
from bonafide.lab.inputs.mapping import Mapping
from bonafide.lab.inputs.ndjson import read_json_array, read_ndjson
from bonafide.lab.inputs.parquet import native_columns, open_parquet, read_batches, read_native
from bonafide.lab.inputs.rejects import Refusal, RejectWriter
from bonafide.lab.inputs.sniff import InputFile, recognise
from bonafide.lab.inputs.table import LINE, NUMBER, Rows, read_header, read_rows

_Reader: TypeAlias = Callable[[int, int], Iterator[Batch]]
"""Batches of one file, given the rows of earlier files and the rows of a chunk."""

SORTED_ROWS_MAX: Final = 20_000_000
"""Records of one file that `order: time` holds in memory."""
_SUBJECTS: Final = ("user_id", "merchant_id")
_TRUTH: Final = {
    "row": pl.UInt32, "event_id": pl.String, "label": pl.Int8, "known_at": pl.Int64,
    "user_id": pl.String, "merchant_id": pl.String,
}  # fmt: skip


def read_chunks(
    paths: Sequence[Path],
    mapping: Mapping | None = None,
    now_ms: int | None = None,
    rejects: RejectWriter | None = None,
    chunk_rows: int = CHUNK_ROWS,
    unreadable: Callable[[InputError], None] | None = None,
) -> Iterator[Chunk]:
    """The records of some files in argument order, as one log, in bounded memory.

    NDJSON, one JSON array (each plain or gzip) and Parquet with the columns of the schema are read as they are; CSV
    (plain or gzip) and other Parquet need a `mapping`. Records whose time is more than five minutes after `now_ms` are
    refused; without it none is. Refused records go to `rejects`; a file that breaks off, or is damaged half way, gives
    what came before and one refusal more.

    All files are looked at before the first chunk. A file that is nothing readable raises InputError; with
    `unreadable`, that is told instead, and the file counts as one refused record, so that it stops no other. Raises
    ConfigError where the mapping and a file do not fit, UsageError for a file that is not there or needs a mapping.
    """
    opened = [_open(path, mapping, unreadable) for path in paths]
    return _chunks(
        [file for file, _ in opened], [reader for _, reader in opened], mapping, now_ms, rejects or RejectWriter(),
        chunk_rows,
    )  # fmt: skip


def _open(
    path: Path, mapping: Mapping | None, unreadable: Callable[[InputError], None] | None
) -> tuple[InputFile, _Reader]:
    try:
        file = recognise(path, mapping is not None)
        return file, _reader(file, mapping)
    except InputError as error:
        if unreadable is None:
            raise
        unreadable(error)
        size = path.stat().st_size
        refused = Batch(frame_of_events([], []), [Refusal(1, error)], 1, size)
        return InputFile(path, "ndjson", size), lambda _numbered, _chunk_rows: iter([refused])


def _chunks(
    files: list[InputFile], readers: list[_Reader], mapping: Mapping | None, now_ms: int | None,
    rejects: RejectWriter, chunk_rows: int,
) -> Iterator[Chunk]:  # fmt: skip
    bytes_before, rows_before = 0, 0
    bytes_total = sum(file.size for file in files)
    for place, (file, reader) in enumerate(zip(files, readers, strict=True)):
        rows = 0
        batches = reader(rows_before, chunk_rows)
        if mapping is not None and mapping.order == "time":
            batches = _by_time(file, batches, chunk_rows)
        for batch in batches:
            if batch.read == 0:
                continue
            rows += batch.read
            frame, late = _without_future(batch.frame, now_ms)
            rejects.write(str(file.path), sorted([*batch.refusals, *late], key=lambda refusal: refusal.line))
            truth = (
                None
                if mapping is None or mapping.truth is None
                else _truth(frame, batch.labels, mapping.truth.delay_ms)
            )
            yield Chunk(in_order(frame, place), truth, batch.read, bytes_before + batch.bytes_done, bytes_total)
        bytes_before += file.size
        rows_before += rows


def _reader(file: InputFile, mapping: Mapping | None) -> _Reader:
    """How one file is read; what can be wrong with the file as a whole is found here."""
    match file.format:
        case "ndjson":
            return lambda _, chunk_rows: read_ndjson(file, chunk_rows)
        case "json_array":
            return lambda _, chunk_rows: read_json_array(file, chunk_rows)
        case "parquet":
            return _parquet_reader(file, mapping)
        case "csv" if mapping is not None:
            return _csv_reader(file, mapping)
        case _:
            raise AssertionError("CSV without a mapping was refused before")


def _parquet_reader(file: InputFile, mapping: Mapping | None) -> _Reader:
    table = open_parquet(file.path)
    foreign = mapping is not None and all(name in table.columns or name in mapping.join for name in mapping.columns)
    if table.is_native and not foreign:
        columns = native_columns(table)
        return lambda _, chunk_rows: read_native(file, table, columns, chunk_rows)
    if mapping is None:
        missing = " and ".join(name for name in ("event_id", "type", "time") if name not in table.columns)
        told = f"has no column {missing}, so a mapping file must say which column is which field"
        raise UsageError(f"{file.path}: {told}; add --mapping FILE")
    plan = make_plan(
        mapping, list(table.columns), table.columns, load_lookups(mapping, file.path.parent), str(file.path)
    )

    def read(numbered: int, chunk_rows: int) -> Iterator[Batch]:
        def make(frame: pl.DataFrame, done: int) -> Batch:
            row = pl.int_range(done + 1, done + 1 + frame.height, dtype=pl.Int64)
            return apply_plan(plan, Rows(frame.with_columns(row.alias(LINE), row.alias(NUMBER)), [], 0), numbered)

        return read_batches(file, table, plan.layout.wanted, chunk_rows, make)

    return read


def _csv_reader(file: InputFile, mapping: Mapping) -> _Reader:
    header = read_header(file.path, mapping.delimiter)
    plan = make_plan(mapping, header, {}, load_lookups(mapping, file.path.parent), str(file.path))

    def read(numbered: int, chunk_rows: int) -> Iterator[Batch]:
        for rows in read_rows(file.path, mapping.delimiter, plan.layout.names, plan.layout.wanted, chunk_rows):
            yield apply_plan(plan, rows, numbered)

    return read


def _by_time(file: InputFile, batches: Iterator[Batch], chunk_rows: int) -> Iterator[Batch]:
    """The batches of a file, its records in order of time; the first carries what was refused."""
    frames: list[pl.DataFrame] = []
    labels: list[pl.DataFrame] = []
    refusals: list[Refusal] = []
    read = accepted = 0
    for batch in batches:
        frames.append(batch.frame)
        refusals += batch.refusals
        read += batch.read
        accepted += batch.frame.height
        if batch.labels is not None:
            labels.append(batch.labels)
        if accepted > SORTED_ROWS_MAX:
            told = f"has more than {SORTED_ROWS_MAX:,} records, the most that `order: time` sorts"
            raise UsageError(f"{file.path}: {told}; sort the file by time and leave `order` out")
    if not read:
        return
    whole = pl.concat(frames, how="diagonal").sort("time", maintain_order=True)
    known = pl.concat(labels) if labels else None
    refused = read - accepted
    for first in range(0, max(accepted, 1), chunk_rows):
        part = whole[first : first + chunk_rows]
        done = file.size * (first + part.height) // max(accepted, 1)
        yield Batch(part, refusals if first == 0 else [], part.height + (refused if first == 0 else 0), done, known)


def _without_future(frame: pl.DataFrame, now_ms: int | None) -> tuple[pl.DataFrame, list[Refusal]]:
    """The rows that are not in the future, and why the others are refused."""
    if now_ms is None or frame.is_empty():
        return frame, []
    late = frame["time"] > now_ms + FUTURE_MAX_MS
    if not late.any():
        return frame, []
    refusals = []
    for line, time_ms, event_id in frame.filter(late).select("line", "time", "event_id").iter_rows():
        try:
            check_future(time_ms, now_ms, event_id)
        except InputError as error:
            refusals.append(Refusal(line, error))
    return frame.filter(~late), refusals


def _truth(frame: pl.DataFrame, labels: pl.DataFrame | None, delay_ms: int) -> pl.DataFrame:
    """The labels of accepted rows, as `Chunk.truth`."""
    if labels is None or frame.is_empty():
        return pl.DataFrame(schema=_TRUTH)
    subjects = [pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name) for name in _SUBJECTS]
    rows = frame.with_row_index("row").join(labels, on="line", how="inner", maintain_order="left")
    known = (pl.col("time") + delay_ms).alias("known_at")
    return rows.select("row", "event_id", "label", known, *subjects)
