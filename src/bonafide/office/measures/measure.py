"""A measure of the office as it stands, and what people did about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from bonafide.core.errors import MissingError
from bonafide.core.moment import show_moment
from bonafide.core.text import shorten
from bonafide.office.measures.words import ENDED, IN_FORCE, OPEN, Action, State
from bonafide.office.store.tables import measure_steps, measures

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did about a measure."""

    action: Action
    person: str
    made_ms: int
    until_ms: int | None
    """Of a confirmation: when it is to be looked at again; of a delay: when the notice leaves."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure. Times are milliseconds since 1970 UTC; the subject is a token."""

    measure_id: str
    measure: str
    subject_type: str
    subject: str
    seq: int
    event_id: str
    event_ms: int
    grade: str | None
    facts: tuple[int, ...]
    """Places in the log of the records that began the offences that it rests on."""
    hits: tuple[str, ...]
    """The rules that hit on the event."""
    told: str
    """JSON: `reasons`, `why`, `submit`, `appeal` for the person concerned."""
    is_hard: bool
    needs_person: bool
    machine_until_ms: int
    until_ms: int
    state: State
    made_ms: int
    requested_ms: int | None
    applied_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    platform_has: bool
    asks: int
    ask_ms: int | None
    raised_ms: int | None
    doubted_ms: int | None
    opened_by: str | None = None
    """The person who opened it; None: the engine proposed it."""
    case_number: int | None = None
    """The case that a person's measure rests on."""
    case_step: int | None = None
    """The decision of that case that it follows from."""
    steps: tuple[Step, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def is_in_force(self) -> bool:
        """Whether the platform has said that it carries it out, and it has not ended."""
        return self.state in IN_FORCE

    @property
    def confirmers(self) -> tuple[str, ...]:
        """Who has confirmed it, the first of them first."""
        return tuple(step.person for step in self.steps if step.action == "confirm")

    @property
    def wanted(self) -> str:
        """What the platform is to do: `apply`, `lift` or `nothing`."""
        if self.state in ENDED:
            return "lift" if self.platform_has else "nothing"
        return "apply" if self.state != "proposed" else "nothing"

    def to_wire(self) -> dict[str, Any]:
        """The measure as JSON shows it."""
        times = ("made", "requested", "applied", "ended", "raised", "doubted")
        return {
            "measure_id": self.measure_id, "measure": self.measure, "subject_type": self.subject_type,
            "subject": self.subject, "state": self.state, "until": show_moment(self.until_ms),
            "needs_person": self.needs_person, "grade": self.grade, "facts": list(self.facts), "hits": list(self.hits),
            "event_id": self.event_id, "seq": self.seq, "event_time": show_moment(self.event_ms),
            "machine_until": show_moment(self.machine_until_ms), "confirmed_by": list(self.confirmers),
            "opened_by": self.opened_by, "case": self.case_number,
            "wanted": self.wanted, "asks": self.asks, "ended_by": self.ended_by,
            **{name: _shown(getattr(self, f"{name}_ms")) for name in times},
            "steps": [
                {"action": one.action, "person": one.person, "time": show_moment(one.made_ms),
                 "until": _shown(one.until_ms)}
                for one in self.steps
            ],
        }  # fmt: skip


def read_measure(connection: Connection, measure_id: str) -> Measure:
    """A measure with its steps; MissingError where there is none of this name."""
    row = connection.execute(select(measures).where(measures.c.measure_id == measure_id)).one_or_none()
    if row is None:
        raise MissingError(f"measure {shorten(measure_id)}: there is none of this name; bonafide measure list has them")
    return measure_of(row, _steps(connection, [measure_id]).get(measure_id, ()))


def read_measures(connection: Connection, *wanted: Any, limit: int, newest: bool = False) -> list[Measure]:
    """The measures that fit, in the order of the log or backwards, some at a time."""
    column = measures.c.seq.desc() if newest else measures.c.seq
    asked = select(measures).where(*wanted).order_by(column, measures.c.measure_id).limit(limit)
    rows = list(connection.execute(asked))
    steps = _steps(connection, [row.measure_id for row in rows])
    return [measure_of(row, steps.get(row.measure_id, ())) for row in rows]


def measure_of(row: Any, steps: tuple[Step, ...]) -> Measure:
    """A measure from its row."""
    told = {name: getattr(row, name) for name in Measure.__struct_fields__ if name != "steps"}
    return Measure(**told | {"facts": tuple(row.facts), "hits": tuple(row.hits), "steps": steps})


def _steps(connection: Connection, measure_ids: list[str]) -> dict[str, tuple[Step, ...]]:
    table, found = measure_steps, dict[str, tuple[Step, ...]]()
    asked = select(table).where(table.c.measure_id.in_(measure_ids)).order_by(table.c.number)
    for row in connection.execute(asked) if measure_ids else ():
        step = Step(action=row.action, person=row.person, made_ms=row.made_ms, until_ms=row.until_ms)
        found[row.measure_id] = (*found.get(row.measure_id, ()), step)
    return found


def _shown(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else show_moment(moment_ms)
