"""Shapes of answers and bodies beside events: what OpenAPI shows, and what the framework's routes read and write."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bonafide.core.decision import MeasureNews, Outcome, Reason, RiskLevel, Words
from bonafide.core.events import Id

Time = Annotated[str, Meta(description="RFC 3339 in UTC with milliseconds", examples=["2026-01-05T08:30:00.000Z"])]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class GroundAnswer(_Shape, frozen=True):
    """An offence that a measure rests on."""

    place: Annotated[int, Meta(ge=0, description="in the log, of the record that began it")]
    grade: str


class MeasureAnswer(_Shape, frozen=True):
    """What is said of a measure about a subject: that it should be, that it should end, or that it has ended."""

    measure: str
    subject_type: str
    subject_id: str
    status: MeasureNews
    until: Annotated[Time, Meta(description="its end or review; of one that was lifted, when that was")]
    measure_id: Annotated[str, Meta(description="what a measure_status calls it")]
    needs_person: Annotated[bool, Meta(description="whether only a person may bring it about")]
    grade: str | None
    offences: Annotated[int, Meta(ge=0, description="how many count against the subject")]
    amount: Annotated[int, Meta(ge=0, description="what these come to, in minor units of the bundle's currency")]
    facts: tuple[GroundAnswer, ...]
    reasons: tuple[Reason, ...]
    why: Annotated[Words, Meta(description="on which step of the ladder it stands, and why")]
    submit: Annotated[Words, Meta(description="what may be handed in")]
    appeal: Annotated[Words, Meta(description="how to appeal")]


class StepAnswer(_Shape, frozen=True):
    """One movement of a payment's money, or the payment itself."""

    seq: int
    time: Time
    amount: int


class LoopAnswer(_Shape, frozen=True):
    """A payment whose money came home to its payer, and the way that it went."""

    returned: int
    home: int
    amount: int
    closes: bool
    path: tuple[StepAnswer, ...]


class DecisionAnswer(_Shape, frozen=True):
    """The decision on an event."""

    event_id: str
    seq: Annotated[int, Meta(ge=0, description="its place in the log")]
    time: Time
    outcome: Outcome
    score: Annotated[float, Meta(ge=0, le=1)]
    risk_level: RiskLevel
    credit_score: Annotated[int, Meta(ge=300, le=900)] | None
    alert: bool
    reasons: tuple[Reason, ...]
    hits: tuple[str, ...]
    measures: tuple[MeasureAnswer, ...]
    faults: tuple[str, ...]
    degraded: tuple[str, ...]
    release_by: Time | None
    release_default: Annotated[Outcome | None, Meta(description="of a hold: what it becomes then by itself")]
    loops: tuple[LoopAnswer, ...]
    bundle: str
    digest: str
    arm: Annotated[
        Literal["champion", "challenger", "control"] | UnsetType,
        Meta(description="in a rollout, whose bundle decided; else it is not there"),
    ] = UNSET


class TaughtAnswer(_Shape, frozen=True):
    """An event that only teaches was taken in."""

    event_id: str
    seq: Annotated[int, Meta(ge=0, description="its place in the log")]
    status: Literal["taught"]


class LetterAnswer(_Shape, frozen=True):
    """A record that was refused, and why."""

    number: int
    received_at: Time
    key_id: Annotated[str, Meta(description="of the key that it came with")]
    reason: str
    field: str | None
    message: str
    body: Annotated[str, Meta(description="what came, or its beginning")]
    expires_at: Time
    redriven_at: Annotated[Time | None, Meta(description="when it was given in again and taken")]


class Letters(_Shape, frozen=True):
    """Refused records, oldest first; `next_after` continues, and is null at the end."""

    dead_letters: tuple[LetterAnswer, ...]
    next_after: int | None


class Degraded(_Shape, frozen=True):
    """Parts that do not answer; an empty list means that all do."""

    parts: Annotated[tuple[Id, ...], Meta(max_length=32, description="a list of parts that do not answer")]


class Alive(_Shape, frozen=True):
    """The process answers."""

    status: Literal["alive"]


class Ready(_Shape, frozen=True):
    """Events are decided."""

    state: Literal["ready"]
