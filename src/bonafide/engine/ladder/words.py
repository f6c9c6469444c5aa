"""The words of the ladder: measures by how hard they are, grades by how much stands behind them, who may have what."""

from __future__ import annotations

from typing import Final, Literal, get_args

from bonafide.core.decision import OUTCOMES
from bonafide.core.events import Grade, MeasureKind
from bonafide.core.moment import DAY_MS, HOUR_MS

SubjectKind = Literal["user", "merchant"]
SUBJECTS: Final[tuple[SubjectKind, ...]] = ("user", "merchant")
"""Whose ladders there are, by their numbers."""
USER, MERCHANT = 0, 1
MEASURES: Final[tuple[MeasureKind, ...]] = get_args(MeasureKind)
"""Mildest first; a measure's place is how hard it is."""
HARDNESS: Final[dict[str, int]] = {name: place for place, name in enumerate(MEASURES)}
NOTICE: Final = HARDNESS["notice"]
FRICTION: Final = HARDNESS["request_information"]
"""Up to here nobody is limited: what is harder, a machine may propose for MACHINE_MS only."""
REFER: Final = HARDNESS["refer"]
MEASURES_OF: Final[dict[SubjectKind, tuple[MeasureKind, ...]]] = {
    "user": ("notice", "request_information", "limit_credit", "freeze_credit", "disable_pay_later", "refer"),
    "merchant": (
        "notice", "request_information", "delay_settlement", "hold_reserve", "disable_pay_later", "suspend_merchant",
        "refer",
    ),
}  # fmt: skip
"""What there is for whom: a merchant has no credit line, and a user's sales are not settled."""
GRADES: Final[tuple[Grade, ...]] = get_args(Grade)
"""Weakest first."""
SUSPECTED, CORROBORATED, CONFIRMED, ADJUDICATED = range(4)
OUTCOME_PLACE: Final = {name: place for place, name in enumerate(OUTCOMES)}

MACHINE_MS: Final = 72 * HOUR_MS
"""How long a measure harder than FRICTION lasts that a machine proposed, unless CONFIRMERS people confirm it."""
CONFIRMERS: Final = 2
UNSTATED_MS: Final = 90 * DAY_MS
"""When a measure that a person brought about is looked at again, where neither its record nor the ladder says."""
