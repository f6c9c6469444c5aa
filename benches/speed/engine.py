"""The engine's side of the workload: a frame in, the answers of every event out, a batch at a time."""

from __future__ import annotations

from time import process_time
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.engine.codes import ANSWERED
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.intake import rows_of_columns
from bonafide.engine.kernels import load_kernels
from bonafide.engine.state import State
from bonafide.lab.columns import columns_of, kinds_of

from .workload import CURRENCY, WINDOWS, features

BATCH: Final = 8_192
"""Events of one kernel call."""


class Played(NamedTuple):
    """What the engine made of a log, and the time that it took."""

    answers: NDArray[np.float64]
    """events x windows; NaN where an event names no such key."""
    intake_s: float
    """From the frame to rows of hashes."""
    walk_s: float
    """From rows to answers."""
    state_bytes: int


def play(events: pl.DataFrame, batch: int = BATCH) -> Played:
    """Carry events through a fresh engine, with every event answered, whatever its type."""
    kernels = load_kernels()
    state = State(compile_bundle(features(), [], Settings(CURRENCY)), DEFAULT_SECRET, kernels)
    answers = np.empty((events.height, len(WINDOWS)))
    intake_s = walk_s = 0.0
    for first in range(0, events.height, batch):
        part = events[first : first + batch]
        how = np.full(part.height, ANSWERED, dtype=np.int64)
        begin = process_time()
        rows = rows_of_columns(kinds_of(part), columns_of(part), kernels, state.bound.key)
        taken = process_time()
        walked = state.walk(rows, how)
        walk_s += process_time() - taken
        intake_s += taken - begin
        answers[first : first + batch] = walked.answers
    return Played(answers, intake_s, walk_s, state.used_bytes)
