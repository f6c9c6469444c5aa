"""How much one subject may ask: a rate for each, so that nobody finds out by asking what would have been let pass."""

from __future__ import annotations

import threading
from typing import Final

from bonafide.core.moment import MINUTE_MS

ASKS_MAX: Final = 60
"""What a subject that has rested may ask at once, in units; a unit comes back each UNIT_MS."""
UNIT_MS: Final = MINUTE_MS
EXPLANATION_UNITS: Final = 6
"""What an explanation takes: ten at once, then one in six minutes. Anything else takes one unit."""
SUBJECTS_MAX: Final = 2**17
"""Subjects that are remembered at once: those who have not rested. Where there are more, whoever comes is told to wait,
so that nobody's count is forgotten by filling the table."""


class Asks:
    """The rates (GCRA) of all subjects; several threads may call it. Keys are pseudonyms, which nobody keeps."""

    def __init__(self, subjects_max: int = SUBJECTS_MAX) -> None:
        self._subjects_max = subjects_max
        self._rested_ms: dict[tuple[str, int], int] = {}
        """Subject -> when it has rested again. Of whom that has passed it is as if they had never asked."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rested_ms)

    def take(self, key: tuple[str, int], units: int, now_ms: int) -> int:
        """Let a subject ask for something of so many units: 0; or else in how many milliseconds it may."""
        with self._lock:
            rested = max(self._rested_ms.get(key, now_ms), now_ms)
            wait = rested + units * UNIT_MS - now_ms - ASKS_MAX * UNIT_MS
            if wait > 0:
                return wait
            if key not in self._rested_ms and len(self._rested_ms) >= self._subjects_max:
                self._let_go(now_ms)
                if len(self._rested_ms) >= self._subjects_max:
                    return max(min(self._rested_ms.values()) - now_ms, 1)
            self._rested_ms[key] = rested + units * UNIT_MS
            return 0

    def _let_go(self, now_ms: int) -> None:
        """Forget those who have rested."""
        self._rested_ms = {key: rested for key, rested in self._rested_ms.items() if rested > now_ms}
