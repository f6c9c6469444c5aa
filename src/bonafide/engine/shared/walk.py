"""One walk over the log for several engines: what it found of each stretch, and states that vote on it.

A `Voter` stands where an engine has its state. The engine asks it to walk and gets what a walk of its own would have
given: where events stand in the log is of the shared walk, and the vote is that of the engine's own bundle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import TYPE_NAMES
from bonafide.engine.admission import TIME
from bonafide.engine.codes import READ, TAKEN, V_FAULTS, V_HITS, V_SEQ, V_STATUS
from bonafide.engine.compiled import Compiled
from bonafide.engine.funds.layout import L_EVENT
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.shared.votes import vote
from bonafide.engine.state import State, Walked
from bonafide.engine.stretches import NO_LISTS, AsBefore, Changes, walk_stretches

_DECIDED: Final = np.array([EVENT_CLASS[name].decided for name in TYPE_NAMES])


class Faced(NamedTuple):
    """The events of a stretch that are decided on, with all that a vote reads of them."""

    place: NDArray[np.intp]
    """k: their rows in the stretch."""
    rows: NDArray[np.int64]
    """k x ROW_WIDTH, completed."""
    answers: NDArray[np.float64]
    """k x the features of the union."""
    seq: NDArray[np.int64]
    faults: NDArray[np.int64]


class Stretch(NamedTuple):
    """What a walk gave of some rows that follow one another."""

    first: int
    verdicts: NDArray[np.int64]
    """n x V_HITS: status, place in the log and faults of every row."""
    ways: NDArray[np.int64]
    """As in `Walked`."""
    latest_ms: int
    """The latest time in the log before them."""
    degraded: tuple[str, ...]
    """Parts that did not answer."""
    faced: Faced


def walk_shared(
    state: State, rows: NDArray[np.int64], how: NDArray[np.int64], changes: Changes
) -> Iterator[Stretch]:  # fmt: skip
    """Walk rows in a state of a union; the stretches end behind each degraded record, as `walk_stretches` says."""
    latest = state.latest_ms
    for one in walk_stretches(AsBefore(state), rows, how, changes, NO_LISTS):
        walked, first = one.walked, one.first
        faced = _faced(one.rows, how[first : first + len(one.rows)], walked)
        yield Stretch(first, walked.verdicts[:, :V_HITS], walked.ways, latest, state.degraded, faced)
        latest = state.latest_ms


def _faced(rows: NDArray[np.int64], how: NDArray[np.int64], walked: Walked) -> Faced:
    decided = (walked.verdicts[:, V_STATUS] == TAKEN) & _DECIDED[rows[:, TYPE]] & (how >= READ)
    place = np.flatnonzero(decided)
    return Faced(
        place, rows[place], walked.answers[place], walked.verdicts[place, V_SEQ], walked.verdicts[place, V_FAULTS]
    )  # fmt: skip


class Voter(State):
    """Stands for the state of an engine whose log somebody else walks; `show` it each stretch before the engine asks
    for it."""

    def __init__(
        self, compiled: Compiled, columns: NDArray[np.int64], secret: bytes, kernels: Kernels,
        memory: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """`columns`: where the bundle's features stand in the shared answers; `memory`: of the shared state."""
        super().__init__(compiled, secret, kernels, memory)
        self._columns_shared = columns
        self._in_order = bool((columns == np.arange(len(columns))).all())
        self._waiting: deque[Stretch] = deque()
        self._asked = 0
        self._now: int | None = None
        self.answers: list[NDArray[np.float64]] = []
        """Of the decided events of each stretch that was asked for since it was last cleared: the bundle's features,
        then its inputs."""

    def show(self, stretch: Stretch) -> None:
        """What the next walks will find, a piece each: an engine ends a stretch where its own lists change, too."""
        self._waiting.append(stretch)

    @property
    def latest_ms(self) -> int:
        """The latest time in the log before the rows that are asked for next; behind the last ones, the log's."""
        if self._now is not None:
            return self._now
        return self._waiting[0].latest_ms if self._waiting else super().latest_ms

    def walk(self, rows: NDArray[np.int64], how: NDArray[np.int64], into: Walked | None = None) -> Walked:
        """What the shared walk found of these rows, and the bundle's vote on it; answers are of decided rows alone."""
        shown, piece = self._waiting[0], slice(self._asked, self._asked + len(rows))
        if piece.stop > len(shown.verdicts):
            raise AssertionError("an engine asks for the stretches that it was shown, one by one")
        told, latest = shown.verdicts[piece], self.latest_ms
        self._asked, self._now = piece.stop, _latest(rows, told, latest)
        if piece.stop == len(shown.verdicts):
            self._waiting.popleft()
            self._asked, self._now = 0, None
        place, faced = _cut(shown.faced, piece)
        width = V_HITS + self._hit_words
        answers = np.empty((len(place), self._columns))
        known = len(self._columns_shared)
        answers[:, :known] = faced.answers[:, :known] if self._in_order else faced.answers[:, self._columns_shared]
        votes = np.zeros((len(place), width), dtype=np.int64)
        votes[:, V_SEQ], votes[:, V_FAULTS] = faced.seq, faced.faults
        vote(self.bound, faced.rows, np.full(len(place), READ, dtype=np.int64), answers, votes)
        verdicts = np.zeros((len(rows), width), dtype=np.int64)
        for word in (V_STATUS, V_SEQ, V_FAULTS):
            verdicts[:, word] = told[:, word]
        verdicts[place] = votes
        self.answers.append(answers)
        follows = self.compiled.features.layout.followed.funds
        return Walked(answers, verdicts, _ways(shown.ways, piece) if follows else shown.ways[:0])


def _latest(rows: NDArray[np.int64], verdicts: NDArray[np.int64], before: int) -> int:
    """The latest time in the log behind some rows."""
    taken = rows[verdicts[:, V_STATUS] == TAKEN, TIME]
    return max(before, int(taken.max())) if len(taken) else before


def _cut(faced: Faced, piece: slice) -> tuple[NDArray[np.intp], Faced]:
    """The decided events of a piece of a stretch, and where they stand in it."""
    first, last = np.searchsorted(faced.place, (piece.start, piece.stop)).tolist()
    place = faced.place[first:last] - piece.start
    if (first, last) == (0, len(faced.place)):
        return place, faced
    some = slice(first, last)
    return place, Faced(place, faced.rows[some], faced.answers[some], faced.seq[some], faced.faults[some])


def _ways(ways: NDArray[np.int64], piece: slice) -> NDArray[np.int64]:
    """What came home with the events of a piece of a stretch."""
    if not len(ways):
        return ways
    some: NDArray[np.int64] = ways[(ways[:, L_EVENT] >= piece.start) & (ways[:, L_EVENT] < piece.stop)].copy()
    some[:, L_EVENT] -= piece.start
    return some
