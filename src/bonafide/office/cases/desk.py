"""The steps of people with cases: claim, hand over, wait, note, link, decide, confirm, undo, look a second time.

Each is one transaction with its entry in the audit log; what is refused has an entry of its own. Whoever decides has
verdicts written into the log, each once (`dispositions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import select, update

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS, show_moment, show_span
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.dispositions import check_asked, needs_two, write_contrary, write_verdicts
from bonafide.office.cases.joining import link
from bonafide.office.cases.opening import FAMILY
from bonafide.office.cases.rows import FREE, Asked, Case, read_case
from bonafide.office.cases.sampling import draw_look
from bonafide.office.cases.splitting import Splitting
from bonafide.office.cases.steps import NOTE_LENGTH_MAX, Turn, told_of
from bonafide.office.measures.changes import Turn as Changing
from bonafide.office.measures.opening import Wish, check_wish, follow_decision, take_back
from bonafide.office.people.sessions import Session
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_looks, cases, people

if TYPE_CHECKING:
    from sqlalchemy import Connection

WAIT_MAX_MS: Final = 30 * DAY_MS
UNDO_MS: Final = 72 * HOUR_MS
"""How long a decision may be undone; one that a second look disagrees with, for as long as it stands."""
WORKERS: Final = ("analyst", "senior", "merchant_ops")
"""Roles of those whose a case may be."""


class Desk(Splitting):
    """Where people work on the cases of one data directory. Several threads may call it; none is a coroutine."""

    def assign(self, who: Session, origin: str, number: int, to: str | None = None, note: str = "") -> Case:
        """Take a case oneself, or hand it to `to`.

        Whoever has it may hand it over, and take it up again after waiting; a senior takes and gives any.
        """
        with self._acting(who, origin, "assign", number, note) as turn:
            case, name = turn.case, to or who.name
            if case.state not in (*FREE, "assigned", "waiting") or case.asked is not None:
                raise NotNowError(f"case {number}: it is {told_of(case)}, so it is nobody's to take")
            if case.assignee not in (None, who.name) and who.role != "senior":
                raise ForbiddenError("the case is somebody else's; they or a senior may hand it over")
            if case.assignee is None and name != who.name and who.role != "senior":
                raise ForbiddenError("a senior gives cases to others; take it yourself first")
            _check_works(turn.connection, name)
            self._change(turn, "assign", {"to": name}, note, state="assigned", assignee=name, waits_until_ms=None)
            return read_case(turn.connection, number)

    def wait(self, who: Session, origin: str, number: int, until_ms: int, note: str = "") -> Case:
        """Have one's case wait until a time at most WAIT_MAX_MS from now; it comes back by itself."""
        with self._acting(who, origin, "wait", number, note) as turn:
            self._check_own(turn, "assigned")
            if not turn.now < until_ms <= turn.now + WAIT_MAX_MS:
                raise UsageError(f"until: give a time to come, at most {show_span(WAIT_MAX_MS)} from now")
            self._change(turn, "wait", {"until": show_moment(until_ms)}, note, state="waiting", waits_until_ms=until_ms)
            return read_case(turn.connection, number)

    def note(self, who: Session, origin: str, number: int, note: str) -> Case:
        """Add a note to a case, whoever's it is."""
        with self._acting(who, origin, "note", number, note) as turn:
            if not note:
                raise UsageError(f"note: give 1 to {NOTE_LENGTH_MAX} characters")
            self._change(turn, "note", {}, note)
            return turn.case

    def link(self, who: Session, origin: str, number: int, to: int, note: str = "") -> Case:
        """Note that a case has to do with another."""
        with self._acting(who, origin, "link", number, note) as turn:
            if to == number:
                raise UsageError("to: a case is not linked to itself")
            other = read_case(turn.connection, to)
            if not link(turn.connection, number, other.number, turn.now, who.name):
                raise NotNowError(f"case {number}: it is linked to case {to} already")
            self._change(turn, "link", {"to": to}, note)
            return turn.case

    def decide(self, who: Session, origin: str, number: int, asked: Asked, note: str = "") -> Case:
        """Say what came of one's case. What is harsh waits for a second person (`confirm`)."""
        with self._acting(who, origin, "decide", number, note) as turn:
            self._check_own(turn, "assigned")
            check_asked(turn.connection, number, asked)
            for wish in self._wishes(turn, asked):
                check_wish(self._changing(turn), wish)
            given = msgspec.structs.replace(asked, by=who.name)
            if needs_two(given):
                self._change(turn, "decide", _about(given), note, state="waiting", asked=_kept(given))
            else:
                self._settle(turn, "decide", given, None, note)
            return read_case(turn.connection, number)

    def confirm(self, who: Session, origin: str, number: int, note: str = "") -> Case:
        """Confirm what somebody else says of a case; it stands from then on."""
        with self._acting(who, origin, "confirm", number, note) as turn:
            asked = self._asked(turn)
            if asked.by == who.name:
                raise ForbiddenError("nobody confirms what they have said; somebody else has to look at it")
            self._settle(turn, "confirm", asked, who.name, note)
            return read_case(turn.connection, number)

    def refuse(self, who: Session, origin: str, number: int, note: str = "") -> Case:
        """Give a case back to who decided, or take one's own word back."""
        with self._acting(who, origin, "refuse", number, note) as turn:
            asked = self._asked(turn)
            if asked.by != who.name and who.role != "senior":
                raise ForbiddenError("a senior turns it down, or who has said it takes it back")
            self._change(turn, "refuse", {"by": asked.by}, note, state="assigned", asked=None)
            return read_case(turn.connection, number)

    def undo(self, who: Session, origin: str, number: int, label: str, note: str = "") -> Case:
        """Take a decision back: contrary verdicts are written, and the case is anybody's again."""
        with self._acting(who, origin, "undo", number, note) as turn:
            case = turn.case
            if case.state != "decided" or case.step is None or case.decided_ms is None:
                raise NotNowError(f"case {number}: it is {told_of(case)}; there is no decision to undo")
            if who.name not in (case.decided_by, case.second) and who.role != "senior":
                raise ForbiddenError("a senior undoes a decision, or who took part in it")
            if turn.now >= case.decided_ms + UNDO_MS and not _disagreed(turn.connection, case.step):
                raise NotNowError(f"case {number}: the decision is older than {show_span(UNDO_MS)}")
            step = self._change(turn, "undo", {"label": label, "step": case.step}, note, state="reopened", closed=False,
                                assignee=None, asked=None, label=None, grade=None, measure=None, decided_ms=None,
                                decided_by=None, second=None, step=None)  # fmt: skip
            write_contrary(turn.connection, case, step, label, who.name, turn.now)
            told = f"decision {case.step} of case {number} was undone"
            take_back(self._changing(turn), number, case.step, who.name, self._measure_notes, told)
            return read_case(turn.connection, number)

    def look(self, who: Session, origin: str, number: int, label: str, note: str = "") -> Case:
        """Say what one thinks of a case that was drawn for a second look; who took part in the decision may not."""
        with self._acting(who, origin, "look", number, note) as turn:
            step = turn.case.step
            table = case_looks.c
            row = turn.connection.execute(select(table.person).where(table.step == step)).one_or_none()
            if step is None or row is None:
                raise NotNowError(f"case {number}: it was not drawn for a second look")
            if row.person is not None:
                raise NotNowError(f"case {number}: {row.person} has looked at it already")
            if who.name in (turn.case.decided_by, turn.case.second):
                raise ForbiddenError("nobody looks a second time at what they have decided; somebody else does")
            values = {"person": who.name, "second_label": label, "looked_ms": turn.now}
            turn.connection.execute(update(case_looks).where(table.step == step).values(**values))
            self._change(turn, "look", {"label": label}, note)
            return turn.case

    def _settle(self, turn: Turn, action: str, asked: Asked, second: str | None, note: str) -> None:
        step = self._change(turn, action, _about(asked), note)
        turn.connection.execute(update(cases).where(cases.c.number == turn.case.number).values(
            state="decided", closed=True, asked=None, label=asked.label, grade=asked.grade, measure=asked.measure,
            decided_ms=turn.now, decided_by=asked.by, second=second, step=step, waits_until_ms=None,
        ))  # fmt: skip
        write_verdicts(turn.connection, turn.case.number, step, asked, turn.now)
        self._carry_out(turn, asked, second, step)
        draw_look(turn.connection, self._secret, turn.case.number, step, asked.label, turn.now)

    def _carry_out(self, turn: Turn, asked: Asked, second: str | None, step: int) -> None:
        """Have what was asked for become measures, one for each subject, with both people's names."""
        people, told = [asked.by, *([second] if second else [])], f"decision {step} of case {turn.case.number}"
        for wish in self._wishes(turn, asked, step):
            follow_decision(self._changing(turn), wish, people, self._reasons_of, self._measure_notes, told)

    def _wishes(self, turn: Turn, asked: Asked, step: int | None = None) -> list[Wish]:
        return [Wish(turn.case.number, subject, asked.measure or "", None, step) for subject in asked.about]

    def _changing(self, turn: Turn) -> Changing:
        return Changing(turn.connection, turn.now, self._secret)

    def _asked(self, turn: Turn) -> Asked:
        if turn.case.asked is None:
            raise NotNowError(f"case {turn.case.number}: it is {told_of(turn.case)}; nothing waits for a second person")
        return turn.case.asked


def come_back(store: Store, now: int) -> int:
    """Have cases whose waiting is over be their assignees' again; returns how many."""
    over = (cases.c.state == "waiting") & (cases.c.waits_until_ms <= now)
    with store.reading() as connection:
        if connection.scalar(select(cases.c.number).where(over).limit(1)) is None:
            return 0
    with store.writing(FAMILY) as connection:
        return connection.execute(update(cases).where(over).values(state="assigned", waits_until_ms=None)).rowcount


def _check_works(connection: Connection, name: str) -> None:
    found = connection.execute(select(people.c.role, people.c.disabled_ms).where(people.c.name == name)).one_or_none()
    if found is None or found.disabled_ms is not None:
        raise MissingError("to: nobody of this name may sign in")
    if found.role not in WORKERS:
        raise UsageError(f"to: cases are for people of role {', '.join(WORKERS)}")


def _disagreed(connection: Connection, step: int) -> bool:
    table = case_looks.c
    row = connection.execute(select(table.label, table.second_label).where(table.step == step)).one_or_none()
    return row is not None and row.second_label not in (None, row.label)


def _about(asked: Asked) -> dict[str, Any]:
    told = {
        "label": asked.label,
        "grade": asked.grade,
        "measure": asked.measure,
        "genuine": list(asked.genuine),
        "about": list(asked.about),
    }
    return {name: value for name, value in told.items() if value}


def _kept(asked: Asked) -> dict[str, Any]:
    return {**_about(asked), "by": asked.by}
