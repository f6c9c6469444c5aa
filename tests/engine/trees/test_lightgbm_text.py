"""What LightGBM writes is read; what would be answered otherwise is refused at its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError
from bonafide.engine.trees.layout import INPUTS, NODES, TREES
from bonafide.engine.trees.lightgbm_text import read_lightgbm
from bonafide.engine.trees.rows import raw_scores
from tests.engine.kit import assert_golden
from tests.engine.trees.kit import attributions, same_bits, shapley_values, train

GOLDEN = Path(__file__).parent / "golden" / "refused_models.txt"
TEXT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=amount hour
feature_infos=[0:9] [0:23]
tree_sizes=300 200

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=2 1
threshold=4.5 inf
decision_type=2 8
left_child=-1 -2
right_child=1 -3
leaf_value=-0.5 0.25 1
leaf_weight=1 1 1
leaf_count=6 3 1
internal_value=0 0.4375
internal_weight=3 2
internal_count=10 4
is_linear=0
shrinkage=0.1


Tree=1
num_leaves=1
num_cat=0
split_feature=
split_gain=
threshold=
decision_type=
left_child=
right_child=
leaf_value=0.125
leaf_weight=
leaf_count=10
internal_value=
internal_weight=
internal_count=
is_linear=0
shrinkage=1


end of trees

feature_importances:
amount=1
"""


def put(old: str, new: str) -> Callable[[str], str]:
    """A change of the first such line."""

    def change(text: str) -> str:
        assert f"\n{old}\n" in text, old
        return text.replace(f"\n{old}\n", f"\n{new}\n" if new else "\n", 1)

    return change


def leaves(count: int) -> str:
    return f"num_leaves={count}"


REFUSED: dict[str, Callable[[str], str]] = {
    "another file": lambda text: "xgboost" + text,
    "an empty file": lambda text: "",
    "another version": put("version=v4", "version=v3"),
    "several classes": put("num_class=1", "num_class=3"),
    "several trees for each round": put("num_tree_per_iteration=1", "num_tree_per_iteration=3"),
    "averaged trees": put("objective=binary sigmoid:1", "average_output"),
    "a line of the header that nobody knows": put("label_index=0", "label_indx=0"),
    "a line that stands twice": put("label_index=0", "label_index=0\nlabel_index=0"),
    "a line of the header that is missing": put("tree_sizes=300 200", ""),
    "fewer names than inputs": put("feature_names=amount hour", "feature_names=amount"),
    "a name that stands twice": put("feature_names=amount hour", "feature_names=amount amount"),
    "no whole number of inputs": put("max_feature_idx=1", "max_feature_idx=1.5"),
    "too many inputs": lambda text: put("max_feature_idx=1", "max_feature_idx=512")(
        put("feature_names=amount hour", "feature_names=" + " ".join(f"f{i}" for i in range(513)))(text)
    ),
    "no trees": put("tree_sizes=300 200", "tree_sizes="),
    "too many trees": put("tree_sizes=300 200", "tree_sizes=" + " ".join(["9"] * 1_001)),
    "a tree that is missing": put("Tree=1", "Tree=2"),
    "a file that is cut off": lambda text: text[: text.index("end of trees")],
    "no leaves": put(leaves(3), leaves(0)),
    "too many leaves": put(leaves(3), leaves(1_025)),
    "categories": put("num_cat=0", "num_cat=1"),
    "a split by category": put("decision_type=2 8", "decision_type=2 1"),
    "zero as missing": put("decision_type=2 8", "decision_type=6 8"),
    "a kind of missing that there is not": put("decision_type=2 8", "decision_type=2 12"),
    "linear leaves": put("is_linear=0", "is_linear=1"),
    "an input that there is not": put("split_feature=0 1", "split_feature=0 2"),
    "an input below the first": put("split_feature=0 1", "split_feature=-1 1"),
    "a threshold that is no number": put("threshold=4.5 inf", "threshold=nan inf"),
    "a threshold of another form": put("threshold=4.5 inf", "threshold=4_5 inf"),
    "an infinite answer": put("leaf_value=-0.5 0.25 1", "leaf_value=-0.5 inf 1"),
    "an answer that is no number": put("leaf_value=-0.5 0.25 1", "leaf_value=-0.5 0.25 nan"),
    "an answer beyond all measure": put("leaf_value=-0.5 0.25 1", "leaf_value=-0.5 0.25 1e300"),
    "an infinite value of a split": put("internal_value=0 0.4375", "internal_value=-inf 0.4375"),
    "too few answers": put("leaf_value=-0.5 0.25 1", "leaf_value=-0.5 0.25"),
    "too many answers": put("leaf_value=0.125", "leaf_value=0.125 1"),
    "counts that are missing": put("leaf_count=6 3 1", ""),
    "a split of no row": put("internal_count=10 4", "internal_count=10 0"),
    "a leaf of less than no row": put("leaf_count=6 3 1", "leaf_count=6 3 -1"),
    "a cycle": put("right_child=1 -3", "right_child=0 -3"),
    "a node that is its own child": put("right_child=1 -3", "right_child=1 1"),
    "a leaf with two parents": put("right_child=1 -3", "right_child=1 -2"),
    "a leaf that there is not": put("right_child=1 -3", "right_child=1 -4"),
    "a split that there is not": put("right_child=1 -3", "right_child=2 -3"),
}


def refused(change: Callable[[str], str]) -> str:
    with pytest.raises(ConfigError) as told:
        read_lightgbm(change(TEXT))
    return str(told.value)


def test_each_refusal_tells_the_line_and_what_is_supported() -> None:
    shown = [f"# {name}\n{refused(change)}\n" for name, change in REFUSED.items()]
    assert_golden(GOLDEN, "\n".join(shown))


def test_a_model_is_read() -> None:
    trees = read_lightgbm(TEXT)
    assert trees.names == ("amount", "hour")
    assert trees.words[[TREES, INPUTS, NODES]].tolist() == [2, 2, 7]
    nan = float("nan")
    rows = np.array([[4.5, 0], [5, 0], [5, nan], [nan, 0]])
    assert raw_scores(trees, rows).tolist() == [-0.375, 0.375, 1.125, -0.375]
    told, bases = attributions(trees, rows)
    assert bases.tolist() == [0.125] * 4
    assert told.tolist() == [[-0.5, 0], [0.4375, -0.1875], [0.4375, 0.5625], [-0.5, 0]]
    assert shapley_values(trees, rows)[1] == pytest.approx([-0.5 * 0.6 + 0.25 * 0.3 + 0.1 + 0.125] * 4)


@pytest.mark.parametrize("threshold", ["5e-36", "-5e-36", "0", "-0", "1.0000000180025095e-35"])
def test_thresholds_about_zero_part_numbers_as_lightgbm_does(threshold: str) -> None:
    text = TEXT.replace("threshold=4.5", f"threshold={threshold}")
    near = [1e-35, 5e-36, 1e-36, 5e-324, 0.0, 2e-35, float(np.float32(1e-35))]
    rows = np.array([[sign * value, 0] for value in near for sign in (1, -1)])
    booster = lightgbm.Booster(model_str=text.replace("tree_sizes=300 200\n", ""))  # without sizes it goes by lines
    assert same_bits(raw_scores(read_lightgbm(text), rows), booster.predict(rows, raw_score=True))


@pytest.mark.parametrize(
    "told",
    [
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"objective": "multiclass", "num_class": 3},
        {"zero_as_missing": True},
        {"linear_tree": True},
        {"categorical_feature": [0]},
    ],
    ids=str,
)
def test_what_lightgbm_trains_otherwise_is_refused(told: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, size=(200, 2)).astype(float)
    with pytest.raises(ConfigError, match="supported"):
        train(x, (x[:, 0] == 1) + (x[:, 1] > 0).astype(float), 3, **told)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(TEXT) - 1), new=st.text("0123456789.-=\nTree e+inf", max_size=4), cut=st.integers(0, 8))
def test_a_changed_text_is_refused_or_read(at: int, new: str, cut: int) -> None:
    try:
        trees = read_lightgbm(TEXT[:at] + new + TEXT[at + cut :])
    except ConfigError as e:
        assert re.search(r"model\.txt", str(e))
        return
    raw_scores(trees, np.zeros((1, len(trees.names))))
