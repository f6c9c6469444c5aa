"""From events to rows: the integers that the kernels read, one row of ROW_WIDTH words an event.

Texts become keyed 64-bit hashes, words their codes, numbers themselves; what is absent becomes ABSENT. Events come
either as structs (a request, a few at a time) or as columns (a file, many at a time); both ways give equal rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASSES, Fact
from bonafide.core.fields import ABSENT, FIELDS, FRACTION_UNIT, WORD_CODE, Field
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE

_CODE: Final[dict[str | None, int]] = {None: ABSENT} | WORD_CODE
_encode_list: Final = msgspec.json.Encoder(order="sorted").encode
Column = bytes | NDArray[np.int64]
"""A text column as its parts divided by zero bytes (an empty part is absent), any other as integers with ABSENT."""


def fraction_units(value: float) -> int:
    """A number from 0 to 1 as whole billionths."""
    return round(value * FRACTION_UNIT)


def list_text(value: Sequence[Any]) -> str:
    """The canonical JSON of a list field: no spaces, keys sorted."""
    return _encode_list(value).decode()


class _Layout:
    """How one event type lies in the streams that fill a row: its texts, and its code, words and numbers."""

    def __init__(self, code: int, cls: type[Fact]) -> None:
        fields = [FIELDS[name] for name in cls.__struct_fields__]
        texts = [f for f in fields if f.kind in {"text", "list"}]
        words = [f for f in fields if f.kind == "word"]
        numbers = [f for f in fields if f.kind not in {"text", "list", "word"}]
        self.code = code
        self.decided = cls.decided
        self.texts = _getter(texts)
        self.words = _getter(words)
        self.numbers = _getter(numbers)
        self.has_lists = any(f.kind == "list" for f in texts)
        self.has_fractions = any(f.kind == "fraction" for f in numbers)
        self.text_places = [f.place for f in texts]
        self.number_places = [f.place for f in (*words, *numbers)]

    def text_values(self, event: Fact) -> list[str]:
        values = self.texts(event)
        if self.has_lists:
            return [list_text(v) if isinstance(v, tuple) else v or "" for v in values]
        return [v or "" for v in values]

    def number_values(self, event: Fact) -> list[int]:
        values = self.numbers(event)
        if self.has_fractions:
            values = tuple(fraction_units(v) if isinstance(v, float) else v for v in values)
        return [self.code, *[_CODE[w] for w in self.words(event)], *[ABSENT if v is None else v for v in values]]


def _getter(fields: Sequence[Field]) -> Callable[[Any], tuple[Any, ...]]:
    names = [f.name for f in fields]
    if len(names) > 1:
        get: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
        return get
    return lambda event: tuple(getattr(event, name) for name in names)


LAYOUTS: Final = {cls: _Layout(code, cls) for code, cls in enumerate(EVENT_CLASSES)}


def _layout_table() -> NDArray[np.int64]:
    """A row per type: how many texts, their places, how many numbers, their places."""
    table = np.zeros((len(LAYOUTS), 2 + ROW_WIDTH), dtype=np.int64)
    for row, layout in zip(table, LAYOUTS.values(), strict=True):
        told = [len(layout.text_places), *layout.text_places, len(layout.number_places), *layout.number_places]
        row[: len(told)] = told
    return table


_TABLE: Final = _layout_table()


def rows_of_events(events: Sequence[Fact], kernels: Kernels, key: tuple[np.uint64, np.uint64]) -> NDArray[np.int64]:
    """Rows of structs, n x ROW_WIDTH."""
    texts: list[str] = []
    numbers: list[int] = []
    for event in events:
        layout = LAYOUTS[event.__class__]
        texts += layout.text_values(event)
        numbers += layout.number_values(event)
    rows = np.empty((len(events), ROW_WIDTH), dtype=np.int64)
    texts.append("")  # so that the last text too is ended by a zero byte
    blob = np.frombuffer("\0".join(texts).encode(), dtype=np.uint8)
    kernels.fill_rows(_TABLE, blob, np.array(numbers, dtype=np.int64), rows, *key)
    return rows


def rows_of_columns(
    kinds: NDArray[np.int64], columns: Mapping[str, Column], kernels: Kernels, key: tuple[np.uint64, np.uint64]
) -> NDArray[np.int64]:
    """Rows of columns: `kinds` are type codes, `columns` any of the schema's fields, all of the same length.

    Raises ValueError when a text column does not have as many parts as there are rows.
    """
    rows = np.full((len(kinds), ROW_WIDTH), ABSENT, dtype=np.int64)
    rows[:, TYPE] = kinds
    for name, column in columns.items():
        place = FIELDS[name].place
        if not isinstance(column, bytes):
            rows[:, place] = column
        elif kernels.hash_texts(np.frombuffer(column, dtype=np.uint8), rows, place, key[0], key[1]) != len(kinds):
            raise ValueError(f"column {name} does not have {len(kinds)} parts")
    return rows
