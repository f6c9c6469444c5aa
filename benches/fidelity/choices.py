"""Other ways to choose the reasons that are stated: by Shapley values, and by scoring again without each reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import log1p
from typing import Final, NamedTuple

import numpy as np

from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import REASONS_MAX
from bonafide.engine.scoring import LEAST_PART
from bonafide.engine.trees.arrays import Trees
from bonafide.engine.trees.rows import path_attributions, raw_scores, shapley_values
from bonafide.testing.fidelity import Cases, Floats

REPEATED: Final = 20
"""How often cases are gone through to time a way."""


class Choice(NamedTuple):
    """The cases with the reasons that one way chooses."""

    says: str
    cases: Cases
    microseconds: float
    """For one event."""


def choices_of(bundle: Bundle, cases: Cases, typical: Floats) -> list[Choice]:
    """The same cases with their reasons chosen in several ways; `typical` are the inputs' values that say nothing."""
    trees = bundle.compiled.scheme.trees
    if trees is None:
        raise ValueError("the bundle has no model")
    missing = np.full(len(typical), np.nan)
    ways: dict[str, Callable[[Cases], Floats]] = {
        "path attribution": lambda some: _by_code(bundle, path_attributions(trees, some.inputs).parts),
        "Shapley values": lambda some: _by_code(bundle, shapley_values(trees, some.inputs).parts),
        "scored without each, missing": lambda some: _without(bundle, trees, some, missing),
        "scored without each, as in honest payments": lambda some: _without(bundle, trees, some, typical),
    }
    return [_chosen(bundle, cases, says, sums_of) for says, sums_of in ways.items()]


def _chosen(bundle: Bundle, cases: Cases, says: str, sums_of: Callable[[Cases], Floats]) -> Choice:
    """The largest sums, as the deciding kernel cuts them off."""
    sums_of(cases.at(np.arange(1)))  # compiles
    began = time.perf_counter()
    for _ in range(REPEATED):
        sums = sums_of(cases)
    took = (time.perf_counter() - began) / REPEATED / len(cases.inputs)
    scheme = bundle.compiled.scheme
    evidence = np.array([-log1p(-rule.weight) for rule in bundle.rules])
    held = cases.hits.astype(np.float64) @ (
        _member(scheme.rule_reasons[: len(bundle.rules)], scheme.reasons) * evidence[:, None]
    )
    sums = sums + scheme.rules_weight * held
    kept = np.where(sums >= LEAST_PART * np.maximum(sums.max(axis=1, keepdims=True), 0), sums, 0)
    kept = np.maximum(kept, 1e-9 * held)
    order = np.argsort(-kept, axis=1, kind="stable")[:, :REASONS_MAX]
    stated = np.where(np.take_along_axis(kept, order, axis=1) > 0, order, -1)
    return Choice(says, cases._replace(stated=stated), 1e6 * took)


def _by_code(bundle: Bundle, parts: Floats) -> Floats:
    scheme = bundle.compiled.scheme
    return parts @ _member(scheme.input_reasons, scheme.reasons)


def _without(bundle: Bundle, trees: Trees, cases: Cases, reference: Floats) -> Floats:
    """How much of the raw score goes with the inputs of each reason."""
    scheme = bundle.compiled.scheme
    whole, sums = raw_scores(trees, cases.inputs), np.zeros((len(cases.inputs), scheme.reasons))
    for code in sorted(set(scheme.input_reasons)):
        its = np.array(scheme.input_reasons) == code
        sums[:, code] = whole - raw_scores(trees, np.where(its, reference, cases.inputs))
    return sums


def _member(reasons: tuple[int, ...], codes: int) -> Floats:
    return np.eye(codes)[list(reasons)]
