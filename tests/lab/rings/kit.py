"""Small logs and ties for the tests of rings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bonafide.core.events import Fact, Login, Payment, PaymentStatus, Registration, Verdict
from bonafide.core.moment import DAY_MS
from bonafide.lab.inputs import read_chunks
from bonafide.lab.rings import Known, LogUntil, Ties, Trade
from tests.lab.runs import as_lines

START_MS = 1_767_601_800_000
Use = tuple[int, int]


def known_of(folder: Path, events: Sequence[Fact], until_ms: int | None = None, over_ms: int = 60 * DAY_MS) -> Known:
    """What a log says up to a moment, read in pieces of three records."""
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(events))
    log = LogUntil(until_ms, over_ms)
    for chunk in read_chunks([path], chunk_rows=3):
        log.feed(chunk)
    return log.known()


def ties(
    payments: Sequence[tuple[int, int, int, int]] = (), uses: Sequence[Use] = (), *, users: int, merchants: int = 0,
    limit: int = 1_000,
) -> Ties:  # fmt: skip
    """Ties from payments (user, merchant, amount, day) and uses (subject, resource)."""
    user, merchant, amount, day = np.array(payments, np.int64).reshape(-1, 4).T.copy()
    trade = Trade(user, merchant, amount, day, np.full(user.size, limit))
    used = np.array(sorted(set(uses), key=lambda use: use[::-1]), np.int64).reshape(-1, 2)
    names = tuple(f"u{n:04}" for n in range(users)), tuple(f"m{n:04}" for n in range(merchants))
    return Ties(*names, trade, used, int(used[:, 1].max(initial=-1)) + 1)


def honest(users: int, merchants: int, payments: int) -> list[tuple[int, int, int, int]]:
    """Payments spread over users, merchants and 60 days, the first merchants the most popular."""
    draw = np.random.default_rng(7)
    return [
        (user, int(merchants * draw.random() ** 2), int(draw.integers(5, 60)), -int(draw.integers(0, 60)))
        for user in draw.integers(0, users, payments).tolist()
    ]


def payment(number: int, user: str, merchant: str, day: float = 0.0, **fields: Any) -> Payment:
    fact = {"event_id": f"p{number}", "time": START_MS + round(day * DAY_MS), "order_id": f"o{number}"}
    return Payment(**{**fact, "user_id": user, "merchant_id": merchant, "amount": 900, "currency": "CNY", **fields})


def ring_log() -> list[Fact]:
    """A ring of six users and three shops that drains lines in two days, on one device, one of them found out; and
    thirty honest users at twenty shops."""
    events: list[Fact] = []
    for n in range(30):
        events += [
            payment(100 + n * 10 + k, f"u{n}", f"m{(n * 7 + k * 3) % 20}", n % 50, credit_limit=90_000)
            for k in range(4)
        ]
    for n in range(6):
        events.append(Registration(event_id=f"r{n}", time=START_MS, user_id=f"bad{n}", device_id="d1"))
        events += [
            payment(1_000 + n * 10 + k, f"bad{n}", f"ring{k}", 50 + k / 2, amount=30_000, credit_limit=90_000)
            for k in range(3)
        ]
    events.append(
        Login(event_id="l0", time=START_MS + 40 * DAY_MS, subject_type="merchant", subject_id="ring0", device_id="d1")
    )
    events.append(PaymentStatus(
        event_id="s0", time=START_MS + 51 * DAY_MS, payment_id="p1000", order_id="o1000", user_id="bad0",
        merchant_id="ring0", status="completed",
    ))  # fmt: skip
    events.append(verdict(0, "user", "bad0", "cash_out", 55))
    return sorted(events, key=lambda event: event.time)


def verdict(number: int, kind: Any, name: str, label: Any, day: float, **named: Any) -> Verdict:
    time = START_MS + round(day * DAY_MS)
    return Verdict(
        event_id=f"v{number}", time=time, subject_type=kind, subject_id=name, label=label, source="analyst", **named
    )  # fmt: skip
