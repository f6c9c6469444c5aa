"""Counting decisions by day, and what merchants sell on credit and are paid, in the transaction that reads the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select

from bonafide.core.decision import OUTCOMES
from bonafide.core.moment import DAY_MS
from bonafide.office.days.bands import credit_band, score_band
from bonafide.office.me.reading import Decided
from bonafide.office.store.days import let_go, upsert
from bonafide.office.store.tables import day_counts, trade_days

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAYS_KEPT: Final = 400
"""Days of counts that are kept, back from the newest."""
TRADE_DAYS_KEPT: Final = 90
"""Days of what merchants took in that are kept, back from the newest."""
OUTCOME: Final = "outcome"
SCORE: Final = "score"
CREDIT: Final = "credit"
"""Of payments: by outcome (its place in OUTCOMES), by band of score, by band of the payer's credit score."""
DECIDED: Final = "decided"
ALERT: Final = "alert"
"""Of all events that are decided; their band is 0."""
_PLACE: Final = {name: place for place, name in enumerate(OUTCOMES)}
_TAKINGS: Final = ("payments", "pay_later", "refunded", "paid_out", "held")

Takings = dict[tuple[str, int, str], list[int]]
"""(merchant, day, currency) -> numbers in the order of _TAKINGS."""


def count(connection: Connection, decided: Sequence[Decided]) -> int | None:
    """Add decisions, each of them once, to the counts of their days. Returns the newest day that was counted, in days
    since 1970; None where none was."""
    counts: Counter[tuple[int, str, int]] = Counter()
    takings: Takings = {}
    for one in decided:
        day = one.event_ms // DAY_MS
        counts[day, DECIDED, 0] += 1
        if one.alert:
            counts[day, ALERT, 0] += 1
        if one.type == "payment":
            counts[day, OUTCOME, _PLACE[one.outcome]] += 1
            counts[day, SCORE, score_band(one.score)] += 1
            counts[day, CREDIT, credit_band(one.credit_score)] += 1
        if one.merchant is not None:
            _take(takings, one, one.merchant, day)
    _put_counts(connection, counts)
    upsert(connection, trade_days, [
        {"merchant": merchant, "day": day, "currency": currency} | dict(zip(_TAKINGS, numbers, strict=True))
        for (merchant, day, currency), numbers in takings.items()
    ], adding=_TAKINGS)  # fmt: skip
    today: int | None = connection.scalar(select(func.max(day_counts.c.day)))
    if today is not None:
        let_go(connection, day_counts, today - DAYS_KEPT)
        let_go(connection, trade_days, today - TRADE_DAYS_KEPT)
    return today


def forget_counts(connection: Connection) -> None:
    """Let go of all counts: the log is another than the one that they came from, and is read anew."""
    connection.execute(delete(day_counts))
    connection.execute(delete(trade_days))


def _take(takings: Takings, one: Decided, merchant: str, day: int) -> None:
    if one.outcome == "decline":
        return
    if one.type == "payment" and one.on_credit:
        added = (1, one.amount, 0, 0, 0)
    elif one.type == "refund":
        added = (0, 0, one.amount, 0, 0)
    elif one.type == "payout":
        waits = one.outcome in ("verify", "hold")
        added = (0, 0, 0, 0, one.amount) if waits else (0, 0, 0, one.amount, 0)
    else:
        return
    before = takings.setdefault((merchant, day, one.currency), [0] * len(_TAKINGS))
    for at, amount in enumerate(added):
        before[at] += amount


def _put_counts(connection: Connection, counts: Counter[tuple[int, str, int]]) -> None:
    rows = [{"day": day, "what": what, "band": band, "number": number} for (day, what, band), number in counts.items()]
    upsert(connection, day_counts, rows, adding=("number",))
