"""What the platform is told of a review: when it is made, when its hold ends, and when people have settled it."""

from __future__ import annotations

import hmac
from typing import Any, Final

import msgspec

from bonafide.core.moment import show_moment
from bonafide.office.admission.rows import KeptReview
from bonafide.office.outbox.messages import MERCHANT_REVIEW, TAG_BYTES, Message

_encode: Final = msgspec.json.Encoder().encode


def message_of(
    kept: KeptReview, seq: int, now_ms: int, key: bytes, wind_down: dict[str, Any] | None = None
) -> Message:  # fmt: skip
    """The message about a review as it stands; `key` is the data directory's secret, which ids are made with;
    `wind_down` of a merchant that is closed by it.

    It has the reasons that the applicant is told, and nothing about anybody else.
    """
    wire = kept.to_wire(now_ms, inside=False)
    data = {name: wire[name] for name in (
        "merchant_id", "event_id", "cause", "decision", "outcome", "state", "decided_by", "reasons", "papers_missing",
        "answer_by", "hold_until", "limits",
    )} | {"review": kept.number, "wind_down": wind_down}  # fmt: skip
    body = _encode({"type": f"{MERCHANT_REVIEW}.{wire['state']}", "timestamp": show_moment(now_ms), "data": data})
    told = b"%d\n%d\n%b\n%d\n%d" % (
        kept.number, kept.merchant, wire["state"].encode(), kept.made_ms, len(kept.votes)
    )  # fmt: skip
    tag = hmac.digest(key, b"bonafide merchant review 1\n" + told, "sha256")[:TAG_BYTES].hex()
    return Message(
        f"msg_review{kept.number}_{wire['state']}_{tag}", MERCHANT_REVIEW, f"merchant:{kept.token}", seq, body
    )
