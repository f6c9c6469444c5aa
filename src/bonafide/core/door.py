"""The door: bytes or a parsed record in, an event or an `InputError` out; nothing behind it checks again.

Well-formed records take the straight path, one call into the compiled decoder. Everything rarer (text not in NFC,
a null, a repeated key, a fault) takes the second look, which parses the record freely, tidies it and tries again,
and if it still fails finds out why (`diagnose`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from bonafide.core.diagnose import diagnose
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASSES, TEXT_LENGTH_MAX, Document, Event, Fact
from bonafide.core.fields import FIELDS
from bonafide.core.moment import MINUTE_MS, show_moment, show_span
from bonafide.core.nonnumbers import diagnose_number
from bonafide.core.text import is_tidy, show_value, to_nfc

FUTURE_MAX_MS: Final = 5 * MINUTE_MS
"""How far after `now` an event's time may lie: clocks differ."""

_NESTING: Final = 2
"""How deep the schema nests: an object in a list."""
_EXCERPT: Final = 20
"""Bytes shown on either side of the place where JSON ends to be JSON."""
_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_NOT_A_NUMBER: Final = re.compile(rb"-?(nan|inf)", re.IGNORECASE)
_FINE_FRACTION: Final = re.compile(rb"\.\d{7}")
_TEXT_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
"""Finer than a microsecond, a time is cut, as everywhere; the decoder would round it, perhaps into the next second."""
_MOMENTS: Final = tuple(name for name, field in FIELDS.items() if field.kind == "moment")
_PLACE: Final = re.compile(r"JSON is malformed: (.*) \(byte (\d+)\)")
_REFUSED: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, InputError)

_decode: Final = msgspec.json.Decoder(Event, strict=True).decode
_decode_array: Final = msgspec.json.Decoder(list[Event], strict=True).decode
_parse: Final = msgspec.json.Decoder(strict=True).decode
_TEXT_FIELDS: Final = {
    cls: tuple(name for name in cls.__struct_fields__ if FIELDS[name].kind == "text") for cls in EVENT_CLASSES
}
_LIST_FIELDS: Final = {
    cls: tuple(name for name in cls.__struct_fields__ if FIELDS[name].kind == "list") for cls in EVENT_CLASSES
}


def decode_event(line: bytes) -> Event:
    """The event that one JSON object says; text comes out in NFC, a null counts as absent, of equal keys the last wins.

    Raises InputError, whose message names the field, the value and what is accepted.

    >>> decode_event(b'{"type": "tick", "event_id": "t1", "time": "2026-01-05T08:30:00Z"}')
    Tick(event_id='t1', time=1767601800000)
    """
    try:
        event: Event = _decode(line)
    except _REFUSED:
        return convert_event(_parse_object(line))
    if _FINE_FRACTION.search(line) is not None:
        return convert_event(_parse_object(line))
    return event if _is_plain(line) or _is_tidy(event) else convert_event(_parse_object(line))


def decode_events(lines: Sequence[bytes]) -> list[Event] | None:
    """What `decode_event` says of each of some lines, all at once; None where one of them needs a closer look.

    >>> decode_events([b'{"type": "tick", "event_id": "t1", "time": 1767601800000}'] * 2)[1].event_id
    't1'
    """
    together = b"".join(lines)
    if not _is_plain(together) or (b"." in together and _FINE_FRACTION.search(together) is not None):
        return None
    try:
        return list(map(_decode, lines))
    except _REFUSED:
        return None


def decode_array(body: bytes) -> list[Event] | None:
    """What `decode_event` says of each element of a JSON array, all at once; None where one of them needs a closer
    look, or where this is no array.

    >>> decode_array(b'[{"type": "tick", "event_id": "t1", "time": 1767601800000}]')
    [Tick(event_id='t1', time=1767601800000)]
    """
    if not _is_plain(body) or (b"." in body and _FINE_FRACTION.search(body) is not None):
        return None
    try:
        return _decode_array(body)
    except _REFUSED:
        return None


def convert_event(record: dict[str, Any]) -> Event:
    """The event that a parsed record says; as `decode_event`.

    Moments are integer milliseconds, RFC 3339 text or aware datetimes; dates are integer milliseconds, ISO text or
    dates; documents and parts are lists.

    >>> convert_event({"type": "tick", "event_id": "t1", "time": 1767601800000})
    Tick(event_id='t1', time=1767601800000)
    """
    if not isinstance(record, dict):
        raise InputError("malformed", f"{show_value(record)} is not an event; give one object with named fields")
    given = {name: _in_nfc(value, _NESTING) for name, value in record.items() if value is not None}
    for name in _MOMENTS:
        if isinstance(given.get(name), str):
            given[name] = _TEXT_FRACTION.sub(r"\1", given[name])
    try:
        event: Event = msgspec.convert(given, Event, strict=True)
    except _REFUSED:
        raise diagnose(given) from None
    if not _is_tidy(event):
        raise diagnose(given)
    return event


def check_future(time_ms: int, now_ms: int, event_id: str | None = None) -> None:
    """Raises InputError (future-time) when an event's time is more than `FUTURE_MAX_MS` after now; both in ms of 1970.

    >>> check_future(1767601800000, now_ms=1767601500000)
    """
    latest_ms = now_ms + FUTURE_MAX_MS
    if time_ms > latest_ms:
        shown = show_moment(time_ms)
        raise InputError(
            "future-time",
            f"time: {shown} is more than {show_span(FUTURE_MAX_MS)} in the future; "
            f"give a time up to {show_moment(latest_ms)}",
            "time", shown, event_id,
        )  # fmt: skip


def _is_plain(text: bytes) -> bool:
    """Whether all that JSON says is tidy for sure: in valid JSON a control character stands as an escape or as a byte
    >= 0x7f, and only other scripts can be not in NFC."""
    return text.isascii() and b"\\" not in text and b"\x7f" not in text


def _is_tidy(event: Fact) -> bool:
    for name in _TEXT_FIELDS[event.__class__]:
        text = getattr(event, name)
        if text is not None and not is_tidy(text):
            return False
    for name in _LIST_FIELDS[event.__class__]:
        for item in getattr(event, name) or ():
            texts = (item.kind, item.id) if isinstance(item, Document) else (item,)
            if not all(map(is_tidy, texts)):
                return False
    return True


def _in_nfc(value: Any, nesting: int) -> Any:
    if isinstance(value, str):
        return to_nfc(value, TEXT_LENGTH_MAX)
    if nesting and isinstance(value, list | tuple):
        return [_in_nfc(item, nesting - 1) for item in value]
    if nesting and isinstance(value, dict):
        return {name: _in_nfc(item, nesting - 1) for name, item in value.items()}
    return value


def _parse_object(line: bytes) -> dict[str, Any]:
    try:
        record = _parse(line)
    except UnicodeError:
        raise _not_utf8(line) from None
    except RecursionError:
        raise _malformed(line, 0, "the JSON is nested too deeply; give one flat JSON object") from None
    except msgspec.MsgspecError as error:
        raise _not_json(line, str(error)) from None
    if not isinstance(record, dict):
        raise _malformed(line, 0, f"the record is {show_value(record)}; give one JSON object")
    return record


def _not_utf8(line: bytes) -> InputError:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        what = f"byte {error.start} (0x{line[error.start]:02x}) is not UTF-8; save the text as UTF-8"
        return _malformed(line, error.start, what)
    return _malformed(line, 0, "the text is not UTF-8; save it as UTF-8")


def _not_json(line: bytes, told: str) -> InputError:
    if not line.strip():
        return _malformed(line, 0, "the record is empty; give one JSON object")
    if line.startswith(_BYTE_ORDER_MARKS):
        return _malformed(line, 0, "the record begins with a byte order mark; save the text as UTF-8 without one")
    if "truncated" in told:
        return _malformed(line, len(line), "the JSON ends too early; give one whole object on one line")
    found = _PLACE.fullmatch(told)
    if found is None or _NOT_A_NUMBER.match(line, int(found[2])):
        named = diagnose_number(line)
        if named is not None:
            return named
    if found is None:
        return _malformed(line, 0, "the JSON holds a number beyond all bounds; give numbers of the stated range")
    what, place = found[1], int(found[2])
    byte = line[place : place + 1]
    if _NOT_A_NUMBER.match(line, place):
        what = "NaN and Infinity are not numbers in JSON"
    elif byte and byte < b" ":
        what = f"a control character (0x{byte.hex()}) in the text"
    elif "surrogate" in what:
        what = "half of a surrogate pair"
    return _malformed(line, place, f"not JSON at byte {place}: {what}; give one JSON object")


def _malformed(line: bytes, place: int, message: str) -> InputError:
    excerpt = line[max(0, place - _EXCERPT) : place + _EXCERPT].decode("utf-8", "replace")
    return InputError("malformed", message, None, show_value(excerpt))
