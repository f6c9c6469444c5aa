"""From bytes to events, for one sender: every record an event, a refusal that is kept, or a problem that is not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import msgspec

from bonafide.apps.problems import Reply, problem_reply
from bonafide.apps.server.answers import refused
from bonafide.apps.server.bodies import LINE_BYTES_MAX, LONG_LINE
from bonafide.apps.server.ports import Sender
from bonafide.core.door import FUTURE_MAX_MS, check_future, convert_event, decode_array, decode_event, decode_events
from bonafide.core.errors import InputError
from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS, Fact, Verdict
from bonafide.core.pseudonym import TOKEN_MARK, refuse_tokens
from bonafide.core.text import show_value
from bonafide.office.access.roles import TEACHING_TYPES

ARRAY_LENGTH_MAX: Final = 1_000
"""Most events in one array."""
MARKS_MAX: Final = 200_000
"""Most commas and colons in one body: far more than events can hold, and few enough to be read without a stall."""
TOGETHER: Final = 64
"""Events decoded in one go; of a go with a bad one each is decoded alone."""
ALONE_IN_A_TURN: Final = 64
"""Events decoded one by one before other requests get their turn."""
LENIENT_BYTES_MAX: Final = 1 << 20
"""Largest array that is taken apart by its brackets where it is not JSON as a whole."""
LENIENT_TOKENS_MAX: Final = 100_000
"""Most texts, brackets and commas in it: twice what 1,000 events of fifteen fields have, read in some tens of
milliseconds."""

Record = Fact | InputError | Reply
_MARK: Final = TOKEN_MARK.encode()
_TEACHES: Final = frozenset(EVENT_CLASS[name] for name in TEACHING_TYPES)

_BRACKETS: Final = (b"[", b"]", b"{", b"}")
_split: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_parse: Final = msgspec.json.Decoder(dict[str, Any], strict=True).decode
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
"""A text that does not end takes all that follows with it, and no byte is looked at twice: looking for the end anew
from every quote would take hours for a megabyte of them."""


def check_marks(body: bytes) -> None:
    """Raises Refused (413) for a body of more fields and elements than are looked at."""
    if len(body) > MARKS_MAX and body.count(b",") + body.count(b":") > MARKS_MAX:
        raise refused("too-large", f"the body holds more than {MARKS_MAX} fields and elements; send it in parts")


def begins_array(body: bytes) -> bool:
    """Whether a body's JSON, if it is any, is an array."""
    return body.lstrip(b" \t\r\n")[:1] == b"["


class Elements(Sequence[bytes]):
    """The elements of an array that was read as a whole, taken apart when one of them is asked for."""

    def __init__(self, body: bytes, count: int) -> None:
        self._body = body
        self._count = count
        self._elements: list[bytes] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if self._elements is None:
            self._elements = list(map(bytes, _split(self._body)))
        return self._elements[place]


def read_array(body: bytes, sender: Sender, now_ms: int) -> tuple[list[Record], Elements] | None:
    """The records of an array, and its elements, where all of them are events as they should be and none of them
    teaches; None where they are to be looked at one by one."""
    events = decode_array(body) if begins_array(body) and _MARK not in body else None
    if events is None or len(events) > ARRAY_LENGTH_MAX or not _TEACHES.isdisjoint({e.__class__ for e in events}):
        return None
    return admit_all(events, sender, now_ms), Elements(body, len(events))


def split(body: bytes) -> list[bytes] | None:
    """The elements of an array, or None where the body is not one. Raises Refused (413) for too many.

    An array that is not JSON as a whole is taken apart by its brackets, so that a bad element spoils no other.
    """
    if not begins_array(body):
        return None
    try:
        elements = list(map(bytes, _split(body)))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        found = _by_brackets(body) if len(body) <= LENIENT_BYTES_MAX else None
        if found is None:
            return None
        elements = found
    if len(elements) > ARRAY_LENGTH_MAX:
        raise refused("too-large", f"the array has more than {ARRAY_LENGTH_MAX} events; send it in parts")
    return elements


def _by_brackets(body: bytes) -> list[bytes] | None:
    """What stands between the commas of the outermost array; None where the brackets do not match."""
    text = body.strip()
    if sum(map(text.count, _BRACKETS)) + text.count(b",") + text.count(b'"') // 2 > LENIENT_TOKENS_MAX:
        return None
    open_brackets: list[bytes] = []
    cuts: list[int] = []
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in (b"[", b"{"):
            open_brackets.append(b"]" if mark == b"[" else b"}")
        elif mark in (b"]", b"}"):
            if not open_brackets or open_brackets.pop() != mark:
                return None
            if not open_brackets and token.end() != len(text):
                return None
        elif mark == b"," and len(open_brackets) == 1:
            cuts.append(token.start())
    if open_brackets or not text.endswith(b"]"):
        return None
    places = [0, *cuts, len(text) - 1]
    return [text[at + 1 : end] for at, end in pairwise(places)]


async def decode_all(bodies: list[bytes], sender: Sender, now_ms: int) -> list[Record]:
    """The records that some bodies say, in order; other requests get their turn where many of them are bad.

    The body of a verdict that is taken or kept is put right in its place: what may be given in again later must not
    claim another source than its sender's.
    """
    records: list[Record] = []
    alone = 0
    for first in range(0, len(bodies), TOGETHER):
        some = bodies[first : first + TOGETHER]
        events = decode_events(some)
        if events is not None and any(_MARK in body for body in some):
            events = None  # there may be a token among them
        if events is not None:
            for place, record in enumerate(admit_all(events, sender, now_ms), first):
                event = events[place - first]
                if event.__class__ in _TEACHES:
                    record, bodies[place] = _taught(event, record, bodies[place], sender)
                records.append(record)
            continue
        for place, body in enumerate(some, first):
            record, bodies[place] = decode_one(body, sender, now_ms)
            records.append(record)
        alone += len(some)
        if alone >= ALONE_IN_A_TURN:
            alone = 0
            await asyncio.sleep(0)
    return records


def decode_one(body: bytes, sender: Sender, now_ms: int) -> tuple[Record, bytes]:
    """The record that one body says, and the body as it may be kept."""
    if body is LONG_LINE:
        told = f"the line is longer than {LINE_BYTES_MAX} bytes; an event is far shorter"
        return problem_reply("too-large", told), b""
    try:
        event = decode_event(body)
    except InputError as error:
        if error.field != "source" or error.reason != "missing-field" or sender.source is None:
            return error, body
        try:
            event = convert_event({**_parse(body), "source": sender.source})
        except InputError as other:
            return other, body
    if _MARK in body or b"\\" in body:  # as it stands, or escaped
        refusal = refuse_tokens(event)
        if refusal is not None:
            return refusal, body
    (record,) = admit_all((event,), sender, now_ms)
    return _taught(event, record, body, sender) if event.__class__ in _TEACHES else (record, body)


def admit_all(events: Sequence[Fact], sender: Sender, now_ms: int) -> list[Record]:
    """Events as this sender may send them at this moment; what it may not send is a problem."""
    allowed = _classes_of(sender)
    latest = now_ms + FUTURE_MAX_MS
    if len(events) > 1:  # all at once, where nothing is the matter with any
        classes = set(map(type, events))
        if classes <= allowed and Verdict not in classes and max([event.time for event in events]) <= latest:
            return list(events)
    records: list[Record] = []
    for event in events:
        cls = event.__class__
        if cls not in allowed:
            records.append(_forbidden(event, sender))
        elif event.time > latest:
            records.append(_future(event, now_ms))
        else:
            records.append(event if cls is not Verdict else sender.signed(event))
    return records


def _taught(event: Fact, record: Record, body: bytes, sender: Sender) -> tuple[Record, bytes]:
    """What a record becomes whose event teaches, and its body as it may be kept: two values for one field are not taken
    as truth, whichever comes last."""
    if not isinstance(record, Reply):
        repeated = repeated_key(body)
        if repeated is not None:
            shown = show_value(repeated)
            told = f"{shown} stands twice in one object; what teaches says every field once"
            return InputError("malformed", told, repeated, shown, event.event_id), body
    return record, msgspec.json.encode(sender.signed(event)) if event.__class__ is Verdict else body


def repeated_key(body: bytes) -> str | None:
    """The first name that stands twice in an object of a text that was read as JSON before; None where none does."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.append(next(name for place, name in enumerate(names) if name in names[:place]))

    try:
        json.loads(body, object_pairs_hook=look, parse_int=str, parse_float=str)
    except RecursionError:  # no event nests so deep: it is the value of a field that stands there a second time
        found.append("...")
    return found[0] if found else None


def _future(event: Fact, now_ms: int) -> InputError:
    try:
        check_future(event.time, now_ms, event.event_id)
    except InputError as error:
        return error
    raise AssertionError("an event that is not in the future was taken for one that is")


def _forbidden(event: Fact, sender: Sender) -> Reply:
    kind = event.type
    if kind in CONTROL_TYPES:
        told = f"type: {kind} is a control record, which Bonafide writes itself"
    else:
        told = f"type: a key of role {sender.role} may not send {kind}"
    return problem_reply("forbidden", told, field="type", event_id=event.event_id)


@lru_cache(maxsize=1_024)
def _classes_of(sender: Sender) -> frozenset[type[Fact]]:
    return frozenset(cls for name, cls in EVENT_CLASS.items() if name not in CONTROL_TYPES and sender.may_send(name))
