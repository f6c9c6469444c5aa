"""One heap of time: whatever will happen stands in it until its moment comes."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Action = Callable[..., object]


class Clock:
    """Runs actions in the order of their moments (integer ms since 1970 UTC); equal moments in the order of asking."""

    __slots__ = ("_asked", "_heap", "now")

    def __init__(self, now: int) -> None:
        self.now = now
        self._heap: list[tuple[int, int, Action, tuple[Any, ...]]] = []
        self._asked = 0

    def at(self, moment: int, action: Action, *args: Any) -> None:
        """Have `action(*args)` happen at `moment`, or now where that is past."""
        heappush(self._heap, (max(moment, self.now), self._asked, action, args))
        self._asked += 1

    def run(self, until: int) -> None:
        """Let everything before `until` happen, also what comes to be asked for meanwhile."""
        heap = self._heap
        while heap and heap[0][0] < until:
            self.now, _, action, args = heappop(heap)
            action(*args)
        self.now = until
