"""A small bundle with a model and a scorecard, made by hand: no library is asked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bonafide.engine.trees.arrays import Tree, pack
from bonafide.engine.trees.files import to_npz
from tests.engine.tiny import TINY

INPUTS: Final = """
model:
  - {name: amount, direction: up, reason: RC1}
  - {name: of_line, of: amount / credit_limit, direction: up, reason: RC2}
  - {name: on_credit, of: "pay_with == 'credit'", reason: RC2}
scorecard:
  - {name: amount, family: habits, direction: up, reason: RC1}
"""
CALIBRATION: Final = "rules_weight: 0.5\nknots: [[-4, 0.01], [0, 0.2], [2, 0.7], [4, 0.9]]\n"
SCORECARD: Final = """
base: 650
inputs: [{name: amount, cuts: [100, 1000], points: [40, 0, -90], missing: -10}]
levels: [{below: 570, level: high}, {below: 660, level: medium}]
"""
STUMPS: Final = (
    # input, threshold, whether a missing value goes right, left, right
    (0, 500.0, False, -1.5, 1.0),
    (1, 0.5, True, -1.0, 0.75),
    (2, 0.5, False, -0.25, 0.25),
)


def stump(of: int, threshold: float, right_if_missing: bool, left: float, right: float) -> Tree:
    """A tree of one split, that as many rows went through on each side."""
    return Tree([of], [threshold], [right_if_missing], [~0], [~1], [(left + right) / 2], [2], [left, right], [1, 1])


def modelled(folder: Path, stumps: Sequence[tuple[int, float, bool, float, float]] = STUMPS) -> Path:
    """The tiny bundle with a model of stumps and a scorecard."""
    shutil.copytree(TINY, folder)
    model = folder / "model"
    model.mkdir()
    trees = pack([stump(*one) for one in stumps], ("amount", "of_line", "on_credit"))
    (model / "model.npz").write_bytes(to_npz(trees))
    for name, text in (("inputs", INPUTS), ("calibration", CALIBRATION), ("scorecard", SCORECARD)):
        (model / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
