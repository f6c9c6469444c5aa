"""Words of the API that pages offer to choose from, in the order in which they are offered."""

from __future__ import annotations

from typing import Final, get_args

from bonafide.core.decision import OUTCOMES, RISK_LEVELS
from bonafide.core.events import Grade, Label, MeasureKind

STATES: Final = ("open", "assigned", "waiting", "decided", "reopened", "merged")
MEASURE_STATES: Final = ("proposed", "requested", "applied", "confirmed", "expired", "lifted", "refused")
APPEAL_STATES: Final = (
    "acknowledged", "assigned", "upheld", "rejected", "satisfactory", "partial", "unsatisfactory", "withdrawn",
)  # fmt: skip
LABELS: Final[tuple[str, ...]] = get_args(Label)
GRADES: Final[tuple[str, ...]] = get_args(Grade)
MEASURES: Final[tuple[str, ...]] = get_args(MeasureKind)
MILD: Final = ("notice", "request_information")
"""What one person may ask for; anything harder takes two."""
MEASURES_OF: Final[dict[str, tuple[str, ...]]] = {
    "user": ("notice", "request_information", "limit_credit", "freeze_credit", "disable_pay_later", "refer"),
    "merchant": (
        "notice", "request_information", "delay_settlement", "hold_reserve", "disable_pay_later", "suspend_merchant",
        "refer",
    ),
}  # fmt: skip
"""Whom a measure may be about."""
CONTRARY: Final[dict[str, tuple[str, ...]]] = {
    "cash_out": ("genuine", "unsure"), "genuine": ("unsure",), "unsure": ("unsure",)
}  # fmt: skip
"""Label -> what a decision may be taken back to."""
TYPOLOGIES: Final = (
    "user_merchant_loop", "drain_the_line", "intensive_burst", "repay_and_drain", "shaped_amounts",
    "cash_out_merchant", "broker_ring", "self_purchase", "no_delivery", "refund_elsewhere", "burst_then_payout",
    "bought_traffic", "off_hours", "bust_out", "perfect_bill", "account_farm",
)  # fmt: skip
OUTCOMES_OF: Final[dict[str, tuple[str, ...]]] = {
    "appeal": ("upheld", "rejected"), "answer": ("satisfactory", "partial", "unsatisfactory"),
}  # fmt: skip
"""How an appeal may end, and an answer to a request."""
STANDINGS: Final = ("applied", "active", "refused", "suspended", "closed")
DECISIONS: Final = ("admit", "admit_with_limits", "request_information", "refuse")
LISTS: Final = ("allow", "block", "watch")
ROLES: Final = ("analyst", "senior", "merchant_ops", "legal", "auditor", "admin")
KEY_ROLES: Final = ("platform", "analyst", "senior", "merchant_ops", "legal", "auditor", "admin", "partner")
"""What a machine's key may be."""
TOPICS: Final = ("alert", "measure", "notice", "merchant_review", "education")
"""Of messages that leave."""

__all__ = [
    "APPEAL_STATES", "CONTRARY", "DECISIONS", "GRADES", "KEY_ROLES", "LABELS", "LISTS", "MEASURES", "MEASURES_OF",
    "MEASURE_STATES", "MILD", "OUTCOMES", "OUTCOMES_OF", "RISK_LEVELS", "ROLES", "STANDINGS", "STATES", "TOPICS",
    "TYPOLOGIES",
]  # fmt: skip
