"""Bodies and answers of the routes of measures and appeals. The description of a body's field completes the sentence
"give ..."; a refusal says it, and never what was given."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.shapes import Time
from bonafide.core.events import MeasureKind
from bonafide.core.secret import unprinted
from bonafide.engine.ladder.words import MEASURES
from bonafide.office.appeals.appeal import AppealState, Kind, Outcome
from bonafide.office.appeals.appeals import NAME_LENGTH_MAX, STATEMENT_LENGTH_MAX
from bonafide.office.appeals.appeals import NOTE_LENGTH_MAX as APPEAL_NOTE_MAX
from bonafide.office.appeals.documents import COUNT_MAX, SIZE_MAX
from bonafide.office.measures.words import NOTE_LENGTH_MAX, PLATFORM_STATUSES, Action, PlatformStatus, State

_Until = Annotated[datetime, Meta(tz=True)]
_Why = Annotated[
    str,
    Meta(min_length=1, max_length=NOTE_LENGTH_MAX,
         description=f"why, in 1 to {NOTE_LENGTH_MAX} plain characters; it is kept sealed"),
]  # fmt: skip


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return unprinted(self)  # personal texts stand in some of them


class MeasureStatusBody(_Shape, frozen=True):
    """What the platform says of a measure."""

    status: Annotated[PlatformStatus, Meta(description=f"one of {', '.join(PLATFORM_STATUSES)}")]


class OpenMeasureBody(_Shape, frozen=True):
    """A measure that a person opens on the basis of a case."""

    case: Annotated[int, Meta(ge=1, le=2**53, description="the number of the case that it rests on")]
    subject: Annotated[str, Meta(pattern="^~[0-9a-f]{16}$", description="the token of a user or merchant of the case")]
    measure: Annotated[MeasureKind, Meta(description=f"one of {', '.join(MEASURES)}")]
    note: _Why
    until: Annotated[
        _Until | None,
        Meta(description="when it ends or is looked at again, RFC 3339 with a zone, 1 hour to 90 days from now"),
    ] = None


class ConfirmMeasureBody(_Shape, frozen=True):
    """Why, and when it is to be looked at again."""

    note: _Why
    until: Annotated[
        _Until | None, Meta(description="when it is looked at again, RFC 3339 with a zone, at most 90 days from now")
    ] = None


class EndMeasureBody(_Shape, frozen=True):
    """Why a measure is lifted or turned down."""

    note: _Why


class DelayNoticeBody(_Shape, frozen=True):
    """The legal basis of a delay, and its end."""

    basis: _Why
    until: Annotated[_Until, Meta(description="when the notice leaves, RFC 3339 with a zone, at most 90 days from now")]


class DocumentGiven(_Shape, frozen=True):
    """A document that is handed in."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    content_base64: Annotated[str, Meta(max_length=SIZE_MAX * 4 // 3 + 4)]


class OwnAppealBody(_Shape, frozen=True):
    """An appeal against one's own measure, or an answer to a request for information."""

    measure_id: Annotated[str, Meta(min_length=1, max_length=60, description="the measure that it is about")]
    statement: Annotated[
        str, Meta(min_length=1, max_length=STATEMENT_LENGTH_MAX,
                  description=f"what is said, in 1 to {STATEMENT_LENGTH_MAX} characters; it is kept sealed"),
    ]  # fmt: skip
    kind: Annotated[Kind, Meta(description="one of appeal, answer")] = "appeal"
    documents: Annotated[
        Annotated[tuple[DocumentGiven, ...], Meta(max_length=COUNT_MAX)],
        Meta(description=f"at most {COUNT_MAX} of {{name, content_base64}}: PDF, PNG or JPEG"),
    ] = ()
    human_only: Annotated[bool | None, Meta(description="true where people are to decide from now on, or null")] = None


class AppealBody(OwnAppealBody, frozen=True):
    """An appeal against a measure, or an answer to a request for information."""

    subject_id: Annotated[
        Annotated[str, Meta(min_length=1, max_length=128)] | None,
        Meta(description="whom it is for, as the platform calls them; a key must say it"),
    ] = None


class AppealAssignBody(_Shape, frozen=True):
    """Who is to decide."""

    to: Annotated[str, Meta(min_length=1, max_length=40, description="the name of somebody who may decide appeals")]


class AppealDecideBody(_Shape, frozen=True):
    """How an appeal ends, and why."""

    outcome: Annotated[
        Outcome, Meta(description="upheld or rejected; of an answer satisfactory, partial or unsatisfactory")
    ]
    note: Annotated[
        str, Meta(min_length=1, max_length=APPEAL_NOTE_MAX,
                  description=f"why, in 1 to {APPEAL_NOTE_MAX} characters; it is kept sealed"),
    ]  # fmt: skip


class MeasureStep(_Shape, frozen=True):
    """What a person did about a measure."""

    action: Action
    person: str
    time: Time
    until: Time | None


class MeasureStandingAnswer(_Shape, frozen=True):
    """A measure and where it stands."""

    measure_id: str
    measure: str
    subject_type: Literal["user", "merchant"]
    subject: Annotated[str, Meta(description="a token; messages to the platform name the platform's own id")]
    state: State
    until: Annotated[Time, Meta(description="it ends then, or is looked at again")]
    needs_person: bool
    grade: str | None
    facts: Annotated[tuple[int, ...], Meta(description="places in the log of the offences that it rests on")]
    hits: tuple[str, ...]
    event_id: str
    seq: int
    event_time: Time
    machine_until: Annotated[Time, Meta(description="it ends then unless two people confirm it")]
    opened_by: Annotated[str | None, Meta(description="the person who opened it; null: the engine proposed it")]
    case: Annotated[int | None, Meta(description="the case that a person's measure rests on")]
    confirmed_by: tuple[str, ...]
    wanted: Annotated[Literal["apply", "lift", "nothing"], Meta(description="what the platform is to do")]
    asks: Annotated[int, Meta(description="how often the platform was asked and has not answered")]
    ended_by: str | None
    made: Time
    requested: Time | None
    applied: Time | None
    ended: Time | None
    raised: Annotated[Time | None, Meta(description="since when people are to look, as the platform does not answer")]
    doubted: Annotated[Time | None, Meta(description="since when the engine proposes to lift it")]
    steps: tuple[MeasureStep, ...]


class MeasureShownAnswer(MeasureStandingAnswer, frozen=True, kw_only=True):
    """A measure with its notices and with what the decision says of it."""

    notices: Annotated[tuple[dict[str, Any], ...], Meta(description="as they left or wait, in both languages")]
    told: Annotated[dict[str, Any], Meta(description="`reasons`, `why`, `submit`, `appeal`")]


class MeasuresAnswer(_Shape, frozen=True):
    """Measures, the newest first; `next_before` leads on to older ones, and is null where there are none."""

    measures: tuple[MeasureStandingAnswer, ...]
    next_before: int | None
    figures: Annotated[dict[str, int], Meta(description="how many are in each state, unanswered, raised, not noticed")]


class AppealAnswer(_Shape, frozen=True):
    """An appeal and where it stands; what was said is for those who judge."""

    appeal_id: str
    kind: Kind
    measure_id: str
    subject_type: str
    subject: str
    state: AppealState
    submitted: Time
    due: Annotated[Time, Meta(description="it is to be decided by then")]
    legal_due: Time
    overdue: bool
    submitted_by: str
    human_only: bool | None
    assignee: str | None
    decided: Time | None
    documents: Annotated[int | tuple[dict[str, Any], ...], Meta(description="how many; for those who judge, which")]
    statement: Annotated[str | None, Meta(description="for those who judge; null of who was forgotten")] = None
    note: str | None = None


class AppealsAnswer(_Shape, frozen=True):
    """Appeals, those that are due first, first; and how appeals end."""

    appeals: tuple[AppealAnswer, ...]
    figures: Annotated[
        dict[str, Any], Meta(description="`waiting`, `overdue`, `decided`, `upheld`, `median_days`, `rules`")
    ]
