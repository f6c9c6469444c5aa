"""Peeling the obvious way: add everything up anew before each step. The twin of the heap, meant to be read."""

from __future__ import annotations

from itertools import chain, combinations

from bonafide.testing.dense_blocks.graph import WEIGHT_UNIT, Graph

Edges = list[tuple[int, int, int]]
"""(one node, other node, weight in billionths); cards come first in the numbering, merchants after them."""


def edges_of(graph: Graph) -> Edges:
    """A graph's edges between numbered nodes."""
    columns = graph.card.tolist(), (graph.merchant + graph.cards).tolist(), graph.weight.tolist()
    return list(zip(*columns, strict=True))


def peel_slowly(graph: Graph) -> tuple[list[int], list[float]]:
    """(nodes in the order of removal, average weight just before each removal), as `peel` gives them."""
    edges, order, density = edges_of(graph), [], []
    left = list(range(graph.cards + graph.merchants))
    while left:
        density.append(average(edges, left))
        inside = [edge for edge in edges if edge[0] in left and edge[1] in left]
        lightest = min(left, key=lambda node: (sum(w for a, b, w in inside if node in (a, b)), node))
        left.remove(lightest)
        order.append(lightest)
    return order, density


def densest(graph: Graph) -> float:
    """The best average of any set of nodes at all; takes 2^nodes steps. 0 for a graph without nodes."""
    edges, nodes = edges_of(graph), range(graph.cards + graph.merchants)
    sets = chain.from_iterable(combinations(nodes, size) for size in range(1, len(nodes) + 1))
    return max((average(edges, list(some)) for some in sets), default=0.0)


def average(edges: Edges, nodes: list[int]) -> float:
    """Weight of the edges inside a set over the number of its nodes."""
    return sum(w for a, b, w in edges if a in nodes and b in nodes) / (WEIGHT_UNIT * len(nodes))
