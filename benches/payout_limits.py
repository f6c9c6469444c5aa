"""`python -m benches.payout_limits`: what it saves to admit every newcomer with limits, and whom that disturbs.

A newcomer is a merchant that applied within the two weeks before a simulated platform's log begins, or later. The same
log is decided on twice, without limits and with all newcomers on their ramp from their application on. The simulated
platform pays whatever is decided, so the figures are worked out from its log: *held* takes each payout that the engine
held for limits as paid when its hold ended; *carried out* takes a platform that pays no sooner than the limits say.
Caught is a merchant as in `benches.payouts`, which its limits have no part in.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import polars as pl

from benches.decisions.played import BUNDLE, decide_again, decide_run
from benches.model.compare import SHIFTS
from benches.payouts import HALF, alarms, revenue
from bonafide.apps.cli.gates import read_seeds
from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.base_rates import EVENTS
from bonafide.lab.log_files import scan_log
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.wilson import wilson
from bonafide.office.merchants.limits import NEWCOMER, lists_at

SEEDS: Final = "61,62"
"""Development seeds; the table of docs/payouts.md is of scoring seeds."""
NEW_MS: Final = 14 * DAY_MS
REVIEWED_AFTER_MS: Final = SECOND_MS
WAYS: Final = ("without limits", "held", "carried out")


class Limited(NamedTuple):
    """How the newcomers of some platforms fared; of what is told three times, in the order of WAYS."""

    bad: int = 0
    early: tuple[int, int, int] = (0, 0, 0)
    """Caught before half of their credit revenue had been paid out."""
    left: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Parts of credit revenues that had not been paid out when they were caught, added up."""
    end: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Likewise, at their last sale, whether anybody caught them or not."""
    honest: int = 0
    held: int = 0
    """Honest newcomers of whom a payout was held for limits."""
    days: float = 0.0
    """By how many days an honest newcomer's money came later for that, added up."""
    others: int = 0
    """Decisions on anybody else that were not the same with limits about: none may be."""

    def plus(self, other: Limited) -> Limited:
        """Both together."""
        early = tuple(a + b for a, b in zip(self.early, other.early, strict=True))
        left, end = (
            tuple(a + b for a, b in zip(*both, strict=True))
            for both in ((self.left, other.left), (self.end, other.end))
        )
        return Limited(
            self.bad + other.bad, early, left, end, self.honest + other.honest,  # type: ignore[arg-type]
            self.held + other.held, self.days + other.days, self.others + other.others,
        )  # fmt: skip


def measure(simulation: Simulation, bundle: Bundle, folder: Path) -> Limited:
    """How the newcomers of one platform fared; files go to `folder`, which is there."""
    decide_run(simulation, Engine(bundle), folder)
    caught = dict(alarms(folder).iter_rows())
    before = pl.read_parquet(folder / "decisions.parquet")
    since = _admit(folder)
    decide_again(Engine(bundle), folder)
    after = pl.read_parquet(folder / "decisions.parquet")
    ramps = _held(after, bundle)
    money = revenue(folder).filter(pl.col("merchant_id").is_in(list(since)))
    money = money.join(ramps, on=["merchant_id", "time"], how="left")
    subjects = pl.read_parquet(folder / "subjects.parquet").filter(pl.col("subject_id").is_in(list(since)))
    found = Limited(others=_others(before, after, list(since)))
    for name, label in subjects.select("subject_id", "label").sort("subject_id").iter_rows():
        own = money.filter(pl.col("merchant_id") == name).with_columns(pl.col("hold_ms").fill_null(0))
        if label == 0:
            found = found.plus(_disturbed(own))
        elif own["credit"].sum():
            found = found.plus(_saved(own, since[name], caught.get(name)))
    return found


def _admit(folder: Path) -> dict[str, int]:
    """Put all newcomers on their ramp, and give the moment of each."""
    events = scan_log(folder / EVENTS).collect()
    begin = int(events.filter(pl.col("type") == "payment")["time"].min() or 0)  # type: ignore[arg-type]
    applied = events.with_row_index("at").filter(pl.col("type") == "merchant_application")
    told = applied.unique("merchant_id", keep="first").sort("at").select("at", "merchant_id", "time")
    since: dict[str, int] = {}
    parts, last = [], 0
    for at, name, time in told.iter_rows():
        if time >= begin - NEW_MS:
            since[name] = time + REVIEWED_AFTER_MS
            rows = [
                {"type": "list_changed", "event_id": f"limits:{name}:{of}", "time": since[name], "list": of,
                 "action": "add", "entry": name, "expires": until}
                for of, until in lists_at(since[name], since[name], known=False).items()
            ]  # fmt: skip
            parts += [events[last : at + 1], pl.DataFrame(rows)]
            last = at + 1
    pl.concat([*parts, events[last:]], how="diagonal").write_parquet(folder / EVENTS)
    return since


def _held(decisions: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    """The payouts that were held for limits, and for how long."""
    rows = decisions.filter((pl.col("type") == "payout") & (pl.col("outcome") == "hold")).select(
        "merchant_id", pl.col("time").dt.epoch("ms"), "hits"
    )
    told = [
        (name, time, bundle.policy.hold_ms(hits)) for name, time, hits in rows.iter_rows()
        if any(hit.startswith("O-LIMITS") for hit in hits)
    ]  # fmt: skip
    return pl.DataFrame(told, {"merchant_id": pl.String, "time": pl.Int64, "hold_ms": pl.Int64}, orient="row")


def _others(before: pl.DataFrame, after: pl.DataFrame, limited: Sequence[str]) -> int:
    """How many decisions differ that are not payouts of merchants with limits."""
    own = (pl.col("type") == "payout") & pl.col("merchant_id").is_in(list(limited))
    one, other = (table.filter(~own.fill_null(False)).drop("seq", "bundle") for table in (before, after))
    keep = [
        name for name in one.columns if name not in ("proposals", "measures", "loops")
    ]  # these name places in the log
    return sum(a != b for a, b in zip(one.select(keep).iter_rows(), other.select(keep).iter_rows(), strict=True))


def _saved(own: pl.DataFrame, since: int, alarm: int | None) -> Limited:
    """A bad newcomer: what had been paid out of its credit revenue when it was caught, and when it sold for the last
    time."""
    last = int(own.filter(pl.col("sold") > 0)["time"].max() or 0)  # type: ignore[arg-type]
    at_end = _paid(own, since, last)
    if alarm is None:
        return Limited(1, end=tuple(1 - part for part in at_end))  # type: ignore[arg-type]
    told = _paid(own, since, alarm)
    early, left, end = ([int(part < HALF) for part in told], [1 - p for p in told], [1 - p for p in at_end])
    return Limited(1, tuple(early), tuple(left), tuple(end))  # type: ignore[arg-type]


def _paid(own: pl.DataFrame, since: int, now: int) -> tuple[float, float, float]:
    """The part of its credit revenue that a merchant had been paid out before a moment, in each of the WAYS."""
    whole = int(own["credit"].sum())
    share = own["credit_by"] / pl.Series([max(sold, 1) for sold in own["sold_by"]])
    paid = own.with_columns((pl.col("out") * share).alias("paid"))
    plain = float(paid.filter(pl.col("time") < now)["paid"].sum())
    held = float(paid.filter(pl.col("time") + pl.col("hold_ms") < now)["paid"].sum())
    told = (plain, held, min(plain, _due(own, since, now)))
    return tuple(min(part / whole, 1.0) for part in told)  # type: ignore[return-value]


def _due(own: pl.DataFrame, since: int, now: int) -> float:
    """What a platform that carries the ramp out had paid by a moment of what was sold on credit."""
    passed = [step for step in NEWCOMER if now >= since + step.from_day * DAY_MS] or NEWCOMER[:1]
    step = passed[-1]
    ripe = own.filter(pl.col("time") < now - step.settle_after_days * DAY_MS)
    return float(ripe["credit"].sum()) * (1 - step.reserve_share)


def _disturbed(own: pl.DataFrame) -> Limited:
    """An honest newcomer: whether a payout was held for limits, and by how much its money came later."""
    waits = float((own["out"] * own["hold_ms"]).sum())
    held = own.filter((pl.col("hold_ms") > 0) & (pl.col("out") > 0)).height
    return Limited(honest=1, held=int(held > 0), days=waits / max(int(own["out"].sum()), 1) / DAY_MS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure over the shifts and seeds, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benches.payout_limits", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--scenario", default="small")
    asked = parser.parse_args(arguments)
    bundle, whole = shipped_bundle(BUNDLE), Limited()
    for knobs in SHIFTS.values():
        base = scenario(asked.scenario)
        told = replace(base, knobs=replace(base.knobs, **knobs))
        for seed in read_seeds(asked.seeds):
            with TemporaryDirectory(prefix="bonafide-limits-") as folder:
                whole = whole.plus(measure(Simulation(told, seed), bundle, Path(folder)))
            print(f"seed {seed}: {whole.bad} bad and {whole.honest} honest newcomers so far", flush=True)
    for way, early, left, end in zip(WAYS, whole.early, whole.left, whole.end, strict=True):
        low, high = wilson(early, whole.bad) or (0.0, 1.0)
        bad = max(whole.bad, 1)
        print(
            f"{way:15}  caught before half was paid out {early} of {whole.bad} ({low:.0%} to {high:.0%})  "
            f"still reachable {left / bad:.0%}, at the last sale {end / bad:.0%}"
        )
    print(f"honest newcomers held for limits {whole.held} of {whole.honest}, "
          f"their money {whole.days / max(whole.honest, 1):.1f} days later; "
          f"decisions on others that differ: {whole.others}")  # fmt: skip


if __name__ == "__main__":
    main()
