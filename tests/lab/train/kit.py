"""Payments that were made up from a law that is known, with labels that come late and for some only."""

from __future__ import annotations

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.curves import Floats
from bonafide.lab.train.matrix import STATEMENTS, Input, Matrix
from bonafide.lab.train.payers import payer_log

START_MS = 1_767_600_000_000
DAYS = 60
INPUTS = (Input("told", 1), Input("noise", 0), Input("gap", 0))


def payments(n: int, seed: int, *, confirmed: float = 0.5, delay_days: float = 3.0) -> tuple[Matrix, pl.DataFrame]:
    """A matrix in which one payment in twelve is cash-out and of these `confirmed` become known; and the truth."""
    rng = np.random.Generator(np.random.PCG64(seed))
    time = np.sort(START_MS + rng.integers(0, DAYS * DAY_MS, n))
    user = rng.integers(0, n // 4, n)
    bad = user % 12 == 0
    told = np.where(bad, rng.normal(2.0, 1.0, n), rng.normal(0.0, 1.0, n))
    gap = np.where(rng.random(n) < 0.3, np.nan, rng.random(n))
    evidence = np.where(told > 2.5, 0.7, 0.0)
    x: Floats = np.column_stack((told, rng.random(n), gap))
    rows = pl.DataFrame({
        "event_id": [f"p{i}" for i in range(n)], "user_id": [f"u{u}" for u in user],
        "merchant_id": [f"m{u % 7}" for u in user], "amount": rng.integers(100, 90_000, n), "currency": ["CNY"] * n,
        "credit_limit": rng.integers(1_000, 9_000_000, n), "channel": rng.choice(["app", "web"], n),
        "category": rng.choice(["meals", "toys"], n), "time_ms": time, "seq": np.arange(n),
        "at_least": np.zeros(n, np.int64), "first_seen_ms": np.full(n, START_MS),
    })  # fmt: skip
    known = np.flatnonzero(bad & (rng.random(n) < confirmed))
    arrived = time[known] + (delay_days * DAY_MS * rng.random(len(known))).astype(np.int64)
    order = np.argsort(arrived, kind="stable")
    told_of = pl.DataFrame({
        "arrived_ms": arrived[order], "time_ms": arrived[order], "about": ["event"] * len(known),
        "subject_id": [f"p{i}" for i in known[order]], "label": ["cash_out"] * len(known),
        "source": ["analyst"] * len(known), "grade": [None] * len(known),
    }, schema=STATEMENTS)  # fmt: skip
    last = START_MS + DAYS * DAY_MS
    kinds = np.where(bad, "drain_the_line", "gift_cards")
    truth = pl.DataFrame({
        "event_id": rows["event_id"], "label": bad.astype(np.int8), "typology": kinds,
        "known_at": pl.Series([None] * n, dtype=pl.Int64),
    })  # fmt: skip
    known = told_of.filter(pl.col("arrived_ms") <= last)
    return Matrix(INPUTS, x, evidence, rows, known, last, n, payer_log(rows, [np.zeros((n, 0))], (), [])), truth
