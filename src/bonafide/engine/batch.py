"""What the engine makes of a batch of columns, a row an event, and of batches that were walked in stretches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import Loop, Step
from bonafide.engine.funds.layout import (
    L_AMOUNT, L_CLOSES, L_EVENT, L_HOME, L_RETURNED, L_STEP, L_STEPS, STEP_WORDS,
)  # fmt: skip
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.templates import Template


class Shadow(NamedTuple):
    """What a challenger in shadow would have said of some rows."""

    score_e6: NDArray[np.int64]
    template: NDArray[np.int64]
    """Index into `templates`; -1 where there is no decision."""
    templates: list[Template]

    def at(self, rows: NDArray[np.intp]) -> Shadow:
        """Of these rows."""
        return self._replace(score_e6=self.score_e6[rows], template=self.template[rows])


class Batch(NamedTuple):
    """What the engine made of a batch of columns, a row per event."""

    status: NDArray[np.int64]
    """TAKEN, DUPLICATE, CONFLICT or TOO_LATE."""
    seq: NDArray[np.int64]
    """Place in the log of the events taken, which does not move for derived ones; of the others its latest time."""
    score_e6: NDArray[np.int64]
    """Scores in millionths."""
    credit: NDArray[np.int64]
    """Credit scores; 0: none."""
    template: NDArray[np.int64]
    """Index into `templates` of the events decided; -1 for the others."""
    templates: list[Template]
    answers: NDArray[np.float64]
    """n x (features, then the model's inputs, then the scorecard's)."""
    rows: NDArray[np.int64]
    """n x ROW_WIDTH: the events as the kernels read them, with derived fields and converted money."""
    loops: dict[int, tuple[Loop, ...]]
    """Of the events that brought money home: by row, what and how."""
    measures: dict[int, tuple[Proposed, ...]]
    """By row, what is said of measures."""
    shadow: Shadow | None = None
    """What a challenger in shadow would have said."""

    def decided(self) -> Decided:
        """What was made of the events decided on."""
        rows = np.flatnonzero(self.template >= 0)
        place = {row: i for i, row in enumerate(rows.tolist())} if self.loops or self.measures else {}
        loops = {place[row]: some for row, some in self.loops.items() if row in place}
        measures = {place[row]: some for row, some in self.measures.items()}
        return Decided(
            rows, self.seq[rows], self.score_e6[rows], self.credit[rows], self.template[rows], loops, measures,
            None if self.shadow is None else self.shadow.at(rows),
        )  # fmt: skip


class Decided(NamedTuple):
    """The events of a batch that were decided on, a row each."""

    row: NDArray[np.intp]
    """Their rows in the batch."""
    seq: NDArray[np.int64]
    score_e6: NDArray[np.int64]
    credit: NDArray[np.int64]
    template: NDArray[np.int64]
    """Which of the batch's templates."""
    loops: dict[int, tuple[Loop, ...]]
    """By place among the decided."""
    measures: dict[int, tuple[Proposed, ...]]
    shadow: Shadow | None = None


def loops_of(ways: NDArray[np.int64]) -> dict[int, tuple[Loop, ...]]:
    """What `State.walk` told of the ways home, by the number of the event."""
    loops: dict[int, tuple[Loop, ...]] = {}
    for way in ways.tolist():
        steps = (way[at : at + STEP_WORDS] for at in range(L_STEP, L_STEP + way[L_STEPS] * STEP_WORDS, STEP_WORDS))
        loop = Loop(
            way[L_RETURNED], way[L_HOME], way[L_AMOUNT], bool(way[L_CLOSES]), tuple(Step(*step) for step in steps)
        )
        loops[way[L_EVENT]] = (*loops.get(way[L_EVENT], ()), loop)
    return loops


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches that follow one another as one."""
    if len(batches) == 1:
        return batches[0]
    shadows = [b.shadow for b in batches if b.shadow is not None]
    firsts = np.cumsum([0, *(len(b.status) for b in batches)]).tolist()
    return Batch(
        status=np.concatenate([b.status for b in batches]),
        seq=np.concatenate([b.seq for b in batches]),
        score_e6=np.concatenate([b.score_e6 for b in batches]),
        credit=np.concatenate([b.credit for b in batches]),
        template=_moved([b.template for b in batches], [b.templates for b in batches]),
        templates=[template for b in batches for template in b.templates],
        answers=np.concatenate([b.answers for b in batches]),
        rows=np.concatenate([b.rows for b in batches]),
        loops={first + row: some for b, first in zip(batches, firsts, strict=False) for row, some in b.loops.items()},
        measures={
            first + row: some for b, first in zip(batches, firsts, strict=False) for row, some in b.measures.items()
        },
        shadow=None if not shadows else Shadow(
            np.concatenate([s.score_e6 for s in shadows]),
            _moved([s.template for s in shadows], [s.templates for s in shadows]),
            [template for s in shadows for template in s.templates],
        ),
    )  # fmt: skip


def _moved(template: Sequence[NDArray[np.int64]], templates: Sequence[list[Template]]) -> NDArray[np.int64]:
    """Places in the templates of parts that follow one another, as places in all of them together."""
    shifts = np.cumsum([0, *map(len, templates)]).tolist()
    return np.concatenate([np.where(some < 0, -1, some + by) for some, by in zip(template, shifts, strict=False)])
