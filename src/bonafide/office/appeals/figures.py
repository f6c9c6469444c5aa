"""How appeals end: how long they take, and which rules' measures are overturned too often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from bonafide.core.moment import DAY_MS
from bonafide.office.appeals.appeal import WAITING
from bonafide.office.store.tables import appeals, measures

if TYPE_CHECKING:
    from sqlalchemy import Connection

OVERTURNED_MAX: Final = 0.2
"""Of the decided appeals of a rule; one whose interval lies above is flagged."""
DECIDED_MIN: Final = 5
"""Decided appeals below which nothing is said of a rule."""
_Z: Final = 1.959963984540054
"""Of a 95 % interval."""
NEWEST: Final = 10_000
"""Decided appeals that figures are made of."""


class Overturned(NamedTuple):
    """A rule, and how often what it led to was overturned."""

    rule: str
    decided: int
    upheld: int
    low: float
    high: float
    """Ends of the 95 % interval (Wilson 1927)."""

    @property
    def flagged(self) -> bool:
        """Whether it is overturned too often, beyond what chance explains."""
        return self.decided >= DECIDED_MIN and self.low > OVERTURNED_MAX

    def to_wire(self) -> dict[str, Any]:
        """The rule as JSON shows it."""
        rate = self.upheld / self.decided
        return {"rule": self.rule, "decided": self.decided, "upheld": self.upheld, "rate": round(rate, 4),
                "interval": [round(self.low, 4), round(self.high, 4)], "flagged": self.flagged}  # fmt: skip


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a fraction.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def overturned(decided: Iterable[tuple[Iterable[str], bool]]) -> list[Overturned]:
    """From decided appeals, each with the rules that hit and whether it was upheld; the most overturned first.

    >>> [one.rule for one in overturned([(["A"], True)] * 9 + [(["B"], False)]) if one.flagged]
    ['A']
    """
    every, upheld = Counter[str](), Counter[str]()
    for rules, was_upheld in decided:
        for rule in set(rules):
            every[rule] += 1
            upheld[rule] += was_upheld
    found = [Overturned(rule, n, upheld[rule], *wilson(upheld[rule], n)) for rule, n in every.items()]
    return sorted(found, key=lambda one: (-one.low, one.rule))


def figures(connection: Connection, now: int) -> dict[str, Any]:
    """The figures of one store, of the newest NEWEST appeals."""
    asked = select(appeals.c.state, appeals.c.submitted_ms, appeals.c.decided_ms, measures.c.hits).join(
        measures, measures.c.measure_id == appeals.c.measure_id
    )
    judged = asked.where(appeals.c.state.in_(("upheld", "rejected"))).order_by(appeals.c.decided_ms.desc())
    rows = list(connection.execute(judged.limit(NEWEST)))
    waits = select(func.count()).select_from(appeals).where(appeals.c.state.in_(WAITING))
    days = [(row.decided_ms - row.submitted_ms) / DAY_MS for row in rows]
    rules = overturned((row.hits, row.state == "upheld") for row in rows)
    return {
        "waiting": connection.scalar(waits) or 0,
        "overdue": connection.scalar(waits.where(appeals.c.due_ms <= now)) or 0,
        "decided": len(rows), "upheld": sum(row.state == "upheld" for row in rows),
        "median_days": round(median(days), 2) if days else None,
        "rules": [one.to_wire() for one in rules],
    }  # fmt: skip
