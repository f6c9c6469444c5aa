"""A graph of cards and merchants whose edges weigh how suspicious the trade between the two is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEIGHT_UNIT: Final = 1_000_000_000
"""Weights are whole billionths, so that sums are exact in any order and peeling is the same on every machine."""
_EXACT_MAX: Final = 2**53
"""Totals up to here are exact as float64, so that an average is rounded once."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges between cards 0..cards-1 and merchants 0..merchants-1, at most one for a pair."""

    cards: int
    merchants: int
    card: Ints
    """(edges,)"""
    merchant: Ints
    """(edges,)"""
    weight: Ints
    """(edges,) in billionths, from 1."""


def graph_of(card: Ints, merchant: Ints, weight: Floats, cards: int, merchants: int) -> Graph:
    """A graph from edges with weights of any size from 0; those that round to no billionth are left out.

    Raises ValueError when the weights add up to more than 9 million, beyond which averages would be rounded twice.
    """
    whole = np.rint(weight * WEIGHT_UNIT).astype(np.int64)
    if float(weight.sum()) * WEIGHT_UNIT > _EXACT_MAX:
        raise ValueError(f"weights add up to {weight.sum():.0f}; accepted are {_EXACT_MAX // WEIGHT_UNIT:,} and less")
    kept = whole > 0
    return Graph(cards, merchants, card[kept], merchant[kept], whole[kept])
