"""The vote alone: rules, trees, scorecard and reasons over events whose features are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from bonafide.engine.compiled import Bound
from bonafide.engine.kernel import pointer
from bonafide.engine.kernels import compile_alone
from bonafide.engine.rules.machine import COLUMN
from bonafide.engine.walk import vote_block


def vote_rows(plan, code, words, floats, events, how, answers, verdicts):
    """Vote on n events as `walk` does behind its windows: verdicts whose status says taken are filled."""
    told, program, values, numbers = pointer(plan), pointer(code), pointer(words), pointer(floats)
    rows, n = pointer(events), events.shape[0]
    first = 0
    while first < n:
        vote_block(told, program, values, numbers, rows, how, answers, verdicts, first, min(COLUMN, n - first))
        first += COLUMN


class VoteKernels(NamedTuple):
    """The entry points, named as the functions are."""

    vote_rows: Callable[..., None]


@cache
def _kernels() -> VoteKernels:
    line, table, floats = types.int64[::1], types.int64[:, ::1], types.float64[::1]
    signature = types.void(line, table, line, floats, table, line, types.float64[:, ::1], table)
    return VoteKernels(*compile_alone(((signature, vote_rows),)))


def make_ready() -> None:
    """Compile what `vote` runs, once on a machine (some 5 s), and load it; later calls cost nothing."""
    _kernels()


def vote(
    bound: Bound, rows: NDArray[np.int64], how: NDArray[np.int64], answers: NDArray[np.float64],
    verdicts: NDArray[np.int64],
) -> None:  # fmt: skip
    """Fill the verdicts of events that were taken in, and their inputs behind their features.

    rows: n x ROW_WIDTH, completed; how: n; answers: n x (features, then inputs); verdicts: n x (V_HITS + words of
    hits), with status and faults, else zero.
    """
    _kernels().vote_rows(bound.plan, bound.code, bound.words, bound.floats, rows, how, answers, verdicts)
