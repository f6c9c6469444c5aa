"""Small logs of credit life for the tests of exposure, and the ledger's law over plain lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS
from bonafide.lab.exposure.log import CreditLog, Known
from bonafide.lab.inputs import Chunk

START_MS = 1_767_601_800_000
Record = dict[str, Any]

SCHEMA = {
    "type": pl.String, "event_id": pl.String, "time": pl.Int64, "user_id": pl.String, "merchant_id": pl.String,
    "order_id": pl.String, "amount": pl.Int64, "currency": pl.String, "pay_with": pl.String, "credit_used": pl.Int64,
    "credit_limit": pl.Int64, "goods": pl.String, "channel": pl.String, "payment_id": pl.String, "status": pl.String,
    "to": pl.String, "speed": pl.String,
}  # fmt: skip


def log_of(records: list[Record], rows: int = 7) -> CreditLog:
    """A log fed in pieces of a few records; each record gets an event_id where it names none."""
    log = CreditLog()
    told = [{"event_id": f"e{number}", "currency": "CNY", **record} for number, record in enumerate(records)]
    for first in range(0, len(told), rows):
        frame = pl.DataFrame(told[first : first + rows], schema=SCHEMA)
        log.feed(Chunk(frame, None, frame.height, 1, 1))
    return log


def known_of(records: list[Record], as_of_ms: int | None = None) -> Known:
    return log_of(records).until(as_of_ms)


def at(day: float) -> int:
    return START_MS + round(day * DAY_MS)


def paid(number: int, user: str, merchant: str, day: float, amount: int, **fields: Any) -> list[Record]:
    """A completed credit payment: the attempt and its status a minute later."""
    about = {"user_id": user, "merchant_id": merchant, "order_id": f"o{number}"}
    return [
        {"type": "payment", "event_id": f"p{number}", "time": at(day), "amount": amount, **about, **fields},
        {
            "type": "payment_status",
            "time": at(day) + 60_000,
            "payment_id": f"p{number}",
            "status": "completed",
            **about,
        },
    ]


def repaid(user: str, day: float, amount: int, status: str = "paid") -> Record:
    return {"type": "repayment", "time": at(day), "user_id": user, "amount": amount, "status": status}


@dataclass
class Debt:
    """One debt of the twin."""

    name: str | None
    amount: int
    left: int
    missed: int = 0


@dataclass
class Payer:
    """A payer of the twin."""

    debts: list[Debt] = field(default_factory=list)

    def open(self, name: str | None, amount: int) -> None:
        self.debts.append(Debt(name, amount, amount))

    def take(self, debt: Debt, amount: int) -> int:
        part = min(debt.left, amount)
        debt.left -= part
        debt.missed -= min(debt.missed, part)
        return amount - part

    def lessen(self, amount: int, own: str | None = None) -> None:
        """A refund of one debt, or a repayment: what it does not take goes to the oldest."""
        for debt in [one for one in self.debts if own is not None and one.name == own] + self.debts:
            amount = self.take(debt, amount)

    def miss(self, amount: int) -> None:
        for debt in self.debts:
            debt.missed = max(debt.missed, min(debt.left, max(amount, 0)))
            amount -= debt.left


def spenders(payers: int, days: int, seed: int = 3) -> list[Record]:
    """Payers who buy every few days and get a bill a month: most pay, some stop paying for good half way."""
    rng, records, number = np.random.default_rng(seed), [], 0
    for who in range(payers):
        owed, stops = 0, (days // 2 if rng.random() < 0.2 else days + 1)
        for day in range(days):
            if rng.random() < 0.3:
                amount = int(rng.integers(1_000, 20_000))
                records += paid(number, f"u{who}", f"m{int(rng.integers(0, 12))}", day + 0.3, amount, credit_used=owed)
                owed, number = owed + amount, number + 1
            if day % 30 == who % 30 and owed:
                missed = day > stops
                records.append(repaid(f"u{who}", day + 0.9, owed, "missed" if missed else "paid"))
                owed = owed if missed else 0
    return sorted(records, key=lambda record: record["time"])
