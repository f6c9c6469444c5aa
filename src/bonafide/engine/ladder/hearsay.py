"""Rules that repeat what others said: they read features that count verdicts or indicators.

A verdict and an indicator count on the ladder by themselves, each as what it is. A rule that reads them would make a
finding of our own out of a partner's word, so that its hit is no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bonafide.engine.bundles.rules import Rule
from bonafide.engine.features.spec import Feature
from bonafide.engine.rules.language import names_in

TOLD_BY_OTHERS: Final = frozenset({"verdict", "indicator"})


def hearsay(rules: Sequence[Rule], features: Sequence[Feature]) -> tuple[bool, ...]:
    """Of each rule, whether it reads what others said, by itself or carried along."""
    told = {feature.name for feature in features if TOLD_BY_OTHERS & set(feature.types)}
    told |= {feature.name for feature in features if told & {carried.name for carried in feature.carried}}
    return tuple(bool(names_in(rule.when) & told) for rule in rules)
