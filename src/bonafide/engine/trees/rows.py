"""Trees over many rows, for what explains and measures them: the deciding process never compiles or loads this."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from bonafide.engine.kernel import pointer, shift
from bonafide.engine.kernels import compile_alone
from bonafide.engine.graded import on_line
from bonafide.engine.trees.arrays import Floats, Trees
from bonafide.engine.trees.shapley import plan_shapley, shapley
from bonafide.engine.trees.walk import attribute, raw_score


class Attributions(NamedTuple):
    """What each input adds to each row's raw score."""

    parts: NDArray[np.float64]
    """n x inputs."""
    base: float
    """With the parts of a row it adds up to the row's raw score."""


def raw_scores(trees: Trees, rows: NDArray[np.float64]) -> Floats:
    """The raw score of each row (n x inputs, NaN is missing), bit by bit what the deciding kernel finds."""
    into = np.zeros(len(rows))
    _kernels().score_rows(trees.words, trees.floats, np.ascontiguousarray(rows), into)
    return into


def path_attributions(trees: Trees, rows: NDArray[np.float64]) -> Attributions:
    """What each input changed on each row's way through the trees."""
    into, bases = np.zeros(rows.shape), np.zeros(len(rows))
    _kernels().attribute_rows(trees.words, trees.floats, np.ascontiguousarray(rows), into, bases)
    return Attributions(into, float(bases[0]) if len(bases) else 0.0)


def shapley_values(trees: Trees, rows: NDArray[np.float64]) -> Attributions:
    """The exact Shapley values of each row."""
    into, bases = np.zeros(rows.shape), np.zeros(len(rows))
    plan = plan_shapley(trees)
    _kernels().shapley_rows(trees.words, trees.floats, plan.words, plan.floats, np.ascontiguousarray(rows), into, bases)
    return Attributions(into, float(bases[0]) if len(bases) else 0.0)


def probabilities(margins: Floats, knots: Floats) -> Floats:
    """What a calibration makes of margins; knots: their margins, then their probabilities."""
    into = np.zeros(len(margins))
    _kernels().calibrate_rows(np.ascontiguousarray(knots), np.ascontiguousarray(margins), into)
    return into


def score_rows(words, floats, rows, into):
    width = rows.shape[1]
    for i in range(rows.shape[0]):
        into[i] = raw_score(pointer(words), pointer(floats), shift(pointer(rows), i * width))


def attribute_rows(words, floats, rows, into, bases):
    width = rows.shape[1]
    for i in range(rows.shape[0]):
        row, told = shift(pointer(rows), i * width), shift(pointer(into), i * width)
        bases[i] = attribute(pointer(words), pointer(floats), row, told)


def shapley_rows(words, floats, plan, work, rows, into, bases):
    width = rows.shape[1]
    for i in range(rows.shape[0]):
        row, told = shift(pointer(rows), i * width), shift(pointer(into), i * width)
        bases[i] = shapley(pointer(words), pointer(floats), pointer(plan), pointer(work), row, told)


def calibrate_rows(knots, margins, into):
    for i in range(margins.shape[0]):
        into[i] = on_line(pointer(knots), knots.shape[0] // 2, margins[i])


class TreeKernels(NamedTuple):
    """The entry points, named as the functions are."""

    score_rows: Callable[..., None]
    attribute_rows: Callable[..., None]
    shapley_rows: Callable[..., None]
    calibrate_rows: Callable[..., None]


@cache
def _kernels() -> TreeKernels:
    words, floats, rows = types.int64[::1], types.float64[::1], types.float64[:, ::1]
    return TreeKernels(*compile_alone((
        (types.void(words, floats, rows, floats), score_rows),
        (types.void(words, floats, rows, rows, floats), attribute_rows),
        (types.void(words, floats, words, floats, rows, rows, floats), shapley_rows),
        (types.void(floats, floats, floats), calibrate_rows),
    )))  # fmt: skip
