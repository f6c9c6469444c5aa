"""What a record of the log says about one subject: a decision, a cancelled order, a verdict of cash-out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from bonafide.core.decision import Outcome
from bonafide.core.pseudonym import read_token, show_token
from bonafide.office.journal import Record
from bonafide.office.vault.pseudonym import pseudonym_of

ABOUT_MERCHANTS: Final = frozenset({"payout", "merchant_application"})
_TAUGHT: Final = b',"status":"taught"}'
"""How the answer to an event that only teaches ends."""
_STATUS: Final = b'{"type":"payment_status"'
_VERDICT: Final = b'{"type":"verdict"'
_CANCELLED: Final = b'"status":"cancelled"'
_CASH_OUT: Final = b'"label":"cash_out"'
_CREDIT: Final = "credit"


class Decided(NamedTuple):
    """A decision; the subject is a token, and both its fields are empty where it is about nobody (a transfer)."""

    subject_type: str
    subject: str
    seq: int
    event_id: str
    event_ms: int
    type: str
    outcome: Outcome
    hits: tuple[str, ...]
    offences: int
    """How many count against the subject, where the decision says so; else 0."""
    bundle: str
    received_ms: int
    score: float = 0.0
    credit_score: int | None = None
    risk_level: str | None = None
    alert: bool = False
    merchant: str | None = None
    """Who was paid, refunded or was paid out; a token."""
    amount: int = 0
    currency: str = ""
    on_credit: bool = False


class Cancelled(NamedTuple):
    """A user gave an order up."""

    subject: str
    event_ms: int


class Judged(NamedTuple):
    """Somebody judged that what a user did was cash-out."""

    subject: str
    event_ms: int


Said: TypeAlias = Decided | Cancelled | Judged


class _Event(msgspec.Struct):
    type: str
    time: int
    user_id: str | None = None
    merchant_id: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    status: str | None = None
    label: str | None = None
    amount: int = 0
    currency: str = ""
    pay_with: str = _CREDIT


class _Measure(msgspec.Struct):
    subject_type: str
    offences: int = 0


class _Answer(msgspec.Struct):
    event_id: str
    outcome: Outcome | None = None
    hits: tuple[str, ...] = ()
    measures: tuple[_Measure, ...] = ()
    bundle: str = ""
    score: float = 0.0
    credit_score: int | None = None
    risk_level: str | None = None
    alert: bool = False


_read_event: Final = msgspec.json.Decoder(_Event).decode
_read_answer: Final = msgspec.json.Decoder(_Answer).decode


def said(first_seq: int, records: Sequence[Record], secret: bytes) -> Iterator[Said]:
    """What some records say, in their order."""
    for seq, record in enumerate(records, first_seq):
        if not record.answer.endswith(_TAUGHT):
            yield from _decided(seq, record, secret)
        elif record.content.startswith(_STATUS) and _CANCELLED in record.content:
            event = _read_event(record.content)
            if event.status == "cancelled" and event.user_id is not None:
                yield Cancelled(token_of(event.user_id, secret), event.time)
        elif record.content.startswith(_VERDICT) and _CASH_OUT in record.content:
            event = _read_event(record.content)
            user = event.subject_id if event.subject_type == "user" else event.user_id
            if event.label == "cash_out" and user is not None:
                yield Judged(token_of(user, secret), event.time)


def subject_of(content: bytes, secret: bytes) -> tuple[str, str] | None:
    """Whom a decision on an event is about, as (type, token): the payer, of a payout and an application the merchant.
    None where it is neither."""
    return _subject(_read_event(content), secret)


def token_of(subject_id: str, secret: bytes) -> str:
    """What stands for a subject; a log of before pseudonyms has the id itself."""
    return subject_id if read_token(subject_id) is not None else show_token(pseudonym_of(subject_id, secret))


def _subject(event: _Event, secret: bytes) -> tuple[str, str] | None:
    if event.type not in ABOUT_MERCHANTS and event.user_id is not None:
        return "user", token_of(event.user_id, secret)
    return None if event.merchant_id is None else ("merchant", token_of(event.merchant_id, secret))


def _decided(seq: int, record: Record, secret: bytes) -> Iterator[Decided]:
    answer, event = _read_answer(record.answer), _read_event(record.content)
    if answer.outcome is None:
        return
    about = _subject(event, secret) or ("", "")
    offences = max((one.offences for one in answer.measures if one.subject_type == about[0]), default=0)
    merchant = None if event.merchant_id is None else token_of(event.merchant_id, secret)
    yield Decided(
        *about, seq, answer.event_id, event.time, event.type, answer.outcome, answer.hits, offences,
        answer.bundle, record.received_ms, answer.score, answer.credit_score, answer.risk_level, answer.alert,
        merchant, event.amount, event.currency, event.pay_with == _CREDIT,
    )  # fmt: skip
