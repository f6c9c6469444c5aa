"""`python -m benches.payouts`: what bad merchants have been paid of their credit revenue when caught, and which
honest ones are delayed.

Caught, and delayed, is a merchant whose payout is held or declined, or of whom a measure is proposed that delays
settlement or is harder. Credit revenue is what completed payments on credit brought; of a payout, the part is credit's
that credit has of all sales by then. The simulated platform does what it does whatever is decided, so that what would
have been saved by holding is not in the figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from benches.decisions.played import BUNDLE, decide_run
from benches.model.compare import SHIFTS
from bonafide.apps.cli.gates import read_seeds
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.ladder.words import HARDNESS
from bonafide.engine.shipped import find_bundle
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.log_files import scan_log
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.wilson import wilson

SEEDS: Final = "61,62"
"""Development seeds; the table of docs/payouts.md is of scoring seeds."""
HALF: Final = 0.5
YOUNG_MS: Final = 30 * DAY_MS
VIRAL_PAYMENTS: Final = 60
"""An honest newcomer who sold so often on one day within its first month has an item that went viral."""


class Caught(NamedTuple):
    """How the merchants of some platforms fared."""

    bad: int
    early: int
    """Caught before half of their credit revenue had been paid out."""
    late: int
    reachable: float
    """Of the credit revenue of all bad merchants, what had not been paid out when they were caught."""
    honest: int
    delayed: int
    viral: int
    viral_delayed: int

    def plus(self, other: Caught) -> Caught:
        """Both together; the part that was reachable by the number of bad merchants."""
        bad = max(self.bad + other.bad, 1)
        part = (self.reachable * self.bad + other.reachable * other.bad) / bad
        counts = [a + b for a, b in zip(self, other, strict=True)]
        return Caught(*counts)._replace(reachable=part)  # type: ignore[arg-type]


NOBODY: Final = Caught(0, 0, 0, 0.0, 0, 0, 0, 0)


def measure(folder: Path) -> Caught:
    """How the merchants of a platform fared that was decided on in a folder."""
    money = revenue(folder)
    caught = dict(alarms(folder).iter_rows())
    subjects = pl.read_parquet(folder / "subjects.parquet").filter(pl.col("subject_type") == "merchant")
    bad = set(subjects.filter(pl.col("label") == 1)["subject_id"])
    honest = set(subjects.filter(pl.col("label") == 0)["subject_id"])
    viral = honest & set(_viral(folder))
    told = ((name, _paid_part(money, name, caught.get(name))) for name in sorted(bad))
    parts = {name: part for name, part in told if part is not None}  # who sold nothing on credit, took nothing
    early = sum(part < HALF for part in parts.values())
    late = sum(name in caught for name in parts) - early
    left = [1 - part for name, part in parts.items() if name in caught]
    return Caught(
        len(parts), early, late, sum(left) / max(len(parts), 1), len(honest), len(honest & caught.keys()),
        len(viral), len(viral & caught.keys()),
    )  # fmt: skip


def alarms(folder: Path) -> pl.DataFrame:
    """When each merchant was first delayed."""
    table = pl.scan_parquet(folder / "decisions.parquet").select(
        pl.col("time").dt.epoch("ms"), "type", "merchant_id", "outcome", "proposals"
    )
    held = table.filter((pl.col("type") == "payout") & pl.col("outcome").is_in(["hold", "decline"]))
    found = [held.select("merchant_id", "time").collect()]
    told = table.filter(pl.col("proposals").list.len() > 0).select("merchant_id", "time", "proposals").collect()
    rows = [(name, time) for name, time, proposals in told.iter_rows() if _delays(proposals)]
    found.append(pl.DataFrame(rows, schema=found[0].schema, orient="row"))
    return pl.concat(found).group_by("merchant_id").agg(pl.col("time").min()).sort("merchant_id")


def _delays(proposals: Sequence[str]) -> bool:
    told: list[dict[str, Any]] = [msgspec.json.decode(one) for one in proposals]
    hard = HARDNESS["delay_settlement"]
    return any(
        one["subject_type"] == "merchant" and one["status"] == "proposed" and HARDNESS[one["measure"]] >= hard
        for one in told
    )


def revenue(folder: Path) -> pl.DataFrame:
    """Of each merchant, in order of time: what it had sold, sold on credit and been paid out by then."""
    events = scan_log(folder / EVENTS)
    done = events.filter((pl.col("type") == "payment_status") & (pl.col("status") == "completed"))
    payments = events.filter(pl.col("type") == "payment").select("event_id", "amount", "pay_with")
    sales = done.join(payments, left_on="payment_id", right_on="event_id", suffix="_paid").select(
        "merchant_id", "time", pl.col("amount_paid").alias("sold"),
        (pl.col("amount_paid") * (pl.col("pay_with_paid").fill_null("credit") == "credit")).alias("credit"),
        pl.lit(0, pl.Int64).alias("out"),
    )  # fmt: skip
    out = events.filter(pl.col("type") == "payout").select(
        "merchant_id", "time", pl.lit(0, pl.Int64).alias("sold"), pl.lit(0, pl.Int64).alias("credit"),
        pl.col("amount").alias("out"),
    )  # fmt: skip
    together = pl.concat([sales, out]).sort("merchant_id", "time")
    by = pl.col("sold", "credit").cum_sum().over("merchant_id").name.suffix("_by")
    return together.with_columns(by).collect()


def _paid_part(revenue: pl.DataFrame, merchant: str, alarm: Any) -> float | None:
    """Of a merchant's credit revenue over the whole log, the part paid out before a moment (None: at all); None where
    there was none."""
    own = revenue.filter(pl.col("merchant_id") == merchant)
    whole = int(own["credit"].sum())
    if not whole:
        return None
    before = own if alarm is None else own.filter(pl.col("time") < alarm)
    share = before["credit_by"].to_numpy() / np.maximum(before["sold_by"].to_numpy(), 1)
    return float(min((before["out"].to_numpy() * share).sum() / whole, 1.0))


def _viral(folder: Path) -> list[str]:
    payments = scan_log(folder / EVENTS).filter(pl.col("type") == "payment")
    applied = scan_log(folder / EVENTS).filter(pl.col("type") == "merchant_application")
    first = applied.group_by("merchant_id").agg(pl.col("time").min().alias("first"))
    young = payments.join(first, on="merchant_id").filter(
        pl.col("time").is_between(pl.col("first"), pl.col("first") + YOUNG_MS)
    )
    days = young.group_by("merchant_id", pl.col("time") // DAY_MS).len().filter(pl.col("len") >= VIRAL_PAYMENTS)
    return days.select("merchant_id").unique().collect()["merchant_id"].to_list()


def _part(count: int, of: int) -> str:
    if not of:
        return "-"
    low, high = wilson(count, of) or (0.0, 1.0)
    return f"{count} of {of}: {count / of:.1%} ({low:.1%} to {high:.1%})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each shift over the seeds, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benches.payouts", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--scenario", default="small")
    parser.add_argument("--bundle", type=Path, default=None, help="a folder (default: the shipped bundle)")
    parser.add_argument("--visible", type=float, help="of money that goes home, the part that is seen")
    asked = parser.parse_args(arguments)
    seen = {} if asked.visible is None else {"visible": asked.visible}
    bundle: Bundle = load_bundle(asked.bundle or find_bundle(BUNDLE))
    whole = NOBODY
    for name, knobs in SHIFTS.items():
        base = scenario(asked.scenario)
        told, found = replace(base, knobs=replace(base.knobs, **(knobs | seen))), NOBODY
        for seed in read_seeds(asked.seeds):
            with TemporaryDirectory(prefix="bonafide-payouts-") as folder:
                decide_run(Simulation(told, seed), Engine(bundle), Path(folder))
                found = found.plus(measure(Path(folder)))
        _show(name, found)
        whole = whole.plus(found)
    _show("all", whole)


def _show(name: str, found: Caught) -> None:
    print(f"\n{name}")
    print(f"  caught before half was paid out   {_part(found.early, found.bad)}")
    print(f"  caught later                      {_part(found.late, found.bad)}")
    print(f"  credit revenue still reachable    {found.reachable:.1%}")
    print(f"  honest merchants delayed          {_part(found.delayed, found.honest)}")
    print(f"  of them newcomers gone viral      {_part(found.viral_delayed, found.viral)}", flush=True)


if __name__ == "__main__":
    main()
