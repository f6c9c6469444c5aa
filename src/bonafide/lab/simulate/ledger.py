"""The ledger: what each purchase is paid with, and how much of each line is in use before it.

One walk in order of time over purchases, cancellations, refunds and repayments keeps the balance of every line. Use of
credit starts with the payment and ends when it is cancelled, refunded to the original channel, or repaid; it never
falls below zero and never passes the limit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.lab.simulate.world import START_MS, YUAN, Ints, World

ORDER_MIN: Final = 20 * YUAN
"""A campaign skips orders smaller than this, and users do not repay less."""
ROUND_TO: Final = ((3_000 * YUAN, 500 * YUAN), (1_000 * YUAN, 100 * YUAN), (0, 50 * YUAN))
"""Amounts from the first figure on are rounded down to a multiple of the second."""
BILL_DAYS: Final = 30
FULL_PAYER_FRACTION: Final = 0.6
LATE_FRACTION: Final = 0.06
MISSED_FRACTION: Final = 0.015

_PURCHASE, _CANCEL, _REFUND, _REPAY = range(4)


def keep_ledger(world: World, planned: pl.DataFrame, repayments: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Purchases that happen and repayments that happen, each in order of time.

    `planned` has PLAN's columns and status_time, `repayments` has time, user, fraction, status, due_time and
    days_past_due. Purchases gain pay_with, credit_used and the amount they came to, refunds refund_time and
    refund_amount; repayments gain amount. What came to nothing is left out.
    """
    planned = planned.sort("time", maintain_order=True)
    repayments = repayments.sort("time", maintain_order=True)
    walk = _movements(planned, repayments)
    purchase = planned.select(
        "user", "merchant", "amount", "campaign", "budget", "share", "shave", "prefers_credit", "refund_fraction"
    ).rows()
    repayment = repayments.select("user", "fraction", "status").rows()
    limit = world.users.limit.tolist()
    used = world.users.used_at_start.tolist()
    amounts, on_credit, used_before = [0] * planned.height, [False] * planned.height, [0] * planned.height
    repaid = [0] * repayments.height
    budgets: dict[int, int] = {}
    for kind, row in walk:
        if kind == _PURCHASE:
            user, _, amount, campaign, budget, share, shave, wants_credit, _ = purchase[row]
            left = limit[user] - used[user]
            if campaign >= 0:
                of_campaign = budgets.setdefault(campaign, int(left * budget))
                amount = _shape(min(int(of_campaign * share), left), shave)
                if amount < ORDER_MIN:
                    continue
            amounts[row], used_before[row] = amount, used[user]
            if wants_credit and amount <= left:
                on_credit[row] = True
                used[user] += amount
        elif kind == _REPAY:
            user, fraction, status = repayment[row]
            repaid[row] = int(used[user] * fraction)
            if status != "missed" and repaid[row] >= ORDER_MIN:
                used[user] -= repaid[row]
        elif on_credit[row]:
            back = amounts[row] if kind == _CANCEL else int(amounts[row] * purchase[row][8])
            used[purchase[row][0]] = max(0, used[purchase[row][0]] - back)
    return _settled(planned, amounts, on_credit, used_before), _paid(repayments, repaid)


def _shape(amount: int, shave: int) -> int:
    """The next lower round amount less `shave`; the amount itself when it is not to be shaped."""
    if shave < 0:
        return amount
    unit = next(unit for start, unit in ROUND_TO if amount >= start)
    return amount // unit * unit - shave


def _movements(planned: pl.DataFrame, repayments: pl.DataFrame) -> list[tuple[int, int]]:
    """(kind, row) of everything that moves a balance, in order of time; at one time repayments come last."""
    cancelled = np.flatnonzero(planned["cancelled"].to_numpy())
    refunded = np.flatnonzero((planned["refund_to"] == "original").fill_null(value=False).to_numpy())
    times = [
        planned["time"].to_numpy(),
        planned["status_time"].to_numpy()[cancelled],
        (planned["status_time"] + planned["refund_after"]).to_numpy()[refunded],
        repayments["time"].to_numpy(),
    ]
    rows = [np.arange(planned.height), cancelled, refunded, np.arange(repayments.height)]
    kind = np.repeat(np.arange(len(times)), [part.size for part in times])
    row, time = np.concatenate(rows), np.concatenate(times)
    order = np.lexsort((row, kind, time))
    return list(zip(kind[order].tolist(), row[order].tolist(), strict=True))


def _settled(planned: pl.DataFrame, amounts: list[int], on_credit: list[bool], used: list[int]) -> pl.DataFrame:
    refund_amount = (pl.col("amount") * pl.col("refund_fraction")).cast(pl.Int64)
    refunded = pl.col("refund_to").is_not_null() & ~pl.col("cancelled")
    return (
        planned.with_columns(
            amount=pl.Series(amounts, dtype=pl.Int64), on_credit=pl.Series(on_credit), credit_used=pl.Series(used)
        )
        .filter(pl.col("amount") > 0)
        .with_columns(
            refund_time=pl.when(refunded).then(pl.col("status_time") + pl.col("refund_after")),
            refund_amount=pl.when(refunded).then(refund_amount),
        )
    )


def _paid(repayments: pl.DataFrame, repaid: list[int]) -> pl.DataFrame:
    return repayments.with_columns(amount=pl.Series(repaid, dtype=pl.Int64)).filter(pl.col("amount") >= ORDER_MIN)


def bills(world: World) -> pl.DataFrame:
    """Repayments of each user's bills: most pay all, some a part; few are late, fewer miss."""
    rng = world.stream("bills")
    users = world.users
    cycles = -(-world.days // BILL_DAYS)
    user: Ints = np.repeat(np.arange(users.size), cycles)
    day = users.bill_day[user] + BILL_DAYS * np.tile(np.arange(cycles), users.size)
    due = START_MS + (day + 1) * DAY_MS - SECOND_MS
    kind = rng.random(user.size)
    status = np.where(
        kind < MISSED_FRACTION, "missed", np.where(kind < MISSED_FRACTION + LATE_FRACTION, "late", "paid")
    )
    late_days = np.where(status == "paid", 0, rng.integers(1, 15, user.size))
    early = rng.integers(0, 3 * DAY_MS, user.size)
    time = np.where(status == "paid", due - early, due + late_days * DAY_MS - rng.integers(0, DAY_MS // 2, user.size))
    fraction = np.where(rng.random(user.size) < FULL_PAYER_FRACTION, 1.0, rng.uniform(0.1, 0.6, user.size))
    paid = pl.DataFrame(
        {
            "time": time,
            "user": user,
            "fraction": fraction,
            "status": status,
            "due_time": due,
            "days_past_due": late_days,
        }
    )
    return paid.filter(pl.col("time") > pl.Series(np.maximum(users.joined_ms[user], START_MS)))
