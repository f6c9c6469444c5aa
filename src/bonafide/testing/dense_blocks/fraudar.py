"""FRAUDAR: who trades with whom, popular merchants counting less.

Hooi, Song, Beutel, Shah, Shin, Faloutsos, "FRAUDAR: Bounding Graph Fraud in the Face of Camouflage", KDD 2016. Honest
purchases at popular merchants are cheap camouflage, so an edge to a merchant with d cards weighs 1 / log(d + 5).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.testing.dense_blocks.bank_view import BankView, Floats
from bonafide.testing.dense_blocks.blocks import BLOCKS, Blocks, find_blocks
from bonafide.testing.dense_blocks.graph import Graph, graph_of

DEGREE_SHIFT: Final = 5
"""Keeps a merchant of one card from weighing without bound."""


def fraudar_graph(view: BankView) -> Graph:
    """One edge for each pair that traded, however often; its weight is 1 / log(cards of the merchant + 5)."""
    pairs = np.unique(view.card * len(view.merchants) + view.merchant)
    card, merchant = np.divmod(pairs, max(len(view.merchants), 1))
    degree = np.bincount(merchant, minlength=len(view.merchants))
    return graph_of(card, merchant, 1 / np.log(degree + DEGREE_SHIFT)[merchant], len(view.cards), len(view.merchants))


def fraudar(view: BankView, at_most: int = BLOCKS) -> Blocks:
    """The blocks that FRAUDAR finds."""
    return find_blocks(fraudar_graph(view), at_most)


def card_scores(view: BankView, at_most: int = BLOCKS) -> Floats:
    """(cards,) suspiciousness of each card, from 0: see `Blocks.card_score`."""
    return fraudar(view, at_most).card_score
