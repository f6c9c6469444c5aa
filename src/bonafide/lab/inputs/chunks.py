"""The shape in which records travel from a file to the engine: frames of accepted records, a bounded number each."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from bonafide.core.events import EVENT_CLASS, Event
from bonafide.core.fields import FIELDS, Kind
from bonafide.lab.inputs.rejects import Refusal

CHUNK_ROWS: Final = 65_536
"""Records in a chunk, at most."""
CHUNK_BYTES_MAX: Final = 64 << 20
"""Bytes of text that are held for one chunk, give or take a block: long lines make smaller chunks."""

_KIND_DTYPE: Final[dict[Kind, type[pl.DataType]]] = {
    "text": pl.String,
    "word": pl.String,
    "money": pl.Int64,
    "integer": pl.Int64,
    "moment": pl.Int64,
    "fraction": pl.Float64,
    "flag": pl.Boolean,
    "list": pl.String,
}
FIELD_DTYPE: Final = {name: _KIND_DTYPE[field.kind] for name, field in FIELDS.items()}
"""How a field stands in a frame: moments in ms, money in minor units, lists as canonical JSON text; null = absent."""
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    type_name: {
        field.name: field.default
        for field in msgspec.structs.fields(cls)
        if field.default is not msgspec.NODEFAULT and field.default is not None
    }
    for type_name, cls in EVENT_CLASS.items()
}
"""What an absent field means where the schema says so, by event type: the same in every format."""

_EMPTY: Final = {"file": pl.UInt32, "line": pl.Int64, "type": pl.String, "event_id": pl.String, "time": pl.Int64}
_encode_list: Final = msgspec.json.Encoder(order="sorted").encode


class Chunk(NamedTuple):
    """Some consecutive records of one file."""

    frame: pl.DataFrame
    """The accepted records in row order: `file` (UInt32, index into the paths), `line` (Int64, from 1: the line of a
    text file, the row of a Parquet file, the element of a JSON array), `type`, then the fields that any of them has,
    in the order of the schema, as `FIELD_DTYPE`."""
    truth: pl.DataFrame | None
    """With a mapping that names truth: `row` (UInt32, position in `frame`), `event_id`, `label` (Int8, 1 cash-out, 0
    genuine), `known_at` (Int64 ms), `user_id`, `merchant_id`; rows without a label have no row here. Else None."""
    read: int
    """Records read for this chunk, accepted or refused."""
    bytes_done: int
    """How far into all files together this chunk reaches; a Parquet file counts in proportion to its rows."""
    bytes_total: int


class Batch(NamedTuple):
    """What a reader of one format makes of some consecutive records of one file; a `Chunk` before its last touches."""

    frame: pl.DataFrame
    """Accepted records: `line`, `type` and fields, ordered by line."""
    refusals: list[Refusal]
    read: int
    bytes_done: int
    """How far into this file."""
    labels: pl.DataFrame | None = None
    """With a mapping that names truth: `line`, `label`, of some accepted records and perhaps of refused ones."""


def frame_of_events(events: Sequence[Event], lines: Sequence[int]) -> pl.DataFrame:
    """Events as a frame with `line`, `type` and their fields, ordered by line; lines are unique and rise."""
    if not events:
        return pl.DataFrame(schema={"line": pl.Int64, "type": pl.String})
    groups: dict[type, tuple[list[Event], list[int]]] = {}
    for event, line in zip(events, lines, strict=True):
        if event.__class__ not in groups:
            groups[event.__class__] = ([], [])
        group = groups[event.__class__]
        group[0].append(event)
        group[1].append(line)
    frames = [_frame_of_one_type(*group) for group in groups.values()]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal").sort("line")


def in_order(frame: pl.DataFrame, file: int) -> pl.DataFrame:
    """The frame as a `Chunk` has it: the file's place first, fields in the order of the schema, none of them empty."""
    if frame.is_empty():
        return pl.DataFrame(schema=_EMPTY)
    given = [name for name in FIELDS if name in frame.columns and frame[name].null_count() < frame.height]
    return frame.select(pl.lit(file, pl.UInt32).alias("file"), "line", "type", *given)


def _frame_of_one_type(events: list[Event], lines: list[int]) -> pl.DataFrame:
    columns = [
        pl.Series("line", lines, pl.Int64),
        pl.Series("type", [events[0].type]).new_from_index(0, len(events)),
    ]
    for name in events[0].__struct_fields__:
        values = list(map(attrgetter(name), events))
        if values[0] is not None or values.count(None) < len(values):
            stored = [_as_json(value) for value in values] if FIELDS[name].kind == "list" else values
            columns.append(pl.Series(name, stored, FIELD_DTYPE[name]))
    return pl.DataFrame(columns)


def _as_json(value: Any) -> str | None:
    return None if value is None else _encode_list(value).decode()
