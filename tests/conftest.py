"""Hypothesis profiles: `house` for every run, the same examples each time in CI; `fuzz` for `make fuzz`.

And collections of garbage as a service has them, with what was imported set apart: they were a quarter of the time.
"""

from __future__ import annotations

import gc
import os
from typing import Final

from hypothesis import settings

# A console beside each service that tests start would cost two seconds each time; its own tests ask for one.
os.environ.setdefault("BONAFIDE_CONSOLE", "off")

COLLECT_AFTER: Final = 10_000, 20, 20
"""Objects that are made between two collections, and collections of the young between two of older ones."""

# No deadline: the first example may compile kernels.
# Sixty examples where a test asks for no other number: all tests together must stay within minutes.
settings.register_profile(
    "house", deadline=None, print_blob=True, max_examples=60, derandomize=bool(os.environ.get("CI"))
)  # fmt: skip
settings.register_profile("fuzz", deadline=None, print_blob=True, max_examples=5_000)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Modules and tests are there for good: no collection looks at them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
