"""Bins of one input: where values of different risk part, never against the declared direction.

Optimal binning (Navas-Palencia, "Optimal binning: mathematical programming formulation", 2020, the package optbinning)
over prebins of a small decision tree. Its constraint programming solver is used: with one worker and a fixed seed it
answers the same every time, and an answer that its time limit cut short, which would depend on the machine, is refused.
"""

from __future__ import annotations

import warnings
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.engine.scorecard import Direction

Floats = NDArray[np.float64]

BINS_MAX: Final = 6
BIN_ROWS_MIN_FRACTION: Final = 0.0025
"""Of the rows that have a value: cash-out is rare, and its bins are narrow."""
BIN_BAD_MIN: Final = 8
"""Fewest bad rows of a bin, weak ones by their weight."""
PREBINS: Final = 20
SOLVER_SECONDS_MAX: Final = 60
SHRINKAGE: Final = 1.0
"""Bad rows of the average kind that each bin is given besides its own: a thin bin says little."""
CUT_DIGITS: Final = 6
"""Significant digits of a cut, so that people can read it."""
_TREND: Final[dict[Direction | None, str]] = {"up": "ascending", "down": "descending", None: "auto_asc_desc"}


class Bins(NamedTuple):
    """Bins of one input, the last one that of missing values. Arrays are (len(cuts) + 2,)."""

    cuts: tuple[float, ...]
    rows: NDArray[np.int64]
    bad: Floats
    """Bad rows, weak ones by their weight."""
    evidence: Floats
    """Weight of evidence: ln of the bin's odds of being bad over those of all rows, shrunk; 0 where it has no row."""
    value: float
    """Information value: how far the distributions of bad and other rows part, by `evidence`."""


def bin_input(values: Floats, bad: Floats, direction: Direction | None) -> Bins:
    """Bins of `values` (rows,), NaN being missing, for `bad` (rows,) from 0 to 1, how much of a bad row each is.

    Deterministic. Expects some bad and some good rows. Raises StateError where the solver found no best bins in time.
    """
    cuts = _cuts(values, bad, direction)
    bins = count(values, bad, cuts)
    # Thin bins are drawn towards the average more than thick ones, which may turn two that stood in order.
    while direction is not None and (wrong := _out_of_order(bins.evidence[:-1], direction)) is not None:
        cuts = cuts[:wrong] + cuts[wrong + 1 :]
        bins = count(values, bad, cuts)
    return bins


def bins_of(values: Floats, cuts: tuple[float, ...]) -> NDArray[np.int64]:
    """The bin of each value, as the kernel finds it; that of missing ones is len(cuts) + 1."""
    found = np.searchsorted(np.asarray(cuts, np.float64), values, side="right")
    return np.where(np.isnan(values), len(cuts) + 1, found).astype(np.int64)


def count(values: Floats, bad: Floats, cuts: tuple[float, ...]) -> Bins:
    """Rows and bad rows of given bins, and what follows from them."""
    at, number = bins_of(values, cuts), len(cuts) + 2
    rows = np.bincount(at, minlength=number).astype(np.int64)
    of_bad = np.bincount(at, bad, number).astype(np.float64)
    share = bad.sum() / bad.size
    risk = (of_bad + SHRINKAGE) / (rows + SHRINKAGE / share)
    evidence = np.where(rows > 0, np.log(risk / (1 - risk)) - np.log(share / (1 - share)), 0.0)
    parted = of_bad / of_bad.sum() - (rows - of_bad) / (rows - of_bad).sum()
    return Bins(cuts, rows, of_bad, evidence, float(np.dot(parted, evidence)))


def _cuts(values: Floats, bad: Floats, direction: Direction | None) -> tuple[float, ...]:
    """The optimal cuts; none where the values tell nothing apart."""
    known = ~np.isnan(values)
    values, bad = values[known], bad[known]
    total = float(bad.sum())
    if values.size == 0 or values.min() == values.max() or total < 2 * BIN_BAD_MIN or values.size - total < 1:
        return ()
    from optbinning import OptimalBinning

    # A row that is bad in part counts as two, one of each kind.
    x = np.concatenate((values[bad > 0], values[bad < 1]))
    y = np.concatenate((np.ones(int((bad > 0).sum()), np.int64), np.zeros(int((bad < 1).sum()), np.int64)))
    weight = np.concatenate((bad[bad > 0], 1 - bad[bad < 1]))
    binning: Any = OptimalBinning(
        solver="cp", max_n_prebins=PREBINS, min_prebin_size=BIN_ROWS_MIN_FRACTION / 2, max_n_bins=BINS_MAX,
        min_bin_size=BIN_ROWS_MIN_FRACTION, monotonic_trend=_TREND[direction], time_limit=SOLVER_SECONDS_MAX,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binning.fit(x, y, sample_weight=weight)
    if binning.status != "OPTIMAL":
        raise StateError(f"no best bins within {SOLVER_SECONDS_MAX} s ({binning.status}); train on fewer rows")
    cuts = sorted({float(f"{cut:.{CUT_DIGITS}g}") for cut in binning.splits.tolist()})
    return _enough(values, bad, tuple(cuts))


def _enough(values: Floats, bad: Floats, cuts: tuple[float, ...]) -> tuple[float, ...]:
    """The cuts without those that part off fewer than BIN_BAD_MIN bad rows, the thinnest bin first."""
    while cuts:
        of_bad = np.bincount(bins_of(values, cuts), bad, len(cuts) + 1)[: len(cuts) + 1]
        thin = int(of_bad.argmin())
        if of_bad[thin] >= BIN_BAD_MIN:
            break
        left = thin == len(cuts) or (thin > 0 and of_bad[thin - 1] < of_bad[thin + 1])
        drop = thin - 1 if left else thin
        cuts = cuts[:drop] + cuts[drop + 1 :]
    return cuts


def _out_of_order(evidence: Floats, direction: Direction) -> int | None:
    """The first cut between two bins that stand against the direction."""
    steps = np.diff(evidence) * (1 if direction == "up" else -1)
    wrong = np.flatnonzero(steps < 0)
    return int(wrong[0]) if wrong.size else None
