"""Shapley values of a score: what each input adds, on average over all orders in which inputs become known.

An unknown input leaves a split open, and the row goes both ways in proportion to the splits' covers (Lundberg et al.,
"Consistent individualized feature attribution for tree ensembles", 2018, path-dependent). For one leaf of value v whose
way asks the inputs D, let o_i be 1 if the row passes all splits of input i on the way, else 0, and z_i the fraction of
training rows that do. Then input j is owed

    v (o_j - z_j) * integral over t from 0 to 1 of the product over i in D without j of (t o_i + (1 - t) z_i)

since the integral of t^s (1 - t)^(d-1-s) is the weight of a set of s inputs among d - 1. The integrand is a
polynomial in t of degree d - 1, which ceil(d / 2) points of Gauss and Legendre integrate exactly. So one pass down a
tree makes the products and one pass up gathers them, each in time linear in the nodes. All terms of a leaf have one
sign, so hardly any digit is lost: LightGBM's own values, which are subtracted from one another, keep nine digits where
a tree of 1,024 leaves asks forty inputs, and these keep fourteen.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bonafide.engine.kernel import inner, room, shift
from bonafide.engine.trees.arrays import Floats, Trees, Words, is_leaf, nodes_of_trees, starts_of_trees
from bonafide.engine.trees.layout import (
    COLUMN_BITS, COLUMN_MASK, COLUMNS_MAX, INPUTS, MEAN, NODES, SUMS, TREES,
)  # fmt: skip
from bonafide.engine.trees.walk import nodes_of, spread, step

POINTS_STEP: Final = 4
"""Points come in multiples of what a processor works on at once."""

POINTS: Final = 0
STARTS: Final = 1
"""Where the number of points and the first root lie in the words of a plan."""


class ShapleyPlan(NamedTuple):
    """What `shapley` needs beside the trees; made once for them, and used by one thread at a time."""

    words: Words
    """How many points there are; the root of each tree, and one after the last; and of each node the next node above to
    which a split by the same input leads, 0 where there is none."""
    floats: Floats
    """The points between 0 and 1, their weights, and room to work in."""


def plan_shapley(trees: Trees) -> ShapleyPlan:
    """The plan for these trees, and the room that it takes."""
    nodes, starts = nodes_of_trees(trees), starts_of_trees(trees)
    size, leaf = len(nodes.words), is_leaf(nodes)
    alike, most = np.zeros(size, dtype=np.int64), 1
    above: dict[int, dict[int, int]] = {}
    """Of each split that was not seen to yet: which node an input led to last on the way to it."""
    for at in np.flatnonzero(~leaf).tolist():
        child, column = divmod(int(nodes.words[at]), COLUMN_MASK + 1)
        met = above.pop(at, {})
        for to in (child, child + 1):
            alike[to] = met.get(column >> 1, 0)
            after = {**met, column >> 1: to}
            most = max(most, len(after))
            if not leaf[to]:
                above[to] = after
    points = -(-most // (2 * POINTS_STEP)) * POINTS_STEP
    places, weights = np.polynomial.legendre.leggauss(points)
    ends = np.append(starts, size)
    widest = int(np.diff(ends).max())
    room_for = widest * (points + 2) + int(trees.words[INPUTS]) * points
    words = np.concatenate([[points], ends, alike])
    return ShapleyPlan(words, np.concatenate([(places + 1) / 2, weights / 2, np.zeros(room_for)]))


@inner
def shapley(words, floats, plan, room_of_plan, row, into):
    """Add to `into`, a float for each input, the Shapley values of a row's raw score; the mean answer is returned.

    Both add up to the raw score, but for rounding, and are those of LightGBM's `predict(pred_contrib=True)`.
    `plan` and `room_of_plan` are the words and floats of a ShapleyPlan for these trees.
    """
    columns = room(COLUMNS_MAX)
    spread(words, row, columns)
    points = plan[POINTS]
    weights = shift(room_of_plan, points)
    told = shift(weights, points)
    work = shift(told, words[INPUTS] * points)
    for i in range(words[INPUTS] * points):
        told[i] = 0.0
    nodes, thresholds = nodes_of(words), shift(floats, SUMS)
    for tree in range(words[TREES]):
        first, last = plan[STARTS + tree], plan[STARTS + tree + 1]
        _go_down(words, nodes, thresholds, columns, plan, room_of_plan, work, first, last)
        _go_up(words, nodes, thresholds, plan, room_of_plan, told, work, first, last)
    for i in range(words[INPUTS]):
        total = 0.0
        for k in range(points):
            total += weights[k] * told[i * points + k]
        into[i] += total
    return floats[MEAN]


@inner
def _alike_of(words, plan):
    """Of each node the next one above that the same input leads to."""
    return shift(plan, STARTS + words[TREES] + 1)


@inner
def _go_down(words, nodes, thresholds, columns, plan, times, work, first, last):
    """Write whether the row passes to each node, the fraction of rows that do, and the product over its way's inputs.

    `work` has of each node of the tree: whether it passes and the fraction, by the splits of the input that leads to
    the node; then of each node the products at all points.
    """
    points, alike = plan[POINTS], _alike_of(words, plan)
    covers = shift(thresholds, 2 * words[NODES])
    products = shift(work, 2 * (last - first))
    work[0], work[1] = 1.0, 1.0
    for k in range(points):
        products[k] = 1.0
    for at in range(first, last):
        child = nodes[at] >> COLUMN_BITS
        if child == at:
            continue
        taken = step(nodes, thresholds, columns, at)
        for to in range(child, child + 2):
            before = 2 * (alike[to] - first) if alike[to] else 0  # the root passes all
            passes = work[before] if to == taken else 0.0
            fraction = work[before + 1] * (covers[to] / covers[at])
            work[2 * (to - first)], work[2 * (to - first) + 1] = passes, fraction
            above, below = shift(products, (at - first) * points), shift(products, (to - first) * points)
            _multiply(times, points, above, below, passes, fraction, work[before], work[before + 1])


@inner
def _multiply(times, points, above, below, passes, fraction, passed, fraction_before):
    """The products below a split: its input's factor comes in place of that of the same input's splits above."""
    if passed == 0.0:
        ratio = fraction / fraction_before if fraction_before > 0.0 else 0.0
        for k in range(points):
            below[k] = above[k] * ratio
    elif fraction_before == 1.0:
        for k in range(points):
            below[k] = above[k] * (times[k] * passes + (1.0 - times[k]) * fraction)
    else:
        for k in range(points):
            t = times[k]
            below[k] = above[k] * (t * passes + (1.0 - t) * fraction) / (t + (1.0 - t) * fraction_before)


@inner
def _go_up(words, nodes, thresholds, plan, times, told, work, first, last):
    """Turn the products into sums over the leaves below each node, and tell each input its part at each split."""
    points, alike = plan[POINTS], _alike_of(words, plan)
    values = shift(thresholds, words[NODES])
    products = shift(work, 2 * (last - first))
    for at in range(last - 1, first - 1, -1):
        own = shift(products, (at - first) * points)
        child = nodes[at] >> COLUMN_BITS
        if child == at:
            for k in range(points):
                own[k] *= values[at]
            continue
        of_input = shift(told, ((nodes[at] & COLUMN_MASK) >> 1) * points)
        left = shift(products, (child - first) * points)
        right = shift(left, points)
        for k in range(points):
            own[k] = left[k] + right[k]
        for to in range(child, child + 2):
            before = 2 * (alike[to] - first) if alike[to] else 0
            if work[before] == 0.0:
                continue  # a row that has left this input's splits above is owed there what it is owed at all
            below, here = shift(products, (to - first) * points), 2 * (to - first)
            _tell(times, points, below, of_input, work[here], work[here + 1], work[before + 1])


@inner
def _tell(times, points, sums, told, passes, fraction, fraction_before):
    """Add what an input is owed for the leaves below a split, in place of what the same input's split above gave."""
    if passes == 0.0:
        for k in range(points):
            told[k] -= sums[k] / (1.0 - times[k])
    elif fraction < 1.0:
        for k in range(points):
            told[k] += sums[k] * (1.0 - fraction) / (times[k] + (1.0 - times[k]) * fraction)
    if fraction_before < 1.0:
        for k in range(points):
            told[k] -= sums[k] * (1.0 - fraction_before) / (times[k] + (1.0 - times[k]) * fraction_before)
