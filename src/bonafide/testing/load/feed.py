"""Where clients take what they send: requests handed back first, then fresh ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from bonafide.testing.load.shots import Shot


class Feed:
    """Requests in order. What was sent and not acknowledged is handed back and sent again, byte for byte.

    It lives longer than one run against a server: what a crash left open is the first thing after the restart. At
    most as many requests are handed back as connections were open.
    """

    def __init__(self, fresh: Iterable[Shot]) -> None:
        self._fresh: Iterator[Shot] = iter(fresh)
        self.open: deque[Shot] = deque()

    def take(self) -> Shot | None:
        """The next request; None when there is none left."""
        return self.open.popleft() if self.open else next(self._fresh, None)

    def give_back(self, shot: Shot) -> None:
        """Hand back what got no answer, or none that counts."""
        self.open.append(shot)
