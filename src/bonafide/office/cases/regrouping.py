"""Accounts that turn out to be public, and cases that fall apart without them, as `grouping` says, in the store.

A case that somebody has taken or has said something about stays as it is: what people look at does not change under
them. They can split it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from bonafide.office.cases.grouping import ACCOUNT, Key, apart, is_public, pair
from bonafide.office.cases.joining import put_tie, untied
from bonafide.office.cases.naming import keys_in, move_events, recounted
from bonafide.office.cases.rows import UNDECIDED
from bonafide.office.store.tables import case_beside, case_named, case_steps, case_subjects, case_ties, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keys_that_bind(connection: Connection, keys: Sequence[Key], touched: set[int]) -> list[Key]:
    """The keys of an alert without public accounts. One that becomes public by this alert lets go of its cases."""
    for key in keys:
        if key[0] == ACCOUNT and not is_public(_beside(connection, key)):
            _note_beside(connection, key, keys)
            if is_public(_beside(connection, key)):
                _let_go(connection, key, touched)
    return [key for key in keys if key[0] != ACCOUNT or not is_public(_beside(connection, key))]


def new_case(connection: Connection, like: int) -> int:
    """A case that begins with events of another: nobody's, opened when that was; returns its number."""
    row = connection.execute(select(cases).where(cases.c.number == like)).one()
    number = int(connection.scalar(select(func.max(cases.c.number))) or 0) + 1
    same = ("queue", "opened_ms", "last_ms", "due_ms", "rank_ms", "typologies", "outcome")
    zero = dict.fromkeys(("stake", "caught", "events", "users", "merchants"), 0)
    values = {name: getattr(row, name) for name in same} | zero
    connection.execute(cases.insert().values(number=number, state="open", closed=False, **values))
    return number


def retie(connection: Connection, numbers: Sequence[int], before: Sequence[tuple[int, Key]]) -> None:
    """Tie cases that were one to those that it was tied to, each by the keys that it has now."""
    for number in numbers:
        table = case_subjects.c
        asked = select(table.kind, table.token).where(table.number == number, table.binds.is_(True))
        keys = {(row.kind, row.token) for row in connection.execute(asked)}
        for other, key in before:
            if key in keys:
                put_tie(connection, *pair(number, other), key)


def _let_go(connection: Connection, account: Key, touched: set[int]) -> None:
    kind, token = account
    naming = (case_subjects.c.kind == kind) & (case_subjects.c.token == token) & case_subjects.c.binds.is_(True)
    asked = select(case_subjects.c.number).join(cases, cases.c.number == case_subjects.c.number)
    ours = asked.where(naming, cases.c.state.in_(UNDECIDED), cases.c.queue == "alerts").order_by(case_subjects.c.number)
    numbers = list(connection.scalars(ours))
    for table in (case_subjects, case_named):
        what = (table.c.kind == kind) & (table.c.token == token) & table.c.number.in_(numbers)
        connection.execute(update(table).where(what).values(binds=False))
    for number in numbers:
        if _is_untouched(connection, number):
            _regroup(connection, number, touched)
    connection.execute(delete(case_ties).where(case_ties.c.kind == kind, case_ties.c.token == token))


def _is_untouched(connection: Connection, number: int) -> bool:
    state = connection.scalar(select(cases.c.state).where(cases.c.number == number))
    step = connection.scalar(select(case_steps.c.number).where(case_steps.c.case_number == number).limit(1))
    return state == "open" and step is None


def _regroup(connection: Connection, number: int, touched: set[int]) -> None:
    events = keys_in(connection, number)
    found = apart([(keys, time_ms) for _, keys, time_ms in events])
    if len(found.parts) == 1:
        return
    before = untied(connection, number)
    numbers = [number]
    for part in found.parts[1:]:
        numbers.append(new_case(connection, number))
        move_events(connection, number, numbers[-1], [events[at][0] for at in part])
    for one in numbers:
        recounted(connection, one)
    retie(connection, numbers, before)
    for low, high, key in found.ties:
        put_tie(connection, *pair(numbers[low], numbers[high]), key)
    touched.update(numbers)


def _note_beside(connection: Connection, account: Key, keys: Sequence[Key]) -> None:
    table = case_beside.c
    rows = connection.execute(select(table.kind, table.token).where(table.account == account[1]))
    known = {(row.kind, row.token) for row in rows}
    new = [key for key in dict.fromkeys(keys) if key != account and key not in known]
    if new:
        connection.execute(case_beside.insert(), [
            {"account": account[1], "kind": kind, "token": token} for kind, token in new
        ])  # fmt: skip


def _beside(connection: Connection, account: Key) -> int:
    return connection.scalar(select(func.count()).where(case_beside.c.account == account[1])) or 0
