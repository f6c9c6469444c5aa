"""Greedy peeling: take the lightest node away again and again; the densest set on the way is the block.

That set is at least half as dense as the densest there is (Charikar, APPROX 2000; for weights, Hooi et al., "FRAUDAR:
Bounding Graph Fraud in the Face of Camouflage", KDD 2016). The slow twin is `testing.dense_blocks.peeling_twin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bonafide.lab.rings.graph import Flags, Floats, Ints, neighbours
from bonafide.lab.rings.kernels import load_kernels

WEIGHT_UNIT: Final = 1_000_000_000
"""Weights are whole billionths, so that sums are exact in any order and peeling is the same on every machine."""
BLOCKS_MAX: Final = 60
"""Blocks that one method looks for, at most."""
PATIENCE: Final = 4
"""Blocks in a row that are not dense enough, after which the search ends: a ring may hide behind honest trade."""


@dataclass(frozen=True, slots=True)
class Bipartite:
    """Edges between users and merchants, at most one for a pair; merchants are numbered after the users."""

    nodes: int
    user: Ints
    """(edges,)"""
    merchant: Ints
    """(edges,) from the number of users."""
    weight: Ints
    """(edges,) in billionths, from 1."""

    def loads(self) -> Ints:
        """(nodes,) the weight at each node."""
        load = np.zeros(self.nodes, np.int64)
        np.add.at(load, self.user, self.weight)
        np.add.at(load, self.merchant, self.weight)
        return load

    def kept(self, which: Flags) -> Bipartite:
        """The graph with these of its edges, by number."""
        return Bipartite(self.nodes, self.user[which], self.merchant[which], self.weight[which])


def bipartite(user: Ints, merchant: Ints, weight: Floats, nodes: int) -> Bipartite:
    """A graph from weights of any size from 0; those that round to no billionth are left out."""
    whole = np.rint(weight * WEIGHT_UNIT).astype(np.int64)
    return Bipartite(nodes, user, merchant, whole).kept(whole > 0)


@dataclass(frozen=True, slots=True)
class Block:
    """A dense set of nodes and the edges inside it that no earlier block has."""

    nodes: Ints
    """By number, rising."""
    density: float
    """Weight inside over the number of nodes."""
    inside: Bipartite


def blocks(
    graph: Bipartite, at_most: int = BLOCKS_MAX, nodes_max: int | None = None, density_min: float = 0.0
) -> list[Block]:
    """Peel, take the edges inside the best set away, and peel again.

    The search ends after `at_most` blocks, when no edge is left, or when PATIENCE blocks in a row have less than
    `density_min`, which are not given. Of the sets on the way those of more than `nodes_max` nodes do not count. Taking
    edges and not nodes lets blocks share users and merchants. O(blocks x edges x log nodes).
    """
    found: list[Block] = []
    thin = 0
    for _ in range(at_most):
        if not graph.weight.size or thin == PATIENCE:
            break
        order, density = peel(graph)
        first = 0 if nodes_max is None else max(0, order.size - nodes_max)
        best = first + int(np.argmax(density[first:]))
        nodes = np.sort(order[best:])
        member = np.zeros(graph.nodes, np.bool_)
        member[nodes] = True
        inside = member[graph.user] & member[graph.merchant]
        if not inside.any():
            break
        thin = thin + 1 if density[best] < density_min else 0
        if not thin:
            found.append(Block(nodes, float(density[best]), graph.kept(inside)))
        graph = graph.kept(~inside)
    return found


def peel(graph: Bipartite) -> tuple[Ints, Floats]:
    """(nodes in order of removal, weight over nodes just before each removal); nodes without an edge stand nowhere."""
    load = graph.loads()
    alive = np.flatnonzero(load)
    number = np.zeros(graph.nodes, np.int64)
    number[alive] = np.arange(alive.size)
    near = neighbours(number[graph.user], number[graph.merchant], graph.weight, alive.size)
    order, taken = np.empty(alive.size, np.int64), np.empty(alive.size, np.int64)
    heap, place = np.arange(alive.size), np.arange(alive.size)
    load_kernels().peel(near.begins, near.other, near.weight, load[alive], heap, place, order, taken)
    left = graph.weight.sum() - np.concatenate([[0], np.cumsum(taken)[:-1]])
    return alive[order], left / (WEIGHT_UNIT * np.arange(alive.size, 0, -1))
