"""What the log says that reviews need: applications, whose accounts are, devices, standings, and trade by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec

from bonafide.core.door import decode_event
from bonafide.core.events import MerchantApplication
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.core.pseudonym import read_token
from bonafide.office.journal import Record
from bonafide.office.merchants.application import Standing
from bonafide.office.merchants.drift import Trade


class Applied(NamedTuple):
    """An application in the log."""

    seq: int
    received_ms: int
    event: MerchantApplication
    content: bytes


class Link(NamedTuple):
    """An account and whose it is."""

    event_id: str
    account: int
    owner_type: str
    owner: int


class _Link(msgspec.Struct):
    event_id: str
    account_id: str
    owner_type: str
    owner_id: str


class _Login(msgspec.Struct):
    subject_type: str
    subject_id: str
    device_id: str | None = None


class _Measure(msgspec.Struct):
    measure: str
    subject_type: str
    subject_id: str
    status: str


class _Payment(msgspec.Struct):
    time: int
    merchant_id: str
    amount: int
    category: str | None = None


_read_link: Final = msgspec.json.Decoder(_Link).decode
_read_login: Final = msgspec.json.Decoder(_Login).decode
_read_measure: Final = msgspec.json.Decoder(_Measure).decode
_read_payment: Final = msgspec.json.Decoder(_Payment).decode
_PAYMENT, _LOGIN, _LINK, _APPLICATION, _MEASURE = (
    f'{{"type":"{name}"'.encode()
    for name in ("payment", "login", "account_link", "merchant_application", "measure_status")
)
_STANDS: Final[dict[str, Standing]] = {
    "applied": "suspended", "confirmed": "suspended", "lifted": "active", "expired": "active", "refused": "active"
}  # fmt: skip
"""Status of `suspend_merchant` -> where the merchant stands then."""


class Gathered:
    """What some records of the log said, in their order."""

    def __init__(self) -> None:
        self.applied: list[Applied] = []
        self.links: list[Link] = []
        self.devices: set[tuple[int, int]] = set()
        self.stands: dict[int, Standing] = {}
        self.trade: dict[tuple[int, int], Trade] = {}
        """(merchant, day) -> its orders."""

    def take(self, first_seq: int, records: Iterable[Record], stop: Callable[[Applied], bool]) -> int:
        """Take in records up to the first application that `stop` holds of; returns the place after the last.

        Almost every record is a payment or of no interest, which its first bytes say.
        """
        seq = first_seq - 1
        for seq, record in enumerate(records, first_seq):
            content = record.content
            if content.startswith(_PAYMENT):
                self._trade(_read_payment(content))
            elif content.startswith(_LINK):
                self._link(_read_link(content))
            elif content.startswith(_LOGIN):
                self._login(_read_login(content))
            elif content.startswith(_APPLICATION):
                event = decode_event(content)
                assert isinstance(event, MerchantApplication)
                applied = Applied(seq, record.received_ms, event, content)
                if stop(applied):
                    return seq
                self.applied.append(applied)
            elif content.startswith(_MEASURE):
                self._measure(_read_measure(content))
        return seq + 1

    def _trade(self, payment: _Payment) -> None:
        merchant = read_token(payment.merchant_id)
        if merchant is not None and payment.time >= 0:
            of_day = self.trade.setdefault((merchant, payment.time // DAY_MS), Trade(0, {}, {}, {}))
            of_day.add(payment.amount, payment.time % DAY_MS // HOUR_MS, payment.category)

    def _link(self, link: _Link) -> None:
        account, owner = read_token(link.account_id), read_token(link.owner_id)
        if account is not None and owner is not None:
            self.links.append(Link(link.event_id, account, link.owner_type, owner))

    def _login(self, login: _Login) -> None:
        merchant, device = read_token(login.subject_id), read_token(login.device_id or "")
        if login.subject_type == "merchant" and merchant is not None and device is not None:
            self.devices.add((merchant, device))

    def _measure(self, measure: _Measure) -> None:
        merchant, stands = read_token(measure.subject_id), _STANDS.get(measure.status)
        about = measure.measure == "suspend_merchant" and measure.subject_type == "merchant"
        if about and merchant is not None and stands is not None:
            self.stands[merchant] = stands
