"""A log of events reviewed in its order, without a store: each application against what came before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from bonafide.core.events import AccountLink, Fact, Login, MerchantApplication
from bonafide.office.merchants.application import Application, Merchant, Owner, Standing
from bonafide.office.merchants.register import Register
from bonafide.office.merchants.review import Beside, Review, review
from bonafide.office.merchants.screening import Screening
from bonafide.office.merchants.table import ADMITTED

DEVICES_MAX: Final = 50
"""Devices of one merchant that are compared."""


class Batch:
    """Reviews applications as they come. A merchant that is admitted is active for those after it.

    >>> batch = Batch([], Screening())
    >>> event = MerchantApplication(event_id="e", time=0, merchant_id="m1", legal_name="Acme Ltd", category="toys",
    ...                             registration_no="DE136695976", representative_id="r1")
    >>> batch.take(event).decision, len(batch.register)
    ('request_information', 1)
    """

    def __init__(self, merchants: Iterable[Merchant], screening: Screening) -> None:
        self.register = Register(merchants)
        self._screening = screening
        self._owners: dict[str, Owner] = {}
        self._devices: dict[str, dict[str, None]] = {}
        self._accepted: dict[str, Merchant] = {}
        """What each merchant said when it was last admitted, or else at first."""
        self._reviewed: dict[str, Review] = {}

    def take(self, event: Fact, now_ms: int | None = None) -> Review | None:
        """The review of an application, as of a moment (by default its own time); of other events what they say is
        kept for those after them, and there is none."""
        if isinstance(event, AccountLink):
            self._owners[event.account_id] = Owner(event.owner_type, event.owner_id)
        elif isinstance(event, Login) and event.subject_type == "merchant" and event.device_id is not None:
            self._login(event.subject_id, event.device_id)
        elif isinstance(event, MerchantApplication):
            application = Application.of(event, tuple(self._devices.get(event.merchant_id, ())))
            return self._review(application, event.time if now_ms is None else now_ms)
        return None

    def _login(self, merchant: str, device: str) -> None:
        devices = self._devices.setdefault(merchant, {})
        if len(devices) < DEVICES_MAX and device not in devices:
            devices[device] = None
            known = self.register.get(merchant)
            if known is not None:
                self.register.put(Merchant(replace(known.application, devices=tuple(devices)), known.standing))

    def _review(self, application: Application, now_ms: int) -> Review:
        known = self.register.get(application.merchant)
        before = self._accepted.get(application.merchant, known)
        last = self._reviewed.get(application.merchant)
        if known is not None:
            application = application.with_earlier(known.application)
        owner = None if application.account is None else self._owners.get(application.account)
        beside = Beside(owner, before, open=None if last is None else last.still_open(now_ms))
        told = review(application, self.register, now_ms, screening=self._screening, beside=beside)
        standing: Standing = "applied" if known is None else known.standing
        admitted = told.decision in ADMITTED
        if standing == "applied" and admitted:
            standing = "active"
        merchant = Merchant(application, standing)
        self.register.put(merchant)
        if admitted or before is None:
            self._accepted[merchant.key] = merchant
        self._reviewed[merchant.key] = told
        return told
