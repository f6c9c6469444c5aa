"""A boosted model walked the obvious way, node by node: the twin of the tree kernels.

It makes nested dictionaries of LightGBM's text, trusting it, and so shares nothing with the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from math import comb, isnan
from typing import Any

TreeNode = Mapping[str, Any]
"""A split: feature, threshold, kind, value, count, left, right. A leaf: value, count."""
ZERO = 1.0000000180025095e-35
"""1e-35 as a float32: what LightGBM takes for 0."""
LEFT_IF_MISSING, NAN_IS_MISSING = 2, 8


def roots(text: str) -> list[TreeNode]:
    """The trees of a `Booster.model_to_string()`; `dump_model` will not do, it has no infinite thresholds."""
    blocks = text.split("end of trees")[0].split("\nTree=")[1:]
    return [_tree(dict(line.split("=") for line in block.splitlines()[1:] if line)) for block in blocks]


def _tree(told: Mapping[str, str]) -> TreeNode:
    lists = {key: value.split() for key, value in told.items()}
    return _node(lists, 0 if lists["split_feature"] else -1)


def _node(lists: Mapping[str, Sequence[str]], i: int) -> TreeNode:
    if i < 0:
        return {"value": float(lists["leaf_value"][~i]), "count": int(lists["leaf_count"][~i])}
    return {
        "feature": int(lists["split_feature"][i]),
        "threshold": float(lists["threshold"][i]),
        "kind": int(lists["decision_type"][i]),
        "value": float(lists["internal_value"][i]),
        "count": int(lists["internal_count"][i]),
        "left": _node(lists, int(lists["left_child"][i])),
        "right": _node(lists, int(lists["right_child"][i])),
    }


def path(root: TreeNode, row: Sequence[float]) -> list[TreeNode]:
    """The nodes that a row meets, from the root to a leaf."""
    met = [root]
    while "feature" in met[-1]:
        met.append(met[-1]["left" if goes_left(met[-1], row) else "right"])
    return met


def goes_left(node: TreeNode, row: Sequence[float]) -> bool:
    """Where a row goes at a split; a missing value is NaN."""
    value = row[node["feature"]]
    if abs(value) <= ZERO or (isnan(value) and not node["kind"] & NAN_IS_MISSING):
        value = 0.0
    if isnan(value):
        return bool(node["kind"] & LEFT_IF_MISSING)
    return bool(value <= node["threshold"])


def raw_score(trees: Sequence[TreeNode], row: Sequence[float]) -> float:
    """The sum of the leaves that a row comes to."""
    total = 0.0
    for root in trees:
        total += path(root, row)[-1]["value"]
    return total


def attribution(trees: Sequence[TreeNode], row: Sequence[float]) -> tuple[list[float], float]:
    """What each input changed on the way, and the sum of the values at the roots."""
    told = [0.0] * len(row)
    base = 0.0
    for root in trees:
        met = path(root, row)
        base += root["value"]
        for node, after in pairwise(met):
            told[node["feature"]] += after["value"] - node["value"]
    return told, base


def shapley(trees: Sequence[TreeNode], row: Sequence[float]) -> tuple[list[float], float]:
    """Shapley values by their definition, over all sets of inputs, and the answer without any: for few inputs only."""
    inputs = range(len(row))
    worth = {
        known: sum(expected(root, row, set(known)) for root in trees)
        for size in range(len(row) + 1) for known in combinations(inputs, size)
    }  # fmt: skip
    told = []
    for i in inputs:
        others = [known for known in worth if i not in known]
        told.append(sum(
            (worth[tuple(sorted((*known, i)))] - worth[known]) / (len(row) * comb(len(row) - 1, len(known)))
            for known in others
        ))  # fmt: skip
    return told, worth[()]


def expected(node: TreeNode, row: Sequence[float], known: set[int]) -> float:
    """The mean answer below a node, by cover, where only some inputs are known."""
    if "feature" not in node:
        return float(node["value"])
    left, right = node["left"], node["right"]
    if node["feature"] in known:
        return expected(left if goes_left(node, row) else right, row, known)
    below = expected(left, row, known) * left["count"] + expected(right, row, known) * right["count"]
    return float(below / node["count"])
