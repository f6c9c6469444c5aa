"""Bodies and answers of a subject's own view, of users and of education. The description of a body's field completes
the sentence "give ..."; a refusal says it, and never what was given."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.measure_shapes import MeasureStandingAnswer
from bonafide.apps.server.shapes import Time
from bonafide.core.decision import Outcome, RiskLevel
from bonafide.core.secret import unprinted
from bonafide.office.appeals.appeal import Kind
from bonafide.office.measures.words import State


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return unprinted(self)  # personal texts stand in some of them


class HumanBody(_Shape, frozen=True):
    """Whether people are to decide."""

    human_only: Annotated[bool, Meta(description="true: people decide from now on; false: machines may again")] = True


class HumanAnswer(_Shape, frozen=True):
    """What was asked for; the log learns it within a second."""

    human_only: bool
    asked: Time


class TextsAnswer(_Shape, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class OwnDecisionAnswer(_Shape, frozen=True):
    """A decision about oneself."""

    event_id: str
    type: str
    time: Time
    outcome: Outcome


class OwnDecisionsAnswer(_Shape, frozen=True):
    """Decisions that did not simply let an event pass, the newest first; `next_before` leads on, and is null at the
    end."""

    decisions: tuple[OwnDecisionAnswer, ...]
    next_before: int | None
    newest: Annotated[Time | None, Meta(description="when the newest of all decisions was")]


class CodedTextsAnswer(TextsAnswer, frozen=True, kw_only=True):
    """A text that belongs to a reason."""

    code: str


class VersionsAnswer(_Shape, frozen=True):
    """What decided."""

    bundle: str


class ExplanationAnswer(_Shape, frozen=True):
    """Why a decision was as it was, in words."""

    event_id: str
    time: Time
    outcome: Outcome
    outcome_text: TextsAnswer
    automated: bool
    facts: Annotated[tuple[TextsAnswer, ...], Meta(description="which of one's own data was looked at")]
    reasons: Annotated[tuple[CodedTextsAnswer, ...], Meta(max_length=4)]
    submit: Annotated[tuple[CodedTextsAnswer, ...], Meta(description="what answers each reason")]
    counterfactual: Annotated[TextsAnswer | None, Meta(description="what would change it, by what can be shown")]
    human_review: TextsAnswer
    versions: VersionsAnswer


class OwnMeasureAnswer(_Shape, frozen=True):
    """A measure that one was told of."""

    measure_id: str
    measure: str
    state: State
    event_id: str
    begun: Time | None
    until: Time
    ended: Time | None
    notices: Annotated[tuple[dict[str, Any], ...], Meta(description="as they left, in both languages")]


class OwnMeasuresAnswer(_Shape, frozen=True):
    """Measures, the newest first."""

    measures: tuple[OwnMeasureAnswer, ...]


class OwnAppealAnswer(_Shape, frozen=True):
    """One's own appeal or answer, and where it stands."""

    appeal_id: str
    kind: Kind
    measure_id: str
    state: Literal["in_hand", "upheld", "rejected", "satisfactory", "partial", "unsatisfactory", "withdrawn"]
    submitted: Time
    due: Annotated[Time, Meta(description="it is to be decided by then")]
    legal_due: Time
    overdue: bool
    human_only: bool | None
    decided: Time | None
    documents: int


class OwnAppealsAnswer(_Shape, frozen=True):
    """Appeals and answers, those that are due first, first."""

    appeals: tuple[OwnAppealAnswer, ...]


class DeletionAnswer(TextsAnswer, frozen=True, kw_only=True):
    """Whether what is kept can be deleted now, and why not."""

    refused: bool


class OwnDataAnswer(_Shape, frozen=True):
    """What is kept of a subject."""

    fields: Annotated[dict[str, str], Meta(description="field -> text")]
    named: Annotated[dict[str, tuple[str, ...]], Meta(description="kind -> what events named with the subject")]
    restricted: Annotated[bool, Meta(description="it is kept because the law says so, and used for nothing")]
    decisions: int
    measures: int
    told: Annotated[int, Meta(description="how often a word of education was due")]
    retention: dict[str, str] | None
    deletion: DeletionAnswer


class LadderAnswer(_Shape, frozen=True):
    """Where a subject stands."""

    offences: Annotated[int, Meta(description="how many count now")]
    grade: Annotated[str | None, Meta(description="the highest grade of any of them")]
    since: Annotated[Time | None, Meta(description="when the oldest that counts began")]
    in_force: int
    human_only: Annotated[bool, Meta(description="people were asked to decide")]


class ScoreDayAnswer(_Shape, frozen=True):
    """What the last decision of a day said."""

    day: Annotated[Time, Meta(description="when the day begins, in UTC")]
    credit_score: int | None
    risk_level: RiskLevel | None


class LevelAnswer(_Shape, frozen=True):
    """Where a risk level ends."""

    below: Annotated[int, Meta(description="a credit score under this one has the level, or a worse one")]
    level: RiskLevel


class AboutAnswer(_Shape, frozen=True):
    """What the log says of a user or a merchant; `score_history`, `levels` and `cases` are for the office's own."""

    credit_score: int | None
    risk_level: RiskLevel | None
    as_of: Annotated[Time | None, Meta(description="of the newest decision, which says both")]
    newest_event: str | None
    first_seq: Annotated[int | None, Meta(description="place in the log of the first decision")]
    ladder: LadderAnswer
    measures: tuple[MeasureStandingAnswer, ...]
    decisions: Annotated[
        tuple[dict[str, Any], ...],
        Meta(
            description="that did not simply let an event pass; for the office with the number of the `case`, or null"
        ),
    ]
    score_history: Annotated[
        tuple[ScoreDayAnswer, ...],
        Meta(description="days on which score or level changed, the oldest first; between them both stayed"),
    ] = ()
    levels: Annotated[
        tuple[LevelAnswer, ...], Meta(description="of the bundle that decides now, the worst first; above them is low")
    ] = ()
    cases: Annotated[tuple[int, ...], Meta(description="numbers of those that are not decided")] = ()


class UserAnswer(AboutAnswer, frozen=True, kw_only=True):
    """A user; `education` is for the office's own."""

    user_id: Annotated[str, Meta(description="the token that stands for it")]
    education: tuple[dict[str, Any], ...] = ()


class EducationFiguresAnswer(_Shape, frozen=True):
    """Whether education helps; numbers of people alone."""

    as_of: Time | None
    drawings: Annotated[
        tuple[dict[str, Any], ...],
        Meta(description="for each salt: `running`, and for all and by level `shown`, `held_out`, `reoffence` and "
             "`abandoned`, each difference with its 95 % interval; how often each piece was given"),
    ]  # fmt: skip
