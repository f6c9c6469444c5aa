"""What a record of the log says to others: its messages, their ids and their bodies. The same record, the same bytes.

A body holds what its receiver acts on and no more: no credit score and no risk level, which are for internal use, and
no way that money took, which is about other people too. Whoever may see them asks for the decision.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from bonafide.core.moment import show_moment
from bonafide.office.journal import Record

MERCHANT_REVIEW: Final = "merchant_review"
EDUCATION: Final = "education"
TOPICS: Final = ("alert", "measure", "notice", MERCHANT_REVIEW, EDUCATION)
"""What can be subscribed to: decisions that alert; where a measure stands; who is to be told of a measure; what became
of a merchant's application; what somebody is to be told so that they refuse cash-out."""
TAG_BYTES: Final = 8
NOTICE: Final = "notice"


class Message(NamedTuple):
    """What is to leave."""

    id: str
    """The same whenever it is sent, and of no other message of any platform: receivers know duplicates by it."""
    topic: str
    subject: str
    """Whom it is about, as `user:u1`: messages about one subject leave in their order."""
    seq: int
    """Place in the log of the event that it follows from."""
    body: bytes
    """JSON: `type`, `timestamp` and `data`."""


class _Measure(msgspec.Struct):
    measure: str
    subject_type: str
    subject_id: str
    status: str
    until: str | None = None
    measure_id: str | None = None
    needs_person: bool = False
    reasons: msgspec.Raw = msgspec.Raw(b"[]")
    """None: the decision's."""
    why: msgspec.Raw = msgspec.Raw(b"null")
    submit: msgspec.Raw = msgspec.Raw(b"null")
    appeal: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    event_id: str
    time: str = ""
    outcome: str | None = None
    score: msgspec.Raw = msgspec.Raw(b"null")
    alert: bool = False
    reasons: msgspec.Raw = msgspec.Raw(b"[]")
    hits: msgspec.Raw = msgspec.Raw(b"[]")
    measures: tuple[_Measure, ...] = ()
    release_by: str | None = None
    bundle: str = ""
    digest: str = ""


class _Event(msgspec.Struct):
    type: str
    time: int
    user_id: str | None = None
    merchant_id: str | None = None
    from_account_id: str | None = None


class _Status(msgspec.Struct):
    event_id: str
    time: int
    measure_id: str
    measure: str
    subject_type: str
    subject_id: str
    status: str
    until: int | None = None


_read_answer: Final = msgspec.json.Decoder(_Answer).decode
_read_event: Final = msgspec.json.Decoder(_Event).decode
_read_status: Final = msgspec.json.Decoder(_Status).decode
_encode: Final = msgspec.json.Encoder().encode
_STATUS: Final = b'{"type":"measure_status"'
"""How the content of a control record about a measure begins: canonical JSON says the type first."""
_TAUGHT: Final = b',"status":"taught"}'
"""How the answer to an event that only teaches ends."""
_PLAIN: Final = (
    b',"alert":false,"reasons":[],"hits":[],"measures":[],"faults":[],"degraded":[],"release_by":null,'
    b'"release_default":null,"loops":[],"bundle":"'
)
_PLAIN_FROM_END: Final = len(_PLAIN) + 64 + len(b'","digest":"') + 64 + len(b'"}')
"""The end of an answer on which nothing fired: it is always as long, so one comparison finds it."""
_NO_ALERT: Final = b',"alert":false,"reasons":['
_NO_MEASURES: Final = b'],"measures":[],"faults":['
"""Inside a text every quote has a backslash before it, so these are found nowhere but where they are meant."""
_ABOUT_MERCHANTS: Final = frozenset({"payout", "merchant_application"})


def speaking(first_seq: int, records: Sequence[Record]) -> Iterator[tuple[int, Record]]:
    """The records that may give messages, each with its place; the others are seen at a glance to give none.

    Almost every record is silent. That is told by bytes at fixed places, for a fifth of what reading its answer costs.
    """
    for seq, record in enumerate(records, first_seq):
        answer = record.answer
        if answer.endswith(_TAUGHT):
            if record.content.startswith(_STATUS):
                yield seq, record
        elif not answer.startswith(_PLAIN, -_PLAIN_FROM_END) and not (_NO_ALERT in answer and _NO_MEASURES in answer):
            yield seq, record


def messages_of(seq: int, record: Record, key: bytes) -> Iterator[Message]:
    """The messages that follow from one record; `key` is the data directory's secret, which ids are made with.

    A decision that alerts gives an `alert`; a measure that it proposes a `measure`, or a `notice` where the measure is
    that somebody be told. A control record `measure_status` gives a `measure` (or `notice`) with the new status.
    """
    if record.content.startswith(_STATUS):
        yield _of_status(seq, record, key)
        return
    answer = _read_answer(record.answer)
    if answer.alert:
        yield _alert(seq, record, answer, key)
    for number, measure in enumerate(answer.measures):
        topic = NOTICE if measure.measure == NOTICE else "measure"
        reasons = answer.reasons if bytes(measure.reasons) == b"[]" else measure.reasons
        data = {
            **msgspec.structs.asdict(measure), "event_id": answer.event_id, "seq": seq, "reasons": reasons,
            "bundle": answer.bundle, "digest": answer.digest,
        }  # fmt: skip
        subject = f"{measure.subject_type}:{measure.subject_id}"
        body = body_of(f"{topic}.{measure.status}", answer.time, data)
        yield Message(_id(seq, f"measure{number}", record, key), topic, subject, seq, body)


def _alert(seq: int, record: Record, answer: _Answer, key: bytes) -> Message:
    event = _read_event(record.content)
    subject_type, subject_id = _subject(event)
    data: dict[str, object] = {
        "event_id": answer.event_id, "seq": seq, "time": answer.time, "event_type": event.type,
        "subject_type": subject_type, "subject_id": subject_id, "user_id": event.user_id,
        "merchant_id": event.merchant_id, "outcome": answer.outcome, "score": answer.score, "reasons": answer.reasons,
        "hits": answer.hits, "release_by": answer.release_by, "bundle": answer.bundle, "digest": answer.digest,
    }  # fmt: skip
    body = body_of("alert.raised", answer.time, data)
    return Message(_id(seq, "alert", record, key), "alert", f"{subject_type}:{subject_id}", seq, body)


def _of_status(seq: int, record: Record, key: bytes) -> Message:
    status = _read_status(record.content)
    topic = NOTICE if status.measure == NOTICE else "measure"
    data: dict[str, object] = {
        "measure": status.measure, "subject_type": status.subject_type, "subject_id": status.subject_id,
        "status": status.status, "until": None if status.until is None else show_moment(status.until),
        "measure_id": status.measure_id, "event_id": status.event_id, "seq": seq,
    }  # fmt: skip
    body = body_of(f"{topic}.{status.status}", show_moment(status.time), data)
    return Message(
        _id(seq, "status", record, key), topic, f"{status.subject_type}:{status.subject_id}", seq, body
    )  # fmt: skip


def _subject(event: _Event) -> tuple[str, str]:
    """Whom a decision is about: the payer, of a payout and an application the merchant, of a transfer the account."""
    if event.type in _ABOUT_MERCHANTS or event.user_id is None:
        if event.merchant_id is not None:
            return "merchant", event.merchant_id
        return "account", event.from_account_id or ""
    return "user", event.user_id


def body_of(kind: str, timestamp: str, data: dict[str, object]) -> bytes:
    """The JSON of a message."""
    return _encode({"type": kind, "timestamp": timestamp, "data": data})


def _id(seq: int, kind: str, record: Record, key: bytes) -> str:
    # A journal that was restored from an older backup gives places anew: what is hashed tells the two events apart.
    told = b"%d\n%b\n%d\n%b%b" % (seq, kind.encode(), len(record.content), record.content, record.answer)
    tag = hmac.digest(key, b"bonafide message 1\n" + told, "sha256")[:TAG_BYTES].hex()
    return f"msg_{seq}_{kind}_{tag}"
