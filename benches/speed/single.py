"""One event at a time, in process: `python -m benches.speed.single [--events N] [--bundle NAME] [--json FILE]`.

Payments and refunds come as structs, as the door hands them over, and each call takes one in and gives its decision.
Events before the timed ones warm the state and the caches; then what exists is put out of the collector's reach, as a
server does once it has started.
"""

from __future__ import annotations

import argparse
import gc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benches.speed.machine import Machine, this_machine
from benches.speed.workload import AMOUNT_MINOR, BUSIEST_FRACTION, CURRENCY, REFUND_FRACTION, SEED, START_MS
from bonafide.core.decision import Decision
from bonafide.core.events import Channel, Fact, Goods, Payment, PayWith, Refund
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle

EVENTS: Final = 200_000
WARM_FRACTION: Final = 0.25
"""Events before the timed ones, as a part of those."""
BUNDLE: Final = "paylater"
MEAN_GAP_MS: Final = 2_600
USERS: Final = 20_000
MERCHANTS: Final = 1_000
CATEGORIES: Final = 12
PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
_PAY_WITH: Final[tuple[PayWith, ...]] = ("credit", "credit", "credit", "card", "balance")
_GOODS: Final[tuple[Goods | None, ...]] = ("physical", "physical", "virtual", None)
_CHANNELS: Final[tuple[Channel | None, ...]] = ("app", "app", "qr", "web", None)


class Report(NamedTuple):
    """What `--json` writes; times in microseconds."""

    machine: Machine
    bundle: str
    features: int
    rules: int
    events: int
    percentiles_us: dict[str, float]
    worst_us: float
    outcomes: dict[str, int]


def make_trade(count: int) -> list[Fact]:
    """Payments, and refunds of earlier payments, in the order of their times; the same for the same count."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    times = START_MS + np.cumsum(rng.integers(1, 2 * MEAN_GAP_MS, count))
    users = rng.integers(0, USERS, count)
    merchants = np.where(rng.random(count) < BUSIEST_FRACTION, 0, rng.integers(1, MERCHANTS, count))
    amounts = rng.integers(*AMOUNT_MINOR, count)
    refunds = rng.random(count) < REFUND_FRACTION
    chance = rng.random((count, 2))
    paid: list[Payment] = []
    trade: list[Fact] = []
    columns = (times, users, merchants, amounts, refunds)
    for number, (time, user, merchant, amount, refund) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if refund and paid:
            event: Fact = _refund(number, time, paid[int(chance[number, 0] * len(paid))])
        else:
            event = _payment(number, time, user, merchant, amount, chance[number])
            paid.append(event)
        trade.append(event)
    return trade


def _payment(number: int, time: int, user: int, merchant: int, amount: int, chance: NDArray[np.float64]) -> Payment:
    limit = 200_000 + user % 50 * 20_000
    return Payment(
        event_id=f"pay-{number:012}", time=time, user_id=f"user-{user:09}", merchant_id=f"shop-{merchant:07}",
        order_id=f"order-{number:012}", amount=amount, currency=CURRENCY,
        credit_limit=limit, credit_used=int(limit * chance[0]), device_id=f"device-{user // 2:09}",
        ip=f"10.{user % 250}.{user // 250 % 250}.7", address_id=f"address-{user:09}",
        pay_with=_PAY_WITH[int(chance[1] * len(_PAY_WITH))], category=f"category-{merchant % CATEGORIES}",
        goods=_GOODS[merchant % len(_GOODS)], channel=_CHANNELS[user % len(_CHANNELS)],
        instalments=(1, 3, 6, 12)[number % 4],
    )  # fmt: skip


def _refund(number: int, time: int, payment: Payment) -> Refund:
    return Refund(
        event_id=f"refund-{number:012}", time=time, order_id=payment.order_id, user_id=payment.user_id,
        merchant_id=payment.merchant_id, amount=payment.amount, currency=payment.currency, to="original",
    )  # fmt: skip


def time_each(engine: Engine, trade: Sequence[Fact], outcomes: Counter[str]) -> NDArray[np.int64]:
    """Nanoseconds of each event's decision; the outcomes are counted."""
    taken = np.zeros(len(trade), dtype=np.int64)
    for i, event in enumerate(trade):
        begin = perf_counter_ns()
        decision = engine.decide_one(event)
        taken[i] = perf_counter_ns() - begin
        outcomes[decision.outcome if isinstance(decision, Decision) else decision.status] += 1
    return taken


def measure(count: int, bundle_name: str) -> Report:
    """Time `count` events after the warming ones."""
    machine, bundle = this_machine(), shipped_bundle(bundle_name)
    engine = Engine(bundle)
    warm = int(count * WARM_FRACTION)
    trade = make_trade(warm + count)
    time_each(engine, trade[:warm], Counter())
    gc.collect()
    gc.freeze()
    outcomes: Counter[str] = Counter()
    taken = time_each(engine, trade[warm:], outcomes) / 1000
    gc.unfreeze()
    percentiles = {f"p{p:g}": round(float(np.percentile(taken, p)), 2) for p in PERCENTILES}
    return Report(
        machine, bundle_name, len(bundle.feature_names), len(bundle.rules), count, percentiles,
        round(float(taken.max()), 2), dict(outcomes.most_common()),
    )  # fmt: skip


def table(report: Report) -> str:
    """The report for a reader."""
    outcomes = ", ".join(f"{outcome} {number:,}" for outcome, number in report.outcomes.items())
    times = report.percentiles_us | {"max": report.worst_us}
    return "\n".join(
        [
            f"machine: {report.machine.line()}",
            f"bundle {report.bundle}: {report.features} features, {report.rules} rules",
            f"{report.events:,} events, one a call: {outcomes}",
            "",
            "".join(f"{name:>10}" for name in times) + "   us",
            "".join(f"{value:>10.1f}" for value in times.values()),
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write the JSON where it is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benches.speed.single", description="One event at a time.")
    parser.add_argument("--events", type=int, default=EVENTS, help="how many are timed (default: %(default)s)")
    parser.add_argument("--bundle", default=BUNDLE, help="a shipped bundle (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    options = parser.parse_args(arguments)
    report = measure(options.events, options.bundle)
    print(table(report))
    if options.json is not None:
        told = report._asdict() | {"machine": report.machine._asdict()}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")


if __name__ == "__main__":
    main()
