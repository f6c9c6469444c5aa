"""Input classes (reliability, section 6c) as one corpus: what comes in, and what must be said of it.

Each case is the body of `POST /v1/events` as application/json, the status, and the field and reason that the problem
names. None of them may be taken in, whatever form it comes in.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.apps.server.client import payment


class Case(NamedTuple):
    """One bad body."""

    name: str
    body: bytes
    status: int
    field: str | None
    reason: str


def _with(name: str, value: Any, status: int = 422, field: str | None = "", reason: str = "invalid-field") -> bytes:
    return json.dumps({**payment(), name: value}, ensure_ascii=False).encode()


def _raw(field: str, text: bytes) -> bytes:
    """A payment with a field whose value stands in the JSON as these bytes."""
    mark = b'"\\u0001here"'
    body = json.dumps({**payment(), field: "\x01here"}).encode()
    assert mark in body
    return body.replace(mark, text)


def _bad(name: str, field: str, text: bytes, reason: str = "invalid-field") -> Case:
    return Case(name, _raw(field, text), 422, field, reason)


def _not_json(name: str, body: bytes, field: str | None = None) -> Case:
    return Case(name, body, 400, field, "malformed")


AMOUNTS = [
    _bad("zero", "amount", b"0"),
    _bad("minus one", "amount", b"-1"),
    _bad("minus zero", "amount", b"-0"),
    _bad("a fraction", "amount", b"0.1"),
    _bad("a whole number as a float", "amount", b"12.0"),
    _bad("an exponent", "amount", b"1e3"),
    _bad("more than the largest amount", "amount", b"1000000000001"),
    _bad("10^18", "amount", b"1000000000000000000"),
    _bad("2^53 + 1", "amount", b"9007199254740993"),
    _bad("2^63", "amount", b"9223372036854775808"),
    _bad("2^64", "amount", b"18446744073709551616"),
    _bad("true", "amount", b"true"),
    _bad("text", "amount", b'"1299"'),
    _bad("text with a separator", "amount", b'"1,000"'),
    _bad("Arabic digits", "amount", '"١٢٣"'.encode()),
    _bad("full-width digits", "amount", '"１２３"'.encode()),
    _bad("a list", "amount", b"[1299]"),
    _bad("null", "amount", b"null", "missing-field"),
    _not_json("NaN", _raw("amount", b"NaN"), "amount"),
    _not_json("Infinity", _raw("amount", b"Infinity"), "amount"),
    _not_json("minus Infinity", _raw("amount", b"-Infinity"), "amount"),
    _not_json("a leading zero", _raw("amount", b"0129")),
    _not_json("a plus", _raw("amount", b"+129")),
]
CURRENCIES = [
    _bad("unknown currency", "currency", b'"XYZ"'),
    _bad("currency in lower case", "currency", b'"cny"'),
    _bad("currency with a blank", "currency", b'"CNY "'),
    _bad("currency as a number", "currency", b"156"),
]
STRINGS = [
    _bad("NUL", "user_id", b'"u\\u0000"'),
    _bad("line feed: log injection", "user_id", b'"u\\r\\nlevel=error"'),
    _bad("escape character", "user_id", b'"\\u001b[31m"'),
    _bad("C1 control", "user_id", b'"\\u0085"'),
    _bad("DEL", "user_id", b'"\x7f"'),
    _bad("empty", "user_id", b'""'),
    _bad("129 characters", "user_id", json.dumps("x" * 129).encode()),
    _bad("a megabyte", "user_id", json.dumps("x" * 1_000_000).encode()),
    _bad("an object", "user_id", b'{"$ne": null}'),
    _not_json("half of a surrogate pair", _raw("user_id", b'"\\ud800"')),
    _not_json("a raw control character", _raw("user_id", b'"u\x01"')),
    _not_json("not UTF-8", _raw("user_id", b'"\xff\xfe"')),
    _not_json("overlong UTF-8", _raw("user_id", b'"\xc0\xaf"')),
]
STRUCTURE = [
    _not_json("empty", b""),
    _not_json("blank", b" \r\n\t"),
    _not_json("byte order mark", b"\xef\xbb\xbf" + json.dumps(payment()).encode()),
    _not_json("UTF-16", json.dumps(payment()).encode("utf-16")),
    _not_json("cut off", json.dumps(payment()).encode()[:50]),
    _not_json("two objects", json.dumps(payment()).encode() * 2),
    _not_json("single quotes", b"{'type': 'payment'}"),
    _not_json("a comment", b"// hello\n" + json.dumps(payment()).encode()),
    _not_json("nested 100,000 deep", b'{"a":' * 100_000),
    _not_json("an array nested 100,000 deep", b"[" * 100_000),
    _not_json("text", b'"payment"'),
    _not_json("a number", b"17"),
    _not_json("null", b"null"),
    _not_json("a 5,000-digit number", b"1" * 5_000),
    _not_json("XML", b"<event/>"),
    _not_json("a form", b"type=payment&amount=1299"),
    Case("no fields", b"{}", 422, "type", "missing-field"),
    Case("no type", json.dumps({k: v for k, v in payment().items() if k != "type"}).encode(), 422, "type",
         "missing-field"),
    Case("no amount", json.dumps({k: v for k, v in payment().items() if k != "amount"}).encode(), 422, "amount",
         "missing-field"),
    Case("unknown field", _with("is_admin", True), 422, "is_admin", "unknown-field"),
    Case("field of the answer", _with("outcome", "allow"), 422, "outcome", "unknown-field"),
    Case("field of the log", _with("seq", 5), 422, "seq", "unknown-field"),
    Case("field of another type", _with("weight_g", 5), 422, "weight_g", "unknown-field"),
    Case("prototype", _with("__proto__", {"admin": True}), 422, "__proto__", "unknown-field"),
    Case("unknown type", _with("type", "purchase"), 422, "type", "invalid-field"),
    Case("type as a list", _with("type", ["payment"]), 422, "type", "invalid-field"),
    Case("derived type", _with("type", "loop_closed"), 422, "type", "invalid-field"),
    Case("a field that is no text", b'{"type":"payment","event_id":"p1","time":0,"amount":{}}', 422, "user_id",
         "missing-field"),
]  # fmt: skip
TIMES = [
    _bad("no zone", "time", b'"2026-01-05T08:30:00"'),
    _bad("a date alone", "time", b'"2026-01-05"'),
    _bad("31 February", "time", b'"2026-02-31T08:30:00Z"'),
    _bad("leap second", "time", b'"2026-06-30T23:59:60Z"'),
    _bad("year 0", "time", b'"0000-01-05T08:30:00Z"'),
    _bad("year 10000", "time", b'"10000-01-05T08:30:00Z"'),
    _bad("before 1970", "time", b'"1969-12-31T23:59:59Z"'),
    _bad("negative", "time", b"-1"),
    _bad("a float", "time", b"1767601800000.5"),
    _bad("microseconds taken for milliseconds", "time", b"1767601800000000"),
    _bad("a day ahead", "time", b'"2026-01-06T08:30:00Z"', "future-time"),
    _bad("five minutes and a millisecond ahead", "time", b'"2026-01-05T08:35:00.001Z"', "future-time"),
    _bad("year 9999", "time", b'"9999-12-31T23:59:59Z"', "future-time"),
]
CASES = [*AMOUNTS, *CURRENCIES, *STRINGS, *STRUCTURE, *TIMES]

GOOD: list[tuple[str, bytes]] = [
    ("bidi and zero-width", _raw("user_id", '"u\u202e\u200b"'.encode())),
    ("emoji", _raw("user_id", '"👩‍👩‍👧"'.encode())),
    ("templates", _raw("user_id", b'"{{7*7}} ${jndi:ldap://x} <script>"')),
    ("formula", _raw("user_id", b"\"=cmd|'/c calc'!A1\"")),
    ("five minutes ahead", _raw("time", b'"2026-01-05T08:35:00.000Z"')),
    ("another zone", _raw("time", b'"2026-01-05T16:29:00+08:00"')),
    ("milliseconds", _raw("time", b"1767601740000")),
    ("the largest amount", _raw("amount", b"1000000000000")),
    ("null for absent", _raw("device_id", b"null")),
    ("a repeated key", json.dumps(payment()).encode().replace(b'"amount": 1299', b'"amount": -1, "amount": 1299')),
    ("blanks around", b" \r\n" + json.dumps(payment()).encode() + b"\n"),
]
"""Bodies that look odd and are taken in."""
