"""Communities of trade and sharing, by the Leiden algorithm; needs the extra `rings`.

Traag, Waltman, van Eck, "From Louvain to Leiden: guaranteeing well-connected communities", Scientific Reports 9, 2019.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from bonafide.core.errors import UsageError
from bonafide.lab.rings.found import Found, group, saturated
from bonafide.lab.rings.graph import Ints, Ties
from bonafide.lab.rings.weights import Mixed, cash_out_pairs, mixed_graph

MEMBERS_MAX: Final = 60
"""Subjects and resources of a community, at most: larger ones are divided again."""
USERS_MIN: Final = 3
MERCHANTS_MIN: Final = 2
"""A community of fewer users or merchants is no group."""
DENSITY_HALF: Final = 0.1
"""Cash-out weight for each member that gives a community a score of one half."""
SCORE_MIN: Final = 0.4
"""Communities of a lower score are not written: every platform falls into communities, most of them honest."""
RESOLUTION: Final = 1.0
RANDOMNESS: Final = 0.001
ITERATIONS: Final = 1
_INSTALL: Final = "the method community needs the package graspologic-native; pip install 'bonafide[rings]' brings it"


class MissingExtraError(UsageError):
    """A method needs a package that is not installed; the message says how to install it."""


def community(ties: Ties, seed: int) -> list[Found]:
    """Communities by what moves inside them; score `d / (d + 0.1)`, d the cash-out weight inside over the members.

    The same ties and seed give the same communities. Raises MissingExtraError.
    """
    native = _library()
    graph = mixed_graph(ties)
    if not graph.weight.size:
        return []
    of = _partition(native, graph, seed)[: ties.subjects]
    pairs = cash_out_pairs(ties)
    users = len(ties.users)
    count = int(of.max()) + 1
    same = (of[pairs.user] == of[pairs.merchant + users]) & (of[pairs.user] >= 0)
    inside = np.bincount(of[pairs.user[same]], pairs.weight[same], count)
    buyers, sellers = (np.bincount(part[part >= 0], minlength=count) for part in (of[:users], of[users:]))
    by_community = np.argsort(of, kind="stable")
    begins = np.searchsorted(of[by_community], np.arange(count + 1))
    found = []
    for number in np.flatnonzero((buyers >= USERS_MIN) & (sellers >= MERCHANTS_MIN)).tolist():
        members = by_community[begins[number] : begins[number + 1]]
        found.append(group(members, saturated(float(inside[number]) / members.size, DENSITY_HALF)))
    return found


def _partition(native: Any, graph: Mixed, seed: int) -> Ints:
    """(nodes,) the community of each node by number; -1 for a node without ties."""
    names = list(map(str, range(graph.nodes)))
    edges = [
        (names[one], names[two], weight)
        for one, two, weight in zip(graph.one.tolist(), graph.two.tolist(), graph.weight.tolist(), strict=True)
    ]
    told = native.hierarchical_leiden(edges, None, RESOLUTION, RANDOMNESS, ITERATIONS, True, MEMBERS_MAX, seed)
    of = np.full(graph.nodes, -1, np.int64)
    for one in told:
        if one.is_final_cluster:
            of[int(one.node)] = one.cluster
    return of


def _library() -> Any:
    try:
        import graspologic_native
    except ImportError:
        raise MissingExtraError(_INSTALL) from None
    return graspologic_native
