"""Are the stated reasons of a score what moved it? Taken away, they must bring it below the line; others must not.

A reason is taken away with all that tells of it: the rules of its code do not count, and the inputs of its code are
put to a reference value. What is left is scored by the kernels that decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import SCORE_UNIT
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import REASONS_MAX
from bonafide.engine.engine import Batch
from bonafide.engine.explain_score import knots_of
from bonafide.engine.trees.rows import probabilities, raw_scores

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DRAWS: Final = 20
"""How often other reasons are drawn for each event."""


class Cases(NamedTuple):
    """Payments that a model scored, a row each."""

    inputs: Floats
    """n x the model's inputs; NaN is missing."""
    hits: Flags
    """n x rules."""
    stated: NDArray[np.int64]
    """n x REASONS_MAX: numbers of the codes that the decision states, in its order, then -1."""
    score_e6: NDArray[np.int64]

    def at(self, which: NDArray[np.intp] | Flags) -> Cases:
        """Some of them."""
        return Cases(self.inputs[which], self.hits[which], self.stated[which], self.score_e6[which])


class Fidelity(NamedTuple):
    """What became of the scores at or above a line."""

    cases: int
    codes: float
    """Reasons that a decision states, on average."""
    fallen: float
    """The share whose score falls below the line when its stated reasons are taken away."""
    fallen_first: float
    """The same of the first reason alone."""
    fallen_others: float
    """The same of as many random other reasons, of those that the bundle's rules and inputs can give."""


def cases_of(bundle: Bundle, batch: Batch, which: NDArray[np.intp]) -> Cases:
    """Some rows of a batch, payments that were decided on, as cases."""
    ids, codes = [rule.id for rule in bundle.rules], list(bundle.reasons)
    hits = np.array([[one in t.hits for one in ids] for t in batch.templates])
    stated = np.full((len(batch.templates), REASONS_MAX), -1, dtype=np.int64)
    for row, template in zip(stated, batch.templates, strict=True):
        told = [codes.index(reason.code) for reason in template.reasons]
        row[: len(told)] = told
    chosen, first = batch.template[which], len(bundle.compiled.features.columns)
    inputs = batch.answers[which, first : first + len(bundle.inputs.model)]
    return Cases(inputs, hits[chosen], stated[chosen], batch.score_e6[which])


def together(some: Sequence[Cases]) -> Cases:
    """Cases of several batches, at least one, in order."""
    parts = zip(*some, strict=True)
    return Cases(*(np.concatenate(part) for part in parts))


def scores_without(bundle: Bundle, cases: Cases, taken: Flags, reference: Floats) -> NDArray[np.int64]:
    """The scores, in millionths, of cases some of whose reasons (n x codes) are taken away.

    reference: of each input, the value that says nothing; NaN is missing.
    """
    scheme = bundle.compiled.scheme
    if scheme.trees is None:
        raise ValueError("the bundle has no model")
    evidence = scheme.rules_weight * np.array([-log1p(-rule.weight) for rule in bundle.rules])
    inputs = np.where(taken[:, list(scheme.input_reasons)], reference, cases.inputs)
    codes = scheme.rule_reasons[: len(bundle.rules)]  # what the policy asks besides weighs nothing
    margins = raw_scores(scheme.trees, inputs) + (cases.hits & ~taken[:, list(codes)]) @ evidence
    return np.floor(probabilities(margins, knots_of(scheme)) * SCORE_UNIT + 0.5).astype(np.int64)


def fidelity(bundle: Bundle, cases: Cases, line_e6: int, reference: Floats, seed: int = 1) -> Fidelity:
    """What becomes of the scores at or above a line when reasons are taken away; at least one must be."""
    over = cases.at(cases.score_e6 >= line_e6)
    scheme = bundle.compiled.scheme
    stated = _flags(over.stated, scheme.reasons)

    def fallen(taken: Flags) -> float:
        return float((scores_without(bundle, over, taken, reference) < line_e6).mean())

    can_be = np.zeros(scheme.reasons, dtype=bool)
    can_be[[*scheme.input_reasons, *scheme.rule_reasons[: len(bundle.rules)]]] = True
    can_be[len(bundle.reasons) :] = False  # what stands for no reason
    rng = np.random.default_rng(seed)
    others = [fallen(_others(stated, can_be, rng)) for _ in range(DRAWS)]
    first = _flags(over.stated[:, :1], scheme.reasons)
    return Fidelity(
        len(over.inputs), float(stated.sum(axis=1).mean()), fallen(stated), fallen(first), float(np.mean(others))
    )  # fmt: skip


def typical(inputs: Floats) -> Floats:
    """The median of each input over some rows, missing values left out; NaN where all are missing."""
    held = ~np.isnan(inputs).all(axis=0)
    medians = np.full(inputs.shape[1], np.nan)
    medians[held] = np.nanmedian(inputs[:, held], axis=0)
    return medians


def _flags(stated: NDArray[np.int64], codes: int) -> Flags:
    flags = np.zeros((len(stated), codes), dtype=bool)
    rows, places = np.nonzero(stated >= 0)
    flags[rows, stated[rows, places]] = True
    return flags


def _others(stated: Flags, can_be: Flags, rng: np.random.Generator) -> Flags:
    """As many other codes as are stated, of those that can be, or all of these."""
    lots = np.where(~stated & can_be, rng.random(stated.shape), 2.0)
    order = np.argsort(lots, axis=1)
    chosen = np.zeros_like(stated)
    count = stated.sum(axis=1)[:, None]
    np.put_along_axis(chosen, order, np.arange(stated.shape[1]) < count, axis=1)
    return chosen & ~stated & can_be
