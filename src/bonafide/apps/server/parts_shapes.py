"""What the route that tells the parts of a score answers, as OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bonafide.core.decision import RiskLevel, Words

_Shown = Annotated[float, Meta(description="`part` in hundredths, so that all that are shown add up to the margin's")]
_Told = Annotated[Words, Meta(description="the value as people read it")]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class RulePartAnswer(_Shape, frozen=True):
    """What a rule that held adds to the margin."""

    rule: str
    typology: Annotated[Words, Meta(description="what it looks for, in words")]
    reason: str
    weight: float
    part: float
    shown: _Shown


class InputPartAnswer(_Shape, frozen=True):
    """What one input of the model adds to the margin: its Shapley value."""

    name: str
    label: Annotated[Words, Meta(description="what it is")]
    reason: str
    value: Annotated[float | None, Meta(description="null: it is missing")]
    told: _Told
    part: float
    shown: _Shown


class OtherInputsAnswer(_Shape, frozen=True):
    """All inputs that are not told one by one, together."""

    inputs: Annotated[int, Meta(ge=1)]
    part: float
    shown: _Shown


class ReasonPartAnswer(_Shape, frozen=True):
    """What rules and inputs of one reason add together."""

    code: str
    told: Annotated[Words, Meta(description="the reason in words")]
    part: float


class MarginAnswer(_Shape, frozen=True):
    """How a score adds up: base, rules, inputs and all others make the margin, and the margin makes the score."""

    scored_by: Annotated[
        Literal["model", "rules"],
        Meta(description="rules: 1 - exp(-margin) is the score; model: its calibration maps the margin to it"),
    ]
    base: Annotated[float, Meta(description="where every payment begins; 0 where rules score alone")]
    base_shown: _Shown
    rules: tuple[RulePartAnswer, ...]
    inputs: Annotated[tuple[InputPartAnswer, ...], Meta(description="those that move it most, either way, first")]
    others: OtherInputsAnswer | None
    margin: float
    margin_shown: float
    by_reason: tuple[ReasonPartAnswer, ...]


class FamilyPointsAnswer(_Shape, frozen=True):
    """The points of one family of a credit score."""

    family: str
    told: Words
    points: int


class InputPointsAnswer(_Shape, frozen=True):
    """The points of one input of a credit score."""

    name: str
    label: Annotated[Words, Meta(description="what it is")]
    family: str
    value: Annotated[float | None, Meta(description="null: it is missing")]
    told: _Told
    points: float
    lost: Annotated[float, Meta(description="how many more it would bring at best")]
    aim: Annotated[Words | None, Meta(description="of a merchant: what it would have to become; null: of a payer")]


class CreditPartsAnswer(_Shape, frozen=True):
    """The points behind a credit score; base and families, kept within 300 to 900, are the score."""

    of: Literal["user", "merchant"]
    score: Annotated[int, Meta(ge=300, le=900)]
    level: RiskLevel
    base: int
    families: tuple[FamilyPointsAnswer, ...]
    inputs: Annotated[tuple[InputPointsAnswer, ...], Meta(description="what would raise it most, at its best, first")]


class PartsAnswer(_Shape, frozen=True):
    """Why a decision has its scores."""

    event_id: str
    seq: Annotated[int, Meta(ge=0, description="its place in the log")]
    type: str
    score: Annotated[float, Meta(ge=0, le=1)]
    bundle: str
    margin: MarginAnswer
    credit: Annotated[CreditPartsAnswer | None, Meta(description="null: the decision states no credit score")]
    arm: Annotated[str | UnsetType, Meta(description="in a rollout, whose bundle decided; else it is not there")] = (
        UNSET
    )
