"""The structs say what the product's page says, and survive the way through JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.door import convert_event, decode_event
from bonafide.core.errors import InputError
from bonafide.core.events import (
    CONTROL_TYPES,
    EVENT_CLASS,
    Document,
    Event,
    MerchantApplication,
    Payment,
    Tick,
    Traffic,
    Verdict,
)
from bonafide.core.fields import FIELDS
from bonafide.core.moment import DATE_MIN, DAY_MS, MOMENT_MAX, moment_of_date, show_moment
from bonafide.testing.generators import events

# Schema v1 as it is promised: fields beyond event_id, type, time; `?` optional; closed sets in brackets.
PROMISED = """
payment: user_id, merchant_id, order_id, amount, currency, credit_limit?, credit_used?, device_id?, ip?, address_id?, pay_with?(credit balance card), category?, goods?(physical virtual service), channel?(app live web qr pos), instalments?, traffic_source?
payment_status: payment_id, order_id, user_id, merchant_id, status(completed cancelled reversed)
refund: order_id, user_id, merchant_id, amount, currency, to?(original balance bank cash), account_id?
shipment: order_id, merchant_id, user_id, status(created picked_up delivered returned), tracking_no?, carrier?, address_id?, weight_g?
payout: merchant_id, account_id, amount, currency, speed?(instant scheduled)
transfer: from_account_id, to_account_id, amount, currency
account_link: account_id, owner_type(user merchant person), owner_id
registration: user_id, phone_id?, device_id?, ip?, address_id?, invited_by?
repayment: user_id, amount, currency, status(paid late missed), due_time?, days_past_due?, account_id?
credit_line: user_id, limit, currency, reason(grant raise cut close)
login: subject_type(user merchant), subject_id, device_id?, ip?, success?
merchant_application: merchant_id, legal_name, registration_no, representative_id, category, address?, account_id?, phone_id?, opened_on?, documents?
promotion: merchant_id, amount, currency, kind?
traffic: merchant_id, views, visits, from_time, to_time
complaint: user_id, merchant_id, order_id?, kind?
verdict: subject_type(event user merchant), subject_id, label(cash_out genuine unsure), source(analyst partner court appeal chargeback), grade?(suspected corroborated confirmed adjudicated), user_id?, merchant_id?
indicator: indicator_id, subject_type(event user merchant device account address phone ip), subject_id, typology, confidence, valid_until, status(active revoked)
group: group_id, subject_type(event user merchant device account address phone ip), subject_id, method, score, valid_until
"""  # noqa: E501
CONTROL = {
    "bundle_activated", "list_changed", "measure_status", "information_answered", "appeal_status", "degraded", "tick",
}  # fmt: skip


def promised() -> dict[str, dict[str, tuple[bool, set[str]]]]:
    schema: dict[str, dict[str, tuple[bool, set[str]]]] = {}
    for line in PROMISED.strip().splitlines():
        name, _, fields = line.partition(": ")
        schema[name] = {}
        for field in fields.split(", "):
            head, _, words = field.rstrip(")").partition("(")
            schema[name][head.rstrip("?")] = (not head.endswith("?"), set(words.split()))
    return schema


def words_of(info: msgspec.inspect.Type) -> set[str]:
    parts = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return {str(word) for part in parts if isinstance(part, msgspec.inspect.LiteralType) for word in part.values}


def test_structs_say_what_the_product_promises() -> None:
    built: dict[str, dict[str, tuple[bool, set[str]]]] = {}
    for name, cls in EVENT_CLASS.items():
        if name not in CONTROL_TYPES:
            info: Any = msgspec.inspect.type_info(cls)
            fields = {f.name: (f.required, words_of(f.type) if f.name != "currency" else set()) for f in info.fields}
            assert fields.pop("event_id") == fields.pop("time") == (True, set())
            built[name] = fields
    assert built == promised()


def test_control_records_and_decided_types_are_the_promised_ones() -> None:
    assert CONTROL_TYPES == CONTROL
    decided = {name for name, cls in EVENT_CLASS.items() if cls.decided}
    assert decided == {"payment", "refund", "payout", "transfer", "merchant_application"}


def test_every_moment_field_is_settled_when_the_struct_is_made() -> None:
    for cls in EVENT_CLASS.values():
        assert set(cls.moments) == {name for name in cls.__struct_fields__ if FIELDS[name].kind == "moment"}


@given(events(awkward=True, times=st.integers(0, MOMENT_MAX)))
def test_an_event_survives_the_way_through_json(event: Event) -> None:
    line = msgspec.json.encode(event)
    assert decode_event(line) == event
    record = json.loads(line)
    assert record["type"] == event.type
    assert decode_event(json.dumps(record).encode()) == event  # everything beyond ASCII as escapes
    assert decode_event(json.dumps(record, ensure_ascii=False, indent=1).encode()) == event
    assert convert_event(record) == event


@given(events())
def test_a_moment_may_be_written_as_rfc_3339(event: Event) -> None:
    record = json.loads(msgspec.json.encode(event))
    for name in event.moments:
        if record.get(name) is not None:
            whole_day = record[name] // DAY_MS * DAY_MS if name == "opened_on" else record[name]
            record[name] = whole_day
            event = msgspec.structs.replace(event, **{name: whole_day})
    for name in event.moments:
        if record.get(name) is not None:
            record[name] = show_moment(record[name])[: 10 if name == "opened_on" else None]
    assert decode_event(json.dumps(record).encode()) == event
    assert convert_event(record) == event


def test_moments_stand_as_milliseconds_whatever_they_were_given_as() -> None:
    assert Tick(event_id="t", time=datetime(1970, 1, 2, tzinfo=UTC)).time == DAY_MS
    traffic = Traffic(
        event_id="t", time=5, merchant_id="m", views=1, visits=0,
        from_time=datetime(1970, 1, 1, tzinfo=UTC), to_time=datetime(1970, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC),
    )  # fmt: skip
    assert (traffic.from_time, traffic.to_time) == (0, 1_999)
    application = MerchantApplication(
        event_id="a", time=0, merchant_id="m", legal_name="n", registration_no="r", representative_id="p",
        category="c", opened_on=date(1970, 1, 3), documents=(Document("licence", "d1"),),
    )  # fmt: skip
    assert application.opened_on == 2 * DAY_MS


@pytest.mark.parametrize(("year", "month", "second"), [(1969, 12, 59), (1, 1, 0)])
def test_a_struct_refuses_a_moment_before_1970(year: int, month: int, second: int) -> None:
    with pytest.raises(InputError, match=r"time: .* is not accepted; give a time from 1970 to 9999"):
        Tick(event_id="t", time=datetime(year, month, 28, 23, 59, second, tzinfo=UTC))


def test_a_verdict_on_an_event_names_its_user_or_its_merchant() -> None:
    verdict: dict[str, Any] = {"event_id": "v", "time": 0, "subject_id": "p1", "label": "cash_out", "source": "court"}
    with pytest.raises(InputError) as caught:
        Verdict(subject_type="event", **verdict)
    assert (caught.value.reason, caught.value.field) == ("missing-field", "user_id")
    assert Verdict(subject_type="event", merchant_id="m1", **verdict).merchant_id == "m1"
    assert Verdict(subject_type="user", **verdict).user_id is None


def test_an_event_cannot_be_changed() -> None:
    tick = Tick(event_id="t", time=0)
    with pytest.raises(AttributeError):
        tick.time = 1  # type: ignore[misc]


def test_a_payment_is_on_credit_unless_it_says_otherwise() -> None:
    line = (
        b'{"type":"payment","event_id":"p","time":0,"user_id":"u","merchant_id":"m","order_id":"o",%s'
        b'"amount":1,"currency":"CNY"}'
    )
    for given_as in (b"", b'"pay_with":null,', b'"pay_with":"credit",'):
        event = decode_event(line % given_as)
        assert isinstance(event, Payment)
        assert event.pay_with == "credit"


def test_a_shop_may_be_older_than_1970() -> None:
    line = (
        b'{"type": "merchant_application", "event_id": "a1", "time": 0, "merchant_id": "m1", "legal_name": "Shop",'
        b' "registration_no": "r1", "representative_id": "p1", "category": "tea", "opened_on": "1956-06-30"}'
    )
    event = decode_event(line)
    assert isinstance(event, MerchantApplication)
    assert event.opened_on == -426_211_200_000


SHOP = {
    "type": "merchant_application", "event_id": "a1", "time": 0, "merchant_id": "m1", "legal_name": "Shop",
    "registration_no": "r1", "representative_id": "p1", "category": "tea",
}  # fmt: skip


def test_a_company_may_be_centuries_old() -> None:
    def opened(day: str | int) -> int | date | None:
        event = convert_event({**SHOP, "opened_on": day})
        assert isinstance(event, MerchantApplication)
        return event.opened_on

    assert opened("1602-03-20") == moment_of_date(date(1602, 3, 20)) == -11_606_198_400_000
    assert opened("1000-01-01") == opened(DATE_MIN) == DATE_MIN
    for before in ("0999-12-31", DATE_MIN - 1):
        with pytest.raises(InputError, match="give a date from 1000 to 9999"):
            opened(before)
