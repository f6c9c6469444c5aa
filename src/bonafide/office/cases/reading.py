"""What the log says to cases: decisions that alert, and what teaches about the subjects and orders of cases.

Almost every record says nothing; that is told by bytes, as in the outbox, before anything is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from bonafide.core.moment import parse_moment
from bonafide.office.journal import Record

TypologiesOf = Callable[[str, Sequence[str]], int]
"""The typologies of the rules of a bundle (hash) that hit, as bits."""


class Alert(NamedTuple):
    """A decision that alerts, as far as cases need it. Ids are tokens; money is in minor units."""

    seq: int
    event_id: str
    type: str
    time_ms: int
    amount: int | None
    currency: str | None
    outcome: str
    score_e6: int | None
    typologies: int
    release_ms: int | None
    """When a hold ends by itself."""
    user: str | None = None
    merchant: str | None = None
    device: str | None = None
    accounts: tuple[str, ...] = ()
    order: str | None = None
    goods: str | None = None
    refund_to: str | None = None
    loop_amount: int = 0
    """Of the payments whose money this event brought home, where that closed a loop."""
    loop_home: int = 0


class Owned(NamedTuple):
    """Whose an account is from now on; `kind` is `person` where nobody of the platform owns it."""

    account: str
    kind: str
    owner: str


class Repaid(NamedTuple):
    """What became of a user's bill."""

    user: str
    status: str
    amount: int
    currency: str
    days: int | None
    time_ms: int


class Moved(NamedTuple):
    """An order's parcel was picked up or delivered."""

    order: str


class Refunded(NamedTuple):
    """Money of an order went back."""

    order: str
    amount: int
    to: str


Said: TypeAlias = Alert | Owned | Repaid | Moved | Refunded


class _Loop(msgspec.Struct):
    home: int
    amount: int
    closes: bool


class _Answer(msgspec.Struct):
    event_id: str
    outcome: str = "allow"
    score: float | None = None
    alert: bool = False
    hits: tuple[str, ...] = ()
    loops: tuple[_Loop, ...] = ()
    release_by: str | None = None
    bundle: str = ""


class _Event(msgspec.Struct):
    type: str
    time: int
    user_id: str | None = None
    merchant_id: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    from_account_id: str | None = None
    to_account_id: str | None = None
    order_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    goods: str | None = None
    to: str | None = None
    status: str | None = None
    days_past_due: int | None = None
    owner_type: str = ""
    owner_id: str = ""


_read_answer: Final = msgspec.json.Decoder(_Answer).decode
_read_event: Final = msgspec.json.Decoder(_Event).decode
_ALERT: Final = b',"alert":true,'
"""Inside a text every quote has a backslash before it, so this is found nowhere but where it is meant."""
_HEADS: Final = tuple(
    b'{"type":"%b"' % name for name in (b"account_link", b"repayment", b"shipment", b"refund")
)  # fmt: skip
"""How the content of what teaches begins: canonical JSON says the type first."""
_MOVED: Final = frozenset({"picked_up", "delivered"})
_SCORE: Final = 1_000_000


def said(first_seq: int, records: Sequence[Record], typologies_of: TypologiesOf) -> Iterator[Said]:
    """What records say to cases, in their order."""
    for seq, record in enumerate(records, first_seq):
        alerts = _ALERT in record.answer
        if not alerts and not record.content.startswith(_HEADS):
            continue
        event = _read_event(record.content)
        if alerts:
            yield alert_of(seq, event, _read_answer(record.answer), typologies_of)
        taught = _taught(event)
        if taught is not None:
            yield taught


def alert_at(seq: int, record: Record, typologies_of: TypologiesOf) -> Alert:
    """A decision as an alert, whether it alerts or not: what a review sample asks for."""
    return alert_of(seq, _read_event(record.content), _read_answer(record.answer), typologies_of)


def alert_of(seq: int, event: _Event, answer: _Answer, typologies_of: TypologiesOf) -> Alert:
    """An alert from its event and its answer."""
    closing = [loop for loop in answer.loops if loop.closes]
    accounts = (event.account_id, event.from_account_id, event.to_account_id)
    return Alert(
        seq=seq, event_id=answer.event_id, type=event.type, time_ms=event.time, amount=event.amount,
        currency=event.currency, outcome=answer.outcome,
        score_e6=None if answer.score is None else round(answer.score * _SCORE),
        typologies=typologies_of(answer.bundle, answer.hits),
        release_ms=None if answer.release_by is None else parse_moment(answer.release_by),
        user=event.user_id, merchant=event.merchant_id, device=event.device_id,
        accounts=tuple(one for one in accounts if one is not None), order=event.order_id, goods=event.goods,
        refund_to=event.to if event.type == "refund" else None,
        loop_amount=sum(loop.amount for loop in closing), loop_home=sum(loop.home for loop in closing),
    )  # fmt: skip


def _taught(event: _Event) -> Said | None:
    amount, currency = event.amount or 0, event.currency or ""
    match event.type:
        case "account_link" if event.account_id is not None:
            return Owned(event.account_id, event.owner_type, event.owner_id)
        case "repayment" if event.user_id is not None:
            return Repaid(event.user_id, event.status or "", amount, currency, event.days_past_due, event.time)
        case "shipment" if event.order_id is not None and event.status in _MOVED:
            return Moved(event.order_id)
        case "refund" if event.order_id is not None:
            return Refunded(event.order_id, amount, event.to or "original")
        case _:
            return None
