"""Asking a store on a server without waiting for the network: the event loop must not stand still where it is away."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final

from bonafide.office.store.database import StoreError

WAIT_S: Final = 0.05
"""How long whoever asks waits for the answer; a server that is there gives it in a few milliseconds."""
CLOSING_S: Final = 1.0
"""How long the end waits for a question that is under way."""


class Aside:
    """Does one thing at a time, on a thread of its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._done = Event()
        self._done.set()
        self._begun_ms = 0
        self.trouble: str | None = None
        """Why it failed the last time, in a sentence."""

    def ask(self, work: Callable[[], object], now_ms: int, every_ms: int) -> None:
        """Have `work` done, unless it is under way or was begun less than `every_ms` ago.

        Returns when it is done or has failed, and after WAIT_S in any case.
        """
        with self._lock:
            if not self._done.is_set() or self._begun_ms <= now_ms < self._begun_ms + every_ms:
                return
            done = self._done = Event()
            self._begun_ms = now_ms

        def run() -> None:
            try:
                work()
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
            finally:
                done.set()

        Thread(target=run, name="bonafide-keys", daemon=True).start()
        done.wait(WAIT_S)

    def close(self) -> None:
        """Wait a little for what is under way."""
        self._done.wait(CLOSING_S)
