"""A log as a Parquet file of ours: moments are timestamps in UTC there, and whole milliseconds in the rows of a log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl

from bonafide.core.fields import FIELDS

STAMP: Final = pl.Datetime("ms", "UTC")


def stamped(schema: pl.Schema) -> pl.Schema:
    """The columns of a file whose rows have these."""
    moments = set(_moments(schema))
    return pl.Schema({name: STAMP if name in moments else dtype for name, dtype in schema.items()})


def stamp(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a log as a file has them."""
    return frame.with_columns(pl.col(_moments(frame.columns)).cast(STAMP))


def scan_log(path: Path) -> pl.LazyFrame:
    """The rows of a log that `stamp` made, piece by piece, with whole milliseconds since 1970 UTC."""
    log = pl.scan_parquet(path)
    return log.with_columns(pl.col(_moments(log.collect_schema())).cast(pl.Int64))


def _moments(names: Iterable[str]) -> list[str]:
    return [name for name in names if name in FIELDS and FIELDS[name].kind == "moment"]
