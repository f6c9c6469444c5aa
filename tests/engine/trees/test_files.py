"""What is written is read again; what is changed is refused, or is trees all the same."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bonafide.core.errors import ConfigError
from bonafide.engine.trees.arrays import MalformedError, Nodes, assemble, nodes_of_trees
from bonafide.engine.trees.files import from_npz, to_npz
from bonafide.engine.trees.layout import COLUMN_BITS
from bonafide.engine.trees.rows import raw_scores
from tests.engine.trees.kit import Model, attributions, models, rows_for, same_bits, train

RARE = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def small() -> Model:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 3))
    x[rng.random(x.shape) < 0.2] = np.nan
    return train(x, np.nan_to_num(x).sum(axis=1), 11, num_leaves=6, min_data_in_leaf=1)


MODEL = small()
ROWS = rows_for(MODEL, 1)
FILE = to_npz(MODEL.trees)


def rewritten(**changed: Any) -> bytes:
    """The file with other arrays."""
    with np.load(io.BytesIO(FILE)) as file:
        arrays = {**file, **changed}
    new = io.BytesIO()
    np.savez(new, **{name: array for name, array in arrays.items() if array is not None})
    return new.getvalue()


@RARE
@given(model=models())
def test_a_file_holds_the_same_trees(model: Model) -> None:
    content = to_npz(model.trees)
    again = from_npz(content)
    assert same_bits(again.words, model.trees.words)
    assert same_bits(again.floats, model.trees.floats)
    assert again.names == model.trees.names
    assert to_npz(again) == content


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(Nodes._fields), place=st.floats(0, 1, exclude_max=True), data=st.data())
def test_a_changed_number_is_refused_or_answers(which: str, place: float, data: st.DataObject) -> None:
    nodes = nodes_of_trees(MODEL.trees)
    array = getattr(nodes, which).copy()
    words: NDArray[np.int64] = array.view(np.int64)
    at = int(place * len(words))
    near = [int(words[at]) + step for step in (-1024, -1, 1, 2, 1024)] if which == "words" else [2**62]
    words[at] = data.draw(st.sampled_from(near) | st.integers(-(2**63), 2**63 - 1))
    try:
        trees = assemble(nodes._replace(**{which: array}), MODEL.trees.names)
    except MalformedError:
        return
    raw_scores(trees, ROWS)
    attributions(trees, ROWS)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(FILE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_file_is_refused_or_the_same(at: int, byte: int, cut: bool) -> None:
    content = FILE[:at] if cut else FILE[:at] + bytes([byte]) + FILE[at + 1 :]
    try:
        trees = from_npz(content)
    except ConfigError as e:
        assert str(e).startswith("model.npz: ")
        return
    assert same_bits(raw_scores(trees, ROWS), raw_scores(MODEL.trees, ROWS))


def changed(which: str, at: int, value: float) -> dict[str, NDArray[Any]]:
    array = getattr(nodes_of_trees(MODEL.trees), which).copy()
    array[at] = value
    return {which: array}


NODES = nodes_of_trees(MODEL.trees)
LEAF = int(np.flatnonzero(NODES.thresholds == np.inf)[-1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (changed("thresholds", 1, np.nan), "a threshold is not a number"),
        (changed("values", 1, np.inf), "the value of a node is not a number up to 1e+200"),
        (changed("covers", 1, -1), "a node was trained by a number of rows that is none"),
        (changed("covers", 1, 0), "a split was trained by no row"),
        (changed("words", 1, -1), "a node asks for an input that there is not"),
        (changed("words", 1, 2 << COLUMN_BITS | 6), "a node asks for an input that there is not"),
        (changed("words", 1, 4 << COLUMN_BITS), "a node's children are not where they must be"),
        (changed("words", 0, 1), "node 0 is not the empty leaf"),
        (changed("words", LEAF, LEAF + 1 << COLUMN_BITS), "the last tree is cut off"),
        (changed("words", LEAF, NODES.words[LEAF] + 1), "a leaf asks a question"),
        (changed("thresholds", LEAF, 0.0), "a leaf asks a question"),
        ({"values": NODES.values[:-1]}, "the nodes are too few, too many or cut off"),
        ({"names": np.frombuffer(b"a\0b\0a", dtype=np.uint8)}, "the input a stands twice"),
        ({"names": np.frombuffer(b"a\0b c\0d", dtype=np.uint8)}, "'b c' cannot name an input"),
        ({"names": np.frombuffer(b"a\0b\0", dtype=np.uint8)}, "'' cannot name an input"),
        ({"words": NODES.words.astype(np.int32)}, "no file of trees; let bonafide train write it anew"),
        ({"words": NODES.words.reshape(1, -1)}, "no file of trees; let bonafide train write it anew"),
        ({"values": None}, "no file of trees; let bonafide train write it anew"),
        ({"more": NODES.words}, "no file of trees; let bonafide train write it anew"),
        ({"values": np.array([None])}, "no file of trees; let bonafide train write it anew"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as told:
        from_npz(rewritten(**arrays))
    assert str(told.value) == f"model.npz: {message}"


def test_a_packed_file_is_not_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILE)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    with pytest.raises(ConfigError, match="no file of trees"):
        from_npz(packed.getvalue())


def test_limits_are_told() -> None:
    empty = Nodes(np.array([0]), np.array([np.inf]), np.zeros(1), np.zeros(1))
    for nodes, names, message in (
        (NODES, [f"f{i}" for i in range(513)], "the model has 513 inputs; 1 to 512 are supported"),
        (NODES, [], "the model has 0 inputs; 1 to 512 are supported"),
        (empty, ["a"], "the nodes are too few, too many or cut off"),
        (_leaves(1_001), ["a"], "the model has 1,001 trees; 1,000 are supported"),
        (_chain(1_025), ["a"], "a tree has more than 1,024 leaves"),
    ):
        with pytest.raises(MalformedError) as told:
            assemble(nodes, names)
        assert str(told.value) == message
    assert assemble(_leaves(1_000), ["a"]).words[0] == 1_000
    assert assemble(_chain(1_024), ["a"]).words[0] == 1


def _leaves(trees: int) -> Nodes:
    """So many trees of one leaf."""
    size = trees + 1
    return Nodes(np.arange(size) << COLUMN_BITS, np.full(size, np.inf), np.zeros(size), np.zeros(size))


def _chain(leaves: int) -> Nodes:
    """One tree whose right children are all leaves."""
    size = 2 * leaves
    child = np.arange(size)
    inner = np.array([1, *range(2, size - 2, 2)])
    child[inner] = np.arange(2, size, 2)
    thresholds, covers = np.full(size, np.inf), np.ones(size)
    thresholds[inner], covers[0] = 0.0, 0
    return Nodes(child << COLUMN_BITS, thresholds, np.zeros(size), covers)
