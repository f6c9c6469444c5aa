"""Whom a case and its events name: counted as events come, and anew where events have gone to another case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, select, update

from bonafide.core.decision import OUTCOMES
from bonafide.office.cases.grouping import Key
from bonafide.office.cases.money import recount
from bonafide.office.cases.urgency import due_ms
from bonafide.office.store.tables import case_events, case_named, case_subjects, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE: Final = 500
"""Events that one statement names: SQLite takes no more than some thousands of values."""


def name_subject(connection: Connection, number: int, key: Key, mentions: int, last_ms: int, binds: bool) -> None:
    """Count that a case names somebody so many times more."""
    table = case_subjects.c
    ours = and_(table.number == number, table.kind == key[0], table.token == key[1])
    found = connection.execute(select(table.last_ms, table.binds).where(ours)).one_or_none()
    if found is None:
        row = {"number": number, "kind": key[0], "token": key[1], "mentions": mentions, "last_ms": last_ms}
        connection.execute(case_subjects.insert().values(**row, binds=binds))
        return
    values: dict[str, Any] = {"mentions": table.mentions + mentions, "last_ms": max(found.last_ms, last_ms)}
    connection.execute(update(case_subjects).where(ours).values(**values, binds=found.binds or binds))


def name_event(connection: Connection, number: int, seq: int, time_ms: int, named: Sequence[tuple[Key, bool]]) -> None:
    """Note whom an event of a case names, each with whether it binds."""
    for key, binds in named:
        name_subject(connection, number, key, 1, time_ms, binds)
        row = {"number": number, "seq": seq, "kind": key[0], "token": key[1], "binds": binds}
        connection.execute(case_named.insert().values(**row))


def keys_in(connection: Connection, number: int) -> list[tuple[int, list[Key], int]]:
    """The events of a case in the order of the log: place, keys that bind, time."""
    table = case_named.c
    keys: dict[int, list[Key]] = {}
    asked = select(table.seq, table.kind, table.token).where(table.number == number, table.binds.is_(True))
    for row in connection.execute(asked.order_by(table.seq, table.kind.desc(), table.token)):
        keys.setdefault(row.seq, []).append((row.kind, row.token))
    events = select(case_events.c.seq, case_events.c.time_ms).where(case_events.c.number == number)
    rows = connection.execute(events.order_by(case_events.c.seq)).all()
    return [(row.seq, keys.get(row.seq, []), row.time_ms) for row in rows]


def move_events(connection: Connection, number: int, to: int, seqs: Sequence[int]) -> None:
    """Have events be another case's, which is there; `recounted` brings both up to date."""
    for some in _some(seqs):
        for table in (case_events, case_named):
            ours = (table.c.number == number) & table.c.seq.in_(some)
            connection.execute(update(table).where(ours).values(number=to))


def recounted(connection: Connection, number: int) -> None:
    """Bring all that follows from a case's events up to date: whom it names, times, outcome, typologies, sums."""
    table, ours = case_named.c, case_named.c.number == number
    joined = case_named.join(case_events, (table.number == case_events.c.number) & (table.seq == case_events.c.seq))
    asked = (
        select(table.kind, table.token, func.count().label("mentions"),
               func.max(case_events.c.time_ms).label("last_ms"))
        .select_from(joined).where(ours).group_by(table.kind, table.token)
    )  # fmt: skip
    binding = {(row.kind, row.token) for row in connection.execute(
        select(table.kind, table.token).where(ours, table.binds.is_(True)).distinct())}  # fmt: skip
    rows = [{**row._mapping, "number": number, "binds": (row.kind, row.token) in binding}
            for row in connection.execute(asked)]  # fmt: skip
    connection.execute(delete(case_subjects).where(case_subjects.c.number == number))
    if rows:
        connection.execute(case_subjects.insert(), rows)
    _recount_head(connection, number)
    recount(connection, number)


def _recount_head(connection: Connection, number: int) -> None:
    columns = (case_events.c.time_ms, case_events.c.outcome, case_events.c.typologies, case_events.c.release_ms)
    events = connection.execute(select(*columns).where(case_events.c.number == number)).all()
    case = connection.execute(select(cases.c.queue, cases.c.opened_ms).where(cases.c.number == number)).one()
    typologies = 0
    for one in events:
        typologies |= one.typologies
    releases = [one.release_ms for one in events if one.release_ms is not None]
    connection.execute(update(cases).where(cases.c.number == number).values(
        last_ms=max(one.time_ms for one in events), outcome=max((one.outcome for one in events), key=OUTCOMES.index),
        typologies=typologies, due_ms=due_ms(case.queue, case.opened_ms, min(releases, default=None)),
    ))  # fmt: skip


def _some(seqs: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(seqs), AT_ONCE):
        yield seqs[begin : begin + AT_ONCE]
