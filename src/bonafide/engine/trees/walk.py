"""Walks a row through all trees: for its raw score, or for what each input adds to it."""

from __future__ import annotations

from math import inf, isnan

from bonafide.engine.kernel import inner, room, shift
from bonafide.engine.trees.layout import (
    BASE, COLUMN_BITS, COLUMN_MASK, COLUMNS_MAX, HEAD, INPUTS, LANES, LEAVES_ROOM, NODES, SUMS, TREES,
)  # fmt: skip


@inner
def spread(words, row, columns):
    """Write a row's two columns of each input; see the layout."""
    for i in range(words[INPUTS]):
        value = row[i]
        columns[2 * i] = -inf if isnan(value) else value
        columns[2 * i + 1] = value


@inner
def group_count(words):
    return (words[TREES] + LANES - 1) // LANES


@inner
def nodes_of(words):
    """Where the nodes begin."""
    return shift(words, HEAD + group_count(words) * (1 + 2 * LANES))


@inner
def step(nodes, thresholds, columns, at):
    """The node after `at`."""
    word = nodes[at]
    return (word >> COLUMN_BITS) + (0 if columns[word & COLUMN_MASK] <= thresholds[at] else 1)


@inner
def raw_score(words, floats, row):
    """The sum of the trees' answers to a row of inputs (NaN is missing), added in the order of the model.

    Equal, bit by bit, to LightGBM's `predict(raw_score=True)` for any row.
    """
    columns, answers = room(COLUMNS_MAX), room(LEAVES_ROOM)
    spread(words, row, columns)
    groups = group_count(words)
    steps = shift(words, HEAD)
    nodes, thresholds = nodes_of(words), shift(floats, SUMS)
    values = shift(thresholds, words[NODES])
    for group in range(groups):
        root = shift(steps, groups + group * LANES)
        a, b, c, d, e, f, g, h = root[0], root[1], root[2], root[3], root[4], root[5], root[6], root[7]
        for _ in range(steps[group]):
            a = step(nodes, thresholds, columns, a)
            b = step(nodes, thresholds, columns, b)
            c = step(nodes, thresholds, columns, c)
            d = step(nodes, thresholds, columns, d)
            e = step(nodes, thresholds, columns, e)
            f = step(nodes, thresholds, columns, f)
            g = step(nodes, thresholds, columns, g)
            h = step(nodes, thresholds, columns, h)
        number = shift(root, groups * LANES)
        answers[number[0]], answers[number[1]] = values[a], values[b]
        answers[number[2]], answers[number[3]] = values[c], values[d]
        answers[number[4]], answers[number[5]] = values[e], values[f]
        answers[number[6]], answers[number[7]] = values[g], values[h]
    total = 0.0
    for tree in range(words[TREES]):
        total += answers[tree]
    return total


@inner
def _follow(nodes, thresholds, values, columns, at, value, into):
    """The node after `at` and its value; the input that was asked is told the difference."""
    after = step(nodes, thresholds, columns, at)
    into[(nodes[at] & COLUMN_MASK) >> 1] += values[after] - value
    return after, values[after]


@inner
def attribute(words, floats, row, into):
    """Add to `into`, a float for each input, what the row's way through the trees owes to it; the base is returned.

    At each split of the way the input that is asked there is told by how much the node's value changes. Base and all
    contributions add up to the raw score, but for rounding. Cheaper than Shapley values, and not the same: an input
    that is asked nearer to the leaf is told more (Saabas, "Interpreting random forests", 2014).
    """
    columns = room(COLUMNS_MAX)
    spread(words, row, columns)
    groups = group_count(words)
    steps = shift(words, HEAD)
    nodes, thresholds = nodes_of(words), shift(floats, SUMS)
    values = shift(thresholds, words[NODES])
    for group in range(groups):
        root = shift(steps, groups + group * LANES)
        a, b, c, d, e, f, g, h = root[0], root[1], root[2], root[3], root[4], root[5], root[6], root[7]
        p, q, r, s = values[a], values[b], values[c], values[d]
        t, u, v, w = values[e], values[f], values[g], values[h]
        for _ in range(steps[group]):
            a, p = _follow(nodes, thresholds, values, columns, a, p, into)
            b, q = _follow(nodes, thresholds, values, columns, b, q, into)
            c, r = _follow(nodes, thresholds, values, columns, c, r, into)
            d, s = _follow(nodes, thresholds, values, columns, d, s, into)
            e, t = _follow(nodes, thresholds, values, columns, e, t, into)
            f, u = _follow(nodes, thresholds, values, columns, f, u, into)
            g, v = _follow(nodes, thresholds, values, columns, g, v, into)
            h, w = _follow(nodes, thresholds, values, columns, h, w, into)
    return floats[BASE]
