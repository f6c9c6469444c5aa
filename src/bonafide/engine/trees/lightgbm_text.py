"""Reads the text in which LightGBM keeps a model (version v4), and refuses whatever would be answered otherwise.

Written in the form of `src/io/tree.cpp` and `src/boosting/gbdt_model_text.cpp` of LightGBM 4. What follows "end of
trees", importances and settings, does not change an answer and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf, isnan, nextafter
from typing import Final, NamedTuple, NoReturn, TypeVar

import numpy as np

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import Mistake, show_mistakes
from bonafide.core.text import did_you_mean, show_value
from bonafide.engine.trees.arrays import MalformedError, Tree, Trees, pack
from bonafide.engine.trees.layout import INPUTS_MAX, LEAVES_MAX, TREES_MAX

ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes a number that is no larger for 0 (kZeroThreshold), before it compares it with thresholds."""
CATEGORICAL: Final = 1
LEFT_IF_MISSING: Final = 2
MISSING_SHIFT: Final = 2
NOTHING_IS_MISSING, ZERO_IS_MISSING, NAN_IS_MISSING = range(3)

_HEADER: Final = (
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "average_output",
    "feature_names", "monotone_constraints", "feature_infos", "tree_sizes",
)  # fmt: skip
_TREE: Final = (
    "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count", "cat_boundaries",
    "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage",
)  # fmt: skip
_INTEGER: Final = re.compile("-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"-?([0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,4})?|inf)")
T = TypeVar("T", int, float)


class Line(NamedTuple):
    """What stands after the "=" of a line."""

    number: int
    """Of the line, from 1."""
    column: int
    """Where the text begins, from 1."""
    text: str


def read_lightgbm(text: str, path: str = "model.txt") -> Trees:
    """The trees of a model for one number: their sum is `predict(raw_score=True)`.

    The names of the inputs are the model's `feature_names`; whoever knows better compares them. Raises ConfigError,
    with the line and what is supported: for several classes, averaged trees (random forests), splits by category, zero
    as missing, linear trees, more trees, leaves or inputs than the layout's limits, and text that is no such model.
    """
    return _Reader(text, path).model()


class _Reader:
    """Goes through the lines once, and stops at the first mistake."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path, self.lines = text, path, text.split("\n")
        self.at = 0
        self.subject: str | None = None

    def model(self) -> Trees:
        """All of it."""
        if self.lines[0] != "tree":
            self.fail('a model of LightGBM begins with the line "tree"', Line(1, 1, self.lines[0]))
        self.at = 1
        header = self.block(_HEADER)
        self.one_answer(header)
        names = self.names(header)
        count = len(self.field(header, "tree_sizes").text.split())
        if not 1 <= count <= TREES_MAX:
            self.fail(f"{count:,} trees; 1 to {TREES_MAX:,} are supported", header["tree_sizes"])
        trees = []
        for number in range(count):
            self.expect(f"Tree={number}")
            self.subject = f"tree {number}"
            trees.append(self.tree(len(names)))
            self.subject = None
        self.expect("end of trees")
        try:
            return pack(trees, names)
        except MalformedError as e:
            raise ConfigError(self.path, str(e)) from None

    def one_answer(self, header: dict[str, Line]) -> None:
        """Refuse what does not give one number, the sum of all trees."""
        version = self.field(header, "version")
        if version.text != "v4":
            self.fail(f"version {show_value(version.text)}; v4 is supported (LightGBM 4)", version)
        for key in ("num_class", "num_tree_per_iteration"):
            if self.field(header, key).text != "1":
                self.fail("a model of several classes; one answer is supported", header[key])
        if "average_output" in header:
            self.fail("averaged trees, a random forest; trees that add up are supported", header["average_output"])

    def names(self, header: dict[str, Line]) -> list[str]:
        """The names of the inputs."""
        names = self.field(header, "feature_names").text.split(" ")
        last = self.integer(self.field(header, "max_feature_idx"))
        if len(names) != last + 1:
            self.fail(f"{len(names):,} names in place of {last + 1:,}", header["feature_names"])
        if len(names) > INPUTS_MAX:
            self.fail(f"{len(names):,} inputs; {INPUTS_MAX} are supported", header["feature_names"])
        return names

    def tree(self, inputs: int) -> Tree:
        """The tree whose lines follow."""
        told = self.block(_TREE)
        leaves = self.integer(self.field(told, "num_leaves"))
        if not 1 <= leaves <= LEAVES_MAX:
            self.fail(f"{leaves:,} leaves; 1 to {LEAVES_MAX:,} are supported", told["num_leaves"])
        if self.field(told, "num_cat").text != "0":
            self.fail("splits by category; splits by number are supported", told["num_cat"])
        if "is_linear" in told and told["is_linear"].text != "0":
            self.fail("leaves that are linear models; leaves that are numbers are supported", told["is_linear"])
        splits = leaves - 1
        kinds = self.integers(told, "decision_type", splits, self.kind)
        thresholds = self.numbers(told, "threshold", splits, self.threshold)
        tree = Tree(
            inputs=self.integers(told, "split_feature", splits, lambda i: within("input", i, 0, inputs - 1)),
            thresholds=[about_zero(t) for t in thresholds],
            right_if_missing=[
                kind & LEFT_IF_MISSING == 0 if kind >> MISSING_SHIFT == NAN_IS_MISSING else not threshold >= 0
                for kind, threshold in zip(kinds, thresholds, strict=True)
            ],
            lefts=self.integers(told, "left_child", splits),
            rights=self.integers(told, "right_child", splits),
            values=self.numbers(told, "internal_value", splits),
            covers=self.integers(told, "internal_count", splits, lambda n: within("count", n, 1)),
            leaf_values=self.numbers(told, "leaf_value", leaves),
            leaf_covers=self.integers(told, "leaf_count", leaves, lambda n: within("count", n, 0)),
        )  # fmt: skip
        self.one_parent_each(told, tree, leaves)
        return tree

    def one_parent_each(self, told: dict[str, Line], tree: Tree, leaves: int) -> None:
        """Hold that children come after their parents, and that each node but the root is one child."""
        free = {*range(1, leaves - 1), *range(-leaves, 0)} if leaves > 1 else set()
        for key, children in (("left_child", tree.lefts), ("right_child", tree.rights)):
            for i, child in enumerate(children):
                if child not in free or 0 <= child <= i:
                    self.fail(f"node {i} cannot have the child {child}: there is none, it has a parent, or it comes "
                              "before", told[key], i)  # fmt: skip
                free.remove(child)

    @staticmethod
    def kind(value: int) -> str | None:
        """What is not supported about a `decision_type`."""
        if value & CATEGORICAL:
            return "a split by category; splits by number are supported"
        if value >> MISSING_SHIFT == ZERO_IS_MISSING:
            return "zero taken for missing (zero_as_missing); NaN as missing is supported"
        return within("decision type", value, 0, NAN_IS_MISSING << MISSING_SHIFT | LEFT_IF_MISSING)

    @staticmethod
    def threshold(value: float) -> str | None:
        """Thresholds may be infinite: such a split tells missing values from all others."""
        return "a threshold that is not a number" if isnan(value) else None

    # Lines and their lists.

    def block(self, known: tuple[str, ...]) -> dict[str, Line]:
        """The lines up to the next empty one."""
        found: dict[str, Line] = {}
        while self.at < len(self.lines) and self.lines[self.at]:
            key, equals, value = self.lines[self.at].partition("=")
            self.at += 1
            if key not in known:
                self.fail(f"unknown {show_value(key)}{did_you_mean(key, known)}", Line(self.at, 1, key))
            if key in found:
                self.fail(f"{key} stands twice", Line(self.at, 1, key))
            found[key] = Line(self.at, len(key) + 2, value) if equals else Line(self.at, 1, key)
        return found

    def expect(self, line: str) -> None:
        """Skip empty lines, then this one."""
        while self.at < len(self.lines) and not self.lines[self.at]:
            self.at += 1
        got = self.lines[self.at] if self.at < len(self.lines) else ""
        self.at += 1
        if got != line:
            self.fail(f'expected the line "{line}"' + ("" if got else "; the file is cut off"), Line(self.at, 1, got))

    def field(self, found: dict[str, Line], key: str) -> Line:
        """A line that must be there."""
        if key not in found:
            self.fail(f"{key} is missing before this line", Line(self.at, 1, ""))
        return found[key]

    def integer(self, line: Line) -> int:
        """The whole number of a line."""
        return self.listed(line, 1, _INTEGER, int, None)[0]

    def integers(
        self, found: dict[str, Line], key: str, count: int, refused: Callable[[int], str | None] | None = None
    ) -> list[int]:
        """The whole numbers of a line."""
        return self.listed(self.field(found, key), count, _INTEGER, int, refused)

    def numbers(
        self, found: dict[str, Line], key: str, count: int, refused: Callable[[float], str | None] | None = None
    ) -> list[float]:
        """The numbers of a line; finite ones, unless `refused` says otherwise."""
        return self.listed(self.field(found, key), count, _NUMBER, float, refused or finite)

    def listed(
        self, line: Line, count: int, form: re.Pattern[str], read: type[T], refused: Callable[[T], str | None] | None
    ) -> list[T]:
        """`count` numbers of a form, each of which `refused` says nothing against."""
        words = line.text.split(" ") if line.text else []
        if len(words) != count:
            self.fail(f"{len(words):,} numbers in place of {count:,}", line)
        values = []
        for i, word in enumerate(words):
            if not form.fullmatch(word):
                self.fail(f"{show_value(word)} is not a {'whole ' if read is int else ''}number", line, i)
            values.append(read(word))
            if refused is not None and (wrong := refused(values[-1])) is not None:
                self.fail(wrong, line, i)
        return values

    def fail(self, message: str, line: Line, word: int | None = None) -> NoReturn:
        """Refuse the model at a line, or at one word of its text."""
        column, width = line.column, len(line.text)
        if word is not None:
            words = line.text.split(" ")
            column += sum(len(w) + 1 for w in words[:word])
            width = len(words[word])
        told = Mistake("model", message, self.path, line.number, column, width, subject=self.subject)
        raise ConfigError(self.path, show_mistakes([told], {self.path: self.text}), None, (told,))


def about_zero(threshold: float) -> float:
    """The threshold that parts all numbers as LightGBM does, which takes those of at most ZERO for 0."""
    if not -ZERO <= threshold < ZERO:
        return threshold
    return ZERO if threshold >= 0 else nextafter(-ZERO, -inf)


def within(what: str, value: int, low: int, high: int | None = None) -> str | None:
    """What is wrong with a number out of its bounds."""
    if value < low or (high is not None and value > high):
        return f"{what} {value}; {low} to {high} are there" if high is not None else f"{what} {value}; at least {low}"
    return None


def finite(value: float) -> str | None:
    """What is wrong with a number that is not finite."""
    return None if -inf < value < inf else "not a finite number"
