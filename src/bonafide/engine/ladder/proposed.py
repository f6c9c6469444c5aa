"""What the ladder says of a measure, before it is known by which name its subject goes."""

from __future__ import annotations

from typing import NamedTuple

from bonafide.core.decision import Ground, MeasureNews, bare_measure
from bonafide.engine.ladder.words import SubjectKind


class Proposed(NamedTuple):
    """As `core.decision.ProposedMeasure`, without the subject's id and without texts."""

    measure: str
    subject_type: SubjectKind
    status: MeasureNews
    until: int
    measure_id: str
    needs_person: bool = False
    grade: str | None = None
    offences: int = 0
    amount: int = 0
    facts: tuple[Ground, ...] = ()
    codes: tuple[str, ...] = ()
    """Its reasons."""

    @property
    def bare(self) -> dict[str, object]:
        """As canonical encodings have it."""
        return bare_measure(self, self.codes)
