"""The loops that Python is too slow for, compiled once on a machine: joining, attaching, peeling, spreading.

They make no arrays, and stand in one file with all they call, because numba's cache looks at this file alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from numba import types

from bonafide.engine.kernel import inner
from bonafide.engine.kernels import compile_alone

_INTS: Final = types.int64[::1]
_FLOATS: Final = types.float64[::1]


class Kernels(NamedTuple):
    """The compiled loops."""

    join: Callable[..., None]
    attach: Callable[..., None]
    peel: Callable[..., None]
    spread: Callable[..., None]


@cache
def load_kernels() -> Kernels:
    """Compile what is not in the cache (some seconds, once on a machine) and load the rest."""
    return Kernels(*compile_alone((
        (types.void(_INTS, _INTS, _INTS), join),
        (types.void(*[_INTS] * 5), attach),
        (types.void(*[_INTS] * 8), peel),
        (types.void(_INTS, _INTS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, types.float64), spread),
    )))  # fmt: skip


@inner
def _root(parent: Any, node: Any) -> Any:
    """The root of a node's tree; halves the way to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def join(one: Any, two: Any, parent: Any) -> None:
    """Union-find: `parent` (nodes,) comes as 0, 1, 2, ... and leaves as the lowest node of each node's component."""
    for at in range(one.size):
        a, b = _root(parent, one[at]), _root(parent, two[at])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for node in range(parent.size):
        parent[node] = _root(parent, node)


def attach(one: Any, two: Any, free: Any, other: Any, edge: Any) -> None:
    """Write every edge at both its ends; `free` (nodes,) comes as each node's first place in `other` and `edge`."""
    for at in range(one.size):
        a, b = one[at], two[at]
        other[free[a]], edge[free[a]] = b, at
        free[a] += 1
        other[free[b]], edge[free[b]] = a, at
        free[b] += 1


def peel(begins: Any, other: Any, weight: Any, load: Any, heap: Any, place: Any, order: Any, taken: Any) -> None:
    """Take away the node of the lightest load, of equals the lowest, until none is left.

    `load` (nodes,) comes as the weight at each node, `heap` and `place` as 0, 1, 2, ...; `order` leaves as the nodes in
    order of removal and `taken` as the weight that each took along.
    """
    nodes = load.size
    for at in range(nodes // 2 - 1, -1, -1):
        _sink(heap, place, load, at, nodes)
    for step in range(nodes):
        node = heap[0]
        order[step], taken[step] = node, load[node]
        left = nodes - step - 1
        last = heap[left]
        place[node] = -1
        if left > 0:
            heap[0], place[last] = last, 0
            _sink(heap, place, load, 0, left)
        for at in range(begins[node], begins[node + 1]):
            there = place[other[at]]
            if there >= 0:
                load[other[at]] -= weight[at]
                _rise(heap, place, load, there)


@inner
def _lighter(load: Any, a: Any, b: Any) -> Any:
    return load[a] < load[b] or (load[a] == load[b] and a < b)


@inner
def _sink(heap: Any, place: Any, load: Any, at: Any, size: Any) -> None:
    """Move the node at `at` down until no child is lighter; the heap has `size` nodes."""
    node = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _lighter(load, heap[child + 1], heap[child]):
            child += 1
        if not _lighter(load, heap[child], node):
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at], place[node] = node, at


@inner
def _rise(heap: Any, place: Any, load: Any, at: Any) -> None:
    """Move the node at `at` up until its parent is not heavier."""
    node = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if not _lighter(load, node, heap[parent]):
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at], place[node] = node, at


def spread(begins: Any, other: Any, weight: Any, total: Any, rank: Any, out: Any, kept: Any) -> None:
    """One step of a walk: `out` (nodes,) gets `kept` of every node's rank, shared among its neighbours by weight.

    `total` is the weight at each node; a node without neighbours hands nothing on.
    """
    for node in range(rank.size):
        got = 0.0
        for at in range(begins[node], begins[node + 1]):
            got += weight[at] * rank[other[at]] / total[other[at]]
        out[node] = kept * got
