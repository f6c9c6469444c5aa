"""Whether rows are events: vectorised for the rows that plainly are, through the door one by one for all others.

The columns decide only which rows are beyond doubt. What they doubt, `convert_event` decides, so a record is accepted
or refused, and with which words, by one piece of code whatever file it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl
from msgspec import inspect

from bonafide.core.door import convert_event
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import FIELDS, TYPE_NAMES, Field
from bonafide.core.moment import MOMENT_MAX
from bonafide.lab.inputs.chunks import DEFAULTS, frame_of_events
from bonafide.lab.inputs.rejects import Refusal

_CONTROL: Final = r"[\x00-\x1f\x7f-\x9f]"


class _Limit(NamedTuple):
    """What one field's value must be in some event types."""

    types: frozenset[str]
    info: inspect.Type


class Settled(NamedTuple):
    """Rows after the check."""

    frame: pl.DataFrame
    """The accepted rows, ordered by line, absent fields with the schema's defaults."""
    refusals: list[Refusal]


def settle(rows: pl.DataFrame, doubts: pl.Series | None = None, strange: pl.DataFrame | None = None) -> Settled:
    """Accepts or refuses every row.

    `rows` has `line` (unique, rising), `type` and fields as in a `Chunk`. `doubts` marks rows that must go through the
    door, and `strange` holds, row by row, values that have no place in `rows`: of unknown fields, or not of the field's
    type; they stand in where `rows` has none.
    """
    faulty = _faulty(rows)
    if doubts is not None:
        faulty |= doubts
    if not faulty.any():
        return Settled(_with_defaults(rows), [])
    events, lines, refusals = [], [], []
    extra = None if strange is None else strange.filter(faulty)
    for line, record in _records(rows.filter(faulty), extra):
        try:
            event = convert_event(record)
        except InputError as error:
            refusals.append(Refusal(line, error))
        else:
            events.append(event)
            lines.append(line)
    accepted = rows.filter(~faulty)
    if events:
        accepted = pl.concat([accepted, frame_of_events(events, lines)], how="diagonal").sort("line")
    return Settled(_with_defaults(accepted), refusals)


def _records(rows: pl.DataFrame, strange: pl.DataFrame | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row as line and record without nulls."""
    extra = iter(()) if strange is None else strange.iter_rows(named=True)
    for row in rows.iter_rows(named=True):
        line = row.pop("line")
        record = {name: value for name, value in row.items() if value is not None}
        for name, value in next(extra, {}).items():
            if value is not None:
                record.setdefault(name, value)
        for name, value in record.items():
            if isinstance(value, str) and name in FIELDS and FIELDS[name].kind == "list":
                record[name] = _parsed(value)
        yield line, record


def _parsed(text: str) -> Any:
    """A list that is written as JSON; the text itself where it is none, for the door to refuse."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _with_defaults(frame: pl.DataFrame) -> pl.DataFrame:
    for type_name in frame["type"].unique():
        for name, value in DEFAULTS[type_name].items():
            meant = pl.when(pl.col("type") == type_name).then(pl.lit(value))
            given = pl.coalesce(pl.col(name), meant) if name in frame.columns else meant
            frame = frame.with_columns(given.alias(name))
    return frame


def _faulty(rows: pl.DataFrame) -> pl.Series:
    """Which rows are not events beyond doubt."""
    types = frozenset(rows["type"].unique().drop_nulls()) & EVENT_CLASS.keys()
    kind = pl.col("type")
    faults = [kind.is_null() | ~kind.is_in(TYPE_NAMES)]
    if looked_at := types & _OWN_CONDITIONS:
        faults.append(kind.is_in(list(looked_at)))
    for name, field in FIELDS.items():
        needed = types & field.required
        if name not in rows.columns:
            if needed:
                faults.append(kind.is_in(list(needed)))
            continue
        value = pl.col(name)
        if needed:
            faults.append(value.is_null() & _of(needed, types))
        if foreign := types.difference(field.types):
            faults.append(value.is_not_null() & kind.is_in(list(foreign)))
        for limit in _LIMITS[name]:
            if among := types & limit.types:
                outside = _outside(field, limit.info, rows[name])
                faults.append(outside.fill_null(value=False) & _of(among, types))
    return rows.select(pl.any_horizontal(faults)).to_series()


def _of(some: frozenset[str], present: frozenset[str]) -> pl.Expr:
    """Whether a row is of some of the types present; a constant where that is all of them."""
    return pl.lit(value=True) if some == present else pl.col("type").is_in(list(some))


def _outside(field: Field, info: inspect.Type, values: pl.Series) -> pl.Expr:
    """Whether a value is outside what the schema says; doubtful counts as outside, null gives null."""
    value = pl.col(field.name)
    if field.kind == "moment":
        return ~value.is_between(0, MOMENT_MAX)
    match info:
        case inspect.StrType(min_length=int(shortest), max_length=int(longest)):
            length = value.str.len_chars()
            outside = (length < shortest) | (length > longest) | value.str.contains(_CONTROL)
            if (values.str.len_bytes() != values.str.len_chars()).any():
                outside |= value != value.str.normalize("NFC")
            return outside
        case inspect.LiteralType(values=words):
            return ~value.is_in(list(words))
        case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high) if (
            low is not None and high is not None
        ):
            return ~value.is_between(low, high)
        case inspect.BoolType():
            return pl.lit(value=False)
        case _:
            return value.is_not_null()


def _read_limits() -> dict[str, list[_Limit]]:
    """The limits of every field, said once for all types that share them."""
    found: dict[str, dict[str, _Limit]] = {name: {} for name in FIELDS}
    for type_name, cls in EVENT_CLASS.items():
        for field in msgspec.structs.fields(cls):
            info = inspect.type_info(field.type)
            parts = info.types if isinstance(info, inspect.UnionType) else (info,)
            given = next(part for part in parts if not isinstance(part, inspect.NoneType))
            limits = found[field.name]
            earlier = limits.get(repr(given))
            limits[repr(given)] = _Limit((earlier.types if earlier else frozenset()) | {type_name}, given)
    return {name: list(limits.values()) for name, limits in found.items()}


_LIMITS: Final = _read_limits()
_OWN_CONDITIONS: Final = frozenset(
    name for name, cls in EVENT_CLASS.items() if cls.__post_init__ is not Fact.__post_init__
)
"""Types that ask for more than each field alone can show; their rows go through the door."""
