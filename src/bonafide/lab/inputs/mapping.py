"""The mapping file: which column of a CSV or a foreign Parquet file is which field of the event schema.

Its form is that of INTERFACE.md, as structs. `mapping_file` reads them, `mapping_check` holds what must be true beyond
the form, and both answer like a good compiler: file, line, key, what is wrong, what was expected, the nearest name.

Three things beyond the letter of that page, all additions. Two: an entry of `take` may be a whole source
(`{column: Quant, decimals: 2}`), since a limit in major units must become minor ones too; and a lookup may state a
`delimiter` of its own.

The third, for exports that are grouped by customer and not by time: `order: time` sorts each file by time
first (in memory, up to SORTED_ROWS_MAX rows); the log order is then that order.

`join: {Timestamp: [date, time]}` mends what a delimiter tore apart, and works with either kind of header:

- the header has the one name `Timestamp` (case does not matter when no column is written exactly so) while each row
  holds two pieces there: that name stands for the pieces, and rows are one piece longer than the header;
- the header names both pieces, `date` and `time`: a column `Timestamp` is made of the two.

Either way the column `Timestamp` holds the pieces with one space between them.

A time needs a zone, in its text or as `zone`. `opened_on` is a date, the midnight (UTC) that begins it, and needs none:
ISO dates and columns of dates are read as they are, others by a `format` alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from bonafide.core.moment import parse_span
from bonafide.lab.inputs.tree import KeyPath, Tree

DECIMALS_MAX: Final = 6
"""Most decimals between a major and a minor unit; ISO 4217 knows up to four."""

Part = Annotated[str, Meta(min_length=1)]
Pieces = Annotated[tuple[Part, ...], Meta(min_length=2)]
Delimiter = Annotated[str, Meta(min_length=1, max_length=1)]


class EventColumn(Struct, frozen=True, kw_only=True):
    """The event type stands in a column, written in other words."""

    column: Part
    values: Annotated[dict[str, str], Meta(min_length=1)]


class Source(Struct, frozen=True, kw_only=True):
    """Where one field's value comes from: a column, a constant, or the row's number; and how it is read."""

    column: Part | None = None
    value: str | None = None
    row: bool = False
    """Number the rows, from 1, across all files of the log."""
    prefix: str | None = None
    format: Part | None = None
    zone: Part | None = None
    unit: Literal["us", "ms", "s", "m", "h", "d"] | None = None
    origin: Annotated[datetime, Meta(tz=True)] | None = None
    decimals: Annotated[int, Meta(ge=0, le=DECIMALS_MAX)] | None = None


class Lookup(Struct, frozen=True, kw_only=True):
    """Another file joined by key; a row without a partner has the taken fields absent."""

    file: Part
    on: Annotated[dict[str, Part], Meta(min_length=1)]
    take: dict[str, Source]
    delimiter: Delimiter | None = None


NO_DELAY: Final = re.compile("0(ms|s|m|h|d)")
"""A label that is known with its event; elsewhere a span of nothing is none."""


class Truth(Struct, frozen=True, kw_only=True):
    """The column that says what was cash-out, known only after a delay; other values of it are no label."""

    column: Part
    cash_out: Annotated[tuple[str, ...], Meta(min_length=1)]
    genuine: tuple[str, ...] = ()
    delay: Part | None = None

    @property
    def delay_ms(self) -> int:
        """How long after the event its label is known."""
        return 0 if self.delay is None or NO_DELAY.fullmatch(self.delay) else parse_span(self.delay)


class Mapping(Struct, frozen=True, kw_only=True):
    """A mapping file, read and checked."""

    tree: Tree
    """What stands in the file, for messages that point at it."""
    event: str | EventColumn
    fields: dict[str, Source]
    delimiter: Delimiter = ","
    order: Literal["row", "time"] = "row"
    """`time` puts each file in order of time before it is read as a log, equal times in row order."""
    join: dict[str, Pieces] = {}
    lookup: tuple[Lookup, ...] = ()
    truth: Truth | None = None

    @property
    def path(self) -> Path:
        """The file that it was read from."""
        return Path(self.tree.path)

    @property
    def types(self) -> tuple[str, ...]:
        """The event types that its rows can have."""
        return (self.event,) if isinstance(self.event, str) else tuple(dict.fromkeys(self.event.values.values()))

    @property
    def columns(self) -> dict[str, KeyPath]:
        """Every column that it reads of the main file, with the key that names it."""
        named: dict[str, KeyPath] = {}
        if not isinstance(self.event, str):
            named.setdefault(self.event.column, ("event", "column"))
        for name, source in self.fields.items():
            if source.column is not None:
                named.setdefault(source.column, ("fields", name, "column"))
        if self.truth is not None:
            named.setdefault(self.truth.column, ("truth", "column"))
        return named
