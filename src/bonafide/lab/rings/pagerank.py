"""Who is near confirmed cases: a walk that starts at them, beside the same walk that starts anywhere.

Personalised PageRank (Page, Brin, Motwani, Winograd, 1999; Jeh and Widom, WWW 2003) over trade and shared resources.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.lab.rings.found import SCORE_DIGITS, Found
from bonafide.lab.rings.graph import Floats, Ties, neighbours
from bonafide.lab.rings.kernels import load_kernels
from bonafide.lab.rings.weights import Mixed, mixed_graph

DAMPING: Final = 0.85
"""How much of the rank walks on at each step; the rest starts anew."""
STEPS_MAX: Final = 100
TOLERANCE: Final = 1e-10
"""A walk ends when a step changes the ranks by less than this altogether, or after STEPS_MAX."""
NEAR_MIN: Final = 0.6
"""Subjects of a lower score are not written."""
MEMBERS_MAX: Final = 10_000
"""Subjects that are written, at most: those of the highest score."""


def near_cases(ties: Ties, cases: Floats) -> list[Found]:
    """One group: the cases and all who are much nearer to them than to anybody.

    Score: `(p - q) / (p + q)`, from 0, where p is the rank of a walk that starts at the cases and q the rank of one
    that starts at any subject alike: 0 is as near as by chance, 0.5 three times as near, 1 reached from cases alone.
    Without a case there is no group.
    """
    if not cases.any():
        return []
    graph = mixed_graph(ties)
    near = walk(graph, np.pad(cases / cases.sum(), (0, ties.resources)))[: ties.subjects]
    chance = walk(graph, np.pad(np.full(ties.subjects, 1 / ties.subjects), (0, ties.resources)))[: ties.subjects]
    score = np.maximum(0.0, (near - chance) / (near + chance)).round(SCORE_DIGITS)
    ranked = np.lexsort((np.arange(score.size), -score))[:MEMBERS_MAX]
    members = np.sort(ranked[score[ranked] >= NEAR_MIN])
    return [Found(members, score[members])]


def walk(graph: Mixed, start: Floats) -> Floats:
    """(nodes,) the ranks of a walk that starts, and starts anew, by `start`, (nodes,) which adds up to 1.

    Solves `r = 0.15 start + 0.85 A r`, where A shares each node's rank among its neighbours by weight; a node without
    neighbours hands nothing on.
    """
    near = neighbours(graph.one, graph.two, graph.weight, graph.nodes)
    ends = np.concatenate([graph.one, graph.two])
    total = np.bincount(ends, np.tile(graph.weight, 2), graph.nodes).astype(np.float64)
    rank, moved = start.copy(), np.empty(graph.nodes)
    for _ in range(STEPS_MAX):
        load_kernels().spread(near.begins, near.other, near.weight, total, rank, moved, DAMPING)
        after = moved + (1 - DAMPING) * start
        change = float(np.abs(after - rank).sum())
        rank = after
        if change < TOLERANCE:
            break
    return rank
