"""What a table must have before it is judged; each refusal names the table, the column and the first culprit."""

from __future__ import annotations

import polars as pl

from bonafide.core.errors import InputError
from bonafide.core.text import show_value


def need_columns(frame: pl.DataFrame, names: tuple[str, ...], what: str) -> None:
    """Refuse a table that lacks a column; `what` is what the message calls it."""
    for name in names:
        if name not in frame.columns:
            message = f"the {what} table has no column {name}; give the columns {', '.join(names)}"
            raise InputError("missing-field", message, name)


def need_unique(frame: pl.DataFrame, what: str) -> None:
    """Refuse a table that names an event twice."""
    repeated = frame.filter(pl.col("event_id").is_duplicated())
    if repeated.height:
        value = show_value(repeated["event_id"][0])
        message = f"event_id: the {what} table names {value} more than once; give each event once"
        raise InputError("conflict", message, "event_id", value)


def need_present(frame: pl.DataFrame, name: str) -> None:
    """Refuse decided payments without a value in a column; a score must be finite too."""
    absent = pl.col(name).is_null()
    if name == "score":
        absent = absent | ~pl.col(name).is_finite()
    lacking = frame.filter(absent)
    if lacking.height:
        event = show_value(lacking["event_id"][0])
        message = f"{name}: {lacking.height:,} decided payments have none, the first is {event}; decide them again"
        raise InputError("missing-field", message, name)


def need_values(frame: pl.DataFrame, name: str, accepted: tuple[object, ...]) -> None:
    """Refuse a column that holds anything but the `accepted` values; null is not accepted."""
    other = frame.filter(~pl.col(name).is_in(accepted).fill_null(value=False))
    if other.height:
        raise InputError.of_value(name, other[name][0], f"one of {', '.join(str(word) for word in accepted)}")
