"""How much of the cash that comes home a bundle finds, under which changes of how it comes, and at what price.

A loop is found where any event of its way got an alert. Honest money is what no truth calls otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct

from benches.decisions.played import decide_run
from benches.loops.platform import followable
from bonafide.core.decision import Loop
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.engine.funds.layout import AGE_MS, HOPS_MAX
from bonafide.engine.kernels import Kernels
from bonafide.lab.base_rates import EVENTS, FLOWS, LOOPS, SUBJECTS, TRUTH
from bonafide.lab.log_files import scan_log
from bonafide.lab.metrics import BUDGET_FRACTION
from bonafide.lab.simulate import Scenario, Simulation

SHIFTS: Final[dict[str, dict[str, float]]] = {
    "as shipped": {},
    "fees x 0.5": {"fees": 0.5}, "fees x 1.5": {"fees": 1.5},
    "delays x 2": {"delays": 2.0}, "delays x 0.5": {"delays": 0.5},
    "go-betweens + 1": {"go_betweens": 1.0}, "combined 0.5": {"combined": 0.5},
}  # fmt: skip
"""Knobs of the simulator, turned one at a time."""
MOVES: Final = ("transfer", "payout", "refund")
RING_ACCOUNT: Final = "ax"
"""How the simulator calls accounts of rings' go-betweens; whatever passes them is not honest, arrived or not."""
FIRST_TYPOLOGY: Final = "user_merchant_loop"


class Part(Struct, frozen=True):
    """So many of so many."""

    found: int
    of: int

    @property
    def share(self) -> float | None:
        """Which part, 0..1; None of nothing."""
        return self.found / self.of if self.of else None


class Fared(Struct, frozen=True):
    """How one run fared."""

    scenario: str
    seed: int
    shift: str
    alerts_per_day: float
    payers_per_day: float
    """The same alerts, a payer's of a day as one."""
    budget_per_day: int
    parts: dict[str, Part]
    """Of loops that can be followed: `any event`, `a move` (the payment's own alert does not count), `advanced` (of
    those given in advance), `user_merchant_loop` (of that typology); `at budget` and `T1 at budget` (of that typology)
    with a payer's alerts of a day as one, `plain, at budget` with each by itself; `at 0.5 %`: as one, the least budget.
    Of honest payments: `honest payments`. Of honest moves: `honest moves`, `honest transfer` and so on. Of alerts on
    moves, those on honest ones: `alerts on moves`. Of each kind of flows.parquet, those of which a move was alerted: by
    its name."""


def runs(
    asked: Sequence[Scenario], seeds: Sequence[int], shifts: Sequence[str], bundle: Bundle, kernels: Kernels
) -> Iterator[Fared]:
    """Simulate, decide and measure each scenario under each seed and shift."""
    for about in asked:
        for seed in seeds:
            for shift in shifts:
                turned: dict[str, Any] = dict(SHIFTS[shift])
                simulation = Simulation(replace(about, knobs=replace(about.knobs, **turned)), seed)
                with TemporaryDirectory(prefix="bonafide-loops-") as folder:
                    decide_run(simulation, Engine(bundle, kernels=kernels), Path(folder))
                    yield measure(Path(folder), about, seed, shift)


def measure(folder: Path, about: Scenario, seed: int, shift: str) -> Fared:
    """The figures of a run that has been decided."""
    decided = pl.read_parquet(folder / "decisions.parquet")
    loops, flows = pl.read_parquet(folder / LOOPS), pl.read_parquet(folder / FLOWS)
    payments = decided.filter(pl.col("type") == "payment")
    days = 1 + int(np.ptp(payments["time"].dt.epoch("d").to_numpy()))
    budget, least = (
        max(1, round(part * payments.height / days)) for part in (about.alert_budget_fraction, BUDGET_FRACTION)
    )
    alerts = named_alerts(decided)
    honest = honest_moves(folder, loops)
    alerted = set(alerts["event_id"].to_list())
    parts = of_loops(loops, alerts, budget, least) | {
        f"honest {name}": part for name, part in of_moves(honest, alerted).items()
    }
    good = pl.read_parquet(folder / TRUTH).filter(pl.col("label") == 0)["event_id"].to_list()
    parts["honest payments"] = Part(len(alerted.intersection(good)), len(good))
    moves = alerts.filter(pl.col("type").is_in(MOVES))["event_id"]
    parts["alerts on moves"] = Part(int(moves.is_in(honest["event_id"].to_list()).sum()), len(moves))
    for (kind,), some in flows.sort("kind").group_by("kind", maintain_order=True):
        parts[str(kind)] = _found(_ways(some, own=False), alerted)
    payers = alerts.select("day", "payer").unique().height
    return Fared(about.name, seed, shift, alerts.height / days, payers / days, budget, parts)


def named_alerts(decided: pl.DataFrame) -> pl.DataFrame:
    """Alerts with their `payer`: whose money a move brought home, else who paid, else the merchant, else nobody's."""
    payers = dict(decided.filter(pl.col("type") == "payment").select("seq", "user_id").iter_rows())
    alerts = decided.filter("alert")
    homes = [payers.get(_payment_seq(told[0])) if told else None for told in alerts["loops"].to_list()]
    payer = pl.coalesce(pl.Series("home", homes, pl.String), "user_id", "merchant_id", "event_id")
    return alerts.with_columns(payer=payer, day=pl.col("time").dt.date())


def _payment_seq(loop: str) -> int:
    """The place in the log of the payment whose money a loop, as JSON, tells of."""
    return msgspec.json.decode(loop, type=Loop).path[0].seq


def of_loops(loops: pl.DataFrame, alerts: pl.DataFrame, budget: int, least: int) -> dict[str, Part]:
    """How many of the loops that can be followed were found, in each sense, at a budget and at the least one."""
    can = followable(loops, HOPS_MAX, AGE_MS)
    own, advanced = can.filter(~pl.col("advanced")), can.filter("advanced")
    ways, alerted = _ways(own), set(alerts["event_id"].to_list())
    first = _ways(own.filter(pl.col("typology") == FIRST_TYPOLOGY))
    seen = looked_at(alerts, budget, one_a_payer=True)
    return {
        "any event": _found(ways, alerted),
        "a move": _found(_ways(own, own=False), alerted),
        "advanced": _found(_ways(advanced), alerted),
        FIRST_TYPOLOGY: _found(first, alerted),
        "at budget": _found(ways, seen),
        "T1 at budget": _found(first, seen),
        "plain, at budget": _found(ways, looked_at(alerts, budget, one_a_payer=False)),
        "at 0.5 %": _found(ways, looked_at(alerts, least, one_a_payer=True)),
    }


def looked_at(alerts: pl.DataFrame, budget: int, *, one_a_payer: bool) -> set[str]:
    """Ids of the alerts that a team sees that looks at `budget` a day, highest score first, then by place in the log.

    With `one_a_payer` a payer's alerts of a day are one, ranked by the highest of them, and all of them are seen.
    """
    ranked = alerts.sort("day", "score", "seq", descending=[False, True, False])
    if not one_a_payer:
        return set(ranked.group_by("day", maintain_order=True).head(budget)["event_id"].to_list())
    first = ranked.unique(["day", "payer"], keep="first", maintain_order=True)
    seen = first.group_by("day", maintain_order=True).head(budget).select("day", "payer")
    return set(ranked.join(seen, on=["day", "payer"], how="semi")["event_id"].to_list())


def honest_moves(folder: Path, loops: pl.DataFrame) -> pl.DataFrame:
    """Transfers, payouts and refunds that no loop's truth names, with nobody bad and no ring at either end."""
    log = scan_log(folder / EVENTS).unique("event_id", keep="first", maintain_order=True)
    subjects = pl.read_parquet(folder / SUBJECTS).filter(pl.col("label") == 1)
    bad = subjects["subject_id"].to_list()
    links = log.filter((pl.col("type") == "account_link") & pl.col("owner_id").is_in(bad))
    accounts = links.select("account_id").unique().collect()["account_id"].to_list()
    named = loops["events"].explode().drop_nulls().to_list()
    ends = ("account_id", "from_account_id", "to_account_id")
    touched = [pl.col(name).is_in(bad) for name in ("user_id", "merchant_id")]
    touched += [pl.col(name).is_in(accounts) | pl.col(name).str.starts_with(RING_ACCOUNT) for name in ends]
    return log.filter(
        pl.col("type").is_in(MOVES) & ~pl.col("event_id").is_in(named)
        & ~pl.any_horizontal(one.fill_null(False) for one in touched)
    ).select("event_id", "type").collect()  # fmt: skip


def of_moves(honest: pl.DataFrame, alerted: set[str]) -> dict[str, Part]:
    """How many of the honest moves got an alert, of all and by type."""
    told = honest.with_columns(hit=pl.col("event_id").is_in(list(alerted)))
    by_type = {kind: told.filter(pl.col("type") == kind) for kind in MOVES}
    return {name: Part(int(some["hit"].sum()), some.height) for name, some in {"moves": told, **by_type}.items()}


def _ways(rows: pl.DataFrame, *, own: bool = True) -> list[list[str]]:
    """The events of each row, with or without its payment itself."""
    return [way if own else way[1:] for way in rows["events"].to_list()]


def _found(ways: Sequence[Sequence[str]], alerted: set[str]) -> Part:
    return Part(sum(any(event in alerted for event in way) for way in ways), len(ways))


def spread(fared: Sequence[Fared], name: str) -> tuple[float, float, float] | None:
    """(mean, least, most) of a share over seeds; None where there was nothing on any."""
    shares = [one.parts[name].share for one in fared if name in one.parts]
    told = [share for share in shares if share is not None]
    return (sum(told) / len(told), min(told), max(told)) if told else None


def together(fared: Sequence[Fared]) -> Mapping[tuple[str, str], list[Fared]]:
    """Runs by scenario and shift, in their order."""
    groups: dict[tuple[str, str], list[Fared]] = {}
    for one in fared:
        groups.setdefault((one.scenario, one.shift), []).append(one)
    return groups
