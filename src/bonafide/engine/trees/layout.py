"""How boosted trees lie in two arrays, `words` and `floats`.

    words   TREES, INPUTS, NODES
            steps of each group         groups of LANES trees, by depth; steps = the depth of the deepest
            roots of each group         LANES a group
            numbers of each group       LANES a group: which tree it is, in the order of the model
            nodes                       NODES words, see below
    floats  BASE, MEAN
            thresholds, values, covers  NODES each

Node 0 is a leaf of value 0, at which a group's spare lanes stand. The nodes of the trees follow, tree after tree in the
order of the model, each tree level by level. The word of a node is `child << COLUMN_BITS | column`. A row goes on to
`child` where its value in the column is at most the threshold, else to `child + 1`; a leaf's child is itself, and its
threshold infinite, so that a row may walk on and stays. Column `2 * input` holds an input with minus infinity in place
of a missing value, column `2 * input + 1` holds it as it is: nothing is at most a threshold there that is NaN. So
no step asks what is missing.

A node's value is what a leaf answers, or what an inner node would have answered as a leaf; its cover is the number of
rows that trained it. BASE is the sum of the roots' values and MEAN that of the trees' mean answers by cover.
"""

from __future__ import annotations

from typing import Final

TREES_MAX: Final = 1_000
LEAVES_MAX: Final = 1_024
"""Of one tree."""
INPUTS_MAX: Final = 512
LANES: Final = 8
"""Trees that are walked at once: a step waits for memory, and steps in different trees wait together."""

TREES: Final = 0
INPUTS: Final = 1
NODES: Final = 2
HEAD: Final = 3
"""Words before the groups."""
BASE: Final = 0
MEAN: Final = 1
SUMS: Final = 2
"""Floats before the thresholds."""
COLUMN_BITS: Final = 10
COLUMN_MASK: Final = 2**COLUMN_BITS - 1
COLUMNS_MAX: Final = 2 * INPUTS_MAX
LEAVES_ROOM: Final = TREES_MAX + LANES
"""Answers of as many trees, and of the spare lanes of the last group."""
