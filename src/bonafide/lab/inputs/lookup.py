"""Other files that a mapping joins by key; they are held in memory, so their length is bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from bonafide.core.errors import InputError, UsageError
from bonafide.core.text import show_value
from bonafide.lab.inputs.cast import ColumnError, as_text
from bonafide.lab.inputs.chunks import CHUNK_ROWS
from bonafide.lab.inputs.layout import find
from bonafide.lab.inputs.mapping import Lookup, Mapping
from bonafide.lab.inputs.parquet import open_parquet
from bonafide.lab.inputs.sniff import recognise
from bonafide.lab.inputs.table import read_header, read_rows
from bonafide.lab.inputs.tree import KeyPath

LOOKUP_ROWS_MAX: Final = 10_000_000
"""Most rows of a joined file."""


class LookupTable(NamedTuple):
    """A joined file, ready."""

    columns: tuple[str, ...]
    """The columns of the main file that the keys equal."""
    frame: pl.DataFrame
    """The keys as text, named by `key_name`, each combination once, and the taken columns, named by `taken_name`."""


def key_name(lookup: int, key: int) -> str:
    """The name of a key column, which no column of a file has."""
    return f"lookup {lookup}\nkey {key}"


def taken_name(lookup: int, column: str) -> str:
    """The name of a taken column, which no column of a file has."""
    return f"lookup {lookup}\ntake {column}"


def load_lookups(mapping: Mapping, beside: Path) -> tuple[LookupTable, ...]:
    """Reads the files that a mapping joins: beside the mapping file, else in the folder `beside`.

    Raises ConfigError, pointing into the mapping, when a file is not there or not fit for it.
    """
    return tuple(_load(mapping, place, lookup, beside) for place, lookup in enumerate(mapping.lookup))


def _load(mapping: Mapping, place: int, lookup: Lookup, beside: Path) -> LookupTable:
    where: KeyPath = ("lookup", place)
    file = _find(mapping, lookup, where, beside)
    on = list(lookup.on.values())
    taken = list(dict.fromkeys(source.column for source in lookup.take.values() if source.column is not None))
    try:
        frame = _read(mapping, lookup, where, file, list(dict.fromkeys([*on, *taken])))
        keys = [as_text(pl.col(name), frame.schema[name]).alias(key_name(place, n)) for n, name in enumerate(on)]
    except (InputError, UsageError) as error:
        raise mapping.tree.fail((*where, "file"), error.message) from None
    except ColumnError as error:
        raise mapping.tree.fail((*where, "on"), f"a key of {file} cannot be compared: {error}") from None
    names = [key_name(place, n) for n in range(len(on))]
    frame = frame.select(*keys, *(pl.col(name).alias(taken_name(place, name)) for name in taken)).drop_nulls(names)
    twice = frame.filter(frame.select(names).is_duplicated())
    if twice.height:
        shown = ", ".join(show_value(twice[name][0]) for name in names)
        raise mapping.tree.fail((*where, "on"), f"{file} has the key {shown} twice; each key may stand in one row only")
    return LookupTable(tuple(mapping.fields[name].column or "" for name in lookup.on), frame)


def _find(mapping: Mapping, lookup: Lookup, where: KeyPath, beside: Path) -> Path:
    for folder in (mapping.path.parent, beside):
        if (folder / lookup.file).is_file():
            return folder / lookup.file
    told = f"{show_value(lookup.file)} is neither beside the mapping nor beside the input file"
    raise mapping.tree.fail((*where, "file"), told)


def _read(mapping: Mapping, lookup: Lookup, where: KeyPath, path: Path, wanted: list[str]) -> pl.DataFrame:
    """The wanted columns of a CSV or Parquet file."""
    file = recognise(path, has_mapping=True)
    if file.format == "parquet":
        table = open_parquet(path)
        for name in wanted:
            find(mapping, where, name, list(table.columns), str(path))
        return pl.concat(table.batches(wanted, CHUNK_ROWS)) if table.rows else table.scan().select(wanted).collect()
    if file.format != "csv":
        raise UsageError(f"{path}: is JSON; a joined file is CSV or Parquet")
    delimiter = lookup.delimiter or mapping.delimiter
    names = read_header(path, delimiter)
    for name in wanted:
        find(mapping, where, name, names, str(path))
    frames, rows = [], 0
    for batch in read_rows(path, delimiter, names, wanted, CHUNK_ROWS):
        for line, error in batch.refusals[:1]:
            raise mapping.tree.fail((*where, "file"), f"{path}: line {line}: {error.message}")
        rows += batch.read
        if rows > LOOKUP_ROWS_MAX:
            raise mapping.tree.fail(
                (*where, "file"), f"{path} has more than {LOOKUP_ROWS_MAX:,} rows, the most that is joined"
            )
        frames.append(batch.frame)
    return pl.concat(frames).select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in wanted)
