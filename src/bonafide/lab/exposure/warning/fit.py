"""How points are made: weights of evidence that never fall, then a logistic regression that may only shrink them.

Each band's weight of evidence is the log of its bad share over its good share, both with a little added; neighbours
that fall are pooled (isotonic). A ridge logistic regression over these weights, with coefficients of at least zero,
takes out what two terms say alike. Points are coefficient times weight, the best band at zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from bonafide.lab.exposure.warning.points import Card, Floats, Ints
from bonafide.lab.exposure.warning.terms import TERMS

SMOOTHING: Final = 5.0
"""Rows of the usual mix that are added to every band."""
RIDGE: Final = 1.0
STEPS: Final = 500
DIGITS: Final = 2


def fit(kind: str, bands: Ints, bad: npt.NDArray[np.bool_], weight: Floats, line: float) -> Card:
    """A card from rows: `bands` (rows, terms), whether each turned out bad, and how much each counts."""
    evidence = [_evidence(bands[:, place], bad, weight, len(term.cuts) + 1, term.direction)
                for place, term in enumerate(TERMS[kind])]  # fmt: skip
    x = np.column_stack([np.append(told, 0.0)[bands[:, place]] for place, told in enumerate(evidence)])
    slope, base = _logistic(x, bad, weight)
    points = {}
    for place, term in enumerate(TERMS[kind]):
        told = slope[place] * evidence[place]
        base += told.min()
        points[term.name] = tuple(round(float(value), DIGITS) + 0.0 for value in told - told.min())
    return Card(round(float(base), DIGITS), line, line, points)


def _evidence(band: Ints, bad: npt.NDArray[np.bool_], weight: Floats, bands: int, direction: int) -> Floats:
    """Weights of evidence that never fall in the direction."""
    known = band >= 0
    share = float(np.average(bad, weights=weight))
    hits = np.bincount(band[known], weights=(weight * bad)[known], minlength=bands) + SMOOTHING * share
    rest = np.bincount(band[known], weights=(weight * ~bad)[known], minlength=bands) + SMOOTHING * (1 - share)
    mass = hits + rest
    rate = _rising(hits / mass if direction > 0 else (hits / mass)[::-1], mass if direction > 0 else mass[::-1])
    rate = rate if direction > 0 else rate[::-1]
    return np.asarray(np.log(rate / (1 - rate)) - np.log(share / (1 - share)))


def _rising(values: Floats, mass: Floats) -> Floats:
    """The nearest values that never fall (pool adjacent violators)."""
    pools: list[list[float]] = []
    for value, weight in zip(values.tolist(), mass.tolist(), strict=True):
        pools.append([value, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            last, before = pools.pop(), pools.pop()
            whole = before[1] + last[1]
            pools.append([(before[0] * before[1] + last[0] * last[1]) / whole, whole, before[2] + last[2]])
    return np.concatenate([np.full(int(many), value) for value, _, many in pools])


def _logistic(x: Floats, bad: npt.NDArray[np.bool_], weight: Floats) -> tuple[Floats, float]:
    """Coefficients of at least zero and the base, by projected Newton steps."""
    slope, base = np.full(x.shape[1], 0.3), float(np.log(np.average(bad, weights=weight)))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ slope + base, -30, 30)))
        pull, curve = weight * (bad - p), weight * p * (1 - p) + 1e-9
        free = (slope > 0) | (x.T @ pull - RIDGE * slope > 0)
        design = np.column_stack([x[:, free], np.ones(len(x))])
        ridge = np.diag(np.append(np.full(int(free.sum()), RIDGE), 1e-6))
        step = np.linalg.solve(
            design.T @ (design * curve[:, None]) + ridge, design.T @ pull - ridge @ np.append(slope[free], 0.0)
        )
        before = slope.copy()
        slope[free] = np.maximum(0.0, slope[free] + step[:-1])
        base += float(step[-1])
        if np.abs(slope - before).max(initial=0.0) < 1e-6:
            break
    return slope, base
