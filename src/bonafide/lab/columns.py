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
_TEXTS: Final = frozenset(name for name, field in FIELDS.items() if field.kind in {"text", "list"})


def kinds_of(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The type code of every row."""
    return frame["type"].cast(_TYPES).to_physical().cast(pl.Int64).to_numpy()


def columns_of(frame: pl.DataFrame) -> dict[str, Column]:
    """The schema's fields of a frame whose records have passed the door, as `intake.rows_of_columns` takes them."""
    given = [name for name in frame.columns if name in FIELDS]
    texts = frame.select(_joined(frame[name]) for name in given if name in _TEXTS)
    numbers = frame.select(_integers(FIELDS[name]) for name in given if name not in _TEXTS)
    return {
        name: texts[name].item() or b"" if name in _TEXTS else np.ascontiguousarray(numbers[name].to_numpy())
        for name in given
    }


def _joined(values: pl.Series) -> pl.Expr:
    """All texts of a column, divided by zero bytes; an absent one is empty. Lists are written as JSON."""
    texts = pl.col(values.name)
    if isinstance(values.dtype, pl.List):
        parts = texts.list.eval(pl.element().struct.json_encode()).list.join(",")
        texts = pl.format("[{}]", parts)
    return (texts.fill_null("") if values.null_count() else texts).str.join("\0").cast(pl.Binary)


def _integers(field: Field) -> pl.Expr:
    """A column as integers, ABSENT where a value is."""
    values = pl.col(field.name)
    match field.kind:
        case "word":
            values = values.cast(_WORDS).to_physical()
        case "fraction":
            # np.rint and Python's round agree: both go to the even neighbour at a half.
            values = (values * FRACTION_UNIT).round(mode="half_to_even")
        case _:
            pass
    return values.cast(pl.Int64).fill_null(ABSENT)
