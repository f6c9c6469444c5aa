"""What a sender reads when a record is refused, word for word, in golden/error_texts.txt.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/core/test_error_texts.py`, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from bonafide.core.diagnose import accepted_text
from bonafide.core.door import decode_event
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASS

GOLDEN = Path(__file__).parent / "golden" / "error_texts.txt"
ACCEPTED = Path(__file__).parent / "golden" / "accepted_texts.txt"

PAYMENT = (
    '{"type": "payment", "event_id": "p1", "time": "2026-01-05T08:30:00Z", "user_id": "u1", "merchant_id": "m1", '
    '"order_id": "o1", "amount": 1299, "currency": "CNY"}'
)
APPLICATION = (
    '{"type": "merchant_application", "event_id": "a1", "time": 0, "merchant_id": "m1", "legal_name": "Shop", '
    '"registration_no": "r1", "representative_id": "p1", "category": "tea", "documents": [{"kind": "k", "id": "d"}]}'
)
VERDICT = (
    '{"type": "verdict", "event_id": "v1", "time": 0, "subject_type": "user", "subject_id": "u1", '
    '"label": "cash_out", "source": "court"}'
)
INDICATOR = (
    '{"type": "indicator", "event_id": "i1", "time": 0, "indicator_id": "x", "subject_type": "ip", '
    '"subject_id": "10.0.0.1", "typology": "account_farm", "confidence": 0.5, "valid_until": 1, "status": "active"}'
)


def changed(line: str, *pairs: str) -> bytes:
    """A good line with each odd one of `pairs` replaced by the next."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in line
        line = line.replace(old, new)
    return line.encode()


AMOUNT, TIME = '"amount": 1299', "2026-01-05T08:30:00Z"
CASES: list[tuple[str, bytes]] = [
    ("empty line", b""),
    ("only blanks", b" \t\r\n"),
    ("byte order mark", b"\xef\xbb\xbf" + PAYMENT.encode()),
    ("UTF-16", PAYMENT.encode("utf-16")),
    ("GBK", changed(PAYMENT, "m1", "张").decode().encode("gbk")),
    ("binary", b"PAR1\x15\x04\x15"),
    ("truncated", PAYMENT[:60].encode()),
    ("two objects", b'{"a": 1} {"a": 1}'),
    ("trailing comma", b'{"a": 1,}'),
    ("single quotes", b"{'a': 1}"),
    ("CSV", b"event_id,type,time"),
    ("array", b"[1, 2]"),
    ("null", b"null"),
    ("text", b'"payment"'),
    ("NaN", changed(PAYMENT, AMOUNT, '"amount": NaN')),
    ("minus Infinity", changed(PAYMENT, AMOUNT, '"amount": -Infinity')),
    ("number beyond floats", changed(PAYMENT, AMOUNT, '"amount": 1e999')),
    ("nested deeply", b"[" * 100_000),
    ("raw line break in text", changed(PAYMENT, "u1", "u\n1")),
    ("half of a surrogate pair", changed(PAYMENT, "u1", "\\ud800 and some more")),
    ("no fields", b"{}"),
    ("type missing", changed(PAYMENT, '"type": "payment", ', "")),
    ("type misspelt", changed(PAYMENT, '"payment"', '"paymnet"')),
    ("type in capitals", changed(PAYMENT, '"payment"', '"PAYMENT"')),
    ("type like nothing", changed(PAYMENT, '"payment"', '"purchase"')),
    ("type a number", changed(PAYMENT, '"payment"', "5")),
    ("field misspelt", changed(PAYMENT, '"amount"', '"amout"')),
    ("field in camel case", changed(PAYMENT, '"user_id"', '"userId"')),
    ("field of one other type", changed(PAYMENT, "{", '{"weight_g": 5, ')),
    ("field of many other types", changed(VERDICT, "{", '{"amount": 5, ')),
    ("field like nothing", changed(VERDICT, "{", '{"is_admin": true, ')),
    ("field name with a line break", changed(VERDICT, "{", '{"a\\nb": true, ')),
    ("field missing", changed(PAYMENT, ', "currency": "CNY"', "")),
    ("null for a required field", changed(PAYMENT, '"u1"', "null")),
    ("amount nought", changed(PAYMENT, AMOUNT, '"amount": 0')),
    ("amount negative", changed(PAYMENT, AMOUNT, '"amount": -5')),
    ("amount too large", changed(PAYMENT, AMOUNT, '"amount": 1000000000001')),
    ("amount of 400 digits", changed(PAYMENT, AMOUNT, '"amount": ' + "9" * 400)),
    ("amount a float", changed(PAYMENT, AMOUNT, '"amount": 12.99')),
    ("amount a whole float", changed(PAYMENT, AMOUNT, '"amount": 1299.0')),
    ("amount as text", changed(PAYMENT, AMOUNT, '"amount": "1299"')),
    ("amount true", changed(PAYMENT, AMOUNT, '"amount": true')),
    ("amount an object", changed(PAYMENT, AMOUNT, '"amount": {"value": 1299}')),
    ("currency in small letters", changed(PAYMENT, "CNY", "cny")),
    ("currency unknown", changed(PAYMENT, "CNY", "RMB")),
    ("id empty", changed(PAYMENT, '"u1"', '""')),
    ("id too long", changed(PAYMENT, "u1", "u" * 129)),
    ("id a number", changed(PAYMENT, '"u1"', "17")),
    ("id with a control character", changed(PAYMENT, "u1", "u\\u00001")),
    ("event_id with a control character", changed(PAYMENT, "p1", "p\\n1")),
    ("word misspelt", changed(PAYMENT, "}", ', "channel": "App"}')),
    ("word unknown", changed(PAYMENT, "}", ', "goods": "nft"}')),
    ("word a number", changed(PAYMENT, "}", ', "goods": 1}')),
    ("instalments nought", changed(PAYMENT, "}", ', "instalments": 0}')),
    ("time without a zone", changed(PAYMENT, TIME, "2026-01-05T08:30:00")),
    ("time a date", changed(PAYMENT, TIME, "2026-01-05")),
    ("time on 31 February", changed(PAYMENT, TIME, "2026-02-31T08:30:00Z")),
    ("time in a leap second", changed(PAYMENT, TIME, "2016-12-31T23:59:60Z")),
    ("time at 24:00", changed(PAYMENT, TIME, "2026-01-05T24:00:00Z")),
    ("time in the year 0", changed(PAYMENT, TIME, "0000-01-01T00:00:00Z")),
    ("time before 1970", changed(PAYMENT, TIME, "1969-12-31T23:59:59Z")),
    ("time after 9999", changed(PAYMENT, TIME, "9999-12-31T23:59:59-01:00")),
    ("time negative", changed(PAYMENT, f'"{TIME}"', "-1")),
    ("time in microseconds", changed(PAYMENT, f'"{TIME}"', "1767601800000000")),
    ("time a float", changed(PAYMENT, f'"{TIME}"', "1767601800.5")),
    ("time as digits in text", changed(PAYMENT, TIME, "1767601800000")),
    ("date with a time", changed(APPLICATION, "}]", '}], "opened_on": "2019-06-30T00:00:00Z"')),
    ("date before 1000", changed(APPLICATION, "}]", '}], "opened_on": "0999-12-31"')),
    ("documents an object", changed(APPLICATION, '[{"kind": "k", "id": "d"}]', "{}")),
    ("document a text", changed(APPLICATION, '[{"kind": "k", "id": "d"}]', '["k"]')),
    ("document without id", changed(APPLICATION, ', "id": "d"', "")),
    ("document with another field", changed(APPLICATION, '"id": "d"', '"id": "d", "url": "x"')),
    ("second document wrong", changed(APPLICATION, "}]", '}, {"kind": "k", "id": 5}]')),
    ("65 documents", changed(APPLICATION, '{"kind": "k", "id": "d"}', ", ".join(['{"kind": "k", "id": "d"}'] * 65))),
    ("confidence above one", changed(INDICATOR, "0.5", "1.01")),
    ("confidence as text", changed(INDICATOR, "0.5", '"high"')),
    ("subject of another kind", changed(INDICATOR, '"ip"', '"card"')),
    ("verdict on an event of nobody", changed(VERDICT, '"user"', '"event"')),
    ("two faults: the unknown field first", changed(PAYMENT, '"amount"', '"amout"', '"CNY"', '"cny"')),
]


def told(name: str, line: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode_event(line)
    error = caught.value
    return (
        f"## {name}\n{error}\n   {error.reason} | field {error.field} | value {error.value} | event {error.event_id}\n"
    )


def assert_golden(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_refusals_read_as_written_down() -> None:
    assert len({name for name, _ in CASES}) == len(CASES)
    assert_golden(GOLDEN, "\n".join(told(name, line) for name, line in CASES))


def test_the_lines_that_the_cases_change_are_good() -> None:
    for line in (PAYMENT, APPLICATION, VERDICT, INDICATOR):
        assert msgspec.json.decode(line)["event_id"] == decode_event(line.encode()).event_id


def test_what_every_field_accepts_reads_as_written_down() -> None:
    lines = (
        f"{type_name}.{field}: give {accepted_text(type_name, field)}\n"
        for type_name, cls in EVENT_CLASS.items()
        for field in cls.__struct_fields__
    )
    assert_golden(ACCEPTED, "".join(lines))
