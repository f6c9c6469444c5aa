"""The search: one sweep over the rules one at a time, then small random changes of the best so far, by a seed, and in
the end every change that was not worth it is taken back.

For each of a few shares of honest people disturbed the best weights are kept; together they are the front. A change is
taken for every share where it saves more than it costs: each change away from the weights that people gave costs a
little, so that what the data hardly say stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.lab.curves import Floats
from bonafide.lab.tune.judge import Part

EVALUATIONS: Final = 1_500
"""Sets of weights that are tried, each at every line."""
STEPS: Final = (0.5, 0.75, 1.5, 2.0)
"""Factors of a rule's evidence that the sweep tries."""
SPREAD: Final = 0.5
"""Of the logarithm of a random factor."""
CHANGED_MAX: Final = 3
"""Rules that a random change touches."""
CHANGE_COST: Final = 0.001
"""Share of the money that a change of a rule's evidence by 1 must earn."""
WEIGHT_MIN: Final = 0.01
WEIGHT_MAX: Final = 0.95
DIGITS: Final = 3
"""Of a weight as it is written."""
DOUBLINGS: Final = (-3, -2, -1, 0, 1, 2, 3)
"""The shares that are searched for: the one that was asked for times two to the power of each."""
DISTURBED_MOST: Final = 0.5
ON_TARGET: Final = 0.5
"""Part of the random changes that begin from the share that was asked for."""

Progress = Callable[[float, float], None]


class Setting(NamedTuple):
    """Weights and a line."""

    weights: Floats
    line: int
    """Where `verify` or stricter begins, in millionths."""


class Found(NamedTuple):
    """The best settings, each for a share of honest people that may be disturbed."""

    shares: tuple[float, ...]
    settings: tuple[Setting, ...]
    target: int
    """Which of them was asked for."""
    evaluations: int


def shares_around(disturbed_max: float) -> tuple[tuple[float, ...], int]:
    """The shares that are searched for, and the place of the one that was asked for."""
    shares = [disturbed_max * 2.0**k for k in DOUBLINGS]
    kept = [share for share in shares if share <= max(DISTURBED_MOST, disturbed_max)]
    return tuple(kept), kept.index(disturbed_max)


def search(
    part: Part, weights: Floats, active: NDArray[np.intp], disturbed_max: float, seed: int,
    evaluations: int = EVALUATIONS, progress: Progress = lambda done, total: None,
) -> Found:  # fmt: skip
    """Search the weights of the `active` rules, beginning with `weights`, on one part of a log.

    The same arguments give the same settings.
    """
    run = _Search(part, weights, active, disturbed_max, seed, evaluations, progress)
    run.sweep()
    run.wander()
    run.take_back()
    return run.found()


class _Search:
    def __init__(
        self, part: Part, weights: Floats, active: NDArray[np.intp], disturbed_max: float, seed: int,
        evaluations: int, progress: Progress,
    ) -> None:  # fmt: skip
        self._part, self._given, self._active = part, weights, active
        self._shares, self._target = shares_around(disturbed_max)
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._most, self._progress = evaluations, progress
        self._done = 0
        self._best = [(-np.inf, weights, 0) for _ in self._shares]
        self._try(weights)

    @property
    def _left(self) -> bool:
        return self._done < self._most and len(self._active) > 0

    def sweep(self) -> None:
        """Every rule one at a time, from the best so far for the share that was asked for."""
        for rule in self._active.tolist():
            for step in STEPS:
                if not self._left:
                    return
                self._try(self._changed(self._best[self._target][1], np.array([rule]), np.array([step])))

    def wander(self) -> None:
        """Random changes of what is best, and mixtures of two of the best; a try for each rule is left over."""
        while self._left and self._done < self._most - len(self._active):
            first = self._pick()
            weights = self._best[first][1]
            if self._rng.random() < 0.2:
                other = self._best[self._rng.integers(len(self._best))][1]
                weights = np.where(self._rng.random(len(weights)) < 0.5, weights, other)
            count = int(self._rng.integers(1, min(CHANGED_MAX, len(self._active)) + 1))
            rules = self._rng.choice(self._active, count, replace=False)
            self._try(self._changed(weights, rules, np.exp(self._rng.normal(0, SPREAD, count))))

    def take_back(self) -> None:
        """Give each rule its weight back where that saves as much, for the share that was asked for."""
        for rule in self._active.tolist():
            weights = self._best[self._target][1]
            if self._left and weights[rule] != self._given[rule]:
                as_given = weights.copy()
                as_given[rule] = self._given[rule]
                self._try(as_given)

    def found(self) -> Found:
        """The best that was tried."""
        settings = tuple(Setting(weights, line) for _, weights, line in self._best)
        return Found(self._shares, settings, self._target, self._done)

    def _pick(self) -> int:
        return self._target if self._rng.random() < ON_TARGET else int(self._rng.integers(len(self._best)))

    def _changed(self, weights: Floats, rules: NDArray[np.intp], factors: Floats) -> Floats:
        changed = weights.copy()
        evidence = -np.log1p(-np.maximum(weights[rules], WEIGHT_MIN)) * factors
        changed[rules] = np.clip(np.round(-np.expm1(-evidence), DIGITS), WEIGHT_MIN, WEIGHT_MAX)
        return changed

    def _try(self, weights: Floats) -> None:
        curve = self._part.curve(weights)
        moved = np.abs(np.log1p(-weights) - np.log1p(-self._given)).sum()
        for i, share in enumerate(self._shares):
            line = curve.line_for(share)
            point = curve.at(line)
            # A rule that demands an alert by itself may disturb more than any line can mend.
            beyond = (point.disturbed or 0.0) > share
            worth = (point.saved or 0.0) - CHANGE_COST * float(moved) - beyond
            if worth > self._best[i][0]:
                self._best[i] = (worth, weights, line)
        self._done += 1
        self._progress(self._done, self._most)
