"""Taking in what was decided before by a second state, which warms beside an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import ABSORBED
from bonafide.engine.stretches import NO_CHANGES, NO_LISTS, AsBefore, changes_among, changes_in, walk_stretches
from bonafide.engine.intake import Column, read_events, rows_of_columns
from bonafide.engine.beside.challenger import ready_for

if TYPE_CHECKING:
    from bonafide.engine.engine import Engine

ABSORB_ROWS: Final = 1_024
"""Events taken in by one call of the kernel: few enough that their rows are still in the cache when they are read."""


class Warming:
    """A second state, under another bundle, that takes in the log from its start while an engine goes on deciding.

    Kernels run without Python's lock, so a thread of its own does it; when it has caught up, `Engine.adopt` takes it,
    and every later answer is what a replay from the start would give.
    """

    def __init__(self, engine: Engine, bundle: Bundle) -> None:
        self.bundle = bundle
        ready_for(bundle)
        self.state = engine.state.twin(bundle.compiled)

    def absorb(self, events: Sequence[Fact]) -> None:
        """Take in events of the log, in its order, without answering them."""
        state, as_before = self.state, AsBefore(self.state)
        for first in range(0, len(events), ABSORB_ROWS):
            some = events[first : first + ABSORB_ROWS]
            rows, has_lists = read_events(some, state.kernels, state.bound.key)
            changes = changes_among(some) if has_lists else NO_CHANGES
            how = np.full(len(some), ABSORBED, dtype=np.int64)
            for _ in walk_stretches(as_before, rows, how, changes, NO_LISTS):
                pass

    def absorb_columns(
        self, kinds: NDArray[np.int64], columns: Mapping[str, Column], how: NDArray[np.int64] | None = None
    ) -> None:
        """The same for columns; `how` tells DERIVED events from ABSORBED ones."""
        rows = rows_of_columns(kinds, columns, self.state.kernels, self.state.bound.key)
        told = np.full(len(kinds), ABSORBED, dtype=np.int64) if how is None else how
        for _ in walk_stretches(AsBefore(self.state), rows, told, changes_in(kinds, columns), NO_LISTS):
            pass
