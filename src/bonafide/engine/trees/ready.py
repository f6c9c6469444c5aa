"""Whether what explains trees is compiled on this machine: a service finds out first, since compiling takes seconds."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from bonafide.engine import kernel
from bonafide.engine.kernels import cache_folder

_MARK: Final = "trees"


def is_loaded() -> bool:
    """Whether this process has it ready."""
    return make_ready.cache_info().currsize > 0


def is_compiled() -> bool:
    """Whether `make_ready` will find everything in the cache."""
    return (cache_folder() / kernel.source_stamp() / _MARK).exists()


@cache
def make_ready() -> None:
    """Compile what `trees.rows` runs, once on a machine (3 s), and load it (0.3 s); later calls cost nothing."""
    from bonafide.engine.trees.rows import probabilities

    probabilities(np.zeros(0), np.zeros(2))  # all of them come at once, with the first
    folder = cache_folder() / kernel.source_stamp()
    if folder.is_dir():
        (folder / _MARK).touch()
