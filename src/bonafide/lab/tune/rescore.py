"""Scores under other weights of the rules, from what was gathered: as the engine would give them, to the millionth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import OUTCOMES
from bonafide.engine.bundle import Bundle
from bonafide.engine.policy import ALERT_FROM
from bonafide.engine.scoring import SCORE_UNIT
from bonafide.lab.curves import Flags, Floats, Ints


class Law(NamedTuple):
    """How a bundle makes scores; see `bonafide.engine.scoring`."""

    has_trees: bool
    rules_weight: float
    margins: Floats
    """Of the calibration's knots."""
    chances: Floats

    def of_payments(self, raw: Floats, genuine: Floats) -> Ints:
        """Scores of payments in millionths, from the trees' sums and prod(1 - w) over the rules that held."""
        if not self.has_trees:
            return millionths(1.0 - genuine)
        margin = raw - self.rules_weight * np.log(genuine)
        low = np.clip(np.searchsorted(self.margins, margin, side="right") - 1, 0, max(len(self.margins) - 2, 0))
        high = np.minimum(low + 1, len(self.margins) - 1)
        wide = np.where(high > low, self.margins[high] - self.margins[low], 1.0)
        part = (margin - self.margins[low]) / wide
        between = self.chances[low] + (self.chances[high] - self.chances[low]) * part
        flat = np.where(margin >= self.margins[-1], self.chances[-1], between)
        return millionths(np.where(margin <= self.margins[0], self.chances[0], flat))


def law_of(bundle: Bundle) -> Law:
    """How a bundle makes scores."""
    scheme = bundle.compiled.scheme
    margins, chances = (np.array([knot[i] for knot in scheme.knots], dtype=np.float64) for i in range(2))
    return Law(scheme.trees is not None, scheme.rules_weight, margins, chances)


def millionths(probability: Floats) -> Ints:
    """Probabilities as the engine rounds them."""
    return np.asarray((probability * SCORE_UNIT + 0.5).astype(np.int64))


def genuine_of(hits: NDArray[np.bool_], weights: Floats) -> Floats:
    """(patterns,) prod(1 - w) over the rules that held, multiplied in their order, as the engine does."""
    genuine = np.ones(len(hits))
    for rule, weight in enumerate(weights.tolist()):
        genuine[hits[:, rule]] *= 1.0 - weight
    return genuine


def forced(bundle: Bundle, hits: NDArray[np.bool_]) -> Flags:
    """(patterns,) whether a rule that held asks for an alert by itself, whatever the score."""
    asking = np.array(
        [rule.is_monitor or OUTCOMES.index(rule.effect) >= ALERT_FROM for rule in bundle.rules], dtype=np.bool_
    )
    return np.asarray(hits[:, asking].any(axis=1))
