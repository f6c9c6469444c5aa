"""How much the inputs moved between two periods: the population stability index of each."""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.lab.curves import Floats

BINS: Final = 10
SHARE_MIN: Final = 1e-4
"""An empty bin counts as this share, so that one value that is new does not weigh without end."""


def stability(before: Floats, after: Floats) -> float:
    """Population stability index of one input: 0 is no change, above 0.25 is usually called a shift.

    Bins are tenths of `before`, fewer where values repeat, and one for missing values (NaN). NaN without rows.
    """
    if not len(before) or not len(after):
        return float("nan")
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.zeros(0)
    first, then = (_shares(values, edges) for values in (before, after))
    return float(np.sum((then - first) * np.log(then / first)))


def _shares(values: Floats, edges: Floats) -> Floats:
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    told = np.append(counts, len(values) - len(known)) / len(values)
    return np.maximum(told, SHARE_MIN)
