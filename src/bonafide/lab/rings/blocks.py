"""Dense blocks of users and merchants: by trade alone, and by trade that turns lines into cash.

`dense_block` is FRAUDAR (Hooi et al., KDD 2016). `cash_out_block` weighs the same pairs by money, line and days as
ANTICO does (Ji et al., KDD 2022).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.lab.rings.found import Found, amount_of, group, saturated
from bonafide.lab.rings.graph import Ties
from bonafide.lab.rings.peeling import bipartite, blocks
from bonafide.lab.rings.weights import Pairs, cash_out_pairs, trading_pairs

MEMBERS_MAX: Final = 40
"""Members of a block, at most: without a bound the densest set is everybody who shops a lot."""
USERS_MIN: Final = 3
MERCHANTS_MIN: Final = 2
"""A block of fewer users or merchants is no group."""
TRADE_HALF: Final = 1.0
"""Weight for each member that gives a block of trade a score of one half."""
TRADE_MIN: Final = 0.4
"""Blocks of trade of a lower score are not written."""
CASH_OUT_HALF: Final = 0.1
"""As TRADE_HALF, for a block of cash-out."""
CASH_OUT_MIN: Final = 0.6
"""Blocks of cash-out of a lower score are not written: on a simulated platform honest bursts reach as far."""


def dense_block(ties: Ties) -> list[Found]:
    """Blocks of users who all pay the same merchants; score `d / (d + 1)`, d the weight inside over the members."""
    return _groups(ties, trading_pairs(ties), TRADE_HALF, TRADE_MIN)


def cash_out_block(ties: Ties) -> list[Found]:
    """Blocks that use lines up in few days; score `d / (d + 0.1)`, d the weight inside over the members."""
    return _groups(ties, cash_out_pairs(ties), CASH_OUT_HALF, CASH_OUT_MIN)


def _groups(ties: Ties, pairs: Pairs, half: float, score_min: float) -> list[Found]:
    users = len(ties.users)
    graph = bipartite(pairs.user, pairs.merchant + users, pairs.weight, ties.subjects)
    found = []
    for block in blocks(graph, nodes_max=MEMBERS_MAX, density_min=amount_of(score_min, half)):
        buyers = int(np.searchsorted(block.nodes, users))
        if buyers >= USERS_MIN and block.nodes.size - buyers >= MERCHANTS_MIN:
            found.append(group(block.nodes, saturated(block.density, half)))
    return found
