"""Answers about the last days."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bonafide.apps.server.shapes import Time
from bonafide.office.days.drift import Verdict


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class DayAnswer(_Shape, frozen=True):
    """What a UTC day held."""

    day: Annotated[Time, Meta(description="when it begins")]
    payments: Annotated[int, Meta(ge=0)]
    decided: Annotated[int, Meta(ge=0, description="events of all types that were decided")]
    alerts: Annotated[int, Meta(ge=0)]
    outcomes: Annotated[dict[str, int], Meta(description="outcome -> payments")]


class BudgetAnswer(_Shape, frozen=True):
    """How many alerts people can look at in a day."""

    per_day: Annotated[int | None, Meta(description="null where nothing was decided and no setting says it")]
    is_set: Annotated[bool, Meta(description="whether `alerts_per_day` says it; else it is `fraction` of payments")]
    fraction: Annotated[float, Meta(ge=0, le=1)]
    days_over: Annotated[int | None, Meta(description="of these days, on how many there were more alerts")]


class PeriodAnswer(_Shape, frozen=True):
    """Days that are looked at as one."""

    from_: Time | None = msgspec.field(name="from")
    until: Time | None
    payments: Annotated[int, Meta(ge=0)]


class MovedAnswer(_Shape, frozen=True):
    """How far a number moved."""

    name: Annotated[str, Meta(description="score, credit_score or outcome, of payments")]
    index: Annotated[float | None, Meta(description="population stability index; null where a period is empty")]
    by_chance: Annotated[float | None, Meta(description="what samples of these sizes have where nothing moved")]
    verdict: Verdict


class DriftAnswer(_Shape, frozen=True):
    """The last seven days against the 28 before them."""

    before: PeriodAnswer
    after: PeriodAnswer
    verdict: Annotated[Verdict, Meta(description="of the number that moved most")]
    young: Annotated[bool, Meta(description="counts go back fewer than 90 days; a young log drifts by itself")]
    numbers: Annotated[tuple[MovedAnswer, ...], Meta(description="the one that moved most first")]


class DayFiguresAnswer(_Shape, frozen=True):
    """The last days, the oldest first."""

    currency: Annotated[str | None, Meta(description="the platform's own; null while the service starts")]
    as_of: Annotated[Time | None, Meta(description="the newest day; it may not be over")]
    counted_since: Annotated[Time | None, Meta(description="the oldest day of which payments were counted")]
    days_kept: int
    budget: BudgetAnswer
    days: tuple[DayAnswer, ...]
    drift: DriftAnswer
