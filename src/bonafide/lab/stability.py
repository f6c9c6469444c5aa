"""How much a number moved between two periods: the population stability index and the Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np

from bonafide.core.drift import BINS, SHARE_MIN
from bonafide.lab.curves import Floats


def bin_edges(before: Floats) -> Floats:
    """Inner edges of the bins: the tenths of what is known (not NaN) in `before`, fewer where values repeat."""
    known = before[~np.isnan(before)]
    return np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.zeros(0)


def bin_shares(values: Floats, edges: Floats) -> Floats:
    """(edges + 2,) share of the values (at least one) in each bin, an edge in the bin below it; missing ones last."""
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return np.asarray(np.append(counts, len(values) - len(known)) / len(values), dtype=np.float64)


def stability(before: Floats, after: Floats) -> float:
    """Population stability index of one input: 0 is no change, above 0.25 is usually called a shift.

    Bins are tenths of `before`, fewer where values repeat, and one for missing values (NaN). NaN without rows.

    >>> stability(np.arange(100.0), np.arange(100.0)), round(stability(np.zeros(8), np.full(8, np.nan)), 2)
    (0.0, 18.42)
    """
    if not len(before) or not len(after):
        return float("nan")
    edges = bin_edges(before)
    first, then = (np.maximum(bin_shares(values, edges), SHARE_MIN) for values in (before, after))
    return float(np.sum((then - first) * np.log(then / first)))


def by_chance(before: Floats, after: Floats) -> float:
    """The index that two samples of one distribution have on average, if each row is drawn by itself: their sizes alone
    make it (degrees of freedom times 1/n + 1/m, as of a chi-square). NaN without rows."""
    if not len(before) or not len(after):
        return float("nan")
    used = int((bin_shares(np.concatenate((before, after)), bin_edges(before)) > 0).sum())
    return (used - 1) * (1 / len(before) + 1 / len(after))


def distance(before: Floats, after: Floats) -> float | None:
    """Largest distance between the two distributions of what is known, 0..1; None where either knows nothing."""
    first, then = (np.sort(values[~np.isnan(values)]) for values in (before, after))
    if not len(first) or not len(then):
        return None
    at = np.concatenate((first, then))
    up_to = [np.searchsorted(values, at, side="right") / len(values) for values in (first, then)]
    return float(np.abs(up_to[0] - up_to[1]).max())
