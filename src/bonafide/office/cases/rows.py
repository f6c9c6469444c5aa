"""A case as it is kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import func, select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.events import Grade, Label
from bonafide.core.moment import show_moment
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.urgency import priority_h
from bonafide.office.store.tables import case_steps, cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

State = Literal["open", "assigned", "waiting", "decided", "reopened", "merged"]
STATES: Final[tuple[State, ...]] = ("open", "assigned", "waiting", "decided", "reopened", "merged")
"""`merged`: it became part of another case, and has no events of its own any more."""
UNDECIDED: Final[tuple[State, ...]] = ("open", "assigned", "waiting", "reopened")
"""Cases that further alerts may join."""
FREE: Final = ("open", "reopened")
"""Cases that are nobody's."""
STEPS_EACH_MAX: Final = 1_000
"""Steps of people with one case."""


class Asked(msgspec.Struct, frozen=True):
    """What somebody says of a case: a disposition."""

    label: Label
    grade: Grade | None = None
    measure: str | None = None
    """What the office is asked to do about the subjects of `about`."""
    genuine: tuple[str, ...] = ()
    """Tokens of subjects of a cash-out case who had no part in it."""
    by: str = ""
    about: tuple[str, ...] = ()
    """Tokens of whom the measure is about."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case. Times are milliseconds since 1970 UTC, money minor units."""

    number: int
    queue: str
    state: State
    assignee: str | None
    opened_ms: int
    last_ms: int
    """Of its newest event."""
    due_ms: int
    rank_ms: int
    waits_until_ms: int | None
    asked: Asked | None
    """What waits for a second person."""
    currency: str | None
    stake: int
    caught: int
    events: int
    users: int
    merchants: int
    typologies: int
    outcome: str
    label: Label | None
    grade: Grade | None
    measure: str | None
    decided_ms: int | None
    decided_by: str | None
    second: str | None
    step: int | None
    """The decision that stands."""
    merged_into: int | None

    def to_wire(self, now_ms: int) -> dict[str, Any]:
        """The case as JSON shows it."""
        same = ("number", "queue", "state", "assignee", "currency", "events", "users", "merchants", "outcome", "label",
                "grade", "measure", "decided_by", "second", "merged_into")  # fmt: skip
        asked = None if self.asked is None else msgspec.to_builtins(self.asked)
        return {
            **{name: getattr(self, name) for name in same}, "asked": asked, "priority": self.priority(now_ms),
            "opened": show_moment(self.opened_ms), "last_event": show_moment(self.last_ms),
            "due": show_moment(self.due_ms), "overdue": self.state in UNDECIDED and now_ms > self.due_ms,
            "waits_until": _shown(self.waits_until_ms), "decided": _shown(self.decided_ms),
            "money_at_stake": self.stake, "money_caught": self.caught, "typologies": names_of(self.typologies),
        }  # fmt: skip

    def priority(self, now_ms: int) -> int:
        """Hours; the higher the sooner (`urgency`)."""
        return priority_h(self.rank_ms, now_ms)


def _shown(at_ms: int | None) -> str | None:
    return None if at_ms is None else show_moment(at_ms)


def case_of(row: Any) -> Case:
    """A row of the table as a case."""
    told = {name: getattr(row, name) for name in Case.__struct_fields__}
    told["asked"] = None if row.asked is None else msgspec.convert(row.asked, Asked)
    return Case(**told)


def read_case(connection: Connection, number: int) -> Case:
    """A case. MissingError where there is none of the number."""
    row = connection.execute(select(cases).where(cases.c.number == number)).one_or_none()
    if row is None:
        raise MissingError(f"case {number}: there is none of this number; bonafide case list shows them")
    return case_of(row)


def next_step(connection: Connection, case: int) -> int:
    """The number of a case's next step. NotNowError where it has had as many as there may be."""
    asked = select(func.count()).where(case_steps.c.case_number == case)
    if (connection.scalar(asked) or 0) >= STEPS_EACH_MAX:
        raise NotNowError(f"case {case}: it has had {STEPS_EACH_MAX} steps, as many as there may be")
    return int(connection.scalar(select(func.max(case_steps.c.number))) or 0) + 1


def states_of(names: Sequence[str]) -> tuple[State, ...]:
    """States by their names. UsageError for a name that is none."""
    found = tuple(state for state in STATES if state in names)
    if len(found) < len(set(names)):
        raise UsageError(f"state: accepted are {', '.join(STATES)}")
    return found


def names_of(bits: int) -> list[str]:
    """The typologies of bits.

    >>> names_of(5)
    ['user_merchant_loop', 'intensive_burst']
    """
    return [name for place, name in enumerate(TYPOLOGIES) if bits >> place & 1]


def bits_of(names: Sequence[str]) -> int:
    """The bits of typologies. UsageError for a name that is none."""
    bits = 0
    for name in names:
        if name not in TYPOLOGIES:
            raise UsageError(f"typology {name}: accepted are {', '.join(TYPOLOGIES)}")
        bits |= 1 << TYPOLOGIES.index(name)
    return bits
