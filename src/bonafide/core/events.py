"""Events and control records, schema v1: one frozen struct per type in one tagged union.

A struct is the wire contract, the validator and the domain noun at once: what `decode_event` returns has been
checked, and nothing inside checks it again. Money is an integer in minor units; a time given as RFC 3339 becomes
integer milliseconds since 1970 UTC when the struct is made. An absent optional field is None.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Union, get_args

import msgspec
from msgspec import Meta, Struct

from bonafide.core.errors import InputError
from bonafide.core.moment import DATE_MIN, MOMENT_MAX, moment_of, moment_of_date
from bonafide.core.money import AMOUNT_MAX, Currency

ID_LENGTH_MAX: Final = 128
TEXT_LENGTH_MAX: Final = 256

Id = Annotated[str, Meta(min_length=1, max_length=ID_LENGTH_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
Level = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
"""Money that may be zero: a limit, the part of it in use."""
Count = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
if TYPE_CHECKING:
    Moment = int  # what it is in every struct
else:
    Moment = Annotated[int, Meta(ge=0, le=MOMENT_MAX)] | Annotated[datetime, Meta(tz=True)]
"""On the wire RFC 3339 with a zone or integer milliseconds; in the struct always integer milliseconds."""
MOMENT_RANGE_TEXT: Final = "a time from 1970 to 9999"
DATE_RANGE_TEXT: Final = "a date from 1000 to 9999"

PayWith = Literal["credit", "balance", "card"]
Goods = Literal["physical", "virtual", "service"]
Channel = Literal["app", "live", "web", "qr", "pos"]
SubjectType = Literal["event", "user", "merchant", "device", "account", "address", "phone", "ip"]
Label = Literal["cash_out", "genuine", "unsure"]
Grade = Literal["suspected", "corroborated", "confirmed", "adjudicated"]
Source = Literal["analyst", "partner", "court", "appeal", "chargeback"]
MeasureKind = Literal[
    "notice", "request_information", "limit_credit", "freeze_credit", "delay_settlement",
    "hold_reserve", "disable_pay_later", "suspend_merchant", "refer",
]  # fmt: skip


class Fact(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, tag_field="type"
):
    """What every line of the log has: its id and its time."""

    decided: ClassVar[bool] = False
    """Whether this type is decided on; the others only teach."""
    moments: ClassVar[tuple[str, ...]] = ("time",)

    event_id: Id
    time: Moment

    def __post_init__(self) -> None:
        for name in self.moments:
            value = getattr(self, name)
            if value.__class__ is not int and value is not None:
                is_time = isinstance(value, datetime)
                moment = moment_of(value) if is_time else moment_of_date(value)
                if not (0 if is_time else DATE_MIN) <= moment <= MOMENT_MAX:
                    raise InputError.of_value(name, value, MOMENT_RANGE_TEXT if is_time else DATE_RANGE_TEXT)
                msgspec.structs.force_setattr(self, name, moment)

    @property
    def type(self) -> str:
        """The event's type as it stands on the wire."""
        return str(self.__struct_config__.tag)


class Payment(Fact, tag="payment", frozen=True, kw_only=True):
    """An attempt to buy; `credit_used` is the part of the line in use before it."""

    decided = True
    user_id: Id
    merchant_id: Id
    order_id: Id
    amount: Amount
    currency: Currency
    credit_limit: Level | None = None
    credit_used: Level | None = None
    device_id: Id | None = None
    ip: Id | None = None
    address_id: Id | None = None
    pay_with: PayWith = "credit"
    category: Id | None = None
    goods: Goods | None = None
    channel: Channel | None = None
    instalments: Annotated[int, Meta(ge=1, le=360)] | None = None
    traffic_source: Id | None = None


class PaymentStatus(Fact, tag="payment_status", frozen=True, kw_only=True):
    """What became of a payment; `payment_id` is the payment's event_id."""

    payment_id: Id
    order_id: Id
    user_id: Id
    merchant_id: Id
    status: Literal["completed", "cancelled", "reversed"]


class Refund(Fact, tag="refund", frozen=True, kw_only=True):
    """Money back to a buyer, to the original channel or elsewhere."""

    decided = True
    order_id: Id
    user_id: Id
    merchant_id: Id
    amount: Amount
    currency: Currency
    to: Literal["original", "balance", "bank", "cash"] | None = None
    account_id: Id | None = None


class Shipment(Fact, tag="shipment", frozen=True, kw_only=True):
    """A parcel's step on its way."""

    order_id: Id
    merchant_id: Id
    user_id: Id
    status: Literal["created", "picked_up", "delivered", "returned"]
    tracking_no: Id | None = None
    carrier: Id | None = None
    address_id: Id | None = None
    weight_g: Annotated[int, Meta(ge=0, le=10**9)] | None = None


class Payout(Fact, tag="payout", frozen=True, kw_only=True):
    """A merchant's takings paid out to an account."""

    decided = True
    merchant_id: Id
    account_id: Id
    amount: Amount
    currency: Currency
    speed: Literal["instant", "scheduled"] | None = None


class Transfer(Fact, tag="transfer", frozen=True, kw_only=True):
    """Money moved between two accounts."""

    decided = True
    from_account_id: Id
    to_account_id: Id
    amount: Amount
    currency: Currency


class AccountLink(Fact, tag="account_link", frozen=True, kw_only=True):
    """Whose an account is."""

    account_id: Id
    owner_type: Literal["user", "merchant", "person"]
    owner_id: Id


class Registration(Fact, tag="registration", frozen=True, kw_only=True):
    """A user joins."""

    user_id: Id
    phone_id: Id | None = None
    device_id: Id | None = None
    ip: Id | None = None
    address_id: Id | None = None
    invited_by: Id | None = None


class Repayment(Fact, tag="repayment", frozen=True, kw_only=True):
    """An instalment or bill paid, paid late or missed."""

    moments = ("time", "due_time")
    user_id: Id
    amount: Amount
    currency: Currency
    status: Literal["paid", "late", "missed"]
    due_time: Moment | None = None
    days_past_due: Annotated[int, Meta(ge=0, le=36_500)] | None = None
    account_id: Id | None = None


class CreditLine(Fact, tag="credit_line", frozen=True, kw_only=True):
    """A user's limit is set."""

    user_id: Id
    limit: Level
    currency: Currency
    reason: Literal["grant", "raise", "cut", "close"]


class Login(Fact, tag="login", frozen=True, kw_only=True):
    """A user or a merchant signs in, or fails to."""

    subject_type: Literal["user", "merchant"]
    subject_id: Id
    device_id: Id | None = None
    ip: Id | None = None
    success: bool | None = None


class Document(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A paper handed in with an application."""

    kind: Id
    id: Id


class MerchantApplication(Fact, tag="merchant_application", frozen=True, kw_only=True):
    """A merchant asks to be admitted."""

    decided = True
    moments = ("time", "opened_on")
    merchant_id: Id
    legal_name: Text
    registration_no: Id
    representative_id: Id
    category: Id
    address: Text | None = None
    account_id: Id | None = None
    phone_id: Id | None = None
    opened_on: date | Annotated[int, Meta(ge=DATE_MIN, le=MOMENT_MAX)] | None = None
    documents: Annotated[tuple[Document, ...], Meta(max_length=64)] | None = None


class Promotion(Fact, tag="promotion", frozen=True, kw_only=True):
    """A merchant pays to be seen."""

    merchant_id: Id
    amount: Amount
    currency: Currency
    kind: Id | None = None


class Traffic(Fact, tag="traffic", frozen=True, kw_only=True):
    """How many people came to see a merchant between two moments."""

    moments = ("time", "from_time", "to_time")
    merchant_id: Id
    views: Count
    visits: Count
    from_time: Moment
    to_time: Moment


class Complaint(Fact, tag="complaint", frozen=True, kw_only=True):
    """A user complains about a merchant."""

    user_id: Id
    merchant_id: Id
    order_id: Id | None = None
    kind: Id | None = None


class Verdict(Fact, tag="verdict", frozen=True, kw_only=True):
    """Truth about an event or a subject, at the time it became known."""

    subject_type: Literal["event", "user", "merchant"]
    subject_id: Id
    label: Label
    source: Source
    grade: Grade | None = None
    user_id: Id | None = None
    merchant_id: Id | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.subject_type == "event" and self.user_id is None and self.merchant_id is None:
            told = "user_id: missing from verdict; a verdict on an event names its user_id or its merchant_id"
            raise InputError("missing-field", told, "user_id")


class Indicator(Fact, tag="indicator", frozen=True, kw_only=True):
    """A shared fact about a threat."""

    moments = ("time", "valid_until")
    indicator_id: Id
    subject_type: SubjectType
    subject_id: Id
    typology: Id
    confidence: Fraction
    valid_until: Moment
    status: Literal["active", "revoked"]


class Group(Fact, tag="group", frozen=True, kw_only=True):
    """What a batch job found a subject to belong to: a community, a ring, a dense block."""

    moments = ("time", "valid_until")
    group_id: Id
    subject_type: SubjectType
    subject_id: Id
    method: Id
    score: Fraction
    valid_until: Moment


class BundleActivated(Fact, tag="bundle_activated", frozen=True, kw_only=True):
    """Control record: from here on this bundle decides."""

    bundle: Id
    by: Id | None = None


class ListChanged(Fact, tag="list_changed", frozen=True, kw_only=True):
    """Control record: an entry joined or left a named list."""

    moments = ("time", "expires")
    list: Id
    action: Literal["add", "remove"]
    entry: Id
    expires: Moment | None = None
    by: Id | None = None


class MeasureStatus(Fact, tag="measure_status", frozen=True, kw_only=True):
    """Control record: where a measure stands; only this changes what is in force."""

    moments = ("time", "until")
    measure_id: Id
    measure: MeasureKind
    subject_type: Literal["user", "merchant"]
    subject_id: Id
    status: Literal["proposed", "applied", "confirmed", "expired", "lifted", "refused"]
    until: Moment | None = None
    by: Id | None = None
    """The person who did it; absent: a machine."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure == "refer" and self.status in {"applied", "confirmed"} and self.by is None:
            told = "by: missing from measure_status; a machine refers nobody, so say which person does"
            raise InputError("missing-field", told, "by")


class InformationAnswered(Fact, tag="information_answered", frozen=True, kw_only=True):
    """Control record: a request for information was answered."""

    measure_id: Id
    subject_type: Literal["user", "merchant"]
    subject_id: Id
    answer: Literal["satisfactory", "partial", "unsatisfactory"]
    human_only: bool | None = None
    """Whether the subject asks that people decide, not machines; absent: nothing about that."""
    by: Id | None = None


class AppealStatus(Fact, tag="appeal_status", frozen=True, kw_only=True):
    """Control record: where an appeal stands."""

    appeal_id: Id
    measure_id: Id | None = None
    subject_type: Literal["user", "merchant"]
    subject_id: Id
    status: Literal["submitted", "acknowledged", "upheld", "rejected", "withdrawn"]
    human_only: bool | None = None
    by: Id | None = None


class Degraded(Fact, tag="degraded", frozen=True, kw_only=True):
    """Control record: these parts do not answer from here on; an empty list means all do again."""

    parts: Annotated[tuple[Id, ...], Meta(max_length=32)]


class Tick(Fact, tag="tick", frozen=True, kw_only=True):
    """Control record: time passed."""


class _Return(Fact, frozen=True, kw_only=True):
    """What is told of money that came home to its payer."""

    user_id: Id
    merchant_id: Id
    payment_id: Id
    via: Literal["payout", "transfer", "refund", "account_link"]
    amount: Amount
    account_id: Id | None = None
    """The account it came home to; absent where a refund names none."""
    returned_share: Fraction
    """This part of the payment's amount."""
    return_hops: Count
    return_delay_s: Count
    """Whole seconds from the payment."""
    one_to_one: bool
    """Whether what moved was this payment's money and nothing else of anybody's, and most of the payment."""


class MoneyReturned(_Return, tag="money_returned", frozen=True, kw_only=True):
    """Derived: a part of a completed credit payment came home to its payer."""


class LoopClosed(_Return, tag="loop_closed", frozen=True, kw_only=True):
    """Derived: so much of a payment has come home that its loop is closed; told once for each payment. The amount and
    the share are all that has come home of it by then."""


class LoopPassed(Fact, tag="loop_passed", frozen=True, kw_only=True):
    """Derived: money of a loop that has just closed had gone through this account, which is not the payer's."""

    account_id: Id
    from_account_id: Id
    """The same account, as transfers name it that leave from there."""
    user_id: Id
    merchant_id: Id
    payment_id: Id
    amount: Amount
    returned_share: Fraction
    return_delay_s: Count


class CreditRecycled(Fact, tag="credit_recycled", frozen=True, kw_only=True):
    """Derived: credit was repaid with money that credit had brought."""

    user_id: Id
    account_id: Id
    amount: Amount
    recycled_share: Fraction
    """Of the repayment."""


class Linked(Fact, tag="linked", frozen=True, kw_only=True):
    """Derived: a user and a merchant were found to share something that few others use."""

    user_id: Id
    merchant_id: Id
    shared: Literal["device", "ip", "address", "phone", "account"]


class Grouped(Fact, tag="grouped", frozen=True, kw_only=True):
    """Derived: a `group` event, told of the key that its subject is."""

    moments = ("time", "valid_until")
    user_id: Id | None = None
    merchant_id: Id | None = None
    device_id: Id | None = None
    account_id: Id | None = None
    group_id: Id
    method: Id
    score: Fraction
    valid_until: Moment


Event = Union[  # noqa: UP007  (msgspec needs a runtime union, and names read better in a column)
    Payment, PaymentStatus, Refund, Shipment, Payout, Transfer, AccountLink, Registration, Repayment, CreditLine,
    Login, MerchantApplication, Promotion, Traffic, Complaint, Verdict, Indicator, Group,
    BundleActivated, ListChanged, MeasureStatus, InformationAnswered, AppealStatus, Degraded, Tick,
]  # fmt: skip

EVENT_CLASSES: Final[tuple[type[Fact], ...]] = get_args(Event)
EVENT_CLASS: Final[dict[str, type[Fact]]] = {str(c.__struct_config__.tag): c for c in EVENT_CLASSES}
DERIVED_CLASSES: Final[tuple[type[Fact], ...]] = (
    MoneyReturned, LoopClosed, LoopPassed, CreditRecycled, Linked, Grouped
)  # fmt: skip
"""What the engine establishes by itself, and features may count: never read, never written, regenerated on replay."""
DERIVED_CLASS: Final[dict[str, type[Fact]]] = {str(c.__struct_config__.tag): c for c in DERIVED_CLASSES}
CONTROL_TYPES: Final = frozenset(str(c.__struct_config__.tag) for c in EVENT_CLASSES[18:])
