"""A mapping at work: rows of a foreign table become events, with their truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from bonafide.core.errors import ConfigError, InputError
from bonafide.core.fields import FIELDS
from bonafide.lab.inputs.cast import ColumnError, accepted_as, as_text, read_as
from bonafide.lab.inputs.check import settle
from bonafide.lab.inputs.chunks import FIELD_DTYPE, Batch
from bonafide.lab.inputs.layout import Layout, lay_out
from bonafide.lab.inputs.lookup import LookupTable, key_name, taken_name
from bonafide.lab.inputs.mapping import EventColumn, Mapping, Source
from bonafide.lab.inputs.mapping_check import constant_of
from bonafide.lab.inputs.rejects import Refusal
from bonafide.lab.inputs.table import LINE, NUMBER, Rows
from bonafide.lab.inputs.tree import KeyPath


class _Reading(NamedTuple):
    """How a field, or the type, comes from a column."""

    field: str
    column: str
    value: pl.Expr
    accepted: str


class Plan(NamedTuple):
    """A mapping made ready for a table whose columns are known."""

    layout: Layout
    lookups: tuple[LookupTable, ...]
    readings: tuple[_Reading, ...]
    others: tuple[pl.Expr, ...]
    """The fields that come from no column, and the type if it is always the same."""
    label: pl.Expr
    """1 cash-out, 0 genuine, else null."""
    types: tuple[str, ...]


def make_plan(
    mapping: Mapping, header: Sequence[str], dtypes: dict[str, pl.DataType], lookups: tuple[LookupTable, ...], file: str
) -> Plan:
    """Plans how the rows of a table are read; columns without a dtype are text.

    Raises ConfigError when a column that the mapping names is missing or cannot be what it is meant to be.
    """
    layout = lay_out(mapping, header, file)
    known = dict(dtypes) | dict.fromkeys(layout.glued, pl.String())
    for table in lookups:
        known |= table.frame.schema
    sources: list[tuple[str, Source, KeyPath]] = [
        (name, source, ("fields", name)) for name, source in mapping.fields.items()
    ]
    for place, lookup in enumerate(mapping.lookup):
        for name, source in lookup.take.items():
            sources.append((name, _renamed(source, place), ("lookup", place, "take", name)))
    readings = [_reading(mapping, name, source, where, known, file) for name, source, where in sources if source.column]
    others = [_other(name, source) for name, source, _ in sources if not source.column]
    if isinstance(mapping.event, EventColumn):
        readings.insert(0, _type_reading(mapping, mapping.event, known, file))
    else:
        others.append(pl.lit(mapping.event, pl.String).alias("type"))
    return Plan(layout, lookups, tuple(readings), tuple(others), _label(mapping, known, file), mapping.types)


def apply_plan(plan: Plan, rows: Rows, numbered: int) -> Batch:
    """Events of some rows; earlier files had `numbered` rows. The batch's refusals begin with those of the reader."""
    frame = _joined(plan, rows, numbered)
    given = frame.select(
        pl.col(LINE).alias("line"), *plan.others, *(reading.value.alias(reading.field) for reading in plan.readings)
    )
    misfits = {
        reading.field: frame[reading.column].is_not_null() & given[reading.field].is_null() for reading in plan.readings
    }
    if len(plan.types) > 1:
        given, misfits = _of_their_types(given, misfits)
    refusals = list(rows.refusals)
    failed = pl.select(pl.any_horizontal(*misfits.values())).to_series() if misfits else pl.Series([False])
    if failed.any():
        refusals += _misfit(
            plan, frame.filter(failed), given.filter(failed), {n: m.filter(failed) for n, m in misfits.items()}
        )
        given = given.filter(~failed)
    settled = settle(given)
    labels = frame.select(pl.col(LINE).alias("line"), plan.label.alias("label")).drop_nulls()
    return Batch(settled.frame, [*refusals, *settled.refusals], rows.read, rows.bytes_done, labels)


def _joined(plan: Plan, rows: Rows, numbered: int) -> pl.DataFrame:
    """The rows with their glued and looked-up columns; an empty text is absent."""
    frame = rows.frame.with_columns(pl.col(NUMBER) + numbered)
    for name, pieces in plan.layout.glued.items():
        if set(pieces) <= set(frame.columns):
            frame = frame.with_columns(pl.concat_str(pieces, separator=" ", ignore_nulls=True).alias(name))
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    frame = frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts)
    for place, lookup in enumerate(plan.lookups):
        names = [key_name(place, n) for n in range(len(lookup.columns))]
        keys = [as_text(pl.col(column), frame.schema[column]) for column in lookup.columns]
        frame = frame.with_columns(key.alias(name) for key, name in zip(keys, names, strict=True))
        frame = frame.join(lookup.frame, on=names, how="left", maintain_order="left").drop(names)
    return frame


def _of_their_types(given: pl.DataFrame, misfits: dict[str, pl.Series]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """A column of a field that a row's type does not have is no column of that row."""
    owns = {
        name: given["type"].is_in(list(FIELDS[name].types)).fill_null(value=True)
        for name in given.columns
        if name in FIELDS
    }
    kept = given.with_columns(pl.when(pl.lit(own)).then(pl.col(name)).alias(name) for name, own in owns.items())
    return kept, {name: misfit & owns[name] if name in owns else misfit for name, misfit in misfits.items()}


def _misfit(plan: Plan, frame: pl.DataFrame, given: pl.DataFrame, misfits: dict[str, pl.Series]) -> list[Refusal]:
    """Why each row of a frame is refused: the first of its values that does not fit."""
    refusals = []
    for place, (line, event_id) in enumerate(given.select("line", "event_id").iter_rows()):
        reading = next(reading for reading in plan.readings if misfits[reading.field][place])
        error = InputError.of_value(reading.field, frame[reading.column][place], reading.accepted)
        error.event_id = event_id
        refusals.append(Refusal(line, error))
    return refusals


def _renamed(source: Source, lookup: int) -> Source:
    """A taken field's source, reading the column under the name that it has after the join."""
    options = {name: getattr(source, name) for name in source.__struct_fields__}
    return Source(**options | {"column": taken_name(lookup, source.column or "")})


def _reading(
    mapping: Mapping, name: str, source: Source, where: KeyPath, known: dict[str, pl.DataType], file: str
) -> _Reading:
    column = source.column or ""
    try:
        value = read_as(FIELDS[name], source, column, known.get(column, pl.String()))
    except ColumnError as error:
        raise _unreadable(mapping, where, column, file, error) from None
    return _Reading(name, column, value, accepted_as(FIELDS[name], source))


def _type_reading(mapping: Mapping, event: EventColumn, known: dict[str, pl.DataType], file: str) -> _Reading:
    try:
        words = as_text(pl.col(event.column), known.get(event.column, pl.String()))
    except ColumnError as error:
        raise _unreadable(mapping, ("event", "column"), event.column, file, error) from None
    value = words.replace_strict(event.values, default=None, return_dtype=pl.String)
    return _Reading("type", event.column, value, f"one of {', '.join(event.values)}")


def _other(name: str, source: Source) -> pl.Expr:
    """A constant, or the row's number."""
    if source.row:
        return (pl.lit(source.prefix or "") + pl.col(NUMBER).cast(pl.String)).alias(name)
    return pl.lit(constant_of(FIELDS[name], source.value or ""), FIELD_DTYPE[name]).alias(name)


def _label(mapping: Mapping, known: dict[str, pl.DataType], file: str) -> pl.Expr:
    truth = mapping.truth
    if truth is None:
        return pl.lit(None, pl.Int8)
    try:
        words = as_text(pl.col(truth.column), known.get(truth.column, pl.String()))
    except ColumnError as error:
        raise _unreadable(mapping, ("truth", "column"), truth.column, file, error) from None
    labels = dict.fromkeys(truth.cash_out, 1) | dict.fromkeys(truth.genuine, 0)
    return words.replace_strict(labels, default=None, return_dtype=pl.Int8)


def _unreadable(mapping: Mapping, where: KeyPath, column: str, file: str, error: ColumnError) -> ConfigError:
    return mapping.tree.fail(where, f"the column {column} of {file} cannot be read so: {error}")
