"""What a decided appeal, or a decided answer, changes: all of it in the transaction of the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bonafide.core.events import AppealStatus, InformationAnswered
from bonafide.core.pseudonym import show_token
from bonafide.office.appeals.appeal import Appeal, Outcome
from bonafide.office.lists.cleared import clear
from bonafide.office.measures.changes import Turn, end
from bonafide.office.measures.measure import Measure, read_measure, read_measures
from bonafide.office.measures.words import OPEN
from bonafide.office.notices.notices import put_notice
from bonafide.office.records.records import want
from bonafide.office.store.tables import measures

if TYPE_CHECKING:
    from bonafide.core.events import Fact

OTHERS_MAX: Final = 1_000
"""Open measures of one subject that an upheld appeal looks at."""


def judge(turn: Turn, found: Appeal, outcome: Outcome, person: str) -> None:
    """Carry a decision out: records, what it lifts, and what the subject is told."""
    measure = read_measure(turn.connection, found.measure_id)
    want(turn.connection, _record(found, outcome, person), turn.now)
    if outcome == "upheld":
        _lift(turn, found, measure)
        if found.subject_type == "merchant":
            clear(turn.connection, show_token(found.pseudonym), f"appeal:{found.appeal_id}", person, turn.now)
    elif outcome == "rejected":
        put_notice(turn.connection, turn.key, measure, "rejected", turn.now, found.appeal_id)
    elif outcome == "satisfactory" and measure.is_open:
        end(turn, measure, "lifted", f"answer:{found.appeal_id}")


def note_submitted(turn: Turn, found: Appeal) -> None:
    """Have the log say that an appeal came and was acknowledged, and whether people are asked for."""
    for status in ("submitted", "acknowledged") if found.kind == "appeal" else ():
        want(turn.connection, _record(found, status, None), turn.now)


def _lift(turn: Turn, found: Appeal, measure: Measure) -> None:
    """End the measure, and others of its subject that rest on nothing but the same offences: these never were."""
    by = f"appeal:{found.appeal_id}"
    if measure.is_open:
        end(turn, measure, "lifted", by)
    measure = read_measure(turn.connection, measure.measure_id)
    put_notice(turn.connection, turn.key, measure, "apology", turn.now, found.appeal_id)
    ours = (measures.c.subject == measure.subject) & (measures.c.subject_type == measure.subject_type)
    others = read_measures(turn.connection, ours, measures.c.state.in_(OPEN), limit=OTHERS_MAX)
    for other in others:
        if other.facts and set(other.facts) <= set(measure.facts):
            end(turn, other, "lifted", by)


def _record(found: Appeal, status: Any, person: str | None) -> Fact:
    subject: dict[str, Any] = {
        "subject_type": found.subject_type, "subject_id": show_token(found.pseudonym),
        "measure_id": found.measure_id, "time": 0, "human_only": found.human_only,
    }  # fmt: skip
    if found.kind == "answer":
        by = None if person is None else f"person:{person}"
        return InformationAnswered(event_id=f"answer:{found.appeal_id}", answer=status, by=by, **subject)
    return AppealStatus(
        event_id=f"appeal:{found.appeal_id}:{status}", appeal_id=found.appeal_id, status=status, **subject
    )
