"""What every drill is given: how much to try, by which seed, against which program, and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from bonafide.testing.faults.server import Launch
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.site import Replays, Site

SNAPSHOTS_OFTEN: Final = {"BONAFIDE_SNAPSHOT_EVERY_EVENTS": "1000"}


class Setting(NamedTuple):
    """One run of the drills."""

    folder: Path
    sampled: bool
    seed: int
    launch: Launch
    replays: Replays
    tell: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)

    def site(
        self, row: Row, name: str = "site", *, data: Path | None = None, array: int | None = None, often: bool = False
    ) -> Site:
        """A fresh data directory. With `often` its server writes snapshots within the events of a short run."""
        launch = self.launch
        if often:
            launch = launch._replace(environment={**launch.environment, **SNAPSHOTS_OFTEN})
        return Site(self.folder / name, launch, self.replays, self.seed, row, data=data, array=array)

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
