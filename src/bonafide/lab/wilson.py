"""How sure a share is that was counted."""

from __future__ import annotations

import math
from typing import Final

Z: Final = 1.96
"""Standard errors on either side of a 95 % interval."""


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """95 % interval of a share (Wilson, 1927); None of nothing.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    if not whole:
        return None
    share, z = part / whole, Z
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return max(middle - half, 0.0), min(middle + half, 1.0)
