"""The codes that kernels and Python share: what became of an event, and what a verdict's words mean."""

from __future__ import annotations

from typing import Final

# What became of an event.
TAKEN: Final = 0
DUPLICATE: Final = 1
CONFLICT: Final = 2
TOO_LATE: Final = 3

# A verdict's words: what became of it, its place in the log (of what was not taken: the log's latest time then), its
# score in millionths, its payer's credit score (0: none), its fault bits, its reasons, then the hits by 62.
V_STATUS: Final = 0
V_SEQ: Final = 1
V_SCORE: Final = 2
V_CREDIT: Final = 3
V_FAULTS: Final = 4
V_REASONS: Final = 5
V_HITS: Final = 6
HITS_PER_WORD: Final = 62
FAULT_CURRENCY: Final = 1
REASONS_MAX: Final = 4
"""Most reasons of one decision, those with the largest part in its score first."""
REASON_BITS: Final = 12
"""Bits in which a verdict names a reason: 1 + its number in the bundle; 0 is none."""

# How an event is walked.
ABSORBED: Final = -1
"""Taken in without an answer, as what was decided before is when an engine recovers or warms."""
DERIVED: Final = 0
"""Established by what was read before (a label that became known): it teaches, and takes no place in the count."""
READ: Final = 1
ANSWERED: Final = 2
"""Read, and its features are wanted although its type only teaches."""
