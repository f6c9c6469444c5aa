"""The door lets in what the schema accepts, and answers everything else with one reasoned refusal."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.door import FUTURE_MAX_MS, check_future, convert_event, decode_event, decode_events
from bonafide.core.errors import REASONS, InputError
from bonafide.core.events import EVENT_CLASS, ID_LENGTH_MAX, Degraded, Event, Fact, MerchantApplication, Payment, Tick
from bonafide.core.fields import FIELDS
from bonafide.testing.generators import events, texts

PAYMENT: dict[str, Any] = {
    "type": "payment", "event_id": "p1", "time": 1_767_601_800_000, "user_id": "u1", "merchant_id": "m1",
    "order_id": "o1", "amount": 1299, "currency": "CNY",
}  # fmt: skip
APPLICATION: dict[str, Any] = {
    "type": "merchant_application", "event_id": "a1", "time": 1_767_601_800_000, "merchant_id": "m1",
    "legal_name": "Shop", "registration_no": "r1", "representative_id": "p1", "category": "tea",
}  # fmt: skip

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.integers(-(10**400), 10**400) | st.sampled_from([word for field in FIELDS.values() for word in field.words])
)  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=4
)
names = st.sampled_from([*FIELDS, "type", "kind", "id"]) | st.text(max_size=5)
objects = st.dictionaries(names, anything) | st.builds(
    lambda fields, name: {**fields, "type": name}, st.dictionaries(names, anything), st.sampled_from(list(EVENT_CLASS))
)


def line_of(event: Event | dict[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def answer(record: bytes | dict[str, Any]) -> Event | InputError:
    try:
        return decode_event(record) if isinstance(record, bytes) else convert_event(record)
    except InputError as error:
        return error


def refusal(record: bytes | dict[str, Any]) -> InputError:
    error = answer(record)
    assert isinstance(error, InputError)
    return error


def assert_event_or_refusal(record: bytes | dict[str, Any]) -> None:
    answered = answer(record)
    if isinstance(answered, InputError):
        assert answered.reason in REASONS
        assert str(answered).isprintable()
        assert len(str(answered)) < 600
    else:
        assert isinstance(answered, Fact)
        assert decode_event(line_of(answered)) == answered


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    line = bytearray(line_of(draw(events(awkward=True))))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.integers(start, min(len(line), start + 4)))
        line[start:end] = draw(
            st.binary(max_size=3) | st.sampled_from([b"null", b'"', b"\\ud800", b"\\u0301", b"{[", b"1e9"])
        )
    return bytes(line)


lines = st.binary() | damaged_lines() | objects.map(lambda record: json.dumps(record).encode())
records = objects | st.dictionaries(st.none() | st.integers(), st.none() | st.integers(), min_size=1)


@given(lines)
def test_any_bytes_give_an_event_or_a_refusal(line: bytes) -> None:
    assert_event_or_refusal(line)


@given(records)
def test_any_record_gives_an_event_or_a_refusal(record: dict[str, Any]) -> None:
    assert_event_or_refusal(record)


FRAGMENTS = st.sampled_from(
    [
        line_of(Tick(event_id="t1", time=1)), line_of(Tick(event_id="t2", time=2)), b"{", b"}", b"[", b"]", b",", b'"',
        b"{}", b'{"type":"tick","event_id":"', b'","time":5}', b'{"type":"tick"', b'"event_id":"t3","time":3}', b"\n",
        b" ", b"\\", "é".encode(), b'{"x":"}', b'{","z":1}', b'{"type":"tick","event_id":"a","time":1.12345678}',
        b'{"type":"merchant_application","documents":[{"kind":"a","id":"b"}', b'{"kind":"c","id":"d"}]}', b"null", b"1",
    ]
)  # fmt: skip


@given(st.lists(st.lists(FRAGMENTS, max_size=3).map(b"".join), max_size=5))
def test_lines_at_once_are_what_they_are_one_by_one(lines: list[bytes]) -> None:
    """Whatever stands in a line, it can neither join its neighbour nor hide a second event."""
    found = decode_events(lines)
    if found is not None:
        assert found == [decode_event(line) for line in lines]


def test_plain_lines_are_decoded_at_once() -> None:
    lines = [line_of(Tick(event_id=f"t{n}", time=n)) for n in range(3)]
    assert decode_events(lines) == [Tick(event_id=f"t{n}", time=n) for n in range(3)]


@pytest.mark.fuzz
@given(lines, records)
def test_at_length_anything_gives_an_event_or_a_refusal(line: bytes, record: dict[str, Any]) -> None:
    assert_event_or_refusal(line)
    assert_event_or_refusal(record)


@given(events(awkward=True), st.data())
def test_a_refusal_names_the_one_field_that_is_wrong(event: Event, data: st.DataObject) -> None:
    record = json.loads(line_of(event))
    name = data.draw(st.sampled_from(sorted(set(event.__struct_fields__) - {"subject_type", "user_id", "merchant_id"})))
    record[name] = data.draw(anything)
    error = answer(record)
    if isinstance(error, InputError):
        assert error.field is not None
        assert error.field.partition("[")[0] == name
        assert str(error).startswith(f"{error.field}: ")
        assert error.event_id == (event.event_id if name != "event_id" else None)


@given(events(), st.data())
def test_a_missing_field_is_named(event: Event, data: st.DataObject) -> None:
    record = json.loads(line_of(event))
    required = [name for name in record if name == "type" or event.type in FIELDS[name].required]
    name = data.draw(st.sampled_from(required))
    record[name] = data.draw(st.sampled_from([None, ...]))
    if record[name] is ...:
        del record[name]
    error = refusal(record)
    assert (error.reason, error.field) == ("missing-field", name)


@given(texts())
def test_equal_text_in_another_form_is_the_same_value(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    event = convert_event({**PAYMENT, "user_id": decomposed})
    assert isinstance(event, Payment)
    assert event.user_id == text
    for ensure_ascii in (True, False):
        line = json.dumps({**PAYMENT, "user_id": decomposed}, ensure_ascii=ensure_ascii)
        assert decode_event(line.encode()) == event


def test_text_inside_lists_is_checked_and_composed_too() -> None:
    application = decode_event(line_of({**APPLICATION, "documents": [{"kind": "e\u0301", "id": "d1"}]}))
    assert isinstance(application, MerchantApplication)
    assert application.documents is not None
    assert application.documents[0].kind == "\u00e9"
    degraded = {"type": "degraded", "event_id": "d", "time": 0, "parts": ["fine", "e\u0301"]}
    event = decode_event(line_of(degraded))
    assert isinstance(event, Degraded)
    assert event.parts == ("fine", "\u00e9")
    assert refusal(line_of({**degraded, "parts": ["fine", "\x85"]})).field == "parts[1]"
    assert refusal({**APPLICATION, "documents": [{"kind": "k", "id": "a\tb"}]}).field == "documents[0].id"


def test_an_id_has_128_characters_after_composition() -> None:
    longest = "\u00e9" * ID_LENGTH_MAX
    event = decode_event(line_of({**PAYMENT, "user_id": unicodedata.normalize("NFD", longest)}))
    assert isinstance(event, Payment)
    assert event.user_id == longest
    growing = "\u0958" * ID_LENGTH_MAX  # its NFC form is twice as long
    assert refusal(line_of({**PAYMENT, "user_id": growing})).field == "user_id"
    assert refusal(line_of({**PAYMENT, "user_id": longest + "e"})).field == "user_id"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_every_control_character_is_refused_however_it_is_written(code: int) -> None:
    record = {**PAYMENT, "user_id": f"u{chr(code)}1"}
    assert refusal(record).field == "user_id"
    assert refusal(json.dumps(record).encode()).field == "user_id"
    raw = json.dumps({**PAYMENT, "user_id": "u@1"}).replace("@", chr(code)).encode()
    assert refusal(raw).reason == ("malformed" if code < 0x20 else "invalid-field")


@pytest.mark.parametrize("field", ["event_id", "user_id", "pay_with", "type", "amount"])
def test_of_equal_keys_the_last_wins(field: str) -> None:
    last = {**PAYMENT, "pay_with": "balance"}
    earlier = b'{"%s":%s,' % (field.encode(), b"-1" if field == "amount" else b'"verdict"')
    assert decode_event(earlier + line_of(last)[1:]) == convert_event(last)


def test_a_half_of_a_surrogate_pair_is_refused() -> None:
    line = line_of({**PAYMENT, "user_id": "@"})
    for half in (b"\\ud800", b"\\udc00", b"\\ud800\\u0041", b"\\udc00\\ud800", b"\xed\xa0\x80"):
        assert refusal(line.replace(b"@", half)).reason == "malformed"
    assert refusal({**PAYMENT, "user_id": "\ud800"}).field == "user_id"
    assert refusal({**PAYMENT, "currency": "\ud800"}).field == "currency"
    assert decode_event(line.replace(b"@", b"\\ud83d\\ude00")) == convert_event({**PAYMENT, "user_id": "\U0001f600"})


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"documents":[', b'{"type":"tick","x":[{"y":'])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    assert refusal(opening * 100_000).reason == "malformed"
    assert refusal(opening * 400).reason == "malformed"


@pytest.mark.parametrize("depth", [10, 400, 100_000])
def test_a_deeply_nested_record_is_refused(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    assert refusal({**APPLICATION, "documents": value}).field in {"documents", "documents[0]"}
    assert refusal({**APPLICATION, "legal_name": value}).field == "legal_name"


def test_huge_input_is_refused_at_once() -> None:
    marks = "a" + "\u0316\u0301" * 1_000_000
    assert refusal(line_of({**PAYMENT, "user_id": marks})).field == "user_id"
    assert refusal(line_of({**PAYMENT, "x" * 1_000_000: 1})).reason == "unknown-field"
    assert refusal(b'{"amount": ' + b"9" * 1_000_000 + b"}").reason == "malformed"
    assert refusal({**PAYMENT, "amount": 10**100_000}).field == "amount"


def test_what_python_hands_over_is_taken_as_strictly_as_json() -> None:
    taken = convert_event(
        {**APPLICATION, "time": datetime(2026, 1, 5, 8, 30, tzinfo=UTC), "opened_on": date(2020, 1, 1)}
    )
    assert taken == convert_event({**APPLICATION, "opened_on": "2020-01-01"})
    assert taken == convert_event({**APPLICATION, "opened_on": 1_577_836_800_000})
    naive = datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)
    for wrong in (naive, date(2026, 1, 5), float("nan"), b"2026-01-05T08:30:00Z"):
        assert refusal({**APPLICATION, "time": wrong}).field == "time"
    for record in ([PAYMENT], "payment", None):
        assert refusal(record).reason == "malformed"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event_id", "kept"),
    [("p1", "p1"), ("e\u0301", "\u00e9"), ("", None), ("a" * 129, None), ("a\n", None), (5, None), (None, None)],
)
def test_a_refusal_carries_the_event_id_if_it_is_usable(event_id: Any, kept: str | None) -> None:
    assert refusal(line_of({**PAYMENT, "event_id": event_id, "foo": 1})).event_id == kept


def test_an_event_may_lie_five_minutes_in_the_future() -> None:
    now = 1_767_601_800_000
    check_future(now + FUTURE_MAX_MS, now)
    check_future(0, now)
    with pytest.raises(InputError) as caught:
        check_future(now + FUTURE_MAX_MS + 1, now, "p1")
    error = caught.value
    assert (error.reason, error.field, error.event_id) == ("future-time", "time", "p1")
    assert str(error) == (
        "time: 2026-01-05T08:35:00.001Z is more than 5m in the future; give a time up to 2026-01-05T08:35:00.000Z"
    )


@pytest.mark.parametrize("digits", ["000999", "0009999", "000999999", "000999999999999"])
def test_what_is_finer_than_a_millisecond_is_cut_never_rounded(digits: str) -> None:
    line = f'{{"type": "tick", "event_id": "t", "time": "2026-01-05T08:00:00.{digits}Z"}}'.encode()
    assert decode_event(line).time == convert_event(json.loads(line)).time == 1_767_600_000_000
