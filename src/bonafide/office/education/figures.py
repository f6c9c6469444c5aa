"""Whether education helps: those who were shown pieces against those who were held out, each with a 95 % interval.

Everybody who was to be told something counts in the group that they were drawn for, whatever happened afterwards, and
only once their time is over. Two things are counted of each, both ways that a message may work: whether they did it
again, and whether they gave up an order though nothing speaks against them (no offence since, no verdict of cash-out).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import case, func, select

from bonafide.core.moment import show_moment
from bonafide.engine.bundles.education import LEVELS
from bonafide.office.appeals.figures import wilson
from bonafide.office.store.tables import decided_subjects, education_given, education_subjects

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bonafide.office.store.database import Store

SALTS_MAX: Final = 20
"""Drawings that figures are shown of, the newest."""
PIECES_MAX: Final = 200


class Count(NamedTuple):
    """One group."""

    n: int = 0
    reoffended: int = 0
    abandoned: int = 0
    """Honest orders given up."""

    def __add__(self, other: object) -> Count:
        assert isinstance(other, Count)
        return Count(self.n + other.n, self.reoffended + other.reoffended, self.abandoned + other.abandoned)


class Difference(NamedTuple):
    """By how much a share is higher in the first group than in the second; below 0 it is lower."""

    value: float
    low: float
    high: float


def difference(hits: int, of: int, hits_other: int, of_other: int) -> Difference | None:
    """The difference of two shares with its 95 % interval (Newcombe 1998, method 10, from two Wilson intervals); None
    where a group is empty.

    >>> [round(end, 4) for end in difference(56, 70, 48, 80)]
    [0.2, 0.0524, 0.3339]
    >>> difference(0, 0, 1, 2) is None
    True
    """
    if not of or not of_other:
        return None
    one, other = hits / of, hits_other / of_other
    (low1, high1), (low2, high2) = wilson(hits, of), wilson(hits_other, of_other)
    value = one - other
    low = value - sqrt((one - low1) ** 2 + (high2 - other) ** 2)
    high = value + sqrt((high1 - one) ** 2 + (other - low2) ** 2)
    return Difference(value, low, high)


def figures(store: Store) -> dict[str, Any]:
    """The figures of one store, as JSON shows them: numbers of people, and nobody's name or token."""
    with store.reading() as connection:
        as_of = connection.scalar(select(func.max(decided_subjects.c.last_ms)))
        found = [_of_salt(connection, salt, as_of or 0) for salt in _salts(connection)]
        return {"as_of": None if as_of is None else show_moment(as_of), "drawings": found}


def compared(shown: Count, held_out: Count) -> dict[str, Any]:
    """Two groups and what differs, as JSON shows it."""
    return {
        "shown": _count(shown), "held_out": _count(held_out),
        "reoffence": _shown(difference(shown.reoffended, shown.n, held_out.reoffended, held_out.n)),
        "abandoned": _shown(difference(shown.abandoned, shown.n, held_out.abandoned, held_out.n)),
    }  # fmt: skip


def _salts(connection: Connection) -> Sequence[str]:
    """The drawings, the newest first."""
    table = education_subjects.c
    asked = select(table.salt).group_by(table.salt).order_by(func.max(table.first_ms).desc(), table.salt)
    return list(connection.scalars(asked.limit(SALTS_MAX)))


def _of_salt(connection: Connection, salt: str, as_of: int) -> dict[str, Any]:
    counts, running = _counts(connection, salt, as_of)
    levels = [level for level in LEVELS if any(key[0] == level for key in counts)]
    return {
        "salt": salt, "running": running,
        "all": compared(*(_sum(counts, LEVELS, arm) for arm in ("shown", "held_out"))),
        "by_level": {
            level: compared(*(_sum(counts, (level,), arm) for arm in ("shown", "held_out"))) for level in levels
        },
        "pieces": _pieces(connection, salt),
    }  # fmt: skip


def _counts(connection: Connection, salt: str, as_of: int) -> tuple[dict[tuple[str, str], Count], int]:
    """(level, arm) -> how many whose time is over; and of how many it is not."""
    table = education_subjects.c
    over = table.until_ms < as_of
    honest = table.abandoned_ms.is_not(None) & table.reoffended_ms.is_(None) & table.cash_out_ms.is_(None)
    sums = (func.count(), func.sum(case((table.reoffended_ms.is_not(None), 1), else_=0)),
            func.sum(case((honest, 1), else_=0)))  # fmt: skip
    asked = select(table.level, table.arm, *sums).where(table.salt == salt, over).group_by(table.level, table.arm)
    counts = {(row[0], row[1]): Count(row[2], int(row[3]), int(row[4])) for row in connection.execute(asked)}
    waits = select(func.count()).select_from(education_subjects).where(table.salt == salt, ~over)
    return counts, connection.scalar(waits) or 0


def _pieces(connection: Connection, salt: str) -> list[dict[str, Any]]:
    """How often each piece was shown, or would have been."""
    given, subject = education_given.c, education_subjects.c
    joined = education_given.join(
        education_subjects, (given.subject == subject.subject) & (given.salt == subject.salt)
    )  # fmt: skip
    shown = func.sum(case((subject.arm == "shown", 1), else_=0))
    asked = select(given.piece, given.level, shown, func.count()).select_from(joined).where(given.salt == salt)
    rows = connection.execute(asked.group_by(given.piece, given.level).order_by(given.level, given.piece))
    return [{"piece": row[0], "level": row[1], "shown": int(row[2]), "held_out": row[3] - int(row[2])}
            for row in rows.fetchmany(PIECES_MAX)]  # fmt: skip


def _sum(counts: dict[tuple[str, str], Count], levels: Iterable[str], arm: str) -> Count:
    total = Count()
    for level in levels:
        total += counts.get((level, arm), Count())
    return total


def _count(count: Count) -> dict[str, Any]:
    return {"subjects": count.n, "reoffended": count.reoffended, "abandoned": count.abandoned}


def _shown(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"difference": round(found.value, 4), "interval": [round(found.low, 4), round(found.high, 4)]}
