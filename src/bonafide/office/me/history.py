"""How the credit score and the risk level of each subject went: a row for each UTC day on which they changed.

Rows follow the order of the log, so a late event counts on the newest day that its subject has. What follows from the
rows before a day holds on it: a day without a row is as the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import select

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.me.reading import Decided
from bonafide.office.store.days import let_go, upsert
from bonafide.office.store.tables import score_days

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCORE_DAYS_MAX: Final = 366
"""How many days back from the newest of the log a history goes: as many rows of a subject at most."""

Key = tuple[str, str]
"""Type of a subject and its token."""


class Score(NamedTuple):
    """What a decision says of its subject, and the newest day of its history; None where there is none yet."""

    credit_score: int | None
    risk_level: str | None
    day: int | None


def note_scores(
    connection: Connection, decided: Sequence[Decided], known: Mapping[Key, Score], today: int | None
) -> dict[Key, Score]:  # fmt: skip
    """Note what some decisions say, in their order; `known`: what their subjects had before; `today`: the newest day of
    the log. Returns what their subjects have."""
    newest: dict[Key, Score] = {}
    changed: dict[tuple[Key, int], Score] = {}
    for one in decided:
        key = (one.subject_type, one.subject)
        before = newest.get(key) or known.get(key)
        if before is None or (before.credit_score, before.risk_level) != (one.credit_score, one.risk_level):
            day = one.event_ms // DAY_MS
            if before is not None and before.day is not None:
                day = max(day, before.day)
            newest[key] = changed[key, day] = Score(one.credit_score, one.risk_level, day)
        else:
            newest[key] = before
    rows = [
        {"subject_type": key[0], "subject": key[1], "day": day, "credit_score": score.credit_score,
         "risk_level": score.risk_level}
        for (key, day), score in changed.items()
    ]  # fmt: skip
    upsert(connection, score_days, rows)
    if today is not None:
        let_go(connection, score_days, today - SCORE_DAYS_MAX)
    return newest


def score_history(connection: Connection, subject_type: str, subject: str) -> list[dict[str, Any]]:
    """The history of a subject as JSON shows it, the oldest first; `day` is when a UTC day begins."""
    table = score_days.c
    asked = select(score_days).where(table.subject_type == subject_type, table.subject == subject).order_by(table.day)
    return [
        {"day": show_moment(row.day * DAY_MS), "credit_score": row.credit_score, "risk_level": row.risk_level}
        for row in connection.execute(asked)
    ]
