"""The events of an example: short notation out of YAML, facts that have come through the door."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bonafide.core.door import convert_event
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASS, Fact, Payment, PaymentStatus
from bonafide.core.moment import MOMENT_MAX, moment_of, parse_moment, parse_span
from bonafide.core.text import did_you_mean, shorten, show_value

EVENTS_MAX: Final = 10_000
"""Of one example."""
NOTATION: Final = ("at", "repeat", "every", "completed")
"""Keys of an entry besides an event's own fields."""

_STEP: Final = re.compile(r"([+-]?) ?([0-9]{1,9})(ms|s|m|h|d)")
_STEPS: Final = re.compile(rf"{_STEP.pattern}( {_STEP.pattern})*")


class EntryError(Exception):
    """An entry that is no event: why, and which of its keys is to blame."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


def parse_offset(text: Any) -> int:
    """Milliseconds of an offset: spans with signs, added up; ValueError otherwise.

    >>> parse_offset("+1d 2h") == 26 * 3_600_000, parse_offset("1d -1ms") == 86_399_999, parse_offset("0s")
    (True, True, 0)
    """
    if not isinstance(text, str) or not _STEPS.fullmatch(text.strip()):
        raise ValueError("write spans such as 0s, 90m, +2h or 1d -1ms")
    steps = ((sign, int(count), unit) for sign, count, unit in _STEP.findall(text))
    return sum((-1 if sign == "-" else 1) * count * parse_span(f"1{unit}") for sign, count, unit in steps)


def read_start(told: Any) -> int:
    """The moment that offsets count from; ValueError where it is none."""
    match told:
        case datetime() if told.tzinfo is not None:
            return moment_of(told)
        case str():
            return parse_moment(told)
        case int() if not isinstance(told, bool) and 0 <= told <= MOMENT_MAX:
            return told
        case _:
            raise ValueError("give RFC 3339 with a zone, such as 2026-01-05T12:00:00+08:00")


def facts_of(entry: Mapping[str, Any], defaults: Mapping[str, Any], start: int, number: int) -> Iterator[Fact]:
    """The events that an entry of `past` stands for; the first is number `number` of its log.

    Raises EntryError.
    """
    count = _count(entry)
    every = _offset(entry, "every") if "every" in entry else 0
    if number + count > EVENTS_MAX:
        raise EntryError(f"repeat: over {EVENTS_MAX} events; an example has at most {EVENTS_MAX}", "repeat")
    for n in range(count):
        yield from _completed(entry, fact_of(entry, defaults, start, number + n, n, n * every))


def fact_of(
    entry: Mapping[str, Any], defaults: Mapping[str, Any], start: int, number: int, n: int = 0, later_ms: int = 0
) -> Fact:  # fmt: skip
    """The event that an entry stands for, the `n`-th time; `{n}` in its texts is that number. Raises EntryError."""
    kind: Any = entry.get("type", defaults.get("type", "payment"))
    cls = EVENT_CLASS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        near = did_you_mean(kind, EVENT_CLASS) if isinstance(kind, str) else ""
        raise EntryError(f"type: unknown {show_value(kind)}{near}", "type")
    for key in entry:
        if key not in {"type", *NOTATION, *cls.__struct_fields__}:
            near = did_you_mean(str(key), [*cls.__struct_fields__, *NOTATION])
            raise EntryError(f"{kind} has no field {shorten(str(key))}{near}", str(key))
    if "at" in entry and "time" in entry:
        raise EntryError("at and time are both given; one says when", "time")
    given = {key: value for key, value in defaults.items() if key in cls.__struct_fields__}
    given |= {"event_id": f"e{number}", "time": start + _offset(entry, "at") + later_ms}
    given |= {key: value for key, value in entry.items() if key not in NOTATION}
    if "time" in entry and isinstance(entry["time"], datetime) and later_ms:
        raise EntryError("time: a repeated event says when with at", "time")
    record = {key: value.replace("{n}", str(n)) if isinstance(value, str) else value for key, value in given.items()}
    try:
        return convert_event({**record, "type": kind})
    except InputError as error:
        raise EntryError(error.message, (error.field or "").split("[")[0] or None) from None


def _completed(entry: Mapping[str, Any], fact: Fact) -> Iterator[Fact]:
    yield fact
    completed: Any = entry.get("completed", False)
    if not isinstance(completed, bool) or (completed and not isinstance(fact, Payment)):
        raise EntryError("completed: true or false, and only of a payment", "completed")
    if completed and isinstance(fact, Payment):
        yield PaymentStatus(
            event_id=f"{fact.event_id[:100]}-completed", time=fact.time, payment_id=fact.event_id,
            order_id=fact.order_id, user_id=fact.user_id, merchant_id=fact.merchant_id, status="completed",
        )  # fmt: skip


def _count(entry: Mapping[str, Any]) -> int:
    count: Any = entry.get("repeat", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= EVENTS_MAX:
        raise EntryError(f"repeat: expected a whole number from 1 to {EVENTS_MAX}, found {show_value(count)}", "repeat")
    if "every" in entry and "repeat" not in entry:
        raise EntryError("every: says how far apart repeated events are; add repeat", "every")
    return count


def _offset(entry: Mapping[str, Any], key: str) -> int:
    try:
        return parse_offset(entry.get(key, "0s"))
    except ValueError as error:
        raise EntryError(f"{key}: {show_value(entry.get(key))} is no time; {error}", key) from None
