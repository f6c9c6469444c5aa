"""Lists of cases: filtered, sorted, a page at a time; and all that is kept of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sqlalchemy import and_, func, or_, select

from bonafide.core.errors import UsageError
from bonafide.core.moment import show_moment
from bonafide.office.access.keys import now_ms
from bonafide.office.cases.files import listed_files
from bonafide.office.cases.lawyers import aggregates_of
from bonafide.office.cases.rows import STATES, UNDECIDED, Case, State, bits_of, case_of, read_case
from bonafide.office.cases.sampling import agreement
from bonafide.office.cases.steps import NOTES_KEY
from bonafide.office.cases.urgency import QUEUES
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_events, case_links, case_looks, case_steps, case_subjects, cases
from bonafide.office.vault.boxes import unseal
from bonafide.office.vault.keyring import Keyring

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

Sort = Literal["priority", "due", "newest", "money", "number"]
SORTS: Final[tuple[Sort, ...]] = ("priority", "due", "newest", "money", "number")
LISTED_MAX: Final = 1_000
SHOWN_MAX: Final = 1_000
"""Events, and subjects, of a case that are shown at once."""
_COLUMN: Final = {
    "priority": (cases.c.rank_ms, False), "due": (cases.c.due_ms, False), "newest": (cases.c.opened_ms, True),
    "money": (cases.c.stake, True), "number": (cases.c.number, False),
}  # fmt: skip
"""By what a sort goes, and whether the largest comes first."""
_CURSOR: Final = re.compile(r"(-?[0-9]{1,19})\.([0-9]{1,19})")


class Wanted(NamedTuple):
    """Which cases: what is None or empty asks for nothing."""

    states: tuple[State, ...] = UNDECIDED
    queue: str | None = None
    assignee: str | None = None
    typology: str | None = None
    subject: str | None = None
    """A token."""
    overdue: bool = False
    drawn: bool = False
    """Those alone that wait for a second look."""


class Page(NamedTuple):
    """A part of a list."""

    cases: list[Case]
    next_after: str | None
    """What the next page is asked for with; None at the end."""


class CaseBook:
    """Reads the cases of one store. Several threads may call it; none is a coroutine."""

    def __init__(self, store: Store, keyring: Keyring, *, clock: Callable[[], int] = now_ms) -> None:
        self._store = store
        self._key = keyring.derived(NOTES_KEY)
        self._clock = clock

    def list(self, wanted: Wanted, sort: Sort = "priority", after: str = "", limit: int = 100) -> Page:
        """Some cases in the order of a sort, behind the place that `after` names."""
        column, falls = _COLUMN[sort]
        where = [*_conditions(wanted, self._clock()), *([_behind(sort, after)] if after else [])]
        order = (column.desc(), cases.c.number.desc()) if falls else (column, cases.c.number)
        with self._store.reading() as connection:
            asked = select(cases).where(*where).order_by(*order).limit(min(limit, LISTED_MAX) + 1)
            found = [case_of(row) for row in connection.execute(asked)]
        shown = found[: min(limit, LISTED_MAX)]
        more = len(found) > len(shown)
        return Page(shown, f"{_value(sort, shown[-1])}.{shown[-1].number}" if more else None)

    def page_wire(self, page: Page) -> dict[str, Any]:
        """A page as JSON shows it."""
        now = self._clock()
        return {"cases": [case.to_wire(now) for case in page.cases], "next_after": page.next_after}

    def one(self, number: int, *, aggregates: bool = True) -> dict[str, Any]:
        """All that is kept of a case, as JSON shows it. MissingError where there is none.

        `aggregates`, what lawyers need, are most of the work.
        """
        with self._store.reading() as connection:
            case = read_case(connection, number)
            return {
                **case.to_wire(self._clock()),
                "subjects": _subjects(connection, number),
                "event_list": _event_list(connection, number),
                "steps": [self._step(row) for row in _steps(connection, number)],
                "links": _links(connection, number),
                "files": listed_files(connection, self._key, number),
                "second_look": _look(connection, case),
                "aggregates": aggregates_of(connection, number) if aggregates else {},
            }

    def figures(self) -> dict[str, Any]:
        """How the queues stand, what was decided, and how often second looks agree."""
        now = self._clock()
        with self._store.reading() as connection:
            return _figures(connection, now)

    def _step(self, row: Any) -> dict[str, Any]:
        note = "" if row.note is None else unseal(self._key, bytes(row.note), f"case step {row.number}").decode()
        return {"number": row.number, "action": row.action, "person": row.person, "time": show_moment(row.made_ms),
                "about": row.about, "note": note}  # fmt: skip


def _conditions(wanted: Wanted, now: int) -> list[ColumnElement[bool]]:
    table = cases.c
    found: list[ColumnElement[bool]] = []
    if set(wanted.states) == set(UNDECIDED):  # one range of an index, already in order
        found.append(table.closed.is_(False))
    elif wanted.states:
        found.append(table.state.in_(wanted.states))
    found += [table.queue == wanted.queue] if wanted.queue is not None else []
    found += [table.assignee == wanted.assignee] if wanted.assignee is not None else []
    found += [table.due_ms < now, table.closed.is_(False)] if wanted.overdue else []
    if wanted.typology is not None:
        found.append(table.typologies.bitwise_and(bits_of([wanted.typology])) != 0)
    if wanted.subject is not None:
        found.append(table.number.in_(select(case_subjects.c.number).where(
            case_subjects.c.kind.in_(("user", "merchant", "account", "device")),
            case_subjects.c.token == wanted.subject)))  # fmt: skip
    if wanted.drawn:
        found.append(table.step.in_(select(case_looks.c.step).where(case_looks.c.person.is_(None))))
    return found


def _behind(sort: Sort, after: str) -> ColumnElement[bool]:
    read = _CURSOR.fullmatch(after)
    if read is None or max(map(abs, map(int, read.groups()))) >= 2**63:
        raise UsageError("after: give the next_after of the page before, with the same sort")
    value, number = map(int, read.groups())
    column, falls = _COLUMN[sort]
    if falls:
        return or_(column < value, and_(column == value, cases.c.number < number))
    return or_(column > value, and_(column == value, cases.c.number > number))


def _value(sort: Sort, case: Case) -> int:
    values = {"priority": case.rank_ms, "due": case.due_ms, "newest": case.opened_ms, "money": case.stake}
    return values.get(sort, case.number)


def _subjects(connection: Connection, number: int) -> list[dict[str, Any]]:
    table = case_subjects.c
    order = (table.mentions.desc(), table.kind, table.token)
    rows = connection.execute(select(case_subjects).where(table.number == number).order_by(*order).limit(SHOWN_MAX))
    return [{"type": row.kind, "id": row.token, "events": row.mentions, "last_event": show_moment(row.last_ms)}
            for row in rows]  # fmt: skip


def _event_list(connection: Connection, number: int) -> list[dict[str, Any]]:
    table = case_events.c
    rows = connection.execute(
        select(case_events).where(table.number == number).order_by(table.seq.desc()).limit(SHOWN_MAX)
    )
    same = ("seq", "event_id", "type", "amount", "currency", "outcome", "user_id", "merchant_id")
    return [{**{name: getattr(row, name) for name in same}, "time": show_moment(row.time_ms)} for row in rows]


def _steps(connection: Connection, number: int) -> list[Any]:
    asked = select(case_steps).where(case_steps.c.case_number == number).order_by(case_steps.c.number)
    return list(connection.execute(asked))


def _links(connection: Connection, number: int) -> list[dict[str, Any]]:
    table = case_links.c
    ours = or_(table.low == number, table.high == number)
    rows = connection.execute(select(case_links).where(ours).order_by(table.low, table.high).limit(SHOWN_MAX))
    return [{"to": row.high if row.low == number else row.low, "person": row.person, "time": show_moment(row.made_ms)}
            for row in rows]  # fmt: skip


def _look(connection: Connection, case: Case) -> dict[str, Any] | None:
    row = connection.execute(select(case_looks).where(case_looks.c.step == case.step)).one_or_none()
    if row is None:
        return None
    looked = None if row.looked_ms is None else show_moment(row.looked_ms)
    return {"person": row.person, "label": row.second_label, "looked": looked}


def _figures(connection: Connection, now: int) -> dict[str, Any]:
    table = cases.c
    counted = connection.execute(
        select(table.queue, table.state, func.count(), func.sum(table.stake)).group_by(table.queue, table.state)
    ).all()
    late = connection.execute(
        select(table.queue, func.count()).where(table.state.in_(UNDECIDED), table.due_ms < now).group_by(table.queue)
    ).all()
    labels = connection.execute(
        select(table.label, func.count(), func.sum(table.stake)).where(table.state == "decided").group_by(table.label)
    ).all()
    looks = connection.execute(select(case_looks.c.label, case_looks.c.second_label, case_looks.c.person)).all()
    within = connection.scalar(
        select(func.count()).where(table.state == "decided", table.decided_ms <= table.due_ms)
    ) or 0  # fmt: skip
    queues: dict[str, Any] = {queue: dict.fromkeys(STATES, 0) | {"overdue": 0} for queue in QUEUES}
    for queue, state, number, _ in counted:
        queues[queue][state] = number
    for queue, number in late:
        queues[queue]["overdue"] = number
    done = sum(number for _, number, _ in labels)
    return {
        "queues": queues,
        "decided": {label: {"cases": number, "money_at_stake": int(stake or 0)} for label, number, stake in labels},
        "decided_in_time_fraction": round(within / done, 4) if done else None,
        "money_undecided": sum(int(stake or 0) for _, state, _, stake in counted if state in UNDECIDED),
        "second_looks": {
            "drawn": len(looks), **agreement([(one, other) for one, other, person in looks if person is not None])
        },
    }  # fmt: skip
