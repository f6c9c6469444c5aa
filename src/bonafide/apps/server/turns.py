"""Slow work that is done by few at a time, while a few more wait for their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bonafide.apps.server.answers import refused, retry_after

T = TypeVar("T")


class Turns:
    """Threads of their own for one kind of work: who crowds here holds up nobody elsewhere."""

    def __init__(self, at_once: int, waiting_max: int, what: str) -> None:
        """`what` is what is done, as it completes the sentence "too many ... at once"."""
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="bonafide-turns")
        self._room = at_once + waiting_max
        self._what = what

    async def run(self, act: Callable[[], T]) -> T:
        """Do it when its turn comes; raises Refused (503) at once where too many wait."""
        if self._room <= 0:
            raise refused("overloaded", f"too many {self._what} at once; come again", retry_after(1))
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        finally:
            self._room += 1
