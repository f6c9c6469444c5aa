"""Named streams of chance: drawing more from one moves no other, so a change in one habit leaves all others alone."""

from __future__ import annotations

import random

import numpy as np

Stream = random.Random
Bulk = np.random.Generator


def stream(seed: int, name: str) -> Stream:
    """A stream for single draws, called `name`."""
    return random.Random(f"{seed}/{name}")


def bulk(seed: int, name: str) -> Bulk:
    """A stream for whole arrays of draws, called `name`."""
    return np.random.Generator(np.random.PCG64([seed, *name.encode()]))


def poisson(rng: Stream, mean: float) -> int:
    """How often something happens that happens `mean` times on average; for means up to a few dozen (Knuth)."""
    left, count = 1.0, -1
    floor = 2.718281828459045**-mean
    while left > floor:
        left *= rng.random()
        count += 1
    return count
