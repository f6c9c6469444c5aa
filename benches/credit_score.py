"""How well the credit score does: `python -m benches.credit_score` prints the figures of docs/credit-score.md.

Simulates a scenario on development seeds, fits a scorecard to the labels that had arrived at a moment of each log, and
judges it by what followed. With `--write` the card of the first seed, fitted to its whole log, goes to a file.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle, untrained
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.train.matrix import gather
from bonafide.lab.train.payers import PayerLog
from bonafide.lab.train.scorecard import Fitted
from bonafide.lab.train.scorecard_report import bin_figures, report_text, told_text
from bonafide.lab.train.scorecard_text import scorecard_text
from bonafide.lab.train.scorecard_trial import fit_payers, judge_moments, try_payers
from bonafide.lab.train.snapshots import Target, choose_snapshots

SEEDS: Final = "11,12,13"
USERS: Final = 20_000
DAYS: Final = 150


def payers_of(folder: Path, bundle: Bundle) -> PayerLog:
    """The log of a simulated run as a bundle's scorecard sees it."""
    events = folder / "events.parquet"
    with RejectWriter() as rejects:
        return gather(Engine(untrained(bundle)), [str(events)], read_chunks([events], rejects=rejects), rejects).payers


def study(folder: Path, bundle: Bundle, target: Target, other: Fitted | None, *, bins: bool) -> Fitted:
    """Print how a card did on one run, and how the `other` platform's card did on it; returns the whole log's card."""
    declared = bundle.inputs.scorecard
    log, truth = payers_of(folder, bundle), pl.read_parquet(folder / "truth.parquet")
    fitted, trial = try_payers(log, declared, truth, target)
    print(f"fitted at {trial.fitted_at} to {fitted.rows:,} moments, {fitted.bad:.1f} bad")
    print(report_text(trial.told, trial.levels, trial.moved, trial.moved_soon, trial.distribution))
    for kind, means in trial.subtotals.items():
        print(f"mean points of {kind}: " + ", ".join(f"{family} {mean:+.0f}" for family, mean in means.items()))
    for one in bin_figures(fitted):
        print(f"{one.name}: information value {one.value:.3f}, " + (one.left_out or f"weight {one.coefficient:.2f}"))
        if bins:
            shares = ", ".join(f"{bad:.1f}/{rows}" for rows, bad in zip(one.rows, one.bad, strict=True))
            print(f"  cuts {list(one.cuts)}, bad/rows {shares}")
    first, last = (int(log.payments["time"].to_numpy()[place]) for place in (0, -1))
    if other is not None:
        print("the card of the platform before, at moments of this one's whole log:")
        print(told_text(judge_moments(other, log, choose_snapshots(log.payments, first, last, target), truth, target)))
    return fit_payers(log, declared, last, target)


def main() -> None:
    """Read the command line and print the figures of each seed."""
    reader = argparse.ArgumentParser(description="The credit score on simulated platforms, forward in time.")
    reader.add_argument("--scenario", default="city")
    reader.add_argument("--users", type=int, default=USERS)
    reader.add_argument("--days", type=int, default=DAYS)
    reader.add_argument("--seeds", default=SEEDS)
    reader.add_argument("--bundle", default="paylater", help="a shipped bundle or a folder")
    reader.add_argument("--weak", type=float, default=Target().weak, help="how much of a case a missed repayment is")
    reader.add_argument("--horizon", type=int, default=Target().horizon_ms // DAY_MS, help="in days")
    reader.add_argument("--write", type=Path, help="where the card of the first seed's whole log goes")
    reader.add_argument("--bins", action="store_true", help="show the bins of every input")
    asked = reader.parse_args()
    target = Target(asked.horizon * DAY_MS, asked.weak)
    bundle = load_bundle(find_bundle(asked.bundle))
    usual = scenario(asked.scenario)
    merchants = max(round(usual.merchants * asked.users / usual.users), 1)
    sized = replace(usual, users=asked.users, merchants=merchants, days=asked.days)
    whole: Fitted | None = None
    for number, seed in enumerate(read_seeds(asked.seeds)):
        print(f"\n== {asked.scenario}, {asked.users} users, {asked.days} days, seed {seed}, weak {target.weak:g}")
        with TemporaryDirectory(prefix="bonafide-credit-") as made:
            write_run(Simulation(sized, seed), Path(made), lambda _done, _total: None)
            whole = study(Path(made), bundle, target, whole, bins=asked.bins)
        if number == 0 and asked.write is not None:
            asked.write.write_text(scorecard_text(whole, target), encoding="utf-8")


if __name__ == "__main__":
    with errors_told():
        main()
