"""Which platforms may be looked at while detectors are built, and which are kept for judging them.

Rules, features, models and the simulator itself are tuned on development seeds alone. A figure that is published comes
from scoring seeds; whoever has tuned on one takes it off the list and adds a fresh one.
"""

from __future__ import annotations

from typing import Final, Literal

DEVELOPMENT_SEEDS: Final = range(1, 1_001)
"""Open to everybody: demos, tests, tuning, training."""
SCORING_SEEDS: Final = (20_089, 20_101, 20_107, 20_113, 20_117, 20_123, 20_129, 20_143, 20_147, 20_149)
"""Sealed: simulated to judge, never to tune or train."""

SeedKind = Literal["development", "scoring", "neither"]


def kind_of_seed(seed: int) -> SeedKind:
    """What a seed may be used for."""
    if seed in SCORING_SEEDS:
        return "scoring"
    return "development" if seed in DEVELOPMENT_SEEDS else "neither"


def seeds_in_both() -> list[int]:
    """Seeds that stand in both lists, which none may."""
    return [seed for seed in SCORING_SEEDS if seed in DEVELOPMENT_SEEDS]
