"""What the bundles that are kept in a data directory have people told, and what their rules point to."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.core.errors import BonafideError
from bonafide.engine.bundles.education import Education, read_education
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.office.bundles.kept import kept_folder
from bonafide.office.cases.typologies import rule_bits

BUNDLES_AT_HAND: Final = 8


class Taught(NamedTuple):
    """What one bundle says."""

    education: Education | None
    typologies: dict[str, str]
    """Rule -> the typology that it points to."""

    def typologies_of(self, hits: tuple[str, ...]) -> frozenset[str]:
        """What the rules that hit point to."""
        return frozenset(self.typologies[hit] for hit in hits if hit in self.typologies)


NOTHING: Final = Taught(None, {})
TaughtBy = Callable[[str], Taught]
"""What the bundle of a hash says; NOTHING where it is not kept."""


def taught_in(data: Path) -> TaughtBy:
    """What says it, from the bundles of a data directory."""

    @lru_cache(maxsize=BUNDLES_AT_HAND)
    def taught_by(content: str) -> Taught:
        try:
            return taught_of(kept_folder(data, content))
        except BonafideError:
            return NOTHING

    return taught_by


def taught_of(folder: Path) -> Taught:
    """What a bundle's folder says."""
    bits = {rule: bit for rule, bit in rule_bits(folder).items() if bit}
    names = {rule: TYPOLOGIES[bit.bit_length() - 1] for rule, bit in bits.items()}
    return Taught(read_education(read_sources(folder)), names)
