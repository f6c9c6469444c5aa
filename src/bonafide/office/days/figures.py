"""The last days in figures: what was decided and alerted, against what people can look at, and whether scores moved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, select

from bonafide.core.decision import OUTCOMES
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.days.counting import ALERT, CREDIT, DAYS_KEPT, DECIDED, OUTCOME, SCORE
from bonafide.office.days.drift import moved, worst
from bonafide.office.store.database import Store
from bonafide.office.store.tables import day_counts

DAYS_DEFAULT: Final = 35
AFTER_DAYS: Final = 7
BEFORE_DAYS: Final = 28
"""The last days are compared with so many before them."""
YOUNG_DAYS: Final = 90
"""The longest window: a log that is younger drifts by itself."""
BUDGET: Final = Fraction(5, 1_000)
"""Of payments: how many alerts people can look at in a day, where no setting says it (docs/evaluation.md)."""

Counted = Mapping[int, Counter[tuple[str, int]]]
"""Day -> (what, band) -> how many."""


class Span(NamedTuple):
    """Days that are looked at as one."""

    first: int
    last: int

    def of(self, counted: Counted, what: str) -> Counter[int]:
        """Band -> how many of something."""
        found: Counter[int] = Counter()
        for day in range(self.first, self.last + 1):
            for (kind, band), number in counted.get(day, {}).items():
                if kind == what:
                    found[band] += number
        return found


def day_figures(store: Store, days: int = DAYS_DEFAULT, alerts_per_day: int | None = None) -> dict[str, Any]:
    """The last days as JSON shows them, the oldest first; days end with the newest on which somebody paid.

    alerts_per_day: what people can look at; None: BUDGET of the payments of these days.
    """
    with store.reading() as connection:
        table = day_counts.c
        # By payments: merchants may have applied long before anybody paid.
        newest, oldest = connection.execute(
            select(func.max(table.day), func.min(table.day)).where(table.what == OUTCOME)
        ).one()
        since = 0 if newest is None else newest - max(days, AFTER_DAYS + BEFORE_DAYS) + 1
        rows = connection.execute(select(day_counts).where(table.day >= since)).all() if newest is not None else []
    counted: dict[int, Counter[tuple[str, int]]] = {}
    for row in rows:
        counted.setdefault(row.day, Counter())[row.what, row.band] = row.number
    shown = [] if newest is None else [_day(day, counted) for day in range(max(newest - days + 1, oldest), newest + 1)]
    return {
        "as_of": _begin(newest), "counted_since": _begin(oldest), "days_kept": DAYS_KEPT,
        "budget": _budget(shown, alerts_per_day), "days": shown,
        "drift": _drift(counted, newest, oldest),
    }  # fmt: skip


def _begin(day: int | None) -> str | None:
    return None if day is None else show_moment(day * DAY_MS)


def _day(day: int, counted: Counted) -> dict[str, Any]:
    told = counted.get(day, Counter())
    outcomes = {name: told[OUTCOME, place] for place, name in enumerate(OUTCOMES)}
    return {"day": _begin(day), "payments": sum(outcomes.values()), "decided": told[DECIDED, 0],
            "alerts": told[ALERT, 0], "outcomes": outcomes}  # fmt: skip


def _budget(shown: Iterable[dict[str, Any]], alerts_per_day: int | None) -> dict[str, Any]:
    """What people can look at in a day, and on how many of the days there was more."""
    told = list(shown)
    payments = sum(one["payments"] for one in told)
    per_day = alerts_per_day
    if per_day is None and payments:
        per_day = max(1, math.ceil(payments * BUDGET / len(told)))
    over = None if per_day is None else sum(one["alerts"] > per_day for one in told)
    return {"per_day": per_day, "is_set": alerts_per_day is not None, "fraction": float(BUDGET), "days_over": over}


def _drift(counted: Counted, newest: int | None, oldest: int | None) -> dict[str, Any]:
    """The last days against those before them; numbers in the order of how far they moved."""
    end = -1 if newest is None else newest
    after, before = Span(end - AFTER_DAYS + 1, end), Span(end - AFTER_DAYS - BEFORE_DAYS + 1, end - AFTER_DAYS)
    told = {
        "score": moved(before.of(counted, SCORE), after.of(counted, SCORE)),
        "credit_score": moved(before.of(counted, CREDIT), after.of(counted, CREDIT)),
        "outcome": moved(before.of(counted, OUTCOME), after.of(counted, OUTCOME), ordered=False),
    }  # fmt: skip
    numbers = sorted(told.items(), key=lambda one: -(one[1].index or 0.0))
    return {
        "before": _span(before, counted, newest), "after": _span(after, counted, newest),
        "verdict": worst(list(told.values())), "young": newest is None or newest - (oldest or 0) < YOUNG_DAYS,
        "numbers": [{"name": name, **msgspec.structs.asdict(one)} for name, one in numbers],
    }  # fmt: skip


def _span(span: Span, counted: Counted, newest: int | None) -> dict[str, Any]:
    known = newest is not None
    return {"from": _begin(span.first) if known else None, "until": _begin(span.last + 1) if known else None,
            "payments": span.of(counted, OUTCOME).total()}  # fmt: skip
