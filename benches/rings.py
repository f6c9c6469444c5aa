"""The speed of `bonafide rings`: `python -m benches.rings` prints edges and seconds by method.

The platform is drawn from a seed: users with tastes, popular shops, a payment or more for each pair, shared devices and
networks, rings in between. Kernels are compiled before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.rings import METHODS, Known, MissingExtraError, find_groups, ties_of
from bonafide.lab.rings.kernels import load_kernels

DAYS: Final = 60
PAIRS_PER_USER: Final = 9
USERS_PER_MERCHANT: Final = 20
HOUSEHOLD: Final = 2.5
"""Users to a device, but for one use in VISITS, which is of any device."""
VISITS: Final = 20
USERS_PER_RING: Final = 2_000
"""Of the whole platform."""
RING: Final = (20, 8, 3, 200)
"""Users, merchants, days and payments of a ring."""
_T = TypeVar("_T")


def made(edges: int, seed: int) -> Known:
    """What is known of a platform of about so many edges: nine tenths of them trade, the rest shared resources."""
    draw = np.random.default_rng(seed)
    payments = edges * 9 // 10
    users = max(USERS_PER_RING, edges * 9 // 10 // PAIRS_PER_USER)
    merchants = max(RING[1], users // USERS_PER_MERCHANT)
    ring = np.repeat(np.arange(users // USERS_PER_RING), RING[3])
    honest = draw.integers(0, users, payments), (merchants * draw.random(payments) ** 1.5).astype(np.int64)
    bad = ring * RING[0] + draw.integers(0, RING[0], ring.size), ring * RING[1] + draw.integers(0, RING[1], ring.size)
    user, merchant = (np.concatenate(pair) for pair in zip(honest, bad, strict=True))
    amount = np.concatenate([draw.lognormal(9, 1, payments), draw.lognormal(11.5, 0.5, ring.size)])
    day = np.concatenate([draw.integers(0, DAYS, payments), ring % DAYS + draw.integers(0, RING[2], ring.size)])
    frame = pl.DataFrame(
        {
            "time": day % DAYS * DAY_MS + 1, "user_id": user, "merchant_id": merchant % merchants,
            "amount": amount.astype(np.int64) + 1, "currency": "CNY",
            "credit_limit": draw.integers(3, 30, users)[user] * 100_000,
        }
    ).with_columns(pl.col("user_id", "merchant_id").cast(pl.String))  # fmt: skip
    return Known(DAYS * DAY_MS, frame, _uses(edges // 5, users, draw), _verdicts(users // USERS_PER_RING))


def _uses(count: int, users: int, draw: np.random.Generator) -> pl.DataFrame:
    """Devices of households, and now and then of somebody else."""
    user = draw.integers(0, users, count)
    device = np.where(draw.integers(0, VISITS, count) == 0, draw.integers(0, users, count), user) / HOUSEHOLD
    frame = pl.DataFrame({"subject_id": user, "resource_id": device.astype(np.int64)})
    return frame.select(
        pl.lit("user").alias("subject_type"), pl.col("subject_id").cast(pl.String),
        pl.lit("device").alias("kind"), pl.col("resource_id").cast(pl.String),
    ).unique()  # fmt: skip


def _verdicts(rings: int) -> pl.DataFrame:
    """One user of every ring was found out."""
    found = pl.DataFrame({"subject_id": [str(ring * RING[0]) for ring in range(rings)]}, {"subject_id": pl.String})
    none = pl.lit(None, pl.String)
    return found.select(
        pl.lit(0, pl.Int64).alias("time"), pl.lit("user").alias("subject_type"), "subject_id",
        pl.lit("cash_out").alias("label"), none.alias("user_id"), none.alias("merchant_id"),
    )  # fmt: skip


def measure(edges: int, seed: int) -> dict[str, Any]:
    """Edges, and the seconds and groups of each step."""
    known = made(edges, seed)
    load_kernels()
    ties, seconds = _timed(lambda: ties_of(known))
    steps: dict[str, dict[str, float]] = {"graph": {"seconds": seconds}}
    for name in METHODS:
        try:
            found, seconds = _timed(lambda name=name: find_groups(name, known, ties, seed))  # type: ignore[misc]
        except MissingExtraError as error:
            print(error)
            continue
        steps[name] = {"seconds": seconds, "groups": len(found), "subjects": sum(one.members.size for one in found)}
    number = ties.pairs()[0].size + len(ties.uses)
    return {"edges": number, "subjects": ties.subjects, "payments": known.payments.height, "steps": steps}


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    begun = time.perf_counter()
    done = work()
    return done, round(time.perf_counter() - begun, 3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benches.rings", description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000, help="about so many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args(arguments)
    result = measure(asked.edges, asked.seed)
    if asked.json:
        print(json.dumps(result))
        return
    print(f"{result['edges']:,} edges, {result['subjects']:,} users and merchants, {result['payments']:,} payments")
    print(f"\n{'step':<16}{'seconds':>10}{'groups':>10}{'subjects':>10}")
    for name, step in result["steps"].items():
        told = "".join(f"{step[key]:>10,}" if key in step else "" for key in ("groups", "subjects"))
        print(f"{name:<16}{step['seconds']:>10.2f}{told}")
    print(f"{'together':<16}{sum(step['seconds'] for step in result['steps'].values()):>10.2f}")


if __name__ == "__main__":
    main()
