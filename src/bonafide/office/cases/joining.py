"""Cases that become one, and whom they have in common, as `grouping` says, in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, delete, func, or_, select, update

from bonafide.core.decision import OUTCOMES
from bonafide.office.cases.grouping import SPAN_MS, Key, Named, become_one, pair
from bonafide.office.cases.naming import name_subject
from bonafide.office.cases.rows import UNDECIDED
from bonafide.office.store.tables import (
    case_events,
    case_files,
    case_links,
    case_named,
    case_subjects,
    case_ties,
    cases,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVENTS_EACH_MAX: Final = 5_000
"""Events of one case; what belongs to it beyond that begins another, which is linked to it."""


def named_by(connection: Connection, keys: Sequence[Key]) -> list[Named]:
    """What undecided cases of alerts say of keys."""
    if not keys:
        return []
    table = case_subjects.c
    wanted = or_(*(and_(table.kind == kind, table.token == token) for kind, token in keys))
    asked = (
        select(table.number, table.kind, table.token, table.mentions, table.last_ms)
        .join(cases, cases.c.number == table.number)
        .where(wanted, table.binds.is_(True), cases.c.state.in_(UNDECIDED), cases.c.queue == "alerts")
        .order_by(table.number)
    )
    return [Named(row.number, (row.kind, row.token), row.mentions, row.last_ms) for row in connection.execute(asked)]


def tie(
    connection: Connection, number: int, found: Sequence[Named], time_ms: int, now: int, touched: set[int]
) -> int:  # fmt: skip
    """Note whom a case has in common with others, and make those one that are; returns the case it is part of now."""
    others: set[int] = set()
    for one in found:
        if one.number != number and time_ms - one.last_ms <= SPAN_MS:
            put_tie(connection, *pair(number, one.number), one.key)
            others.add(one.number)
    for other in sorted(others):
        if _exists(connection, other):
            number = _one_or_two(connection, number, other, now, touched)
    return number


def put_tie(connection: Connection, low: int, high: int, key: Key) -> None:
    """Note that two cases are tied by a key, once."""
    row = {"low": low, "high": high, "kind": key[0], "token": key[1]}
    known = select(case_ties.c.low).where(*(case_ties.c[name] == value for name, value in row.items()))
    if connection.scalar(known) is None:
        connection.execute(case_ties.insert().values(**row))


def untied(connection: Connection, number: int) -> list[tuple[int, Key]]:
    """Take the ties of a case away; which cases it was tied to, by what."""
    ours = or_(case_ties.c.low == number, case_ties.c.high == number)
    rows = connection.execute(select(case_ties).where(ours)).all()
    connection.execute(delete(case_ties).where(ours))
    return [(row.high if row.low == number else row.low, (row.kind, row.token)) for row in rows]


def link(connection: Connection, one: int, other: int, now: int, person: str | None) -> bool:
    """Note that two cases have to do with one another; whether that is new."""
    low, high = pair(one, other)
    known = select(case_links.c.low).where(case_links.c.low == low, case_links.c.high == high)
    if connection.scalar(known) is not None:
        return False
    connection.execute(case_links.insert().values(low=low, high=high, made_ms=now, person=person))
    return True


def merge(connection: Connection, kept: int, gone: int) -> None:
    """Have a case become part of another, with all that its events say."""
    for table in (case_events, case_named):
        connection.execute(update(table).where(table.c.number == gone).values(number=kept))
    connection.execute(update(case_files).where(case_files.c.case_number == gone).values(case_number=kept))
    rows = connection.execute(select(case_subjects).where(case_subjects.c.number == gone)).all()
    for row in rows:
        name_subject(connection, kept, (row.kind, row.token), row.mentions, row.last_ms, row.binds)
    connection.execute(delete(case_subjects).where(case_subjects.c.number == gone))
    for other, key in untied(connection, gone):
        if other != kept:
            put_tie(connection, *pair(kept, other), key)
    _keep_split(connection, kept, gone)
    found = {row.number: row for row in connection.execute(select(cases).where(cases.c.number.in_((kept, gone))))}
    one, other_row = found[kept], found[gone]
    connection.execute(update(cases).where(cases.c.number == kept).values(
        last_ms=max(one.last_ms, other_row.last_ms), due_ms=min(one.due_ms, other_row.due_ms),
        opened_ms=min(one.opened_ms, other_row.opened_ms), typologies=one.typologies | other_row.typologies,
        outcome=max(one.outcome, other_row.outcome, key=OUTCOMES.index),
    ))  # fmt: skip
    zero = {"stake": 0, "caught": 0, "events": 0, "users": 0, "merchants": 0}
    changed = {"state": "merged", "closed": True, "merged_into": kept, "assignee": None, "waits_until_ms": None}
    connection.execute(update(cases).where(cases.c.number == gone).values(**changed, **zero))
    connection.execute(update(cases).where(cases.c.merged_into == gone).values(merged_into=kept))


def _keep_split(connection: Connection, kept: int, gone: int) -> None:
    """What people have said that one is not, the case that it becomes part of is not either."""
    table = case_links.c
    rows = connection.execute(select(case_links).where((table.low == gone) | (table.high == gone), table.split)).all()
    for row in rows:
        other = row.high if row.low == gone else row.low
        if other != kept:
            low, high = pair(kept, other)
            link(connection, low, high, row.made_ms, row.person)
            ours = (table.low == low) & (table.high == high)
            connection.execute(update(case_links).where(ours).values(split=True))


def size_of(connection: Connection, number: int) -> int:
    """How many events a case has."""
    return connection.scalar(select(func.count()).where(case_events.c.number == number)) or 0


def _one_or_two(connection: Connection, number: int, other: int, now: int, touched: set[int]) -> int:
    low, high = pair(number, other)
    both = and_(case_ties.c.low == low, case_ties.c.high == high)
    ties = connection.scalar(select(func.count()).select_from(case_ties).where(both)) or 0
    alerts = (size_of(connection, low), size_of(connection, high))
    keys = (_keys(connection, low), _keys(connection, high))
    if not become_one(ties, alerts, keys) or sum(alerts) > EVENTS_EACH_MAX or _were_split(connection, low, high):
        return number
    states = dict(
        connection.execute(select(cases.c.number, cases.c.state).where(cases.c.number.in_((low, high)))).all()
    )
    if states[low] != "open" and states[high] != "open":  # people work on both: they say what comes of it
        link(connection, low, high, now, None)
        return number
    kept, gone = (low, high) if states[high] == "open" else (high, low)
    merge(connection, kept, gone)
    touched.discard(gone)
    touched.add(kept)
    return kept


def _were_split(connection: Connection, low: int, high: int) -> bool:
    """Whether a person has said that two cases are not one."""
    table = case_links.c
    asked = select(table.split).where(table.low == low, table.high == high)
    return bool(connection.scalar(asked))


def _exists(connection: Connection, number: int) -> bool:
    found = connection.scalar(select(cases.c.state).where(cases.c.number == number))
    return found is not None and found != "merged"


def _keys(connection: Connection, number: int) -> int:
    ours = (case_subjects.c.number == number) & case_subjects.c.binds.is_(True)
    return connection.scalar(select(func.count()).select_from(case_subjects).where(ours)) or 0
