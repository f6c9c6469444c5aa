"""From frames of records to the columns that the engine takes in."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, TYPE_NAMES, WORDS, Field
from bonafide.engine.intake import Column

# An enumeration's physical value is its place in the list, which is what the codes of the schema are.
_WORDS: Final = pl.Enum(WORDS)
_TYPES: Final = pl.Enum(TYPE_NAMES)


def kinds_of(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The type code of every row."""
    return frame["type"].cast(_TYPES).to_physical().cast(pl.Int64).to_numpy()


def columns_of(frame: pl.DataFrame) -> dict[str, Column]:
    """The schema's fields of a frame whose records have passed the door, as `intake.rows_of_columns` takes them."""
    return {name: _column(FIELDS[name], frame[name]) for name in frame.columns if name in FIELDS}


def _column(field: Field, values: pl.Series) -> Column:
    match field.kind:
        case "text" | "list":
            return (values.fill_null("").str.join("\0").item() or "").encode()
        case "word":
            return _integers(values.cast(_WORDS).to_physical().cast(pl.Int64))
        case "fraction":
            # np.rint and Python's round agree: both go to the even neighbour at a half.
            return _integers((values * FRACTION_UNIT).round(mode="half_to_even").cast(pl.Int64))
        case _:
            return _integers(values.cast(pl.Int64))


def _integers(values: pl.Series) -> NDArray[np.int64]:
    return np.ascontiguousarray(values.fill_null(ABSENT).to_numpy())
