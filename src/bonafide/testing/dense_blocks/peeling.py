"""Greedy peeling: take away the least suspicious card or merchant again and again, and watch the average.

The set with the best average on the way is at least half as dense as the densest there is (Charikar, "Greedy
approximation algorithms for finding dense components in a graph", APPROX 2000; for weights, Hooi et al., KDD 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from bonafide.testing.dense_blocks.graph import WEIGHT_UNIT, Graph

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Peeling:
    """Nodes in the order in which they were taken away; cards come first in the numbering, merchants after them."""

    order: Ints
    """(nodes,) node numbers, each once."""
    density: Floats
    """(nodes,) total weight over the number of nodes, just before each of them was taken away."""

    @property
    def best(self) -> int:
        """How many nodes stand outside the densest set seen; of equals the largest set."""
        return int(np.argmax(self.density))

    def best_density_with(self) -> Floats:
        """(nodes,) by node number: the best average of any set on the way that still held the node."""
        best = np.empty(self.order.size, np.float64)
        best[self.order] = np.maximum.accumulate(self.density)
        return best


def peel(graph: Graph) -> Peeling:
    """Peel a graph down to nothing; of equally light nodes the lowest number goes first.

    Takes O(edges x log nodes). The same graph gives the same peeling on every machine.
    """
    nodes = graph.cards + graph.merchants
    ends = np.concatenate([graph.card, graph.merchant + graph.cards])
    others = np.concatenate([graph.merchant + graph.cards, graph.card])
    by_node = np.argsort(ends, kind="stable")
    begins = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=nodes), out=begins[1:])
    order, taken = _peel(begins, others[by_node], np.tile(graph.weight, 2)[by_node])
    left = graph.weight.sum() - np.concatenate([[0], np.cumsum(taken)[:-1]]) if nodes else np.zeros(0)
    return Peeling(order, left / (WEIGHT_UNIT * np.arange(nodes, 0, -1)))


@numba.njit(nogil=True)
def _peel(begins, other, weight):
    """Peel by an indexed heap. Returns the order of removal and the weight that each node took along."""
    nodes = begins.size - 1
    load = np.zeros(nodes, np.int64)
    for node in range(nodes):
        for at in range(begins[node], begins[node + 1]):
            load[node] += weight[at]
    heap = np.arange(nodes)
    place = np.arange(nodes)
    for at in range(nodes // 2 - 1, -1, -1):
        _sink(heap, place, load, at, nodes)
    order = np.empty(nodes, np.int64)
    taken = np.empty(nodes, np.int64)
    for step in range(nodes):
        node = heap[0]
        order[step], taken[step] = node, load[node]
        left = nodes - step - 1
        _put(heap, place, 0, heap[left])
        place[node] = -1
        _sink(heap, place, load, 0, left)
        for at in range(begins[node], begins[node + 1]):
            if place[other[at]] >= 0:
                load[other[at]] -= weight[at]
                _rise(heap, place, load, place[other[at]])
    return order, taken


@numba.njit(nogil=True)
def _lighter(load, a, b):
    return load[a] < load[b] or (load[a] == load[b] and a < b)


@numba.njit(nogil=True)
def _put(heap, place, at, node):
    heap[at] = node
    place[node] = at


@numba.njit(nogil=True)
def _sink(heap, place, load, at, size):
    """Move the node at `at` down until no child is lighter; the heap has `size` nodes."""
    if at >= size:
        return
    node = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _lighter(load, heap[child + 1], heap[child]):
            child += 1
        if not _lighter(load, heap[child], node):
            break
        _put(heap, place, at, heap[child])
        at = child
    _put(heap, place, at, node)


@numba.njit(nogil=True)
def _rise(heap, place, load, at):
    """Move the node at `at` up until its parent is not heavier."""
    node = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if not _lighter(load, node, heap[parent]):
            break
        _put(heap, place, at, heap[parent])
        at = parent
    _put(heap, place, at, node)
