"""A log with `group` events in it, as batch jobs would have written them while it grew.

At the end of every span the jobs read what stands in the log by then and write what they find behind it. A record that
comes later, however old its time, is not known to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab import rings
from bonafide.lab.inputs import Chunk
from bonafide.lab.log_files import scan_log

LOOK_BACK_MS: Final = 60 * DAY_MS
SEED: Final = 7
"""Of `community`."""


class Grouped(NamedTuple):
    """What the jobs of one log wrote."""

    jobs: int
    events: dict[str, int]
    """`group` events by method."""
    left_out: dict[str, str]
    """Methods that lack a package, and how to install it."""


def write_grouped(events: Path, out: Path, start_ms: int, every_ms: int) -> Grouped:
    """Write the log of `events` again, with the groups of a job at the end of each `every_ms` from `start_ms` on.

    A group holds until the next job. A job at whose moment the log is over does not run.
    """
    log = scan_log(events).collect()
    pieces, written, left_out, jobs = [log[:0]], Counter[str](), dict[str, str](), 0
    begin = 0
    for moment, place in job_places(log, start_ms, every_ms):
        groups, lacking = _find(log[:place], moment, every_ms, out.with_name("groups.parquet"))
        pieces += [log[begin:place], groups]
        begin, jobs = place, jobs + 1
        written.update(groups["method"].to_list())
        left_out |= lacking
    pl.concat([*pieces, log[begin:]], how="diagonal").write_parquet(out)
    return Grouped(jobs, dict(sorted(written.items())), left_out)


def job_places(log: pl.DataFrame, start_ms: int, every_ms: int) -> Iterator[tuple[int, int]]:
    """The moment of each job, ms, and the row before which its events stand: the first at which the log is that far."""
    reached = np.maximum.accumulate(log["time"].to_numpy())
    for moment in range(start_ms + every_ms, int(reached[-1]) + 1, every_ms):
        yield moment, int(np.searchsorted(reached, moment, side="left"))


def _find(log: pl.DataFrame, moment: int, valid_ms: int, path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """The group events of one job over all of the log that there is, and the methods that could not run."""
    until = rings.LogUntil(moment, LOOK_BACK_MS)
    until.feed(Chunk(log, None, log.height, 0, 0))
    known = until.known()
    ties = rings.ties_of(known)
    found: dict[str, list[rings.Found]] = {}
    left_out: dict[str, str] = {}
    for method in rings.METHODS:
        try:
            found[method] = rings.find_groups(method, known, ties, SEED)
        except rings.MissingExtraError as error:
            left_out[method] = str(error)
    rings.write_groups(rings.group_rows(found, ties, moment, moment + valid_ms), path)
    return pl.read_parquet(path), left_out
