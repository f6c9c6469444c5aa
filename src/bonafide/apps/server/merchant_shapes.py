"""Bodies and answers of the routes of merchants."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bonafide.apps.server.me_shapes import AboutAnswer
from bonafide.apps.server.shapes import Time
from bonafide.core.secret import unprinted
from bonafide.office.admission.desk import NOTE_LENGTH_MAX
from bonafide.office.admission.rows import Cause, State
from bonafide.office.merchants.application import Standing
from bonafide.office.merchants.table import DECISIONS, Decision, Family, Outcome, Severity

_MERCHANT = Annotated[str, Meta(description="the token that stands for it")]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return unprinted(self)  # notes name people


class DecideBody(_Shape, frozen=True):
    """What one person decides, and why."""

    decision: Annotated[Decision, Meta(description=f"one of {', '.join(DECISIONS)}")]
    note: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=NOTE_LENGTH_MAX,
            pattern="^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
            description=f"why, in 1 to {NOTE_LENGTH_MAX} plain characters; it is kept sealed",
        ),
    ]


class ReasonAnswer(_Shape, frozen=True):
    """What the applicant is told of one finding, and may hand in."""

    code: str
    zh: str
    en: str
    submit_zh: str
    submit_en: str


class FindingAnswer(ReasonAnswer, frozen=True, kw_only=True):
    """A finding as the office sees it."""

    severity: Severity
    family: Family
    asks: Decision
    rests_on: Annotated[dict[str, Any], Meta(description="it may name other merchants: never told to the applicant")]


class PaperAnswer(_Shape, frozen=True):
    """A paper that is asked for."""

    kind: str
    zh: str
    en: str


class VoteAnswer(_Shape, frozen=True):
    """What one person decided."""

    person: str
    decision: Decision
    note: Annotated[str | None, Meta(description="null where the merchant was forgotten since")]
    made: Time


class LimitsStepAnswer(_Shape, frozen=True):
    """What holds from a moment on."""

    from_: Time = msgspec.field(name="from")
    settle_after_days: Annotated[int, Meta(ge=0, description="a sale is paid out so many days after it")]
    pay_later_share: Annotated[float, Meta(ge=0, le=1, description="of a day's sales, how much may be paid later")]
    reserve_share: Annotated[float, Meta(ge=0, le=1, description="of each payout, how much stays behind")]
    reserve_days: Annotated[int, Meta(ge=0, description="for so long")]


class LimitsAnswer(_Shape, frozen=True):
    """The limits of an admission with limits."""

    in_force: LimitsStepAnswer
    steps: tuple[LimitsStepAnswer, ...]
    until: Annotated[Time, Meta(description="when they end by themselves")]


class WindDownAnswer(_Shape, frozen=True):
    """How a closed merchant is wound down."""

    pay_later: Literal["off"]
    payouts: Literal["delivered_only"]
    refunds_first: bool
    hold_rest_until: Time


class MerchantReviewAnswer(_Shape, frozen=True):
    """A review; `findings` and `votes` are for the office's own."""

    number: int
    merchant_id: _MERCHANT
    event_id: Annotated[str, Meta(description="of the application")]
    cause: Cause
    made: Time
    proposed: Annotated[Decision, Meta(description="what the findings ask for")]
    decision: Annotated[Decision, Meta(description="what is in force")]
    outcome: Outcome
    state: State
    decided_by: Literal["machine", "people"]
    settled: Time | None
    hold_until: Annotated[Time | None, Meta(description="when the hold of a proposed refusal ends")]
    limits: Annotated[LimitsAnswer | None, Meta(description="where it is admitted with limits that have not ended")]
    answer_by: Time | None
    reasons: tuple[ReasonAnswer, ...]
    papers_missing: tuple[PaperAnswer, ...]
    forgotten: Annotated[bool, Meta(description="whether nothing of it can be read any more")]
    findings: tuple[FindingAnswer, ...] = ()
    votes: tuple[VoteAnswer, ...] = ()


class MerchantAnswer(_Shape, frozen=True):
    """A merchant that has applied, with its newest reviews, the newest first."""

    merchant_id: _MERCHANT
    standing: Standing
    changed: Time
    wind_down: Annotated[WindDownAnswer | None, Meta(description="where it was closed")]
    reviews: tuple[MerchantReviewAnswer, ...]


class TakingsAnswer(_Shape, frozen=True):
    """Sums in one currency, in minor units."""

    currency: str
    payments: Annotated[int, Meta(ge=0, description="on credit that were not declined; attempts included")]
    pay_later: Annotated[int, Meta(ge=0, description="what these come to")]
    refunded: Annotated[int, Meta(ge=0, description="refunds that were not declined")]
    paid_out: Annotated[int, Meta(ge=0, description="payouts that were let pass")]
    held: Annotated[int, Meta(ge=0, description="payouts that were to be verified or held first")]


class ExposureAnswer(_Shape, frozen=True):
    """What a merchant sold on credit and was paid in the last days of the log."""

    days: int
    since: Time | None
    sums: tuple[TakingsAnswer, ...]


class MerchantWholeAnswer(AboutAnswer, frozen=True, kw_only=True):
    """A merchant that has applied, or that was decided about; the last two fields are for the office's own."""

    merchant_id: _MERCHANT
    standing: Annotated[Standing | None, Meta(description="null where it has not applied")]
    changed: Time | None
    wind_down: WindDownAnswer | None
    reviews: tuple[MerchantReviewAnswer, ...]
    exposure: ExposureAnswer | None = None
    cleared_until: Annotated[
        Time | None, Meta(description="until when its payouts are not held for what people found genuine")
    ] = None


class MerchantsAnswer(_Shape, frozen=True):
    """Merchants, each with its newest review; `next_before` leads on, and is null where there are no more."""

    merchants: tuple[MerchantAnswer, ...]
    next_before: int | None
