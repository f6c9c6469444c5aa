"""How well the credit score of merchants does: `python -m benches.merchant_credit` prints figures of
docs/merchant-credit.md.

Each platform is simulated with its knobs turned, and read with the shipped card, which was fitted to another one. The
truth of the simulator says who is bad: a merchant at whom cash-out takes place within the next 30 days. With `--moves`
the log is played once more with a probe before and behind every event that names a merchant, which tells by how much
each event by itself moves the score.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benches.model.compare import SHIFTS
from bonafide.apps.cli.screen import errors_told
from bonafide.core.moment import DAY_MS
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import ABSORBED, ANSWERED, TAKEN
from bonafide.engine.engine import Engine
from bonafide.engine.graded import Graded
from bonafide.engine.rules.language import Apply, Name, Node, Number
from bonafide.engine.shipped import find_bundle
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.curves import Floats
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import WALK_ROWS
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.train.graded import graded_scores
from bonafide.lab.train.graded_trial import WARM_MS, area, by_vintage
from bonafide.lab.train.merchants import MERCHANT_TARGET, choose_moments
from bonafide.lab.train.merchants_log import read_merchants
from bonafide.lab.train.snapshots import went_bad_of

RUNS: Final = "20011:hidden better,20012:other money,20013:rarer, milder"
USERS: Final = 40_000
DAYS: Final = 150
AGES: Final = ((0, 7), (7, 30), (30, 90), (90, 10_000))
ORDINARY: Final = ("payment", "payment_status", "shipment", "payout", "refund to origin")
"""Repayments name no merchant and move nothing."""


def card_of(bundle: Bundle) -> Graded:
    """The merchants' card of a bundle."""
    graded = bundle.compiled.scheme.merchant_card
    if graded is None:
        raise SystemExit("the bundle has no model/merchant_scorecard.yaml")
    return graded


def tell_apart(folder: Path, bundle: Bundle) -> None:
    """Print how well the card of a bundle finds the bad merchants of one platform."""
    graded = card_of(bundle)
    with RejectWriter() as rejects:
        log, last_ms = read_merchants(bundle, [folder / EVENTS], None, None, rejects)
    declared = bundle.inputs.merchant_scorecard
    first_ms = int(log.moments["time"].to_numpy().min()) + WARM_MS
    moments = choose_moments(log, first_ms, last_ms - MERCHANT_TARGET.horizon_ms, MERCHANT_TARGET)
    truth = pl.read_parquet(folder / TRUTH).filter(pl.col("label") == 1).select("event_id")
    cash_out = log.sales.join(truth, on="event_id").select("merchant_id", "time")
    bad = went_bad_of(moments, cash_out, "merchant_id", MERCHANT_TARGET.horizon_ms)
    rows = moments.select(one.name for one in declared).to_numpy()
    scores = graded_scores(graded, rows)
    firsts = log.sales.group_by("merchant_id").agg(pl.col("time").min())
    print("vintage (month of first sale)  merchants  moments  bad merchants  bad moments    AUC")
    for one in by_vintage(moments, scores, bad, firsts):
        name = "all" if one.vintage < 0 else f"month {one.vintage + 1}"
        auc = "-" if one.auc is None else f"{one.auc:.3f}"
        print(f"{name:<30}{one.merchants:>10}{one.moments:>9}{one.bad_merchants:>15}{one.bad:>13}{auc:>7}")
    told = moments.select("merchant_id", "time").join(
        firsts, on="merchant_id", how="left", maintain_order="left", suffix="_first"
    )
    age = ((told["time"] - told["time_first"].fill_null(pl.Series(told["time"]))) / DAY_MS).to_numpy()
    for low, high in AGES:
        own = (age >= low) & (age < high)
        print(f"first sale {low} to {high} days before: {_found(scores[own], bad[own])}")
    nothing = (pl.col("judged_sales") == 0) & (pl.col("own_verdicts") == 0)
    unknown = moments.select(nothing).to_series().to_numpy()
    print(f"nothing judged yet: {_found(scores[unknown], bad[unknown])}")
    _levels(graded, scores, bad)


def _levels(graded: Graded, scores: NDArray[np.int64], bad: NDArray[np.bool_]) -> None:
    begin = 0
    for name, end in [*((band.level, band.below) for band in graded.card.levels), ("low", 901)]:
        own = (scores >= begin) & (scores < end)
        share = 100 * float(bad[own].mean()) if own.any() else 0.0
        of_good, of_bad = 100 * own[~bad].mean(), 100 * own[bad].mean()
        print(
            f"{name:<9} {own.sum():>7} moments, {share:.2f} % bad; {of_good:.2f} % of good, {of_bad:.1f} % of bad ones"
        )
        begin = end


def _found(scores: NDArray[np.int64], bad: NDArray[np.bool_]) -> str:
    return f"{bad.size} moments, {bad.sum()} bad, AUC {_shown(area(scores, bad))}"


def _shown(auc: float | None) -> str:
    return "-" if auc is None else f"{auc:.3f}"


def value_of(node: Node, columns: dict[str, Floats]) -> Floats:
    """An input over many events, reckoned in numpy from their features."""
    match node:
        case Number(number):
            return np.array(number)
        case Name(name):
            return columns[name]
        case Apply(op, parts):
            values = [value_of(part, columns) for part in parts]
            return _APPLIED[op](*values)
    raise AssertionError(f"no way to reckon {node}")


def _all(of: Callable[[Floats, Floats], Floats]) -> Callable[..., Floats]:
    return lambda *values: reduce(of, values)


_APPLIED: Final[dict[str, Callable[..., Floats]]] = {
    "+": _all(np.add), "-": _all(np.subtract), "*": _all(np.multiply), "/": _all(np.divide), "max": _all(np.maximum),
    "min": _all(np.minimum), "coalesce": _all(lambda a, b: np.where(np.isnan(a), b, a)),
    "round_to": _all(lambda a, b: np.round(a / b) * b),
}  # fmt: skip


def moves(folder: Path, bundle: Bundle) -> Iterator[tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.bool_]]]:
    """Of each piece of a log: its events that name a merchant, how far each by itself moved that merchant's score, and
    whether an unusual fact about the merchant was established with it (money that came home)."""
    graded, declared = card_of(bundle), bundle.inputs.merchant_scorecard
    engine, number = Engine(bundle), 0
    names = [feature.name for feature in bundle.features]
    loops = names.index("merchant_loops_30d")
    for chunk in read_chunks([folder / EVENTS]):
        for at in range(0, chunk.frame.height, WALK_ROWS // 4):
            frame = chunk.frame[at : at + WALK_ROWS // 4].with_row_index("place", offset=number)
            number += frame.height
            named = frame.filter(pl.col("merchant_id").is_not_null())
            woven = pl.concat(
                [frame.with_columns(turn=pl.lit(1)), _probes(named, 0), _probes(named, 2)], how="diagonal"
            )
            woven = woven.sort("place", "turn")
            kinds, probe = kinds_of(woven), woven["turn"].to_numpy() != 1
            batch = engine.decide_columns(kinds, columns_of(woven), np.where(probe, ANSWERED, ABSORBED))
            assert (batch.status[probe] == TAKEN).all()
            answers = batch.answers[probe]
            columns = {name: answers[:, i] for i, name in enumerate(names)}
            columns |= {
                "time": woven["time"].to_numpy()[probe].astype(np.float64),
                "opened_on": np.full(len(answers), np.nan),
            }
            columns |= {"representative_applications_90d": np.full(len(answers), np.nan)}
            rows = np.column_stack([np.broadcast_to(value_of(one.node, columns), len(answers)) for one in declared])
            score = graded_scores(graded, rows)
            yield named, score[1::2] - score[::2], answers[1::2, loops] != answers[::2, loops]


def _probes(named: pl.DataFrame, turn: int) -> pl.DataFrame:
    """Events that no input counts, at the moments of those that are looked at."""
    return named.select(
        "place", "time", "merchant_id", type=pl.lit("traffic"), turn=pl.lit(turn),
        event_id=pl.format("probe {} {}", "place", pl.lit(turn)),
        views=pl.lit(1, pl.Int64), visits=pl.lit(1, pl.Int64), from_time="time", to_time="time",
    )  # fmt: skip


def stability(folder: Path, bundle: Bundle) -> None:
    """Print by how much events of each kind move scores."""
    kinds: dict[str, list[NDArray[np.int64]]] = {}
    for named, moved, home in moves(folder, bundle):
        named = named if "to" in named.columns else named.with_columns(to=pl.lit(None, pl.String))
        refund, to_origin = pl.col("type") == "refund", pl.col("to").fill_null("original") == "original"
        called = (
            pl.when(refund & to_origin).then(pl.lit("refund to origin")).when(refund).then(pl.lit("refund elsewhere"))
        )
        kind = named.select(called.otherwise("type")).to_series().to_numpy()
        for one in np.unique(kind).tolist():
            for brought, told in ((False, one), (True, f"{one} that brings money home")):
                kinds.setdefault(told, []).append(moved[(kind == one) & (home == brought)])
    for name, pieces in sorted(kinds.items()):
        moved = np.concatenate(pieces)
        if moved.size:
            up, down = int(moved.max()), int(moved.min())
            at = np.quantile(np.abs(moved), (0.5, 0.99, 0.999, 0.9999)).round(2).tolist()
            print(
                f"{name:<40}{moved.size:>10,} events  up {up:>3}  down {down:>4}  |move| at 50, 99, 99.9, 99.99 %: {at}"
            )
    ordinary = np.concatenate([piece for name in ORDINARY for piece in kinds.get(name, [])])
    print(f"ordinary events: {ordinary.size:,}; the largest move is {int(np.abs(ordinary).max())} points")


def main() -> None:
    """Read the command line and print the figures of each platform."""
    reader = argparse.ArgumentParser(description="The credit score of merchants on simulated platforms.")
    reader.add_argument("--runs", default=RUNS, help="seed:shift, the shift one of " + "; ".join(SHIFTS))
    reader.add_argument("--users", type=int, default=USERS)
    reader.add_argument("--days", type=int, default=DAYS)
    reader.add_argument("--bundle", default="paylater", help="a shipped bundle or a folder")
    reader.add_argument("--folder", type=Path, help="a simulated run that is there already, in place of --runs")
    reader.add_argument("--moves", action="store_true", help="measure by how much each event moves a score, too")
    asked = reader.parse_args()
    bundle = load_bundle(find_bundle(asked.bundle))
    if asked.folder is not None:
        _study(asked.folder, bundle, moved=asked.moves)
        return
    usual = scenario("city", users=asked.users, days=asked.days)
    for run in asked.runs.replace(", ", "; ").split(","):
        seed, shift = run.replace("; ", ", ").split(":")
        print(f"\n== city, {asked.users} users, {asked.days} days, seed {seed}, {shift}")
        with TemporaryDirectory(prefix="bonafide-merchants-") as made:
            turned = replace(usual, knobs=replace(usual.knobs, **SHIFTS[shift]))
            write_run(Simulation(turned, int(seed)), Path(made), lambda _done, _total: None)
            _study(Path(made), bundle, moved=asked.moves)


def _study(folder: Path, bundle: Bundle, *, moved: bool) -> None:
    tell_apart(folder, bundle)
    if moved:
        stability(folder, bundle)


if __name__ == "__main__":
    with errors_told():
        main()
