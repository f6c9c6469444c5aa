"""One property, played two ways: for a moment in every run, and with fresh seeds for its share of `make fuzz`."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

MINUTES: Final = float(os.environ.get("FUZZ_MINUTES", "1"))
SEED: Final = int(os.environ.get("FUZZ_SEED", time.time_ns()))
SHARE: Final = 1 / 8
"""Of FUZZ_MINUTES, for each property that is played here; there are about as many."""
AT_ONCE: Final = 250
"""Examples of one seed."""
_ANY: Final[dict[str, Any]] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def briefly(play: Callable[..., None], examples: int, **drawn: SearchStrategy[Any]) -> None:
    """Play it a little, as every run of the tests does."""
    settings(max_examples=examples, **_ANY)(given(**drawn)(play))()


def for_long(play: Callable[..., None], share: float = SHARE, **drawn: SearchStrategy[Any]) -> int:
    """Play it with seeds that no earlier run had (or from FUZZ_SEED on) until its time is over; how many examples."""
    played, ends = 0, time.monotonic() + MINUTES * 60 * share
    for number in itertools.count(SEED):
        if time.monotonic() > ends:
            print(f"{play.__name__}: {played} examples")
            return played
        one = settings(max_examples=AT_ONCE, database=None, **_ANY)(seed(number)(given(**drawn)(_fresh(play))))
        try:
            one()
        except BaseException as error:
            raise AssertionError(f"seed {number}") from error
        played += AT_ONCE
    return played


def _fresh(play: Callable[..., None]) -> Callable[..., None]:
    """Hypothesis keeps what it knows of a function with the function; each seed is to begin anew."""

    def again(**drawn: Any) -> None:
        play(**drawn)

    again.__name__, again.__qualname__ = play.__name__, f"{play.__qualname__}_again"
    return again
