"""Waiting for what another process or thread does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

WITHIN_S: Final = 90.0
AGAIN_S: Final = 0.005
"""How soon it is looked again: whoever is waited for needs the processor."""


def until(holds: Callable[[], bool]) -> None:
    """Look again and again until something holds."""
    ends, waited = time.monotonic() + WITHIN_S, threading.Event()
    while not holds():
        assert time.monotonic() < ends
        waited.wait(AGAIN_S)
