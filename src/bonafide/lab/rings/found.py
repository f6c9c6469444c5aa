"""A group as every method gives it, and the bounds that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from bonafide.lab.rings.graph import Floats, Ints

GROUPS_MAX: Final = 1_000
"""Groups that one method writes, at most: those of the highest score."""
SCORE_DIGITS: Final = 6
"""Digits of a score after the point, fewer than could differ between machines."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some subjects that belong together."""

    members: Ints
    """Numbers of subjects (see `Ties`), rising."""
    scores: Floats
    """(members,) 0..1."""


def group(members: Ints, score: float) -> Found:
    """A group whose members share its score."""
    return Found(np.sort(members), np.full(members.size, round(score, SCORE_DIGITS)))


def kept(found: Iterable[Found], score_min: float) -> list[Found]:
    """The groups that are written: of `score_min` and more, highest first, at most GROUPS_MAX.

    Equal scores stand in the order of their lowest members.
    """
    able = [one for one in found if one.members.size and one.scores.max() >= score_min]
    ranked = sorted(able, key=lambda one: (-float(one.scores.max()), one.members.tolist()))
    return ranked[:GROUPS_MAX]


def saturated(amount: float, half: float) -> float:
    """From 0 towards 1 as an amount grows from 0; one half where it is `half`.

    >>> saturated(0, 2), saturated(2, 2), saturated(6, 2)
    (0.0, 0.5, 0.75)
    """
    return amount / (amount + half)


def amount_of(score: float, half: float) -> float:
    """The amount that `saturated` makes a score of; the score is less than 1.

    >>> amount_of(0.75, 2)
    6.0
    """
    return half * score / (1 - score)
