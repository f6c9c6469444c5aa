"""What a replay did, as summary.json holds it."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Final, NamedTuple


class Given(NamedTuple):
    """How a replay was asked for: what is needed to derive one of its decisions again."""

    mapping: str | None = None
    now: str | None = None
    folder: str | None = None


NOT_TOLD: Final = Given()


class Summary(NamedTuple):
    """Counts, money and speed of one replay; read = decided + taught + duplicate + conflict + rejected."""

    read: int
    decided: int
    taught: int
    duplicate: int
    conflict: int
    rejected: int
    generated_verdicts: int
    by_outcome: dict[str, int]
    by_type: dict[str, int]
    by_fault: dict[str, int]
    """What was missing -> decisions that say so."""
    currency: str | None
    """The one that `money_by_outcome` is in: that of the decided events; where there are several, the bundle's own if
    it is among them, else the most frequent."""
    money_by_outcome: dict[str, int]
    """Outcome -> minor units of the events decided so."""
    money_by_currency: dict[str, dict[str, int]]
    """Outcome -> currency -> minor units, of every currency."""
    first_time: str | None
    last_time: str | None
    bundle: str
    """Hash of the bundle that decided first, whose copy lies beside the results."""
    bundles: list[str]
    """Hashes of all that decided, in the order in which they took over; one may come again."""
    digest: str
    """SHA-256 over the canonical encodings of all decisions in order, a line each."""
    seconds: float
    events_per_second: float
    peak_memory_bytes: int
    inputs: list[str]
    """The files read, as they were named."""
    input_bytes: list[int]
    """How long each was."""
    mapping: str | None
    """As `--mapping` named it."""
    now: str | None
    """As `--now` gave it."""
    features: bool
    """Whether features.parquet was written."""
    folder: str | None
    """The folder from which relative names lead to the files."""

    @property
    def refused(self) -> int:
        """Records that were not taken in and are no duplicates."""
        return self.rejected + self.conflict

    def write(self, path: Path) -> None:
        """Write summary.json."""
        path.write_text(json.dumps(self._asdict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def printable(path: Path) -> str:
    """A file's name as text; names need not be UTF-8."""
    return str(path).encode(errors="backslashreplace").decode()


def peak_memory_bytes() -> int:
    """The most memory this process has held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
