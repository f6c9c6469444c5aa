"""People split a case that mixes what has nothing to do with one another, and make one of what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select, update

from bonafide.core.errors import UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.joining import EVENTS_EACH_MAX, link, merge, size_of, untied
from bonafide.office.cases.naming import move_events, recounted
from bonafide.office.cases.regrouping import new_case, retie
from bonafide.office.cases.rows import UNDECIDED, Case, read_case
from bonafide.office.cases.steps import Steps, Turn, told_of
from bonafide.office.people.sessions import Session
from bonafide.office.store.tables import case_events, case_links, case_named, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHOSEN_MAX: Final = 1_000
"""Subjects, and events, that a split names."""


class Splitting(Steps):
    """Splitting and merging, as steps of whose case it is, or of a senior."""

    def split(
        self, who: Session, origin: str, number: int, subjects: Sequence[str], events: Sequence[str] = (),
        note: str = "",
    ) -> Case:  # fmt: skip
        """Have events be a case of their own: those that name a subject (token), and those of these ids; the new case.

        It is whose the case is, and linked to it; the grouping does not make one of them again.
        """
        with self._acting(who, origin, "split", number, note) as turn:
            _check_ours(turn, turn.case)
            if (not subjects and not events) or max(len(subjects), len(events)) > CHOSEN_MAX:
                raise UsageError(f"subjects, events: name 1 to {CHOSEN_MAX} of the case")
            seqs = _chosen(turn.connection, number, subjects, events)
            if len(seqs) >= size_of(turn.connection, number):
                raise UsageError("subjects, events: that is all of the case; leave something in it")
            to = _split_off(turn.connection, turn.case, seqs)
            link(turn.connection, number, to, turn.now, who.name)
            _set_split(turn.connection, number, to, True)
            self._change(turn, "split", {"to": to, "events": len(seqs)}, note)
            self._change(turn._replace(case=read_case(turn.connection, to)), "split_off", {"from": number}, "")
            return read_case(turn.connection, to)

    def merge(self, who: Session, origin: str, number: int, other: int, note: str = "") -> Case:
        """Have another case become part of one's case; so a split is taken back, too. Returns what both are now."""
        with self._acting(who, origin, "merge", number, note) as turn:
            found = read_case(turn.connection, other)
            if other == number:
                raise UsageError("other: a case is part of itself already")
            if found.queue != turn.case.queue:
                raise UsageError(f"other: case {other} is of the queue {found.queue}")
            _check_ours(turn, turn.case)
            if found.state not in ("open", "reopened"):
                _check_ours(turn, found)
            sizes = size_of(turn.connection, number) + size_of(turn.connection, other)
            if sizes > EVENTS_EACH_MAX:
                raise NotNowError(f"case {number}: with case {other} it would have more than {EVENTS_EACH_MAX} events")
            self._change(turn._replace(case=found), "merged", {"into": number}, "")
            _set_split(turn.connection, number, other, False)
            merge(turn.connection, number, other)
            recounted(turn.connection, number)
            self._change(turn, "merge", {"other": other}, note)
            return read_case(turn.connection, number)


def _check_ours(turn: Turn, case: Case) -> None:
    """Only whose case it is, or a senior, and only while nothing is decided or asked of it."""
    if case.state not in UNDECIDED or case.asked is not None:
        raise NotNowError(f"case {case.number}: it is {told_of(case)}, so it stays as it is")
    if case.assignee != turn.who.name and turn.who.role != "senior":
        raise ForbiddenError("a case is split and merged by whose it is, or by a senior; take it first")


def _chosen(connection: Connection, number: int, subjects: Sequence[str], events: Sequence[str]) -> list[int]:
    """The places of the events; UsageError for a subject that the case does not name, or an event that it has not."""
    named, table = case_named.c, case_events.c
    wanted = select(named.seq, named.token).where(named.number == number, named.token.in_(list(subjects)))
    by_subject = connection.execute(wanted).all()
    by_id = connection.execute(
        select(table.seq, table.event_id).where(table.number == number, table.event_id.in_(list(events)))
    ).all()
    if {row.token for row in by_subject} != set(subjects):
        raise UsageError("subjects: name subjects of the case, by their tokens")
    if {row.event_id for row in by_id} != set(events):
        raise UsageError("events: name events of the case, by their ids")
    return sorted({row.seq for row in (*by_subject, *by_id)})


def _split_off(connection: Connection, case: Case, seqs: Sequence[int]) -> int:
    """Have events be another case's; its number."""
    before = untied(connection, case.number)
    to = new_case(connection, case.number)
    move_events(connection, case.number, to, seqs)
    for one in (case.number, to):
        recounted(connection, one)
    retie(connection, (case.number, to), before)
    if case.assignee is not None:
        values = {"state": "assigned", "assignee": case.assignee}
        connection.execute(update(cases).where(cases.c.number == to).values(**values))
    return to


def _set_split(connection: Connection, one: int, other: int, split: bool) -> None:
    """Note whether people say that two linked cases are not one."""
    table = case_links.c
    ours = or_((table.low == one) & (table.high == other), (table.low == other) & (table.high == one))
    connection.execute(update(case_links).where(ours).values(split=split))
