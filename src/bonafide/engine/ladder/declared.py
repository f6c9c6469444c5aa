"""ladder.yaml: what counts as an offence and how long, what follows how many, and what a grade and an amount bear.

Two tables for users and two for merchants. `steps` says what is proposed after how many offences; `limits` the hardest
measure that the grade and the amount bear. What is proposed is the milder of both. Each table must say one thing about
every case, and nothing milder about a worse one.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from bonafide.core.decision import Outcome
from bonafide.core.events import Grade, MeasureKind
from bonafide.core.moment import SPAN_PATTERN
from bonafide.core.money import AMOUNT_MAX
from bonafide.engine.ladder.words import SubjectKind

OFFENCES_TOLD_MAX: Final = 6
"""The largest number of offences that a row may name; the last rows speak of it and of all beyond."""
BANDS_MAX: Final = 8
FAMILIES_MAX: Final = 16

_Span = Annotated[
    str, Meta(pattern=f"^{SPAN_PATTERN}$", description="a span: a whole number and a unit, such as 24h or 30d")
]
_Text = Annotated[str, Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")]
_Code = Annotated[str, Meta(description="a code of reasons.yaml")]
_Family = Annotated[
    str, Meta(pattern="^[a-z][a-z_]{0,31}$", description="a family's name of small letters and _, at most 32")
]
_Part = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
_Minor = Annotated[
    int, Meta(ge=0, le=AMOUNT_MAX, description=f"a whole number of minor units from 0 to {AMOUNT_MAX:,}")
]
_Offences = Annotated[
    int, Meta(ge=1, le=OFFENCES_TOLD_MAX, description=f"a number of offences from 1 to {OFFENCES_TOLD_MAX}")
]
_BandName = Annotated[str, Meta(pattern="^[a-z][a-z_]{0,31}$", description="a name of small letters and _")]


class TypologyRow(Struct, frozen=True, forbid_unknown_fields=True):
    """Of whom a typology tells, by what kind of evidence, and which reason is given for it."""

    of: Annotated[tuple[SubjectKind, ...], Meta(min_length=1, description="a list of user and merchant")]
    family: _Family
    reason: _Code


class SourceReasons(Struct, frozen=True, forbid_unknown_fields=True):
    """The reasons that are given for what no rule says."""

    score: _Code
    person: _Code
    partner: _Code


class GroupRow(Struct, frozen=True, forbid_unknown_fields=True):
    """From which score on a group supports an offence, and to which family of evidence it belongs."""

    score_from: _Part
    family: _Family


class PartnerRow(Struct, frozen=True, forbid_unknown_fields=True):
    """What follows from a partner's word alone: friction, and no more."""

    confidence_from: _Part
    measure: Literal["notice", "request_information"]
    lasts: _Span


class CountsFor(Struct, frozen=True, forbid_unknown_fields=True):
    """How long an offence counts after the last that is known of it, by its grade."""

    suspected: _Span
    corroborated: _Span
    confirmed: _Span
    adjudicated: _Span


class OffenceRange(Struct, frozen=True, forbid_unknown_fields=True):
    """From how many offences to how many, both included; without `to` all beyond."""

    from_: _Offences = msgspec.field(name="from", default=1)
    to: _Offences | None = None


class StepRow(Struct, frozen=True, forbid_unknown_fields=True):
    """After so many offences, of such a grade, with such an outcome of the event: this measure."""

    measure: MeasureKind
    offences: OffenceRange = OffenceRange()
    grade: tuple[Grade, ...] | None = None
    outcome: tuple[Outcome, ...] | None = None


class LimitRow(Struct, frozen=True, forbid_unknown_fields=True):
    """The hardest measure that an offence of such a grade, and such an amount, bear."""

    at_most: MeasureKind
    grade: tuple[Grade, ...] | None = None
    amount: tuple[str, ...] | None = None


class DeclaredSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """The ladder of users, or of merchants."""

    from_: Literal["warn", "verify", "hold", "decline"] = msgspec.field(name="from")
    episode: _Span
    amounts: dict[_BandName, _Minor]
    steps: tuple[StepRow, ...]
    limits: tuple[LimitRow, ...]


class AppealText(Struct, frozen=True, forbid_unknown_fields=True):
    """How to appeal, as the person concerned is told."""

    zh: _Text
    en: _Text


class DeclaredLadder(Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    appeal: AppealText
    typologies: dict[str, TypologyRow]
    reasons: SourceReasons
    groups: GroupRow
    partner: PartnerRow
    counts_for: CountsFor
    lasts: dict[MeasureKind, _Span]
    user: DeclaredSubject
    merchant: DeclaredSubject
    note: str | None = None

    def of(self, kind: SubjectKind) -> DeclaredSubject:
        """The part about one kind of subject."""
        return self.user if kind == "user" else self.merchant
