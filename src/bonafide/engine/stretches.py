"""Stretches: a batch is walked in pieces, so that what a record says of parts or lists holds from the next event on,
and what is on a list ends at its moment.

A record that is not taken (a duplicate, a conflict, one that comes too late) changes nothing. Such moments are rare: a
batch without one is one stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import Degraded, Fact
from bonafide.core.fields import TYPE_CODE
from bonafide.core.moment import MOMENT_MAX
from bonafide.engine.admission import TIME
from bonafide.engine.codes import TAKEN, V_STATUS
from bonafide.engine.intake import Column
from bonafide.engine.state import State, Walked

Changes = Mapping[int, tuple[str, ...]]
"""The degraded records of a batch: the parts that each names, by its row."""
NO_CHANGES: Final[Changes] = {}
_DEGRADED: Final = TYPE_CODE["degraded"]
_LIST_CHANGED: Final = TYPE_CODE["list_changed"]
NO_LISTS: Final = np.zeros(0, dtype=np.intp)
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

    def now(self, i: int) -> int:
        """The latest time in the log after a row."""
        return self.times.item(i)


class Alone:
    """One row that was walked by itself."""

    __slots__ = ("_state", "rows")

    def __init__(self, rows: NDArray[np.int64], state: State) -> None:
        self.rows = rows
        self._state = state

    def now(self, _: int) -> int:
        """The latest time in the log after it."""
        return self._state.latest_ms


def lists_among(kinds: NDArray[np.int64]) -> NDArray[np.intp]:
    """The rows, by the codes of their types, that change a list."""
    return np.flatnonzero(kinds == _LIST_CHANGED)


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


class Turns(Protocol):
    """What may change between two stretches."""

    @property
    def state(self) -> State:
        """What is walked on."""

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer."""

    def turn(self, as_of: int, latest: int) -> None:
        """Bring what is on the lists to a moment of the log, whose latest time may still be behind it."""

    def list_changed(self, row: list[int]) -> None:
        """Take in what a record says of a list."""

    @property
    def lists_hold(self) -> tuple[int, int]:
        """Since when and until when what is on the lists is on them: the last moment is not included."""


class AsBefore:
    """Turns of a state that decides nothing: what is on a list makes no difference to what it remembers."""

    lists_hold = (-1, MOMENT_MAX + 1)

    def __init__(self, state: State) -> None:
        self.state = state

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next event on these parts do not answer."""
        self.state.degrade(parts)

    def turn(self, as_of: int, latest: int) -> None:
        """Nothing changes."""

    def list_changed(self, row: list[int]) -> None:
        """Nothing changes."""


def walk_stretches(
    turns: Turns, rows: NDArray[np.int64], how: NDArray[np.int64], changes: Changes, listed: NDArray[np.intp]
) -> Iterator[Stretch]:  # fmt: skip
    """Walk rows as `State.walk` does, in stretches that end behind each degraded record and each run of changes of
    lists, and before each row at which something on a list ends.

    changes, listed: the rows with degraded records, and those with changes of lists. What a record says is taken in
    when the caller has seen the stretch that it ends.
    """
    first, n, state = 0, len(rows), turns.state
    changed = listed.tolist()
    cuts = sorted({*changes, *(row for row, after in pairwise([*changed, -1]) if row + 1 != after)})
    while first < n or first == 0:
        end, before = next((cut + 1 for cut in cuts if cut >= first), n), state.latest_ms
        if n:
            end = _turn(turns, rows, first, end, before)
        walked = state.walk(rows[first:end], how[first:end])
        yield Stretch(first, walked, rows[first:end], before)
        for row in changed:
            if first <= row < end and walked.verdicts[row - first, V_STATUS] == TAKEN:
                turns.list_changed(rows[row].tolist())
        if end - 1 in changes and walked.verdicts[-1, V_STATUS] == TAKEN:
            turns.degrade(changes[end - 1])
        first = max(end, 1)


def _turn(turns: Turns, rows: NDArray[np.int64], first: int, end: int, latest: int) -> int:
    """Bring the lists to the first row of a stretch; returns where it ends, so that nothing on them ends within."""
    as_of = max(latest, int(rows[first, TIME]))
    turns.turn(as_of, latest)
    since, until = turns.lists_hold
    if latest < since:
        return first + 1  # where this row is not taken, what has ended for it has not ended for the next
    if until <= MOMENT_MAX:
        later = np.flatnonzero(rows[first + 1 : end, TIME] >= until)
        if len(later):
            return first + 1 + int(later[0])
    return end
