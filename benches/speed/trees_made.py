"""A model as LightGBM would write it, grown from a seed: so that the stage needs no LightGBM, and is the same with any.

A tree splits one of its deeper leaves, give or take, at the value of one of its rows. With 31 leaves that makes trees
eleven levels deep in which a row meets four splits, as in trees that LightGBM trained on a sum of a few inputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]

INPUTS: Final = 60
TREES: Final = 200
LEAVES: Final = 31
MISSING_FRACTION: Final = 0.2
"""Of the values of every third input."""
SEED: Final = 7
_DEEPER: Final = 1.15
"""How much rather a leaf is split than one a level above."""
_ROWS_LEAST: Final = 20
_GROWN_ON: Final = 2_000
"""Rows that each tree is grown on."""
_UNEVEN: Final = 0.5
"""How much chance decides which leaf is split: the deviation of a logarithm."""


def make_rows(count: int, seed: int = SEED) -> Rows:
    """Rows of INPUTS numbers each; NaN is missing."""
    rng = np.random.default_rng(seed)
    rows = rng.lognormal(size=(count, INPUTS))
    sparse = rows[:, ::3]
    sparse[rng.random(sparse.shape) < MISSING_FRACTION] = np.nan
    return rows


def make_model() -> str:
    """The text of a model of TREES trees."""
    rng = np.random.default_rng(SEED)
    blocks = [f"Tree={i}\n{_written(_Grown(rng, make_rows(_GROWN_ON, SEED + i)))}\n\n" for i in range(TREES)]
    head = {
        "version": "v4", "num_class": 1, "num_tree_per_iteration": 1, "label_index": 0, "max_feature_idx": INPUTS - 1,
        "objective": "binary sigmoid:1", "feature_names": _listed(f"f{i}" for i in range(INPUTS)),
        "feature_infos": _listed(["[0:1e9]"] * INPUTS), "tree_sizes": _listed(len(block) for block in blocks),
    }  # fmt: skip
    return f"tree\n{_lines(head)}\n\n{''.join(blocks)}end of trees\n"


class _Grown:
    """One tree, by splits and leaves in LightGBM's numbering: a new leaf's number is the number of splits so far."""

    def __init__(self, rng: np.random.Generator, rows: Rows) -> None:
        self.rng, self.rows = rng, rows
        self.splits: list[dict[str, Any]] = []
        self.leaves: list[NDArray[np.intp]] = [np.arange(len(rows))]
        self.parents: list[tuple[int, str] | None] = [None]
        self.depths = [0]
        while len(self.leaves) < LEAVES:
            many = np.array([len(leaf) >= _ROWS_LEAST for leaf in self.leaves])
            wish = np.where(many, _DEEPER ** np.array(self.depths), 0)
            self.split(int(np.argmax(wish * rng.lognormal(sigma=_UNEVEN, size=len(wish)))))
        self.answers = rng.normal(scale=0.05, size=LEAVES)

    def split(self, leaf: int) -> None:
        """Part a leaf's rows."""
        inside, number, other = self.leaves[leaf], len(self.splits), len(self.leaves)
        while True:
            column = int(self.rng.integers(INPUTS))
            values = self.rows[inside, column]
            threshold, left_if_missing = self.rng.choice(values), bool(self.rng.integers(2))
            left = (values <= threshold) | (np.isnan(values) & left_if_missing)
            if 0 < left.sum() < len(left) and not np.isnan(threshold):
                break
        kind = (8 if column % 3 == 0 else 0) | (2 if left_if_missing or column % 3 else 0)
        self.splits.append({"column": column, "threshold": threshold, "kind": kind, "count": len(inside),
                            "left": ~leaf, "right": ~other})  # fmt: skip
        above = self.parents[leaf]
        if above is not None:
            self.splits[above[0]][above[1]] = number
        self.leaves[leaf], self.parents[leaf] = inside[left], (number, "left")
        self.leaves.append(inside[~left])
        self.parents.append((number, "right"))
        self.depths[leaf] += 1
        self.depths.append(self.depths[leaf])

    def worth(self, child: int, means: list[float]) -> float:
        """The sum over a child's rows of what it answers."""
        if child < 0:
            return float(self.answers[~child] * len(self.leaves[~child]))
        return means[child] * int(self.splits[child]["count"])

    def means(self) -> list[float]:
        """What each split would answer as a leaf: the mean of the answers below it."""
        means = [0.0] * len(self.splits)
        for number in reversed(range(len(self.splits))):
            split = self.splits[number]
            below = [self.worth(child, means) for child in (split["left"], split["right"])]
            means[number] = sum(below) / split["count"]
        return means


def _written(tree: _Grown) -> str:
    told = {name: _listed(split[name] for split in tree.splits) for name in tree.splits[0]}
    counts = _listed(len(leaf) for leaf in tree.leaves)
    return _lines({
        "num_leaves": LEAVES, "num_cat": 0, "split_feature": told["column"],
        "split_gain": _listed([1] * (LEAVES - 1)), "threshold": told["threshold"], "decision_type": told["kind"],
        "left_child": told["left"], "right_child": told["right"], "leaf_value": _listed(tree.answers),
        "leaf_weight": counts, "leaf_count": counts, "internal_value": _listed(f"{mean:.6g}" for mean in tree.means()),
        "internal_weight": told["count"], "internal_count": told["count"], "is_linear": 0, "shrinkage": 1,
    }) + "\n"  # fmt: skip


def _lines(told: dict[str, Any]) -> str:
    return "\n".join(f"{key}={value}" for key, value in told.items())


def _listed(values: Iterable[Any]) -> str:
    return " ".join(f"{value:.17g}" if isinstance(value, float) else str(value) for value in values)
