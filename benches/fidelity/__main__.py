"""`python -m benches.fidelity` prints the table of docs/why.md: do scores fall when their stated reasons are gone?

Trains a small model on one development seed, calibrates it on the next, and judges on the others. About two minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bonafide.core.decision import SCORE_UNIT
from bonafide.engine.bundle import Bundle
from bonafide.engine.shipped import find_bundle
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.testing.fidelity import Cases, Fidelity, Floats, fidelity, together, typical

from .choices import choices_of
from .made import payments_of, train

SEEDS: Final = (21, 23, 22, 24)
USERS, DAYS = 3_000, 40
AT_LEAST: Final = 0.95
"""Of the scores must fall."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where fewer fall than must, or others bring down as many."""
    parser = argparse.ArgumentParser(prog="python -m benches.fidelity", description=__doc__)
    parser.add_argument("--bundle", default="paylater", help="a folder, or a shipped bundle (default: %(default)s)")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--rules-weight", type=float, help="instead of the one that fits")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="bonafide-fidelity-") as name:
        logs = [_simulated(Path(name) / f"seed-{seed}", seed, asked.users, asked.days) for seed in SEEDS]
        bundle = train(Path(name) / "bundle", find_bundle(asked.bundle), logs[0], logs[1], asked.rules_weight)
        honest = payments_of(bundle, logs[0])
        judged = [payments_of(bundle, log).cases for log in logs[2:]]
    cases = together(judged)
    missing = np.full(cases.inputs.shape[1], np.nan)
    ends = {"missing": missing, "as in honest payments": typical(honest.cases.inputs[~honest.cash_out])}
    failed = _table(bundle, cases, ends)
    print()
    _compare(bundle, cases, ends)
    return failed


def _table(bundle: Bundle, cases: Cases, ends: dict[str, Floats]) -> int:
    print("| scores from | decisions | reasons | inputs become | all stated gone | the first gone | others gone |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = False
    for band in bundle.policy.outcomes[1:3]:
        for says, reference in ends.items():
            f = fidelity(bundle, cases, round(band.from_ * SCORE_UNIT), reference)
            print(f"| {band.from_:.2f} ({band.outcome}) | {f.cases} | {f.codes:.2f} | {says} | {_shares(f)} |")
            failed |= f.fallen < AT_LEAST or f.fallen_others >= AT_LEAST
    return int(failed)


def _compare(bundle: Bundle, cases: Cases, ends: dict[str, Floats]) -> None:
    """How other ways of choosing reasons would fare."""
    line = bundle.policy.line_e6 or 0
    over = cases.at(cases.score_e6 >= line)
    print("| chosen by | us | reasons | inputs become | all stated gone | the first gone | others gone |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ways = choices_of(bundle, over, ends["as in honest payments"])
    for way in ways:
        for says, reference in ends.items():
            f = fidelity(bundle, way.cases, line, reference)
            print(f"| {way.says} | {way.microseconds:.0f} | {f.codes:.2f} | {says} | {_shares(f)} |")
    alike = (ways[0].cases.stated[:, 0] == ways[1].cases.stated[:, 0]).mean()
    print(f"\n{ways[0].says} and {ways[1].says} name the same first reason in {100 * alike:.0f} % of them")


def _shares(f: Fidelity) -> str:
    return " | ".join(f"{100 * share:.1f} %" for share in (f.fallen, f.fallen_first, f.fallen_others))


def _simulated(folder: Path, seed: int, users: int, days: int) -> Path:
    folder.mkdir(parents=True)
    write_run(Simulation(scenario("small", users, days=days), seed), folder, lambda done, total: None)
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
