"""What a drill found."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

from msgspec import Struct, field

NOTES_MAX: Final = 12
BOUND: Final = 3.0
"""With none of n trials failed, 95 % of the time the true share of failures is below 3/n (rule of three)."""


class Row(Struct):
    """One fault: how often it was tried and what became of what had been acknowledged."""

    name: str
    how: str
    of: str = "trials"
    """What is counted as a trial."""
    trials: int = 0
    acknowledged: int = 0
    """Events, over all trials."""
    lost: int = 0
    """Acknowledged events that are not there."""
    second: int = 0
    """Event ids that stand in the log more than once."""
    differing: int = 0
    """Acknowledged answers that are others now, or that a replay of the log gives otherwise."""
    broken: int = 0
    """Trials that did not end as promised in some other way; notes say how."""
    failed: int = 0
    """Trials in which anything of this was found."""
    recoveries_ms: list[float] = field(default_factory=list)
    """From the start of the process until it was ready."""
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why it was not run; empty when it was."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything held; what was skipped has not failed."""
        return not (self.lost or self.second or self.differing or self.broken or self.failed)

    @property
    def bound(self) -> float | None:
        """The 95 % bound on the share of trials that fail; None where some did, or none was run."""
        return BOUND / self.trials if self.trials and self.passed else None

    @property
    def recovery_p50_ms(self) -> float | None:
        """The middle one."""
        return median(self.recoveries_ms) if self.recoveries_ms else None

    @property
    def recovery_max_ms(self) -> float | None:
        """The longest."""
        return max(self.recoveries_ms, default=None)

    def note(self, text: str) -> None:
        """Add a sentence, once, up to NOTES_MAX of them."""
        if text not in self.notes and len(self.notes) < NOTES_MAX:
            self.notes.append(text)

    def broke(self, text: str) -> None:
        """Count a trial that did not end as promised, and say how."""
        self.broken += 1
        self.note(text)


class Report(Struct):
    """One run of the drills."""

    release: str
    git: str
    machine: str
    """Processor, cores, system, Python; no names of hosts."""
    seed: int
    sampled: bool
    rows: list[Row]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything that was run held."""
        return all(row.passed for row in self.rows)


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def together(first: Report, second: Report) -> Report:
    """Two runs on one page: the rows of both, those of the second where both have one; sampled if either was."""
    newer = {row.name for row in second.rows}
    return Report(
        second.release,
        first.git if second.git in first.git.split(" and ") else f"{first.git} and {second.git}",
        second.machine,
        second.seed,
        first.sampled or second.sampled,
        [*(row for row in first.rows if row.name not in newer), *second.rows],
        first.seconds + second.seconds,
    )
