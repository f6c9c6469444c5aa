"""Boosted trees as arrays: put together from their nodes, with every index checked, so that no walk leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.text import show_value
from bonafide.engine.trees.layout import (
    BASE, COLUMN_BITS, COLUMN_MASK, HEAD, INPUTS, INPUTS_MAX, LANES, LEAVES_MAX, MEAN, NODES, SUMS, TREES, TREES_MAX,
)  # fmt: skip

Words = NDArray[np.int64]
Floats = NDArray[np.float64]
NAME_LENGTH_MAX: Final = 200
VALUE_MAX: Final = 1e200
"""No answer of a tree is larger, so that no sum of them is infinite."""
COVER_MAX: Final = 2.0**53


class Trees(NamedTuple):
    """Boosted trees as kernels take them; `bonafide.engine.trees.layout` says what lies where."""

    words: Words
    floats: Floats
    names: tuple[str, ...]
    """The inputs, in the order of a row."""


class Tree(NamedTuple):
    """One tree as LightGBM tells it: k inner nodes from 0, the root, and k + 1 leaves; a child below 0 is leaf ~child.

    A node's children come after it, and each node but the root is the child of one. `right_if_missing` is where NaN
    goes.
    """

    inputs: Sequence[int]
    thresholds: Sequence[float]
    right_if_missing: Sequence[bool]
    lefts: Sequence[int]
    rights: Sequence[int]
    values: Sequence[float]
    covers: Sequence[float]
    leaf_values: Sequence[float]
    leaf_covers: Sequence[float]


class Nodes(NamedTuple):
    """The nodes of all trees, as the layout orders them: what is kept in files."""

    words: Words
    thresholds: Floats
    values: Floats
    covers: Floats


class MalformedError(ValueError):
    """Nodes that are not those of trees; the message says why, in a plain sentence."""


def pack(trees: Sequence[Tree], names: Sequence[str]) -> Trees:
    """Trees over these inputs as arrays. Raises MalformedError where a limit is exceeded or a number is wrong."""
    words, thresholds, values, covers = [0], [inf], [0.0], [0.0]
    for number, tree in enumerate(trees):
        first = len(words)
        queue = [0] if tree.inputs else [~0]
        for place, node in enumerate(queue):  # grows while it is read: level by level
            if node < 0:
                words.append((first + place) << COLUMN_BITS | _leaf_column(number, len(names)))
                thresholds.append(inf)
                values.append(tree.leaf_values[~node])
                covers.append(tree.leaf_covers[~node])
                continue
            column = 2 * tree.inputs[node] + tree.right_if_missing[node]
            words.append((first + len(queue)) << COLUMN_BITS | column)
            thresholds.append(tree.thresholds[node])
            values.append(tree.values[node])
            covers.append(tree.covers[node])
            queue += (tree.lefts[node], tree.rights[node])
    floats = (np.array(part, dtype=np.float64) for part in (thresholds, values, covers))
    return assemble(Nodes(np.array(words, dtype=np.int64), *floats), names)


def _leaf_column(tree: int, inputs: int) -> int:
    """The column that a leaf asks in vain: not the same in all trees, since each asking waits for the one before."""
    return 2 * (tree % max(inputs, 1))


def assemble(nodes: Nodes, names: Sequence[str]) -> Trees:
    """The arrays of these nodes, once each is found to be in order. Raises MalformedError."""
    _check_names(names)
    _check_numbers(nodes, 2 * len(names))
    starts = _tree_starts(nodes)
    _check_children(nodes, starts, len(names))
    depths = _depths(nodes, starts)
    count, size = len(starts), len(nodes.words)
    order = np.argsort(depths, kind="stable")
    groups = -(-count // LANES)
    roots = np.zeros(groups * LANES, dtype=np.int64)  # a spare lane stands at node 0
    numbers = np.arange(groups * LANES)
    roots[:count], numbers[:count] = starts[order], order
    steps = depths[order][np.minimum(np.arange(1, groups + 1) * LANES, count) - 1]
    head = np.zeros(HEAD, dtype=np.int64)
    head[[TREES, INPUTS, NODES]] = count, len(names), size
    sums = np.zeros(SUMS)
    sums[BASE] = fsum(nodes.values[starts])
    sums[MEAN] = fsum(_mean_answers(nodes, starts))
    words = np.concatenate([head, steps, roots, numbers, nodes.words])
    return Trees(words, np.concatenate([sums, nodes.thresholds, nodes.values, nodes.covers]), tuple(names))


def nodes_of_trees(trees: Trees) -> Nodes:
    """The nodes of assembled trees."""
    size = int(trees.words[NODES])
    thresholds, values, covers = trees.floats[SUMS:].reshape(3, size)
    return Nodes(trees.words[-size:], thresholds, values, covers)


def starts_of_trees(trees: Trees) -> Words:
    """The root of each tree, in the order of the model."""
    return _tree_starts(nodes_of_trees(trees))


def is_leaf(nodes: Nodes) -> NDArray[np.bool_]:
    """Of each node whether it is a leaf: its own child."""
    leaf: NDArray[np.bool_] = nodes.words >> COLUMN_BITS == np.arange(len(nodes.words))
    return leaf


def _check_names(names: Sequence[str]) -> None:
    if not 1 <= len(names) <= INPUTS_MAX:
        raise MalformedError(f"the model has {len(names)} inputs; 1 to {INPUTS_MAX} are supported")
    for name in names:
        if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable() or " " in name:
            raise MalformedError(f"{show_value(name)} cannot name an input")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"the input {twice} stands twice")


def _check_numbers(nodes: Nodes, columns: int) -> None:
    size = len(nodes.words)
    if any(len(part) != size for part in nodes) or not 2 <= size <= 1 + TREES_MAX * (2 * LEAVES_MAX - 1):
        raise MalformedError("the nodes are too few, too many or cut off")
    if np.isnan(nodes.thresholds).any():
        raise MalformedError("a threshold is not a number")
    if not (np.abs(nodes.values) <= VALUE_MAX).all():
        raise MalformedError(f"the value of a node is not a number up to {VALUE_MAX:g}")
    if not ((nodes.covers >= 0) & (nodes.covers <= COVER_MAX)).all():
        raise MalformedError("a node was trained by a number of rows that is none")
    if (nodes.words < 0).any() or (nodes.words & COLUMN_MASK >= columns).any():
        raise MalformedError("a node asks for an input that there is not")


def _tree_starts(nodes: Nodes) -> Words:
    """The root of each tree. Level by level, an inner node opens one more place than it fills, and a leaf one less:
    a tree ends where all are filled."""
    leaf = is_leaf(nodes)
    if not leaf[0] or nodes.words[0] or nodes.values[0] or nodes.covers[0]:
        raise MalformedError("node 0 is not the empty leaf")
    filled = np.cumsum(np.where(leaf[1:], 1, -1))
    ends = np.flatnonzero(np.diff(np.maximum.accumulate(np.maximum(filled, 0)), prepend=0))
    if not len(ends) or ends[-1] != len(filled) - 1:
        raise MalformedError("the last tree is cut off")
    if len(ends) > TREES_MAX:
        raise MalformedError(f"the model has {len(ends):,} trees; {TREES_MAX:,} are supported")
    return np.concatenate([[0], ends[:-1] + 1]) + 1


def _check_children(nodes: Nodes, starts: Words, inputs: int) -> None:
    leaf, child = is_leaf(nodes), nodes.words >> COLUMN_BITS
    tree = np.searchsorted(starts, np.arange(len(leaf)), side="right") - 1
    inner_before: Words = np.cumsum(~leaf) - ~leaf
    expected = starts[tree] + 1 + 2 * (inner_before - inner_before[starts[tree]])
    if (child != expected)[~leaf].any():
        raise MalformedError("a node's children are not where they must be")
    if np.diff(starts, append=len(leaf)).max() > 2 * LEAVES_MAX - 1:
        raise MalformedError(f"a tree has more than {LEAVES_MAX:,} leaves")
    wrong = (nodes.words & COLUMN_MASK) != 2 * (tree % inputs)
    wrong[0] = False
    if (wrong | (nodes.thresholds != inf))[leaf].any():
        raise MalformedError("a leaf asks a question")
    if (nodes.covers[~leaf] < 1).any():
        raise MalformedError("a split was trained by no row")


def _depths(nodes: Nodes, starts: Words) -> Words:
    """The depth of each tree: 0 for one leaf."""
    leaf, child = is_leaf(nodes), nodes.words >> COLUMN_BITS
    depths = np.zeros(len(starts), dtype=np.int64)
    tree, level = np.arange(len(starts)), starts
    while True:
        go_on = ~leaf[level]
        tree, level = np.repeat(tree[go_on], 2), np.repeat(child[level[go_on]], 2)
        if not len(level):
            return depths
        level[1::2] += 1  # children stand side by side
        depths[tree] += 1  # once, however often a tree is named


def _mean_answers(nodes: Nodes, starts: Words) -> list[float]:
    leaf = is_leaf(nodes)
    parts = np.split(np.arange(1, len(leaf)), starts[1:] - 1)
    return [_mean_answer(nodes, part[0], part[leaf[part]]) for part in parts]


def _mean_answer(nodes: Nodes, root: int, leaves: Words) -> float:
    if len(leaves) == 1:
        return float(nodes.values[root])
    return fsum(nodes.values[leaves] * (nodes.covers[leaves] / nodes.covers[root]))
