"""From frames of records to the columns that the engine takes in."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, TYPE_CODE, WORD_CODE, Field
from bonafide.engine.intake import Column

_WORDS: Final = pl.DataFrame(
    {"word": list(WORD_CODE), "code": list(WORD_CODE.values())}, schema_overrides={"code": pl.Int64}
)


def kinds_of(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The type code of every row."""
    codes = frame["type"].replace_strict(TYPE_CODE, return_dtype=pl.Int64)
    return codes.to_numpy()


def columns_of(frame: pl.DataFrame) -> dict[str, Column]:
    """The schema's fields of a frame whose records have passed the door, as `intake.rows_of_columns` takes them."""
    return {name: _column(FIELDS[name], frame[name]) for name in frame.columns if name in FIELDS}


def _column(field: Field, values: pl.Series) -> Column:
    match field.kind:
        case "text" | "list":
            return (values.fill_null("").str.join("\0").item() or "").encode()
        case "word":
            codes = values.replace_strict(_WORDS["word"], _WORDS["code"], default=None, return_dtype=pl.Int64)
            return _integers(codes)
        case "fraction":
            # np.rint and Python's round agree: both go to the even neighbour at a half.
            return _integers((values * FRACTION_UNIT).round(mode="half_to_even").cast(pl.Int64))
        case _:
            return _integers(values.cast(pl.Int64))


def _integers(values: pl.Series) -> NDArray[np.int64]:
    return np.ascontiguousarray(values.fill_null(ABSENT).to_numpy())
