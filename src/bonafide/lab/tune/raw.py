"""What boosted trees say of many rows at once, in numpy: as the engine says it of each, to the last bit."""

from __future__ import annotations

import numpy as np

from bonafide.engine.trees.arrays import Trees, is_leaf, nodes_of_trees, starts_of_trees
from bonafide.engine.trees.layout import COLUMN_BITS, COLUMN_MASK
from bonafide.lab.curves import Floats


def raw_scores(trees: Trees, rows: Floats) -> Floats:
    """(n,) sum of the trees' answers to rows of inputs (n x inputs, NaN is missing), in the order of the model."""
    columns = np.empty((len(rows), 2 * rows.shape[1]))
    columns[:, 1::2] = rows
    columns[:, ::2] = np.where(np.isnan(rows), -np.inf, rows)
    nodes = nodes_of_trees(trees)
    child, column, leaf = nodes.words >> COLUMN_BITS, nodes.words & COLUMN_MASK, is_leaf(nodes)
    total = np.zeros(len(rows))
    which = np.arange(len(rows))
    for start in starts_of_trees(trees).tolist():
        at = np.full(len(rows), start)
        going = which if not leaf[start] else which[:0]
        while len(going):
            here = at[going]
            at[going] = child[here] + ~(columns[going, column[here]] <= nodes.thresholds[here])
            going = going[~leaf[at[going]]]
        total += nodes.values[at]
    return total
