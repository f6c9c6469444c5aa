"""What every drill is given: how much to try, by which seed, against which program, and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from bonafide.testing.faults.server import Launch
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.site import Replays, Site


class Setting(NamedTuple):
    """One run of the drills."""

    folder: Path
    sampled: bool
    seed: int
    launch: Launch
    replays: Replays
    tell: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)

    def site(self, row: Row, name: str = "site", *, data: Path | None = None, array: int | None = None) -> Site:
        """A fresh data directory."""
        return Site(self.folder / name, self.launch, self.replays, self.seed, row, data=data, array=array)

    def trials(self, full: int, sampled: int) -> int:
        """How many to run."""
        return sampled if self.sampled else full

    def random(self, name: str) -> Random:
        """Chance of a drill's own, the same for the same seed."""
        return Random(f"{self.seed} {name}")


class Drill(NamedTuple):
    """One fault and what it takes."""

    name: str
    """One word; also the folder and the test."""
    run: Callable[[Setting], Row]
    cannot: Callable[[], str] = lambda: ""
    """Why it cannot be run here; empty when it can."""
