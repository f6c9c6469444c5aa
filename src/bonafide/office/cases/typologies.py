"""The typologies of rules that hit, by the bundle that decided: every bundle that did is kept in the data directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from bonafide.core.errors import BonafideError
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.office.bundles.kept import kept_folder
from bonafide.office.cases.reading import TypologiesOf

BUNDLES_AT_HAND: Final = 8
_RULES: Final = "rules.yaml"


def typologies_in(data: Path) -> TypologiesOf:
    """What says the typologies of hits, from the bundles that a data directory keeps.

    Of a bundle that is not kept, and of a rule that it does not have, nothing is said: a case is opened all the same.
    """

    @lru_cache(maxsize=BUNDLES_AT_HAND)
    def rules_of(content: str) -> Mapping[str, int]:
        try:
            return rule_bits(kept_folder(data, content))
        except BonafideError:
            return {}

    def bits(content: str, hits: Sequence[str]) -> int:
        known = rules_of(content) if hits else {}
        found = 0
        for hit in hits:
            found |= known.get(hit, 0)
        return found

    return bits


def rule_bits(folder: Path) -> Mapping[str, int]:
    """Rule of a bundle's folder -> its typology as a bit."""
    document = read_sources(folder).document(_RULES)
    told = document.value if document is not None else []
    rules = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return {
        str(one.get("id")): 1 << TYPOLOGIES.index(one["typology"])
        for one in rules if one.get("typology") in TYPOLOGIES
    }  # fmt: skip
