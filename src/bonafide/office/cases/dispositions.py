"""What came of a case, as verdicts in the log: one for each of its events that names a user or a merchant. Merchants
whose payouts are found genuine are cleared (office/lists).

A verdict's id says the case, the step and the event, so that no crash and no second try writes it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from bonafide.core.errors import UsageError
from bonafide.core.events import Grade, Label, Verdict
from bonafide.engine.ladder.words import FRICTION, HARDNESS
from bonafide.office.cases.rows import Asked, Case
from bonafide.office.lists.cleared import clear, unclear
from bonafide.office.records.records import want
from bonafide.office.store.tables import case_events, case_steps, case_subjects

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAYOUT: Final = "payout"
GENUINE_MAX: Final = 1_000
"""Subjects of one case who are set apart as genuine."""
ABOUT_MAX: Final = 50
"""Subjects whom one decision asks a measure about: each is told, and each may appeal."""
CONTRARY: Final[dict[str, tuple[Label, ...]]] = {
    "cash_out": ("genuine", "unsure"), "genuine": ("unsure",), "unsure": ("unsure",)
}  # fmt: skip
"""Label -> what the verdicts that take it back may say. Of `unsure` there is nothing to take back: none is written."""


def needs_two(asked: Asked) -> bool:
    """Whether a disposition takes a second person: it is adjudicated, or asks for a measure that limits somebody.

    >>> needs_two(Asked("cash_out", "confirmed")), needs_two(Asked("cash_out", measure="freeze_credit"))
    (False, True)
    """
    return asked.grade == "adjudicated" or (asked.measure is not None and HARDNESS[asked.measure] > FRICTION)


def check_asked(connection: Connection, number: int, asked: Asked) -> None:
    """UsageError for a disposition that makes no sense."""
    if asked.label != "cash_out" and (asked.grade is not None or asked.measure is not None or asked.genuine):
        raise UsageError("label: a grade, a measure and genuine subjects go with cash_out alone")
    if asked.label == "cash_out" and asked.grade is None:
        raise UsageError("grade: say how much stands behind it: suspected, corroborated, confirmed or adjudicated")
    if asked.measure is not None and asked.measure not in HARDNESS:
        raise UsageError(f"measure: give one of {', '.join(HARDNESS)}")
    if len(asked.genuine) > GENUINE_MAX:
        raise UsageError(f"genuine: give at most {GENUINE_MAX} subjects")
    if (asked.measure is None) != (not asked.about) or len(asked.about) > ABOUT_MAX:
        raise UsageError(f"about: with a measure, name whom it is about: 1 to {ABOUT_MAX} subjects, by their tokens")
    if set(asked.about) & set(asked.genuine):
        raise UsageError("about: who is set apart as genuine is not who a measure is about")
    ours = set(connection.scalars(select(case_subjects.c.token).where(case_subjects.c.number == number)))
    if not ours.issuperset(asked.genuine):
        raise UsageError("genuine: name subjects of the case, by their tokens")


def write_verdicts(connection: Connection, number: int, step: int, asked: Asked, now: int) -> int:
    """Have the verdicts of a disposition written into the log; returns how many.

    An event whose user, or else whose merchant, is set apart as genuine gets that label; nothing is said of events that
    name neither (transfers between accounts).
    """
    apart = set(asked.genuine)
    rows = _events(connection, number)
    paid: dict[str, Label] = {}
    for row in rows:
        cleared = (row.user_id or row.merchant_id) in apart
        label: Label = "genuine" if cleared else asked.label
        _want(connection, number, step, row, label, None if cleared else asked.grade, now)
        if row.type == PAYOUT and label != "unsure":
            paid[row.merchant_id] = label
    _follow(connection, f"case:{number}:{step}", paid, asked.by, now)
    return len(rows)


def write_contrary(connection: Connection, case: Case, step: int, label: str, by: str, now: int) -> int:
    """Have verdicts written that take the decision of a case back; `label` is what they say. Returns how many.

    Alerts do not join a decided case, so its events are those that the decision spoke of; subjects that were set apart
    as genuine stay so. UsageError for a label that takes nothing back.
    """
    assert case.label is not None
    assert case.step is not None
    allowed = CONTRARY[case.label]
    if label not in allowed:
        raise UsageError(f"label: to take {case.label} back, give {' or '.join(allowed)}")
    if case.label == "unsure":
        return 0
    about = connection.scalar(select(case_steps.c.about).where(case_steps.c.number == case.step)) or {}
    apart = set(about.get("genuine", ()))
    rows = [row for row in _events(connection, case.number) if (row.user_id or row.merchant_id) not in apart]
    for row in rows:
        _want(connection, case.number, step, row, label, None, now)
    if "genuine" in (case.label, label):
        paid = {row.merchant_id: label for row in rows if row.type == PAYOUT}
        _follow(connection, f"case:{case.number}:{step}", paid, by, now)
    return len(rows)


def _events(connection: Connection, number: int) -> list[Any]:
    table = case_events.c
    columns = (table.event_id, table.seq, table.type, table.user_id, table.merchant_id)
    named = table.user_id.is_not(None) | table.merchant_id.is_not(None)
    return list(connection.execute(select(*columns).where(table.number == number, named).order_by(table.seq)))


def _follow(connection: Connection, step: str, paid: Mapping[str, Label], by: str, now: int) -> None:
    """Whoever was paid, and is found genuine, is cleared; of anybody else that is taken back."""
    for merchant, label in paid.items():
        (clear if label == "genuine" else unclear)(connection, merchant, step, by, now)


def _want(
    connection: Connection, number: int, step: int, row: Any, label: Label, grade: Grade | None, now: int
) -> None:  # fmt: skip
    verdict = Verdict(
        event_id=f"case:{number}:{step}:{row.seq}", time=0, subject_type="event", subject_id=row.event_id, label=label,
        source="analyst", grade=grade, user_id=row.user_id, merchant_id=row.merchant_id,
    )  # fmt: skip
    want(connection, verdict, now)
