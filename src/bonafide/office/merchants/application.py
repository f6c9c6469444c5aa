"""A merchant's application as its review reads it, and the merchants that are there already."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from bonafide.core.business_numbers.reading import read_number
from bonafide.core.business_numbers.same import is_same_number
from bonafide.core.events import MerchantApplication
from bonafide.core.moment import moment_of_date
from bonafide.office.merchants.checklist import paper_kind

Standing = Literal["applied", "active", "refused", "suspended", "closed"]
"""Where a merchant stands: applied, admitted, refused by two people, suspended for now, closed for good."""
PAPERS_MAX: Final = 64
"""Papers of one merchant that count, as many as an event may name."""
FALLEN: Final = frozenset({"refused", "suspended", "closed"})


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document handed in: what it is, and its id, which says whether somebody else handed in the same."""

    kind: str
    id: str


class Owner(NamedTuple):
    """Whose an account is, as an `account_link` says."""

    owner_type: str
    owner_id: str


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant says of itself. Ids and texts are clear, or hashes throughout where somebody reads a log."""

    merchant: str
    legal_name: str
    registration_no: str
    representative: str
    category: str
    address: str | None = None
    account: str | None = None
    phone: str | None = None
    devices: tuple[str, ...] = ()
    """What the merchant has logged in with; an application itself names none."""
    opened_on_ms: int | None = None
    papers: tuple[Paper, ...] = ()

    @classmethod
    def of(cls, event: MerchantApplication, devices: tuple[str, ...] = ()) -> Application:
        """The application that an event brings."""
        opened = event.opened_on
        return cls(
            merchant=event.merchant_id, legal_name=event.legal_name, registration_no=event.registration_no,
            representative=event.representative_id, category=event.category, address=event.address,
            account=event.account_id, phone=event.phone_id, devices=devices,
            opened_on_ms=opened if opened is None or isinstance(opened, int) else moment_of_date(opened),
            papers=tuple(Paper(one.kind, one.id) for one in event.documents or ()),
        )  # fmt: skip

    def with_earlier(self, before: Application) -> Application:
        """With what the merchant said before and leaves out now: an answer need not say everything again, and nothing
        is unsaid by saying less. Papers of another representative, or of another business, prove nothing of this one.
        """
        kinds = {paper_kind(one.kind) for one in self.papers}
        ours = self.representative == before.representative and not is_other_number(before, self)
        earlier = [one for one in before.papers if ours and paper_kind(one.kind) not in kinds]
        return replace(
            self,
            address=before.address if self.address is None else self.address,
            account=before.account if self.account is None else self.account,
            phone=before.phone if self.phone is None else self.phone,
            opened_on_ms=before.opened_on_ms if self.opened_on_ms is None else self.opened_on_ms,
            papers=(*self.papers, *earlier)[:PAPERS_MAX],
        )


def is_other_number(before: Application, now: Application, *, admitted: bool = False) -> bool:
    """Whether a merchant says to be another business than before. A number that was mistyped is put right, but not once
    the merchant was admitted with it."""
    if is_same_number(before.registration_no, now.registration_no):
        return False
    return admitted or read_number(before.registration_no).state not in ("typo", "malformed")


class Merchant(msgspec.Struct, frozen=True):
    """A merchant of the register: what it said last, and where it stands."""

    application: Application
    standing: Standing = "applied"

    @property
    def key(self) -> str:
        """What it is called by."""
        return self.application.merchant
