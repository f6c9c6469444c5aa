"""A challenger's vote: its own rules, trees and scorecard over what the shared state answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bonafide.engine.basis import Bases
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.trial import Trial
from bonafide.engine.codes import HITS_PER_WORD, READ, V_FAULTS, V_HITS, V_SEQ
from bonafide.engine.compiled import MODEL, Compiled, without_model
from bonafide.engine.shared.votes import make_ready, vote
from bonafide.engine.state import State


def ready_for(bundle: Bundle) -> None:
    """Have ready what a bundle's trial runs, so that an engine which takes it does not wait."""
    if bundle.trial is not None:
        make_ready()


class Challenger:
    """The bundle that is tried, ready to vote."""

    def __init__(self, trial: Trial, state: State) -> None:
        """`state` answers the features of both bundles."""
        make_ready()
        self._columns = np.array(trial.columns, dtype=np.int64)
        self._parts = state.degraded
        self.given = np.empty((0, 0))
        """Of the last vote that was asked for, k x (features, then inputs)."""
        self.take(trial.challenger.compiled, state)

    def take(self, compiled: Compiled, state: State) -> None:
        """Go on with the same bundle, compiled for what is on its lists now."""
        self._whole = state.bind(compiled)
        self._width = len(compiled.features.columns) + len(compiled.input_registers)
        self.bases = Bases(compiled.scheme, len(self._columns))
        self._words = V_HITS + -(-len(compiled.weights) // HITS_PER_WORD)
        self.degrade(self._parts)

    def degrade(self, parts: tuple[str, ...]) -> None:
        """From the next vote on these parts do not answer."""
        self._parts = parts
        self._bound = without_model(self._whole) if MODEL in parts else self._whole

    def vote(
        self, rows: NDArray[np.int64], verdicts: NDArray[np.int64], answers: NDArray[np.float64]
    ) -> NDArray[np.int64]:  # fmt: skip
        """Verdicts on k events that were taken in and are decided on.

        rows: k x ROW_WIDTH, completed; verdicts, answers: what the walk gave of them.
        """
        votes = np.zeros((len(rows), self._words), dtype=np.int64)
        if not len(rows):
            return votes
        votes[:, V_SEQ], votes[:, V_FAULTS] = verdicts[:, V_SEQ], verdicts[:, V_FAULTS]
        given = np.empty((len(rows), self._width))
        given[:, : len(self._columns)] = answers[:, self._columns]
        how = np.full(len(rows), READ, dtype=np.int64)
        vote(self._bound, np.ascontiguousarray(rows), how, given, votes)
        self.given = given
        return votes
