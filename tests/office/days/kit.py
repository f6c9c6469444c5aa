"""Decisions of made-up days, and what a plain reading makes of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.pseudonym import show_token
from bonafide.office.education.loading import NOTHING
from bonafide.office.journal import Record
from bonafide.office.me.follow import Teller
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.made import KEY, MadeLog

FIRST_DAY = 20_458
"""2026-01-05, in days since 1970."""


class Made(NamedTuple):
    """One event and what was decided."""

    type: str = "payment"
    user: int = 1
    merchant: int = 1
    day: int = 0
    outcome: str = "allow"
    score: float = 0.01
    credit_score: int | None = 640
    amount: int = 1_000
    alert: bool = False

    @property
    def key(self) -> tuple[str, str] | None:
        """Whom the decision is about."""
        if self.type == "transfer":
            return None
        return (
            ("merchant", show_token(100 + self.merchant)) if self.type == "payout" else ("user", show_token(self.user))
        )

    @property
    def level(self) -> str | None:
        """Follows the credit score."""
        return None if self.credit_score is None else "low" if self.credit_score >= 600 else "high"

    def record(self, number: int) -> Record:
        """As the journal keeps it."""
        at = (FIRST_DAY + self.day) * DAY_MS + number
        event: dict[str, Any] = {"type": self.type, "event_id": f"e{number}", "time": at, "amount": self.amount,
                                 "currency": "CNY"}  # fmt: skip
        if self.type in ("payment", "refund"):
            event["user_id"] = show_token(self.user)
        if self.type != "transfer":
            event["merchant_id"] = show_token(100 + self.merchant)
        answer = {
            "event_id": f"e{number}", "seq": number, "time": show_moment(at), "outcome": self.outcome,
            "score": self.score, "risk_level": self.level, "credit_score": self.credit_score, "alert": self.alert,
            "hits": [], "measures": [], "bundle": "ab" * 32,
        }  # fmt: skip
        return Record(at, "k", msgspec.json.encode(event), msgspec.json.encode(answer))


def log_of(*made: Made) -> MadeLog:
    """A log in which every event is a commit."""
    log = MadeLog()
    for number, one in enumerate(made):
        log.append(one.record(number))
    return log


def follow(store: Store, log: Any) -> None:
    """What the worker does with a log."""
    teller = Teller(store, log, KEY, lambda _: NOTHING, lambda: FIRST_DAY * DAY_MS)
    while teller.step():
        pass
