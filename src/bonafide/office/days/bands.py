"""Bands of scores, in which decisions are counted: fine enough for tenths of any distribution, few enough to keep."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from bonafide.core.decision import SCORE_UNIT

BANDS_AN_OCTAVE: Final = 4
"""Most scores are small, so a band reaches to the 2^(1/4)-fold of where it begins, 19 % further."""
_OCTAVES: Final = 20
EDGES: Final = tuple(sorted({round(2 ** (step / BANDS_AN_OCTAVE)) for step in range(_OCTAVES * BANDS_AN_OCTAVE)}))
"""Where bands begin, in millionths; below the first there is one more."""
CREDIT_STEP: Final = 10
"""Points of credit score in a band."""
NO_CREDIT: Final = -1
"""The band of decisions without a credit score."""


def score_band(score: float) -> int:
    """The band of a score.

    >>> score_band(0), score_band(0.000001), score_band(1.0) == len(EDGES)
    (0, 1, True)
    """
    return bisect_right(EDGES, round(score * SCORE_UNIT))


def credit_band(score: int | None) -> int:
    """The band of a credit score.

    >>> credit_band(300), credit_band(612), credit_band(None)
    (30, 61, -1)
    """
    return NO_CREDIT if score is None else score // CREDIT_STEP
