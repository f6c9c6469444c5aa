"""Bodies and answers of the routes of cases. The description of a body's field completes the sentence "give ..."; a
refusal says it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.shapes import Time
from bonafide.core.events import Grade, Label, MeasureKind
from bonafide.office.appeals.documents import SIZE_MAX
from bonafide.office.cases.dispositions import ABOUT_MAX, GENUINE_MAX
from bonafide.office.cases.files import NAME_LENGTH_MAX
from bonafide.office.cases.rows import State
from bonafide.office.cases.splitting import CHOSEN_MAX
from bonafide.office.cases.steps import NOTE_LENGTH_MAX

_Note = Annotated[
    str, Meta(max_length=NOTE_LENGTH_MAX, description=f"a note of at most {NOTE_LENGTH_MAX} characters, kept sealed")
]
_Label = Annotated[Label, Meta(description="one of cash_out, genuine, unsure")]
_Grade = Annotated[Grade | None, Meta(description="of cash_out: suspected, corroborated, confirmed or adjudicated")]
_Token = Annotated[str, Meta(min_length=1, max_length=128)]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class CaseAssignBody(_Shape, frozen=True):
    """Whose a case is from now on."""

    to: Annotated[
        Annotated[str, Meta(pattern=r"^[a-z][a-z0-9._-]{1,39}$")] | None,
        Meta(description="the name of somebody who may sign in, or null for yourself"),
    ] = None
    note: _Note = ""


class CaseWaitBody(_Shape, frozen=True):
    """Until when a case waits."""

    until: Annotated[datetime, Meta(tz=True, description="a time to come, RFC 3339 with a zone, at most 30 days away")]
    note: _Note = ""


class CaseNoteBody(_Shape, frozen=True):
    """A note, or none."""

    note: _Note = ""


class CaseLinkBody(_Shape, frozen=True):
    """Another case that this one has to do with."""

    to: Annotated[int, Meta(ge=1, le=2**53, description="the number of another case")]
    note: _Note = ""


class CaseSplitBody(_Shape, frozen=True):
    """Which events become a case of their own."""

    subjects: Annotated[
        Annotated[tuple[_Token, ...], Meta(max_length=CHOSEN_MAX)],
        Meta(description="tokens of subjects of the case: the events that name them go"),
    ] = ()
    events: Annotated[
        Annotated[tuple[_Token, ...], Meta(max_length=CHOSEN_MAX)],
        Meta(description="ids of events of the case that go"),
    ] = ()
    note: _Note = ""


class CaseMergeBody(_Shape, frozen=True):
    """The case that becomes part of this one."""

    other: Annotated[int, Meta(ge=1, le=2**53, description="the number of another case")]
    note: _Note = ""


class CaseFileBody(_Shape, frozen=True):
    """A file for a case."""

    name: Annotated[
        str, Meta(min_length=1, max_length=NAME_LENGTH_MAX, description=f"its name, 1 to {NAME_LENGTH_MAX} characters")
    ]
    content_base64: Annotated[
        str, Meta(max_length=SIZE_MAX * 4 // 3 + 4, description=f"a PDF, PNG or JPEG of at most {SIZE_MAX >> 20} MiB")
    ]
    note: _Note = ""


class CaseDecideBody(_Shape, frozen=True):
    """What came of a case."""

    label: _Label
    grade: _Grade = None
    measure: Annotated[MeasureKind | None, Meta(description="of cash_out: a measure that is asked for, or null")] = None
    about: Annotated[
        Annotated[tuple[_Token, ...], Meta(max_length=ABOUT_MAX)],
        Meta(description="with a measure: tokens of the subjects whom it is about"),
    ] = ()
    genuine: Annotated[
        Annotated[tuple[_Token, ...], Meta(max_length=GENUINE_MAX)],
        Meta(description="of cash_out: tokens of subjects who had no part in it"),
    ] = ()
    note: _Note = ""


class CaseUndoBody(_Shape, frozen=True):
    """What the verdicts say that take a decision back."""

    label: Annotated[Literal["genuine", "unsure"], Meta(description="one of genuine, unsure")] = "unsure"
    note: _Note = ""


class CaseLookBody(_Shape, frozen=True):
    """What a second person says."""

    label: _Label
    note: _Note = ""


class CaseAskedAnswer(_Shape, frozen=True):
    """What waits for a second person."""

    label: Label
    grade: Grade | None
    measure: str | None
    genuine: tuple[str, ...]
    about: Annotated[tuple[str, ...], Meta(description="whom the measure is about")]
    by: str


class CaseAnswer(_Shape, frozen=True):
    """A case; money in minor units, subjects as tokens."""

    number: int
    queue: str
    state: State
    assignee: str | None
    asked: CaseAskedAnswer | None
    priority: Annotated[int, Meta(description="hours; the higher the sooner")]
    opened: Time
    last_event: Time
    due: Time
    overdue: bool
    waits_until: Time | None
    decided: Time | None
    currency: str | None
    money_at_stake: int
    money_caught: Annotated[int, Meta(description="of it, what was held or declined")]
    events: int
    users: int
    merchants: int
    typologies: tuple[str, ...]
    outcome: Annotated[str, Meta(description="the strictest of its events")]
    label: Label | None
    grade: Grade | None
    measure: str | None
    decided_by: str | None
    second: str | None
    merged_into: Annotated[int | None, Meta(description="the case that it became part of")]


class CaseFileAnswer(_Shape, frozen=True):
    """A file of a case; its name is what somebody called it."""

    file: str
    name: str
    media_type: str
    size: int
    person: str
    time: Time


class CaseNoticeAnswer(_Shape, frozen=True):
    """What a subject would be told of a measure, if the case were decided so now."""

    measure: str
    subject_type: str
    text: Annotated[dict[str, str], Meta(description="as it would leave, in zh and en")]
    measure_id: Annotated[
        str | None, Meta(description="one of the kind that is open already: it is confirmed, and no new notice leaves")
    ]


class CasesAnswer(_Shape, frozen=True):
    """Cases in the order that was asked for; `next_after` continues, and is null at the end."""

    cases: tuple[CaseAnswer, ...]
    next_after: str | None


class WholeCaseAnswer(CaseAnswer, frozen=True, kw_only=True):
    """All that is kept of a case; at most 1,000 of its events and subjects."""

    subjects: tuple[dict[str, Any], ...]
    event_list: Annotated[tuple[dict[str, Any], ...], Meta(description="the newest first")]
    steps: Annotated[tuple[dict[str, Any], ...], Meta(description="what people did, with their notes")]
    links: tuple[dict[str, Any], ...]
    files: tuple[CaseFileAnswer, ...]
    second_look: dict[str, Any] | None
    aggregates: Annotated[dict[str, Any], Meta(description="what lawyers need; docs/cases.md says what each means")]


class CaseFiguresAnswer(_Shape, frozen=True):
    """How the queues stand, what was decided, how often second looks agree."""

    currency: Annotated[str | None, Meta(description="the platform's own; null while the service starts")]
    queues: dict[str, dict[str, int]]
    decided: dict[str, dict[str, int]]
    decided_in_time_fraction: float | None
    money_undecided: int
    second_looks: dict[str, Any]
