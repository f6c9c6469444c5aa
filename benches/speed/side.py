"""The child's end of a run: does one side's work and prints one JSON object."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from .stages import STAGES

PREPARE: Final = "prepare"
"""The name that stands for making a stage's inputs."""
ONE_THREAD: Final = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def main() -> None:
    """Run the side that the command line names."""
    stage, side, folder, size = sys.argv[1:]
    told: Any = STAGES[stage]
    sizes: dict[str, int] = msgspec.json.decode(size)
    if side == PREPARE:
        told.prepare(Path(folder), sizes)
        return
    if told.pinned and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    ran = told.sides[side].run(Path(folder), sizes)
    print(msgspec.json.encode(ran).decode())
