"""Degraded records: a batch is walked in stretches, so that what a record says holds from the next event on.

A record that is not taken (a duplicate, a conflict, one that comes too late) changes nothing. Such records are rare: a
batch without one is one stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import Degraded, Fact
from bonafide.core.fields import TYPE_CODE
from bonafide.engine.admission import TIME
from bonafide.engine.codes import TAKEN, V_STATUS
from bonafide.engine.intake import Column
from bonafide.engine.state import State, Walked

Changes = Mapping[int, tuple[str, ...]]
"""The degraded records of a batch: the parts that each names, by its row."""
NO_CHANGES: Final[Changes] = {}
_DEGRADED: Final = TYPE_CODE["degraded"]
_decode_parts: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class Stretch:
    """Rows that were walked under one state of things."""

    __slots__ = ("_before", "_times", "first", "rows", "walked")

    def __init__(self, first: int, walked: Walked, rows: NDArray[np.int64], before: int) -> None:
        """first: the number of the first row; before: the latest time in the log before it."""
        self.first = first
        self.walked = walked
        self.rows = rows
        self._before = before
        self._times: NDArray[np.int64] | None = None

    @property
    def times(self) -> NDArray[np.int64]:
        """The latest time in the log after each row."""
        if self._times is None:
            taken, before = self.walked.verdicts[:, V_STATUS] == TAKEN, self._before
            self._times = np.maximum.accumulate(np.where(taken, np.maximum(self.rows[:, TIME], before), before))
        return self._times


class Alone:
    """One row that was walked by itself."""

    __slots__ = ("_state", "rows")

    def __init__(self, rows: NDArray[np.int64], state: State) -> None:
        self.rows = rows
        self._state = state

    @property
    def times(self) -> tuple[int]:
        """The latest time in the log after it."""
        return (self._state.latest_ms,)


def changes_among(events: Sequence[Fact]) -> Changes:
    """The degraded records among structs."""
    return {i: event.parts for i, event in enumerate(events) if isinstance(event, Degraded)}


def changes_in(kinds: NDArray[np.int64], columns: Mapping[str, Column]) -> Changes:
    """The degraded records among rows of columns, whose `parts` are canonical JSON."""
    told = np.flatnonzero(kinds == _DEGRADED)
    texts = columns["parts"] if len(told) else b""
    if not isinstance(texts, bytes):
        raise TypeError("the column parts holds texts")
    parts = texts.split(b"\0") if len(told) else []
    return {row: _decode_parts(parts[row]) for row in told.tolist()}


def walk_stretches(
    state: State, rows: NDArray[np.int64], how: NDArray[np.int64], changes: Changes,
    degrade: Callable[[tuple[str, ...]], None],
) -> Iterator[Stretch]:  # fmt: skip
    """Walk rows as `State.walk` does, in stretches that end behind each degraded record.

    `degrade` is told the parts of each record that was taken, when the caller has seen the stretch that it ends.
    """
    first = 0
    for row, parts in changes.items():
        before = state.latest_ms
        walked = state.walk(rows[first : row + 1], how[first : row + 1])
        yield Stretch(first, walked, rows[first : row + 1], before)
        if walked.verdicts[-1, V_STATUS] == TAKEN:
            degrade(parts)
        first = row + 1
    if first < len(rows) or first == 0:
        before = state.latest_ms
        yield Stretch(first, state.walk(rows[first:], how[first:]), rows[first:], before)
