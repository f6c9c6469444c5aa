"""How much each tie weighs: by how few others the merchant has, and by how suspicious the money was."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.lab.rings.graph import Floats, Ints, Ties
from bonafide.lab.rings.spending import payment_weights

DEGREE_SHIFT: Final = 5
"""Keeps a merchant of one customer from weighing without bound; as FRAUDAR has it."""
ORDINARY: Final = 0.01
"""What a pair weighs that did nothing suspicious, where every tie counts, before the merchant's customers divide it."""
SHARING: Final = 0.05
"""What the use of a resource weighs beside trade."""


class Pairs(NamedTuple):
    """Pairs that traded, each once, by number of user and merchant."""

    user: Ints
    merchant: Ints
    weight: Floats


def trading_pairs(ties: Ties) -> Pairs:
    """Every pair weighs 1 / log(customers of the merchant + 5), however often it traded: see FRAUDAR, KDD 2016."""
    user, merchant, _ = ties.pairs()
    return Pairs(user, merchant, 1 / _log_customers(merchant))


def cash_out_pairs(ties: Ties) -> Pairs:
    """Every pair weighs the suspicion of its payments (see `payment_weights`) over log(customers + 5).

    ANTICO takes the mean of a pair's payments and all merchants alike; the sum and FRAUDAR's columns find more of what
    the simulator plants (docs/rings.md).
    """
    user, merchant, _ = ties.pairs()
    merchants = max(len(ties.merchants), 1)
    pair = np.searchsorted(user * merchants + merchant, ties.trade.user * merchants + ties.trade.merchant)
    money = np.bincount(pair, payment_weights(ties.trade, len(ties.users)), user.size)
    return Pairs(user, merchant, money / _log_customers(merchant))


class Mixed(NamedTuple):
    """Trade and sharing in one graph: subjects by number, then resources."""

    one: Ints
    two: Ints
    weight: Floats
    nodes: int


def mixed_graph(ties: Ties) -> Mixed:
    """Pairs by suspicion and a little for any trade, and SHARING for every use of a resource that ties somebody."""
    pairs = cash_out_pairs(ties)
    traded = pairs.weight + ORDINARY / _log_customers(pairs.merchant)
    return Mixed(
        np.concatenate([pairs.user, ties.uses[:, 0]]),
        np.concatenate([pairs.merchant + len(ties.users), ties.uses[:, 1] + ties.subjects]),
        np.concatenate([traded, np.full(len(ties.uses), SHARING)]),
        ties.subjects + ties.resources,
    )


def _log_customers(merchant: Ints) -> Floats:
    """(pairs,) log(customers of the pair's merchant + 5)."""
    return np.asarray(np.log(np.bincount(merchant)[merchant] + DEGREE_SHIFT)) if merchant.size else np.zeros(0)
