"""Several dense blocks, one after the other, and what they say about each card and merchant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bonafide.testing.dense_blocks.graph import Graph
from bonafide.testing.dense_blocks.peeling import peel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BLOCKS: Final = 3
"""Blocks sought unless told otherwise."""
NO_BLOCK: Final = -1


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks in the order in which they were found, densest first as a rule."""

    density: Floats
    """(blocks,) average suspiciousness: weight inside over cards and merchants inside."""
    card_block: Ints
    """(cards,) number of the first block that holds the card, -1 where none does."""
    merchant_block: Ints
    """(merchants,) likewise."""
    card_score: Floats
    """(cards,) from 0, higher is more suspicious: the best average suspiciousness of any set met while peeling that
    still held the card. Every card gets one; cards of one block share the block's."""
    merchant_score: Floats
    """(merchants,) likewise."""


def find_blocks(graph: Graph, at_most: int = BLOCKS) -> Blocks:
    """Peel, take the edges inside the best set away, and peel again, up to `at_most` times or until no edge is left.

    Taking edges and not nodes lets blocks share cards or merchants, as Hooi et al. do.
    """
    nodes = graph.cards + graph.merchants
    score, block = np.zeros(nodes), np.full(nodes, NO_BLOCK, np.int64)
    density: list[float] = []
    while len(density) < at_most and graph.weight.size:
        peeling = peel(graph)
        inside = np.zeros(nodes, np.bool_)
        inside[peeling.order[peeling.best :]] = True
        score = np.maximum(score, peeling.best_density_with())
        block[inside & (block == NO_BLOCK)] = len(density)
        density.append(float(peeling.density[peeling.best]))
        kept = ~(inside[graph.card] & inside[graph.merchant + graph.cards])
        graph = Graph(graph.cards, graph.merchants, graph.card[kept], graph.merchant[kept], graph.weight[kept])
    cards = slice(0, graph.cards), slice(graph.cards, nodes)
    return Blocks(np.array(density), block[cards[0]], block[cards[1]], score[cards[0]], score[cards[1]])
