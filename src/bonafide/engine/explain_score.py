"""Why a score is what it is: what each rule and each input adds to it, and the points behind a credit score.

A model's margin is exactly what its parts add up to: the trees' mean answer, the evidence of the rules that held, and
the Shapley value of each input. The deciding process states reasons by a cheaper attribution and loads nothing of this.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log, log1p, prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import RiskLevel
from bonafide.core.fields import TYPE_NAMES
from bonafide.engine.basis import span_of
from bonafide.engine.bundle import Bundle
from bonafide.engine.bundles.inputs import Input, MerchantInput
from bonafide.engine.bundles.rules import Rule
from bonafide.engine.compiled import MODEL
from bonafide.engine.graded import (
    Graded, MerchantFamily, graded_families, graded_level, graded_points, score_of,
)  # fmt: skip
from bonafide.engine.policy_rows import SUBJECT_OF
from bonafide.engine.rules.operations import TYPE
from bonafide.engine.scheme import Scheme
from bonafide.engine.scorecard import (
    CREDIT_MAX, CREDIT_MIN, FAMILIES, Family, Scorecard, families, level_of, points_of,
)  # fmt: skip
from bonafide.engine.scoring import SCORED
from bonafide.engine.trees.rows import probabilities, raw_scores, shapley_values

SCORED_NAME: Final = TYPE_NAMES[SCORED]


class InputPart(NamedTuple):
    """What one input adds to the margin."""

    input: Input
    value: float
    """NaN is missing."""
    part: float
    """Its Shapley value."""


class RulePart(NamedTuple):
    """What a rule that held adds to the margin."""

    rule: Rule
    part: float


class MarginTold(NamedTuple):
    """A model's margin and its parts: base, rules and inputs add up to it, but for rounding."""

    margin: float
    base: float
    """The trees' mean answer over the rows that trained them."""
    rules: tuple[RulePart, ...]
    """Those that held, largest part first."""
    inputs: tuple[InputPart, ...]
    """All of the model, in the order of their columns."""
    probability: float
    """The margin calibrated, 0..1: the score, before it is rounded to millionths."""

    @property
    def by_reason(self) -> dict[str, float]:
        """What rules and inputs add, by reason code, largest first."""
        sums: dict[str, float] = {}
        told = [(one.rule.reason, one.part) for one in self.rules]
        for code, part in (*told, *((one.input.reason, one.part) for one in self.inputs)):
            sums[code] = sums.get(code, 0.0) + part
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    @property
    def largest(self) -> list[InputPart]:
        """The inputs by how much they move the margin, either way, largest first."""
        return sorted(self.inputs, key=lambda one: -abs(one.part))


class PointsTold(NamedTuple):
    """What one input of the scorecard brings a payer."""

    input: Input
    value: float
    """NaN is missing."""
    points: int
    lost: int
    """How many more it would bring at best."""


class CreditTold(NamedTuple):
    """A credit score and its points; base and subtotals are the score before it is kept within its limits."""

    score: int
    base: int
    families: dict[Family, int]
    inputs: tuple[PointsTold, ...]
    """In the order of the card."""
    level: RiskLevel

    @property
    def costliest(self) -> list[PointsTold]:
        """What would raise the score most, were it at its best: the most points first."""
        return sorted((one for one in self.inputs if one.lost), key=lambda one: -one.lost)


class MerchantPointsTold(NamedTuple):
    """What one input of the merchants' card brings, and what it would have to become."""

    input: MerchantInput
    value: float
    """NaN is missing."""
    points: float
    lost: float
    """How many more it would bring at best."""
    best_at: float
    """Where that begins; NaN: only where it is missing."""


class MerchantCreditTold(NamedTuple):
    """A merchant's credit score and its points; base and subtotals, rounded together, are the score before it is kept
    within its limits."""

    score: int
    base: int
    families: dict[MerchantFamily, float]
    inputs: tuple[MerchantPointsTold, ...]
    """In the order of the card."""
    level: RiskLevel

    @property
    def way_up(self) -> list[MerchantPointsTold]:
        """What would raise the score, were it at its best: the most points first, nothing below half a point."""
        return sorted((one for one in self.inputs if one.lost >= 0.5), key=lambda one: -one.lost)


class ScoreTold(NamedTuple):
    """Why a decision has its scores; None where no model or no scorecard spoke."""

    margin: MarginTold | None
    credit: CreditTold | None
    """Of a payer."""
    merchant: MerchantCreditTold | None = None
    """Of a merchant: of a payout or an application."""


def tell_score(
    bundle: Bundle, row: NDArray[np.int64], answers: NDArray[np.float64], hits: Collection[str], credited: bool,
    degraded: Collection[str] = (),
) -> ScoreTold:  # fmt: skip
    """Why an event has its scores.

    row: the event's completed row; answers: its features, then the inputs of the model and of both scorecards; hits:
    ids of the rules that held; credited: whether the decision states a credit score; degraded: parts that did not
    answer.
    """
    kind, inputs = TYPE_NAMES[row[TYPE]], answers[len(bundle.compiled.features.columns) :]
    return tell_basis(bundle, kind, inputs[slice(*span_of(bundle.compiled.scheme, kind))], hits, credited, degraded)


def tell_basis(
    bundle: Bundle, kind: str, inputs: NDArray[np.float64], hits: Collection[str], credited: bool,
    degraded: Collection[str] = (),
) -> ScoreTold:  # fmt: skip
    """The same of an event of some type, from the inputs of its basis alone."""
    scheme = bundle.compiled.scheme
    first, last = span_of(scheme, kind)
    if len(inputs) != last - first:
        raise ValueError(f"{len(inputs)} inputs, and the bundle reads {last - first} of a {kind}")
    card = scheme.scorecard if credited else None
    graded = scheme.merchant_card if credited else None
    if SUBJECT_OF.get(kind) == "merchant":
        told = None if graded is None else tell_merchant(graded, bundle.inputs.merchant_scorecard, inputs.tolist())
        return ScoreTold(None, None, told)
    of_model, of_card = np.split(inputs, [len(scheme.model_inputs)])
    return ScoreTold(
        _tell_margin(bundle, of_model, hits) if is_modelled(bundle, kind, degraded) else None,
        None if card is None else _tell_credit(card, bundle.inputs.scorecard, of_card.tolist()),
    )


def is_modelled(bundle: Bundle, kind: str, degraded: Collection[str] = ()) -> bool:
    """Whether a model scores events of some type while these parts do not answer, and not the rules alone."""
    return bundle.compiled.scheme.trees is not None and kind == SCORED_NAME and MODEL not in degraded


def tell_rules(bundle: Bundle, hits: Collection[str]) -> MarginTold:
    """The score of an event that no model scores, told alike: from nothing, each rule adds -ln(1 - its weight), and
    1 - exp(-sum) is the score.

    >>> from bonafide.engine.shipped import shipped_bundle
    >>> bundle = shipped_bundle("starter")
    >>> tell_rules(bundle, [bundle.rules[0].id]).probability == bundle.rules[0].weight
    True
    """
    held = [rule for rule in bundle.rules if rule.id in hits]
    parts = sorted((RulePart(rule, -log1p(-rule.weight)) for rule in held), key=lambda one: -one.part)
    genuine = prod(1.0 - rule.weight for rule in held)
    return MarginTold(sum(one.part for one in parts), 0.0, tuple(parts), (), 1.0 - genuine)


def rules_margin(scheme: Scheme, weights: Sequence[float]) -> float:
    """What the rules that held add to a margin, reckoned as the kernel does."""
    genuine = 1.0
    for weight in weights:
        genuine *= 1.0 - weight
    return -scheme.rules_weight * log(genuine) if genuine < 1.0 else 0.0


def knots_of(scheme: Scheme) -> NDArray[np.float64]:
    """A calibration as kernels take it."""
    return np.array([*(k.margin for k in scheme.knots), *(k.probability for k in scheme.knots)])


def _tell_margin(bundle: Bundle, inputs: NDArray[np.float64], hits: Collection[str]) -> MarginTold:
    scheme = bundle.compiled.scheme
    trees = scheme.trees
    if trees is None:
        raise ValueError("the bundle has no model")
    rules = [rule for rule in bundle.rules if rule.id in hits]
    told = shapley_values(trees, inputs[None, :])
    margin = float(raw_scores(trees, inputs[None, :])[0]) + rules_margin(scheme, [rule.weight for rule in rules])
    parts = [RulePart(rule, -scheme.rules_weight * log1p(-rule.weight)) for rule in rules]
    return MarginTold(
        margin, told.base, tuple(sorted(parts, key=lambda one: -one.part)),
        tuple(map(InputPart, bundle.inputs.model, inputs.tolist(), told.parts[0].tolist())),
        float(probabilities(np.array([margin]), knots_of(scheme))[0]),
    )  # fmt: skip


def _tell_credit(card: Scorecard, declared: Sequence[Input], values: Sequence[float]) -> CreditTold:
    by_name = {one.name: (one, value) for one, value in zip(declared, values, strict=True)}
    points = [PointsTold(*by_name[one.name], one.points, one.lost) for one in points_of(card, values)]
    subtotals = families(card, values)
    base = card.card.base
    score = min(max(base + sum(subtotals.values()), CREDIT_MIN), CREDIT_MAX)
    return CreditTold(score, base, {f: subtotals[f] for f in FAMILIES}, tuple(points), level_of(card, score))


def tell_merchant(graded: Graded, declared: Sequence[MerchantInput], values: Sequence[float]) -> MerchantCreditTold:
    """Why a merchant has its credit score, by the values of all declared inputs (NaN is missing)."""
    by_name = {one.name: one for one in declared}
    told = graded_points(graded, values)
    points = [
        MerchantPointsTold(by_name[one.declared.name], one.value, one.points, one.lost, one.best_at) for one in told
    ]
    score = score_of(graded.card, [one.points for one in told])
    return MerchantCreditTold(
        score, graded.card.base, graded_families(graded, values), tuple(points), graded_level(graded, score)
    )
