"""What a population stability index is called, and what goes into one: the same offline and where days are counted."""

from __future__ import annotations

from typing import Final, Literal

BINS: Final = 10
"""Tenths of the period before."""
SHARE_MIN: Final = 1e-4
"""An empty bin counts as this share, so that one value that is new does not weigh without end."""
MOVING_FROM: Final = 0.1
SHIFTED_FROM: Final = 0.25
"""The usual lines of credit scoring (Siddiqi, "Credit Risk Scorecards", 2006)."""

Word = Literal["stable", "moving", "shifted"]


def word_for(index: float) -> Word:
    """What a stability index is called.

    >>> word_for(0.02), word_for(0.1), word_for(0.25)
    ('stable', 'moving', 'shifted')
    """
    return "shifted" if index >= SHIFTED_FROM else "moving" if index >= MOVING_FROM else "stable"
