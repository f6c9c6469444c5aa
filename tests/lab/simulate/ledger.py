"""A slow, independent ledger: what lines and takings must be, worked out from the log alone, one event at a time.

Events take effect in the order in which they arrive, but for reports that came late: those take their place by their
own time, less the little by which the clocks of reporting systems differ, and after the payment that they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from bonafide.core.moment import MINUTE_MS, SECOND_MS

CLOCKS_DIFFER_MS = 3 * SECOND_MS
LATE_MS = 30 * MINUTE_MS
FEE_PER_MILLE = 6
REPORTS = ("complaint", "login", "payment_status", "shipment", "traffic")
"""Types that other systems report: at times late, by clocks of their own."""
_FIELDS = (
    "type", "time", "user_id", "merchant_id", "order_id", "amount", "credit_limit", "credit_used", "pay_with", "status",
    "to", "limit",
)  # fmt: skip
_MONEY = ("payment", "payment_status", "refund", "repayment", "payout", "credit_line")


def in_order_of_effect(events: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The events that move money or change a line, without repeats."""
    live = pl.when(~pl.col("type").is_in(REPORTS)).then("time")
    placed = events.select(*_FIELDS, now=live.cum_max().forward_fill(), paid_at=live.first().over("order_id"))
    own = pl.max_horizontal(pl.col("time") - CLOCKS_DIFFER_MS, "paid_at")
    late = pl.col("time") < pl.col("now") - LATE_MS
    placed = placed.with_columns(at=pl.when(late).then(own).otherwise("now")).sort("at", maintain_order=True)
    return placed.filter(pl.col("type").is_in(_MONEY)).iter_rows(named=True)


class Ledger:
    """Lines and takings as the log tells them; `differs` collects what does not follow from it."""

    def __init__(self, until: int) -> None:
        self.until = until
        """From here on nothing is checked: reports of it may still be on their way."""
        self.used: dict[str, int] = {}
        """Known of a user from the first payment that states it."""
        self.limit: dict[str, int] = {}
        self.takings: dict[str, int] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.differs: list[str] = []
        self.lines_checked = self.payouts_checked = 0

    def take(self, event: dict[str, Any]) -> None:
        """Let one event take effect."""
        getattr(self, f"_{event['type']}")(event)

    def _check(self, event: dict[str, Any], holds: bool, told: str) -> None:
        if not holds and event["time"] < self.until:
            self.differs.append(
                f"{event['type']} {event['order_id'] or event['user_id'] or event['merchant_id']}: {told}"
            )

    def _credit_line(self, event: dict[str, Any]) -> None:
        self.limit[event["user_id"]] = event["limit"]

    def _payment(self, event: dict[str, Any]) -> None:
        self.orders[event["order_id"]] = event
        if event["pay_with"] != "credit":
            return
        user, stated, limit = event["user_id"], event["credit_used"], event["credit_limit"]
        used = self.used.setdefault(user, stated)
        self._check(event, used == stated, f"states {stated} used, the log gives {used}")
        self._check(event, limit == self.limit[user], f"states a limit of {limit}, the log gives {self.limit[user]}")
        self._check(event, stated + event["amount"] <= limit, "goes beyond the line")
        self.used[user] = used + event["amount"]
        self.lines_checked += 1

    def _payment_status(self, event: dict[str, Any]) -> None:
        paid = self.orders[event["order_id"]]
        merchant, amount = paid["merchant_id"], paid["amount"]
        if event["status"] == "completed":
            self.takings[merchant] = self.takings.get(merchant, 0) + amount - amount * FEE_PER_MILLE // 1000
            return
        self._give_back(paid, amount)
        if event["status"] == "reversed":
            self.takings[merchant] -= amount
            self._check(event, self.takings[merchant] >= 0, "is undone with money that is not there")

    def _refund(self, event: dict[str, Any]) -> None:
        paid = self.orders[event["order_id"]]
        if event["to"] == "original":
            self._give_back(paid, event["amount"])
        if self.takings.get(paid["merchant_id"], 0) >= event["amount"]:  # else it comes from the shop's own account
            self.takings[paid["merchant_id"]] -= event["amount"]

    def _give_back(self, paid: dict[str, Any], amount: int) -> None:
        """To the line, as far as something is owed."""
        user = paid["user_id"]
        if paid["pay_with"] == "credit" and user in self.used:
            self.used[user] -= min(amount, self.used[user])

    def _repayment(self, event: dict[str, Any]) -> None:
        user = event["user_id"]
        if event["status"] != "missed" and user in self.used:
            self.used[user] -= event["amount"]
            self._check(event, self.used[user] >= 0, "pays back more than is owed")

    def _payout(self, event: dict[str, Any]) -> None:
        held = self.takings.get(event["merchant_id"], 0)
        self._check(event, held == event["amount"], f"pays out {event['amount']}, the log gives {held}")
        self.takings[event["merchant_id"]] = held - event["amount"]
        self.payouts_checked += 1
