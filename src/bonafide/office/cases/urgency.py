"""Which case comes first: by the money at stake and by the time that is left.

Priority is counted in hours: TENFOLD_H for every tenfold of the money at stake (in whole units of the currency, plus
one), minus the hours left until the case is due; past due the hours count on. It grows by one an hour for all cases
alike, so that their order never changes by itself: cases are sorted by `rank_ms`, the moment at which priority is 0.
"""

from __future__ import annotations

import math
from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS

TENFOLD_H: Final = 12
MINOR: Final = 100
"""Minor units of a unit of money; of currencies with others it shifts all cases alike."""
QUEUES: Final = ("alerts", "review")
"""Decisions that alerted, and the model's review sample (docs/review-sample.md)."""
SERVICE_MS: Final = {"alerts": 72 * HOUR_MS, "review": 7 * DAY_MS}
"""Within what a case of a queue is to be decided; one with a hold by the time at which the hold ends by itself."""


def due_ms(queue: str, opened_ms: int, release_ms: int | None) -> int:
    """When a case is due.

    >>> due_ms("alerts", 0, None) // HOUR_MS, due_ms("alerts", 0, 5 * HOUR_MS) // HOUR_MS
    (72, 5)
    """
    usual = opened_ms + SERVICE_MS[queue]
    return usual if release_ms is None else min(usual, max(release_ms, opened_ms))


def rank_ms(due: int, stake: int) -> int:
    """The moment at which a case's priority is 0: due, and earlier by TENFOLD_H for every tenfold of money at stake.

    >>> rank_ms(100 * HOUR_MS, 0) // HOUR_MS, rank_ms(100 * HOUR_MS, 99_900) // HOUR_MS
    (100, 64)
    """
    return due - round(math.log10(1 + max(stake, 0) / MINOR) * TENFOLD_H * HOUR_MS)


def priority_h(rank: int, now_ms: int) -> int:
    """Priority now, in hours.

    >>> priority_h(64 * HOUR_MS, 0), priority_h(64 * HOUR_MS, 70 * HOUR_MS)
    (-64, 6)
    """
    return (now_ms - rank) // HOUR_MS
