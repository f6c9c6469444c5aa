"""Hypothesis profiles: `house` for every run, the same examples each time in CI; `fuzz` for `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import settings

# A console beside each service that tests start would cost two seconds each time; its own tests ask for one.
os.environ.setdefault("BONAFIDE_CONSOLE", "off")

# No deadline: the first example may compile kernels.
# Sixty examples where a test asks for no other number: all tests together must stay within minutes.
settings.register_profile(
    "house", deadline=None, print_blob=True, max_examples=60, derandomize=bool(os.environ.get("CI"))
)  # fmt: skip
settings.register_profile("fuzz", deadline=None, print_blob=True, max_examples=5_000)
settings.load_profile("house")
