"""What `bonafide rings` finds of planted rings: `python -m benches.rings_quality` prints the table of docs/rings.md.

Simulates a scenario on development seeds, looks for groups at the end of each log, and counts the written users and
merchants who cash out, of all who do. Cases are subjects that verdicts had told of by then; `new` leaves them out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told, progress_bar
from bonafide.core.moment import DAY_MS
from bonafide.lab.inputs import read_chunks
from bonafide.lab.rings import METHODS, Known, LogUntil, MissingExtraError, Ties, find_groups, ties_of
from bonafide.lab.rings.cases import confirmed
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run

SEEDS: Final = "21,22,23,24,25,26"
LOOK_BACK_MS: Final = 60 * DAY_MS
SEED: Final = 7
Flags = npt.NDArray[np.bool_]


class Platform(NamedTuple):
    """What is known of a simulated platform, and who of it cashes out."""

    known: Known
    ties: Ties
    bad: Flags
    """(subjects,)"""


class Counts(NamedTuple):
    """Subjects of one kind that a method wrote."""

    written: int
    bad: int
    all_bad: int
    new: int
    new_bad: int


def platform(name: str, seed: int) -> Platform:
    """Simulate a platform and read its log to the end."""
    log = LogUntil(None, LOOK_BACK_MS)
    with TemporaryDirectory(prefix="bonafide-rings-") as made:
        folder = Path(made)
        write_run(Simulation(scenario(name), seed), folder, lambda _done, _total: None)
        for chunk in read_chunks([folder / "events.parquet"]):
            log.feed(chunk)
        bad = pl.read_parquet(folder / "subjects.parquet").filter(pl.col("label") == 1)
    known = log.known()
    ties = ties_of(known)
    named = set(bad.select("subject_type", "subject_id").iter_rows())
    subjects = [("user", one) for one in ties.users] + [("merchant", one) for one in ties.merchants]
    return Platform(known, ties, np.array([one in named for one in subjects], np.bool_))


def judged(on: Platform, method: str) -> tuple[int, Counts, Counts]:
    """Groups that a method writes, and its users and merchants."""
    found = find_groups(method, on.known, on.ties, SEED)
    written = np.zeros(on.bad.size, np.bool_)
    for one in found:
        written[one.members] = True
    new = written & (confirmed(on.known, on.ties) == 0)
    kinds = slice(0, len(on.ties.users)), slice(len(on.ties.users), on.bad.size)
    users, merchants = (
        Counts(*(int(which[kind].sum()) for which in (written, written & on.bad, on.bad, new, new & on.bad)))
        for kind in kinds
    )
    return len(found), users, merchants


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, look, and print one table over all seeds."""
    parser = argparse.ArgumentParser(prog="python -m benches.rings_quality", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--scenario", default="small")
    asked = parser.parse_args(arguments)
    told: dict[str, list[tuple[int, Counts, Counts]]] = defaultdict(list)
    with errors_told(), progress_bar("Simulating and looking") as bar:
        seeds = read_seeds(asked.seeds)
        for number, seed in enumerate(seeds):
            on = platform(asked.scenario, seed)
            for method in METHODS:
                try:
                    told[method].append(judged(on, method))
                except MissingExtraError as error:
                    print(error)
            bar(number + 1, len(seeds))
    print("| method | groups | users | precision | recall | of the new | merchants | precision | recall |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for method, runs in told.items():
        users, merchants = (Counts(*map(sum, zip(*kind, strict=True))) for kind in list(zip(*runs, strict=True))[1:])
        shown = [f"{sum(run[0] for run in runs) / len(runs):.1f}"]
        for kind in (users, merchants):
            shown += [f"{kind.written:,}", _percent(kind.bad, kind.written), _percent(kind.bad, kind.all_bad)]
        shown.insert(4, _percent(users.new_bad, users.new))
        print(f"| `{method}` | {' | '.join(shown)} |")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


if __name__ == "__main__":
    main()
