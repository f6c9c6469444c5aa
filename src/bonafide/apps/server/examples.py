"""One example of every event type that clients send, as the API's description shows them."""

from __future__ import annotations

from typing import Any, Final

_TIME: Final = "2026-01-05T08:30:00Z"
_MONEY: Final[dict[str, Any]] = {"amount": 129_900, "currency": "CNY"}
_TRADE: Final[dict[str, Any]] = {"user_id": "u1", "merchant_id": "m1", "order_id": "o1"}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    name: {"type": name, "event_id": f"{name}-1", "time": _TIME, **fields}
    for name, fields in {
        "payment": {
            **_TRADE, **_MONEY, "credit_limit": 800_000, "credit_used": 210_000, "device_id": "d1",
            "ip": "203.0.113.7", "pay_with": "credit", "category": "phones", "goods": "physical", "channel": "live",
            "instalments": 6,
        },
        "payment_status": {"payment_id": "payment-1", **_TRADE, "status": "completed"},
        "refund": {**_TRADE, **_MONEY, "to": "original"},
        "shipment": {**_TRADE, "status": "delivered", "tracking_no": "SF1", "carrier": "sf", "weight_g": 420},
        "payout": {"merchant_id": "m1", "account_id": "a1", **_MONEY, "speed": "instant"},
        "transfer": {"from_account_id": "a1", "to_account_id": "a2", **_MONEY},
        "account_link": {"account_id": "a2", "owner_type": "user", "owner_id": "u1"},
        "registration": {"user_id": "u1", "phone_id": "ph1", "device_id": "d1", "invited_by": "u0"},
        "repayment": {"user_id": "u1", **_MONEY, "status": "paid", "due_time": "2026-01-08T00:00:00Z"},
        "credit_line": {"user_id": "u1", "limit": 800_000, "currency": "CNY", "reason": "grant"},
        "login": {"subject_type": "user", "subject_id": "u1", "device_id": "d1", "success": True},
        "merchant_application": {
            "merchant_id": "m1", "legal_name": "杭州一号数码有限公司", "registration_no": "91330100X",
            "representative_id": "r1", "category": "phones", "opened_on": "2019-06-30",
            "documents": [{"kind": "licence", "id": "doc-1"}],
        },
        "promotion": {"merchant_id": "m1", **_MONEY, "kind": "search"},
        "traffic": {
            "merchant_id": "m1", "views": 12_000, "visits": 3_100, "from_time": "2026-01-04T16:00:00Z",
            "to_time": "2026-01-05T08:00:00Z",
        },
        "complaint": {"user_id": "u1", "merchant_id": "m1", "order_id": "o1", "kind": "not_delivered"},
        "verdict": {
            "subject_type": "event", "subject_id": "payment-1", "label": "cash_out", "source": "chargeback",
            "grade": "confirmed", "user_id": "u1", "merchant_id": "m1",
        },
        "indicator": {
            "indicator_id": "i1", "subject_type": "device", "subject_id": "d1", "typology": "broker_ring",
            "confidence": 0.8, "valid_until": "2026-04-05T00:00:00Z", "status": "active",
        },
        "group": {
            "group_id": "g1", "subject_type": "user", "subject_id": "u1", "method": "leiden", "score": 0.91,
            "valid_until": "2026-02-05T00:00:00Z",
        },
    }.items()
}  # fmt: skip

DECISION: Final[dict[str, Any]] = {
    "event_id": "payment-1", "seq": 17, "time": "2026-01-05T08:30:00.000Z", "outcome": "verify", "score": 0.731204,
    "risk_level": "high", "credit_score": 512, "alert": True,
    "reasons": [{"code": "RC03", "zh": "短时间内付款次数过多", "en": "Many payments within a short time"}],
    "hits": ["U-BURST"],
    "measures": [
        {"measure": "request_information", "subject_type": "user", "subject_id": "u1", "status": "proposed",
         "until": "2026-01-12T08:30:00.000Z", "measure_id": "u17-1767601800000", "needs_person": False,
         "grade": "suspected", "offences": 1, "amount": 129_900, "facts": [{"place": 17, "grade": "suspected"}],
         "reasons": [{"code": "RC03", "zh": "短时间内付款次数过多", "en": "Many payments within a short time"}],
         "why": {"zh": "在计入期内，这是第一次。", "en": "Within the time that counts this is the first time."},
         "submit": {"zh": "购买用途、发票", "en": "what the purchase is for and an invoice"},
         "appeal": {"zh": "如认为有误，可提出申诉。", "en": "If you think that this is wrong, you can appeal."}},
    ],
    "faults": [], "degraded": [], "release_by": None, "release_default": None, "loops": [],
    "bundle": "9f2c" * 16, "digest": "04ab" * 16,
}  # fmt: skip
TAUGHT: Final[dict[str, Any]] = {"event_id": "login-1", "seq": 18, "status": "taught"}
